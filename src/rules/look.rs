//! A view of the snapshot at one instant, through the inputs of a rule set.
//!
//! This is the one door between readings and conditions: a value that is stale,
//! suspect, out of range or missing does not get through. Numbers pass it once a
//! step ([`numbers`]), whatever the number of rules that ask for them.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::clock::Now;
use crate::snapshot::{PointId, Reason, Snapshot, View};
use crate::units::Value;

use super::condition::{Ask, Leaf, Test, Truth};
use super::derived::Absent;
use super::expression::Expression;
use super::facts::Facts;
use super::world::Input;

/// An input and its place in the snapshot, once it has one.
#[derive(Clone, Debug)]
pub struct Bound {
    /// As declared.
    pub input: Input,
    /// `None` before the rule set is bound to a snapshot: then it was never seen.
    pub point: Option<PointId>,
}

/// A view of the snapshot at one instant, through the rule set's inputs.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The instant.
    pub now: Now,
    /// What is known.
    pub snapshot: &'a Snapshot,
    /// The rule set's inputs.
    pub inputs: &'a [Bound],
    /// Their numbers of this step, NaN where there is none.
    pub values: &'a [f64],
    /// Everything besides readings.
    pub facts: &'a Facts,
}

/// Why a number is not known.
#[derive(Clone, Debug, PartialEq)]
pub enum Missing {
    /// The reading of an input cannot be used.
    Reading {
        /// The input.
        input: String,
        /// Why.
        reason: Absent,
    },
    /// No frame has arrived, so there is no age.
    NeverSeen,
    /// A window has too few good values.
    Window {
        /// How much of it has, 0 to 1.
        covered: f64,
    },
    /// The wall clock is not trusted.
    Clock,
    /// Neither the device's own count nor its power is known.
    Energy,
    /// A division by zero, or a result beyond all numbers.
    NotANumber,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What is missing is the part; the whole is only made of it.
            Self::Reading { reason: Absent::Parts(parts), .. } => f.write_str(parts),
            Self::Reading { input, reason } => write!(f, "{input} is {reason}"),
            Self::NeverSeen => f.write_str("never seen"),
            Self::Window { covered } => {
                let percent = (covered * 100.0).floor();
                write!(f, "only {percent} % of that time has good values yet")
            }
            Self::Clock => f.write_str("the clock is not set yet"),
            Self::Energy => f.write_str("no count of today's energy is known"),
            Self::NotANumber => f.write_str("it comes to no number"),
        }
    }
}

/// Fills `out` with the number of each input, NaN where there is none. What is
/// derived stands behind what it is made of.
pub fn numbers(now: Now, snapshot: &Snapshot, inputs: &[Bound], facts: &Facts, out: &mut Vec<f64>) {
    out.clear();
    for bound in inputs {
        let own = bound
            .point
            .filter(|&point| bound.input.derived.is_none() || snapshot.reading(point).is_some());
        let number = match (own, &bound.input.derived) {
            (None, Some(derived)) => {
                Look { now, snapshot, inputs, values: out, facts }.made(bound, derived)
            }
            (point, _) => point.map_or(f64::NAN, |point| read(now, snapshot, point, &bound.input)),
        };
        out.push(number);
    }
}

/// The number of a point as an input sees it, NaN where there is none.
fn read(now: Now, snapshot: &Snapshot, point: PointId, input: &Input) -> f64 {
    let number = snapshot.good_number(now.monotonic, point, input.max_age);
    number.filter(|number| in_range(*number, input).is_ok()).unwrap_or(f64::NAN)
}

impl<'a> Look<'a> {
    /// An input's value and age, or why there is none.
    ///
    /// # Errors
    /// Says why the value cannot be used.
    pub fn value(&self, input: usize) -> Result<(Cow<'a, Value>, Duration), Absent> {
        let bound = &self.inputs[input];
        match &bound.input.derived {
            Some(derived) if self.own(bound).is_none() => self.made_value(bound, derived),
            _ => Ok(value(self.now, self.snapshot, bound)?),
        }
    }

    /// Time since an input's last frame, good or not; of what is derived, since the
    /// oldest that it rests on.
    #[must_use]
    pub fn age(&self, input: usize) -> Option<Duration> {
        let bound = &self.inputs[input];
        match (self.own(bound), &bound.input.derived) {
            (Some(reading), _) => Some(self.now.monotonic.saturating_sub(reading.at.monotonic)),
            (None, Some(derived)) => self.age_made(derived),
            (None, None) => None,
        }
    }

    /// The answer to one question.
    #[must_use]
    #[inline]
    pub fn test(&self, leaf: &Leaf) -> Truth {
        match &leaf.ask {
            Ask::Number {
                value: Expression::Input(input), test: Test::EqualsText(wanted), ..
            } => match self.value(*input).as_ref().map(|(value, _)| &**value) {
                Ok(Value::Text(text)) => Truth::from(**text == **wanted),
                _ => Truth::Unknown,
            },
            // Nearly every question is one input against one limit: no call is made for it.
            Ask::Number { value: Expression::Input(input), test, .. } => {
                test.number(self.values[*input], self)
            }
            Ask::Number { value, test, .. } => test.number(value.evaluate(self), self),
            Ask::Word(word) => self.facts.ask(word),
        }
    }
}

/// The value of a point as an input sees it and its age, or why there is none.
fn value<'a>(
    now: Now,
    snapshot: &'a Snapshot,
    bound: &Bound,
) -> Result<(Cow<'a, Value>, Duration), Reason> {
    let point = bound.point.ok_or(Reason::NeverSeen)?;
    match snapshot.number(now, point, bound.input.max_age) {
        Ok((number, age)) => {
            in_range(number, &bound.input)?;
            Ok((Cow::Owned(Value::Number(number)), age))
        }
        Err(Reason::NotANumber) => match snapshot.view(now, point) {
            View::Known { value, age } if age <= bound.input.max_age => {
                Ok((Cow::Borrowed(value), age))
            }
            View::Known { age, .. } => Err(Reason::Stale { age }),
            View::Unknown(reason) => Err(reason),
        },
        Err(reason) => Err(reason),
    }
}

/// An alias may declare a narrower range than its point.
pub(super) fn in_range(number: f64, input: &Input) -> Result<f64, Reason> {
    match input.valid {
        Some((low, high)) if !(low <= number && number <= high) => {
            Err(Reason::OutOfRange { value: number })
        }
        _ => Ok(number),
    }
}

/// A value as people read it: with its unit, or by its name.
#[must_use]
pub fn readable(value: &Value, input: &Input) -> String {
    let named = value.as_number().and_then(|number| input.meaning.describe(number));
    if let Some(words) = named {
        return words;
    }
    match input.unit.symbol() {
        "" => value.to_string(),
        symbol => format!("{value} {symbol}"),
    }
}
