//! Inputs that are made of others: a calculation, or the first of several that
//! is good.
//!
//! A derived input holds no reading of its own. It is as old as the oldest
//! reading that it rests on at the moment, and unknown when no choice has a
//! number. It is made of inputs that stand before it in the world, so that none
//! can be made of itself. It never substitutes anything that is not named.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::clock::Now;
use crate::snapshot::{Reading, Reason, Snapshot};
use crate::units::Value;

use super::expression::Expression;
use super::look::{Bound, Look, in_range};
use super::{Memory, RuleSet};

/// What an input is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The first that has a number counts.
    pub(super) choices: Vec<Choice>,
}

/// One way to a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the spelling of the rules.
    pub(super) text: String,
    /// How it is calculated.
    pub(super) expression: Expression,
    /// The inputs that it needs, each once.
    pub(super) parts: Vec<usize>,
}

impl Derived {
    /// Every input that it may need.
    pub fn parts(&self) -> impl Iterator<Item = usize> + '_ {
        self.choices.iter().flat_map(|choice| choice.parts.iter().copied())
    }
}

impl RuleSet {
    /// The points of an input and of everything that it may be made of.
    pub(crate) fn points_behind(&self, input: usize) -> Vec<String> {
        let input = &self.inputs[input].input;
        let parts = input.derived.iter().flat_map(|derived| derived.parts());
        let behind = parts.flat_map(|part| self.points_behind(part));
        std::iter::once(input.point.clone()).chain(behind).collect()
    }

    /// An input as people are shown it, by its place among [`RuleSet::inputs`].
    #[must_use]
    pub fn glimpse(&self, input: usize, now: Now, snapshot: &Snapshot, memory: &Memory) -> Glimpse {
        let values = self.numbers(now, snapshot, memory);
        let (inputs, values, facts) = (&self.inputs, &values, &memory.facts);
        let look = Look { now, snapshot, inputs, values, facts };
        let (value, trouble) = match look.value(input) {
            Ok((value, _)) => (Some(value.into_owned()), None),
            Err(absent) => (None, Some(absent.to_string())),
        };
        let from = look.chosen_of_several(input).map(str::to_owned);
        Glimpse { value, age: look.age(input), trouble, from }
    }
}

/// What is known of an input at an instant, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpse {
    /// Its value, if it has a good one.
    pub value: Option<Value>,
    /// Time since its last frame, good or not.
    pub age: Option<Duration>,
    /// Why it has no value.
    pub trouble: Option<String>,
    /// Which of several choices it is.
    pub from: Option<String>,
}

/// Why an input has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum Absent {
    /// The value that is there cannot be used.
    Reading(Reason),
    /// What it is made of has none; the words say what and why.
    Parts(String),
}

impl From<Reason> for Absent {
    fn from(reason: Reason) -> Self {
        Self::Reading(reason)
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading(reason) => reason.fmt(f),
            Self::Parts(text) => f.write_str(text),
        }
    }
}

impl Look<'_> {
    /// The reading of a point that stands behind an input. Derived inputs have one
    /// only where a test gives it: then that counts.
    pub(super) fn own(&self, bound: &Bound) -> Option<&Reading> {
        self.snapshot.reading(bound.point?)
    }

    /// The choice that counts now.
    pub(super) fn chosen<'d>(&self, derived: &'d Derived) -> Option<&'d Choice> {
        derived.choices.iter().find(|choice| !choice.expression.evaluate(self).is_nan())
    }

    /// The choice behind a derived input, if it had several to choose from.
    pub(super) fn chosen_of_several(&self, input: usize) -> Option<&str> {
        let bound = &self.inputs[input];
        let several = |derived: &&std::sync::Arc<Derived>| derived.choices.len() > 1;
        let derived = bound.input.derived.as_ref().filter(several)?;
        let choice = self.own(bound).is_none().then(|| self.chosen(derived)).flatten();
        choice.map(|choice| choice.text.as_str())
    }

    /// The number of a derived input in a step, NaN if it has none; the numbers of
    /// all inputs before it are there.
    pub(super) fn made(&self, bound: &Bound, derived: &Derived) -> f64 {
        let Some(choice) = self.chosen(derived) else { return f64::NAN };
        let number = choice.expression.evaluate(self);
        let fresh = self.oldest(choice).is_some_and(|age| age <= bound.input.max_age);
        if fresh && in_range(number, &bound.input).is_ok() { number } else { f64::NAN }
    }

    /// The value of a derived input and its age, or why there is none.
    pub(super) fn made_value(
        &self,
        bound: &Bound,
        derived: &Derived,
    ) -> Result<(Cow<'static, Value>, Duration), Absent> {
        let missing = || Absent::Parts(self.missing_parts(derived));
        let choice = self.chosen(derived).ok_or_else(missing)?;
        let number = in_range(choice.expression.evaluate(self), &bound.input)?;
        let age = self.oldest(choice).ok_or(Reason::NeverSeen)?;
        if age > bound.input.max_age {
            return Err(Reason::Stale { age }.into());
        }
        Ok((Cow::Owned(Value::Number(number)), age))
    }

    fn missing_parts(&self, derived: &Derived) -> String {
        let missing = |choice: &Choice| {
            let missing = choice.expression.missing(self)?;
            Some(missing.to_string())
        };
        derived.choices.iter().filter_map(missing).collect::<Vec<_>>().join(", and ")
    }

    /// The age of the oldest reading that a choice rests on; `None`: one of them was
    /// never there.
    fn oldest(&self, choice: &Choice) -> Option<Duration> {
        let mut ages = choice.parts.iter().map(|&part| self.age(part));
        ages.try_fold(Duration::ZERO, |oldest, age| Some(oldest.max(age?)))
    }

    /// The age of a derived input: of the choice that counts, or else of the one
    /// that was heard of last.
    pub(super) fn age_made(&self, derived: &Derived) -> Option<Duration> {
        match self.chosen(derived) {
            Some(choice) => self.oldest(choice),
            None => derived.choices.iter().filter_map(|choice| self.oldest(choice)).min(),
        }
    }

    /// The inputs behind an input as it is now, itself first, down to readings.
    pub(super) fn behind(&self, input: usize, out: &mut Vec<usize>) {
        if out.contains(&input) {
            return;
        }
        out.push(input);
        let bound = &self.inputs[input];
        let Some(derived) = &bound.input.derived else { return };
        if self.own(bound).is_some() {
            return;
        }
        match self.chosen(derived) {
            Some(choice) => choice.parts.iter().for_each(|&part| self.behind(part, out)),
            None => derived.parts().for_each(|part| self.behind(part, out)),
        }
    }
}
