//! What the host holds while a script runs: readings, `mem`, wishes, refusals.
//!
//! A script gets handles (`s`, `mem`) and sees the rest only through words. What
//! it was refused is noted here, and the note decides: no script can swallow it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rhai::{Dynamic, ImmutableString};

use crate::units::Value;
use crate::vedirect::state::Meaning;

use super::super::derived::Absent;
use super::super::look::{Bound, Look};
use super::notes::{Draft, Note};
use super::words::Named;
use super::{Answer, Stop};

/// An input as scripts see it in this step.
#[derive(Clone, Debug)]
pub enum Fact {
    /// No script names it.
    Unasked,
    /// Its value.
    Known(Dynamic),
    /// Why it has none.
    Missing(Absent),
}

/// Everything behind the words of a script.
#[derive(Debug, Default)]
pub struct Host {
    /// By index of input.
    pub facts: Vec<Fact>,
    /// Which inputs the running script has read.
    pub read: Vec<usize>,
    /// Its `mem`.
    pub mem: Draft,
    /// What it has said so far.
    pub answer: Answer,
    /// The first thing it was refused.
    pub stop: Option<Stop>,
}

/// The host, shared between the words of one engine.
pub type Shared = Arc<Mutex<Host>>;

/// Locks the host. A panic of another holder leaves plain data behind.
pub fn lock(shared: &Shared) -> MutexGuard<'_, Host> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// Takes over the readings of this step.
    pub fn see(&mut self, look: &Look<'_>, wanted: &[usize]) {
        self.facts.resize(look.inputs.len(), Fact::Unasked);
        for &input in wanted {
            let fact = match look.value(input) {
                Ok((value, _)) => fact(&value, &look.inputs[input], &self.facts[input]),
                Err(reason) => Fact::Missing(reason),
            };
            self.facts[input] = fact;
        }
    }

    /// Makes ready for the next script.
    pub fn begin(&mut self, mem: std::collections::BTreeMap<String, Note>) {
        self.read.clear();
        self.answer = Answer::default();
        self.stop = None;
        self.mem.begin(mem);
    }

    /// The value of an input.
    ///
    /// # Errors
    /// A missing value ends the script; the words say what is missing and why.
    pub fn value(&mut self, input: usize, name: &str) -> Result<Dynamic, String> {
        if !self.read.contains(&input) {
            self.read.push(input);
        }
        match self.facts.get(input) {
            Some(Fact::Known(value)) => Ok(value.clone()),
            Some(Fact::Missing(reason)) => {
                let text = format!("{name} is unknown: {reason}");
                self.stop.get_or_insert_with(|| Stop::Unknown(text.clone()));
                Err(text)
            }
            _ => Err(self.refuse(format!("`{name}` is not read as `s.{name}` in this rule"))),
        }
    }

    /// Notes a refusal; the first one counts.
    pub fn refuse(&mut self, text: String) -> String {
        self.stop.get_or_insert_with(|| Stop::Failed(text.clone()));
        text
    }
}

fn fact(value: &Value, bound: &Bound, before: &Fact) -> Fact {
    match (value, bound.input.meaning) {
        (Value::Number(number), Meaning::Enumeration(names)) => {
            // Enumerations are whole numbers of at most 24 bits: the cast is exact.
            Fact::Known(Dynamic::from(Named { number: *number as i32, names }))
        }
        (Value::Number(number), _) => Fact::Known((*number).into()),
        (Value::Text(text), _) => match before {
            // A serial number stays the same: no new text in every step.
            Fact::Known(known) if known.as_immutable_string_ref().is_ok_and(|k| **k == **text) => {
                before.clone()
            }
            _ => Fact::Known(ImmutableString::from(&**text).into()),
        },
    }
}
