//! Which numbers satisfy a condition: what the load checks calculate with.
//!
//! A condition is taken apart into *cases*: each is a range for every quantity it
//! names, and one case suffices. Words count as a quantity that is 0 or 1. What
//! cannot be written as a range (`not(x equals 1)`, texts) restricts nothing, so
//! a check based on this may overlook a mistake but never invents one.

use std::sync::Arc;

use crate::rules::condition::{Ask, Condition, Leaf, Test};

/// More cases than any person writes; a condition beyond is not checked.
const CASES_MAX: usize = 64;

/// Numbers between two bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lower bound, and whether it belongs to the range.
    pub low: (f64, bool),
    /// Upper bound, and whether it belongs to the range.
    pub high: (f64, bool),
}

impl Range {
    /// Both bounds included.
    pub const fn closed(low: f64, high: f64) -> Self {
        Self { low: (low, true), high: (high, true) }
    }

    const fn below(limit: f64, included: bool) -> Self {
        Self { low: (f64::NEG_INFINITY, false), high: (limit, included) }
    }

    const fn above(limit: f64, included: bool) -> Self {
        Self { low: (limit, included), high: (f64::INFINITY, false) }
    }

    /// What lies in both.
    pub fn and(self, other: Self) -> Self {
        let low = match (self.low, other.low) {
            (a, b) if a.0 == b.0 => (a.0, a.1 && b.1),
            (a, b) if a.0 > b.0 => a,
            (_, b) => b,
        };
        let high = match (self.high, other.high) {
            (a, b) if a.0 == b.0 => (a.0, a.1 && b.1),
            (a, b) if a.0 < b.0 => a,
            (_, b) => b,
        };
        Self { low, high }
    }

    /// Whether no number lies in it.
    pub fn is_empty(&self) -> bool {
        self.low.0 > self.high.0 || self.low.0 == self.high.0 && !(self.low.1 && self.high.1)
    }

    /// Whether some numbers lie between two ranges.
    pub fn gap(&self, other: &Self) -> bool {
        let both = self.and(*other);
        both.low.0 > both.high.0
    }

    /// Whether all its numbers lie in another.
    pub fn within(&self, other: &Self) -> bool {
        self.and(*other) == *self
    }
}

/// One quantity of a case.
#[derive(Clone, Debug)]
pub struct Limit<'a> {
    /// The quantity.
    pub name: Arc<str>,
    /// What it may be.
    pub range: Range,
    /// Where that was said.
    pub leaf: &'a Leaf,
    /// It was said under a `not`.
    pub negated: bool,
}

/// One way for a condition to hold.
pub type Case<'a> = Vec<Limit<'a>>;

/// All ways for a condition to hold; `None`: too many.
pub fn cases(condition: &Condition) -> Option<Vec<Case<'_>>> {
    holding(condition, false)
}

fn holding(condition: &Condition, negated: bool) -> Option<Vec<Case<'_>>> {
    let cases = match (condition, negated) {
        (Condition::Leaf(leaf), _) => leaf_cases(leaf, negated),
        (Condition::Not(inner), _) => holding(inner, !negated)?,
        (Condition::And(a, b), false) | (Condition::Or(a, b), true) => {
            let (a, b) = (holding(a, negated)?, holding(b, negated)?);
            if a.len() * b.len() > CASES_MAX {
                return None;
            }
            let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
            pairs.map(|(a, b)| a.iter().chain(b).cloned().collect()).collect()
        }
        (Condition::Or(a, b), false) | (Condition::And(a, b), true) => {
            let mut cases = holding(a, negated)?;
            cases.extend(holding(b, negated)?);
            cases
        }
    };
    (cases.len() <= CASES_MAX).then_some(cases)
}

fn leaf_cases(leaf: &Leaf, negated: bool) -> Vec<Case<'_>> {
    let limit = |name: Arc<str>, range| vec![Limit { name, range, leaf, negated }];
    let one = |range| vec![limit(Arc::clone(&leaf.name), range)];
    let test = match &leaf.ask {
        Ask::Number { test, .. } => test,
        Ask::Word(_) => {
            let answer = if negated { 0.0 } else { 1.0 };
            return one(Range::closed(answer, answer));
        }
    };
    match test {
        Test::Below(x) if negated => one(Range::above(*x, true)),
        Test::Below(x) => one(Range::below(*x, false)),
        Test::Above(x) if negated => one(Range::below(*x, true)),
        Test::Above(x) => one(Range::above(*x, false)),
        Test::Between(low, high) if negated => {
            let outside = [Range::below(*low, false), Range::above(*high, false)];
            outside.map(|range| limit(Arc::clone(&leaf.name), range)).to_vec()
        }
        Test::Between(low, high) => one(Range::closed(*low, *high)),
        Test::Equals(x) if !negated => one(Range::closed(*x, *x)),
        Test::EqualsName(names, name) if !negated => {
            let number = names.values.iter().find(|(_, known)| known == name);
            number.map_or_else(
                || vec![vec![]],
                |(number, _)| {
                    let number = f64::from(*number);
                    one(Range::closed(number, number))
                },
            )
        }
        Test::BelowOf(_, other) | Test::AboveOf(_, other) => {
            let below = matches!(test, Test::BelowOf(..)) != negated;
            let range = if below { Range::below(0.0, negated) } else { Range::above(0.0, negated) };
            vec![limit(format!("{} - {other}", leaf.name).into(), range)]
        }
        Test::Equals(_) | Test::EqualsName(..) | Test::EqualsText(_) => vec![vec![]],
    }
}

/// Each quantity of a case once, with everything that is said about it joined.
pub fn joined(case: &[Limit<'_>]) -> Vec<(Arc<str>, Range)> {
    let mut out: Vec<(Arc<str>, Range)> = Vec::new();
    for limit in case {
        match out.iter_mut().find(|(name, _)| *name == limit.name) {
            Some((_, range)) => *range = range.and(limit.range),
            None => out.push((Arc::clone(&limit.name), limit.range)),
        }
    }
    out
}
