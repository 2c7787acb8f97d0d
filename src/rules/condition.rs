//! What a rule asks about the world, as a tree that answers yes, no or unknown.
//!
//! The tree is built once, when a rule file is loaded, and evaluated natively in
//! every step. A missing value is never "no": it is [`Truth::Unknown`], and the
//! tables of Kleene's three-valued logic carry it upwards. Nothing here knows
//! rhai, outputs or time beyond a reading's age.

use std::fmt;
use std::sync::Arc;

use crate::arbiter::OutputId;
use crate::units::{Unit, Value};
use crate::vedirect::state::Enumeration;

use super::calendar::Clock;
use super::expression::Expression;
use super::look::Look;

/// The answer to a question about the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It cannot be told, since a value is missing.
    Unknown,
}

impl Truth {
    /// The word shown to people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Both hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// At least one holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Two numbers closer than this are equal: no device reports more than three
/// decimals, what lies beyond is binary noise.
const EQUAL_WITHIN: f64 = 0.000_5;

/// What a number is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Less than this.
    Below(f64),
    /// More than this.
    Above(f64),
    /// Within these bounds, both included.
    Between(f64, f64),
    /// This number.
    Equals(f64),
    /// This name of an enumeration; flags that share the number are ignored.
    EqualsName(&'static Enumeration, &'static str),
    /// This text.
    EqualsText(Box<str>),
    /// Less than another number of this step, spelt like this.
    BelowOf(Expression, Arc<str>),
    /// More than another number of this step, spelt like this.
    AboveOf(Expression, Arc<str>),
}

impl Test {
    /// Whether a number passes; one that is not known (NaN) neither does nor does not.
    #[must_use]
    #[inline]
    pub(super) fn number(&self, value: f64, look: &Look<'_>) -> Truth {
        if value.is_nan() {
            return Truth::Unknown;
        }
        match self {
            Self::Below(limit) => Truth::from(value < *limit),
            Self::Above(limit) => Truth::from(value > *limit),
            Self::Between(low, high) => Truth::from(*low <= value && value <= *high),
            Self::Equals(wanted) => Truth::from((value - wanted).abs() < EQUAL_WITHIN),
            Self::EqualsName(names, name) => {
                // Enumerations are whole numbers of at most 24 bits: the cast is exact.
                Truth::from(names.name_of(value as i32) == Some(*name))
            }
            Self::EqualsText(_) => Truth::Unknown,
            Self::BelowOf(other, _) => against(other.evaluate(look), |limit| value < limit),
            Self::AboveOf(other, _) => against(other.evaluate(look), |limit| value > limit),
        }
    }
}

/// A comparison with a number that may not be known.
fn against(limit: f64, passes: impl Fn(f64) -> bool) -> Truth {
    if limit.is_nan() { Truth::Unknown } else { Truth::from(passes(limit)) }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(limit) => write!(f, "below {}", Value::Number(*limit)),
            Self::Above(limit) => write!(f, "above {}", Value::Number(*limit)),
            Self::Between(low, high) => {
                write!(f, "between [{}, {}]", Value::Number(*low), Value::Number(*high))
            }
            Self::Equals(number) => write!(f, "equals {}", Value::Number(*number)),
            Self::EqualsName(_, name) => write!(f, "equals \"{name}\""),
            Self::EqualsText(text) => write!(f, "equals \"{text}\""),
            Self::BelowOf(_, text) => write!(f, "below {text}"),
            Self::AboveOf(_, text) => write!(f, "above {text}"),
        }
    }
}

/// A question that is answered without a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// The output was read back as on.
    IsOn(OutputId),
    /// The clock, the calendar or the sun.
    Clock(Clock),
    /// Always no: the clearing side of a rule that ends by itself.
    Never,
}

/// One question: a number and its test, or a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What is asked about, in the spelling of the rules: `soc`,
    /// `avg(pv_power, 10.min)`, `daylight`.
    pub name: Arc<str>,
    /// What is asked.
    pub ask: Ask,
}

/// What a [`Leaf`] asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Whether a number passes a test.
    Number {
        /// The number.
        value: Expression,
        /// The unit of its numbers, for people.
        unit: Unit,
        /// What it is compared with.
        test: Test,
    },
    /// A word.
    Word(Word),
}

impl Leaf {
    /// The input, if the leaf compares nothing else.
    #[must_use]
    pub const fn input(&self) -> Option<usize> {
        match &self.ask {
            Ask::Number { value: Expression::Input(input), .. } => Some(*input),
            _ => None,
        }
    }

    /// The test, if it compares a number.
    #[must_use]
    pub const fn test(&self) -> Option<&Test> {
        match &self.ask {
            Ask::Number { test, .. } => Some(test),
            Ask::Word(_) => None,
        }
    }

    /// The numbers it needs.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let (value, limit) = match &self.ask {
            Ask::Number {
                value, test: Test::BelowOf(limit, _) | Test::AboveOf(limit, _), ..
            } => (Some(value), Some(limit)),
            Ask::Number { value, .. } => (Some(value), None),
            Ask::Word(_) => (None, None),
        };
        value.into_iter().chain(limit)
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ask {
            Ask::Number { test, .. } => write!(f, "{} {test}", self.name),
            Ask::Word(_) => f.write_str(&self.name),
        }
    }
}

/// A question about the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// One question.
    Leaf(Leaf),
    /// Both.
    And(Arc<Condition>, Arc<Condition>),
    /// Either.
    Or(Arc<Condition>, Arc<Condition>),
    /// The opposite.
    Not(Arc<Condition>),
}

impl Condition {
    /// The answer, from what is known now.
    #[must_use]
    pub fn evaluate(&self, look: &Look<'_>) -> Truth {
        match self {
            Self::Leaf(leaf) => look.test(leaf),
            Self::And(a, b) => match a.evaluate(look) {
                Truth::No => Truth::No,
                first => first.and(b.evaluate(look)),
            },
            Self::Or(a, b) => match a.evaluate(look) {
                Truth::Yes => Truth::Yes,
                first => first.or(b.evaluate(look)),
            },
            Self::Not(inner) => !inner.evaluate(look),
        }
    }

    /// Every comparison in it, from left to right.
    pub fn leaves<'a>(&'a self, out: &mut Vec<&'a Leaf>) {
        match self {
            Self::Leaf(leaf) => out.push(leaf),
            Self::And(a, b) | Self::Or(a, b) => {
                a.leaves(out);
                b.leaves(out);
            }
            Self::Not(inner) => inner.leaves(out),
        }
    }

    /// The comparisons that make the answer what it is, and their own answers.
    pub fn decisive<'a>(&'a self, look: &Look<'_>, out: &mut Vec<(&'a Leaf, Truth)>) {
        match self {
            Self::Leaf(leaf) => out.push((leaf, look.test(leaf))),
            Self::Not(inner) => inner.decisive(look, out),
            Self::And(a, b) | Self::Or(a, b) => {
                let answer = self.evaluate(look);
                for side in [a, b] {
                    if side.evaluate(look) == answer {
                        side.decisive(look, out);
                    }
                }
            }
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf(leaf) => leaf.fmt(f),
            Self::And(a, b) => {
                let side = |side: &Arc<Condition>| match **side {
                    Self::Or(..) => format!("({side})"),
                    _ => side.to_string(),
                };
                write!(f, "{} and {}", side(a), side(b))
            }
            Self::Or(a, b) => write!(f, "{a} or {b}"),
            Self::Not(inner) => write!(f, "not({inner})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::Truth::{No, Unknown, Yes};
    use super::*;
    use crate::clock::Now;
    use crate::rules::facts::Facts;
    use crate::snapshot::Snapshot;

    #[test]
    fn and_follows_kleene() {
        for (a, b, expected) in [
            (Yes, Yes, Yes),
            (Yes, No, No),
            (Yes, Unknown, Unknown),
            (No, No, No),
            (No, Unknown, No),
            (Unknown, Unknown, Unknown),
        ] {
            assert_eq!(a.and(b), expected, "{a} and {b}");
            assert_eq!(b.and(a), expected, "{b} and {a}");
            assert_eq!((!a).or(!b), !expected, "De Morgan for {a}, {b}");
        }
    }

    #[test]
    fn comparisons_are_strict_and_what_is_unknown_stays_so() {
        let (snapshot, facts) = (Snapshot::new(), Facts::default());
        let look = Look {
            now: Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH, wall_trusted: true },
            snapshot: &snapshot,
            inputs: &[],
            values: &[],
            facts: &facts,
        };
        let other = |number| Test::AboveOf(Expression::Number(number), "other".into());
        for (test, value, expected) in [
            (Test::Below(30.0), 30.0, No),
            (Test::Below(30.0), 29.999, Yes),
            (Test::Above(30.0), 30.0, No),
            (Test::Between(10.0, 20.0), 10.0, Yes),
            (Test::Between(10.0, 20.0), 20.0, Yes),
            (Test::Between(10.0, 20.0), 20.1, No),
            (Test::Equals(0.3), 0.1 + 0.2, Yes),
            (Test::Equals(5.0), 4.0, No),
            (Test::Below(30.0), f64::NAN, Unknown),
            (Test::Above(30.0), f64::NAN, Unknown),
            (Test::Between(10.0, 20.0), f64::NAN, Unknown),
            (other(3.0), 4.0, Yes),
            (other(3.0), 3.0, No),
            (other(f64::NAN), 3.0, Unknown),
        ] {
            assert_eq!(test.number(value, &look), expected, "{value} {test}");
        }
    }
}
