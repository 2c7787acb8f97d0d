//! What is worth writing down for ever: every act, its reason, its result.
//!
//! These are the entries, as plain data. The engine makes them, the store
//! keeps them, `why` reads them. If an operator would ask "why was the load off
//! at 04:10?", an entry here answers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Now;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The engine started or stopped, or its mode changed.
    Mode,
    /// An output is about to leave its safe state.
    Intent,
    /// What became of an intent, as read back.
    Result,
    /// An output goes to its safe state; written after the act.
    Safe,
    /// A request that was not granted, and why.
    Refused,
    /// In observe mode: what would have been done.
    Would,
    /// A device came, went or changed its identity.
    Device,
    /// Something a person must look at.
    Alarm,
    /// A register written by a person.
    Manual,
    /// A rule changed its mind.
    Rule,
    /// Other rules run now, or were refused.
    Reload,
    /// A person's wish for an output began or ended.
    Override,
}

impl Kind {
    /// The word shown to people and stored in the journal.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Intent => "intent",
            Self::Result => "result",
            Self::Safe => "safe",
            Self::Refused => "refused",
            Self::Would => "would",
            Self::Device => "device",
            Self::Alarm => "alarm",
            Self::Manual => "manual",
            Self::Rule => "rule",
            Self::Reload => "reload",
            Self::Override => "override",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A reading that a decision used, as it was then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// The input's name in the rule.
    pub input: String,
    /// Its value with unit, or why it was unknown.
    pub value: String,
    /// Its age, if it had a value.
    pub age: Option<Duration>,
}

/// A condition as it was answered, with its parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// `when`, `clear_when` or `only` at the root, `and`, `or`, `not` inside,
    /// empty for a comparison.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// The condition as it is written.
    pub text: String,
    /// `yes`, `no` or `unknown`.
    pub answer: String,
    /// Of a comparison: what was found, as in `soc is 29 % (2 s old)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The value's age in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_s: Option<f64>,
    /// What it consists of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Branch>,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it was decided.
    pub at: Now,
    /// What kind of thing it is.
    pub kind: Kind,
    /// The output or device it is about; empty for the engine itself.
    pub subject: String,
    /// What happened, in a word or two: `on`, `off`, `verified off`, `armed`.
    pub what: String,
    /// The rule behind it, if any.
    pub rule: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// The readings it used.
    pub used: Vec<Used>,
    /// The conditions of the rule behind it, each with its answer.
    pub conditions: Vec<Branch>,
    /// Joins an intent and its result: the same number in both.
    pub intent: Option<u64>,
}

impl Entry {
    /// An entry without a rule, readings and conditions behind it.
    #[must_use]
    pub fn plain(at: Now, kind: Kind, subject: &str, what: &str, reason: &str) -> Self {
        Self {
            at,
            kind,
            subject: subject.to_owned(),
            what: what.to_owned(),
            rule: None,
            reason: reason.to_owned(),
            used: Vec::new(),
            conditions: Vec::new(),
            intent: None,
        }
    }
}
