//! What a script notes down for itself (`mem`), and what the host notes about it.
//!
//! Plain data with a bound on everything, so that it can be stored and read back
//! and the rule goes on as if nothing had happened.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use rhai::{Dynamic, ImmutableString};
use serde::{Deserialize, Serialize};

use super::Wish;
use super::words::kind;
use crate::clock::Now;

/// The most names in one rule's `mem`. Counters and dates of a rule that a person
/// can still follow are fewer.
pub const NAMES_MAX: usize = 32;
/// The longest name.
const NAME_MAX: usize = 64;
/// The longest text that is kept, in bytes.
const TEXT_MAX: usize = 256;

/// This many errors …
pub const ERRORS_MAX: usize = 3;
/// … within this time disable a rule.
const ERRORS_WITHIN: Duration = Duration::from_secs(600);

/// The engine steps several times an instant, until its effects are carried out:
/// errors so close together are one.
const SAME_ERROR: Duration = Duration::from_secs(1);

/// What an error is to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The one of just now.
    Same,
    /// Another one.
    New,
    /// The one that disables it.
    OneTooMany,
}

/// One value in `mem`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Note {
    /// Yes or no.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// A finite number.
    Number(f64),
    /// A short text.
    Text(String),
}

impl Note {
    /// A script's value as a note.
    ///
    /// # Errors
    /// Says why it cannot be kept.
    pub fn new(value: &Dynamic) -> Result<Self, String> {
        if let Ok(truth) = value.as_bool() {
            return Ok(Self::Truth(truth));
        }
        if let Ok(number) = value.as_int() {
            return Ok(Self::Whole(number));
        }
        match value.as_float() {
            Ok(number) if number.is_finite() => return Ok(Self::Number(number)),
            Ok(number) => return Err(format!("`mem` keeps no number like {number}")),
            Err(_) => {}
        }
        match value.as_immutable_string_ref() {
            Ok(text) if text.len() <= TEXT_MAX => Ok(Self::Text(text.to_string())),
            Ok(text) => Err(format!("`mem` keeps texts of {TEXT_MAX} bytes, not {}", text.len())),
            Err(_) => Err(format!("`mem` keeps numbers, texts and yes or no, not {}", kind(value))),
        }
    }

    /// The note as a script's value.
    pub fn value(&self) -> Dynamic {
        match self {
            Self::Truth(truth) => (*truth).into(),
            Self::Whole(number) => (*number).into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// Why a rule is not asked any more, until it is edited or enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Its last error, with its place.
    pub error: String,
    /// Since when, in ms since 1970; `None`: the wall clock was not set.
    since_ms: Option<i64>,
}

impl Disabled {
    /// Since when, if the wall clock could be believed then.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        self.since_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
    }
}

/// What is remembered of one script.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// Its `mem`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mem: BTreeMap<String, Note>,
    /// When it failed of late.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    errors: VecDeque<Duration>,
    /// Once it has failed too often: why, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// What it asked for when it last could tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last: Vec<Wish>,
}

impl Notes {
    /// Counts an error.
    pub fn failed(&mut self, at: Now, error: &str) -> Failure {
        let now = at.monotonic;
        if self.errors.back().is_some_and(|&at| now < at + SAME_ERROR) {
            return Failure::Same;
        }
        self.errors.retain(|&at| now.saturating_sub(at) < ERRORS_WITHIN);
        self.errors.push_back(now);
        let disabled = self.errors.len() >= ERRORS_MAX;
        if disabled {
            let since_ms = at.wall_trusted.then(|| at.wall.as_millisecond());
            self.disabled = Some(Disabled { error: error.to_owned(), since_ms });
        }
        if disabled { Failure::OneTooMany } else { Failure::New }
    }

    /// Gives a disabled rule another chance.
    pub fn enable(&mut self) -> bool {
        self.errors.clear();
        self.disabled.take().is_some()
    }

    /// What is left after a restart: the time that has passed cannot be proven, so
    /// that errors stay errors, and a wish from before is no wish.
    pub fn restarted(&mut self) {
        self.errors.iter_mut().for_each(|at| *at = Duration::ZERO);
        self.last.clear();
    }
}

/// The `mem` of the running script: what was kept, and what it changes. Changes
/// count only if the script comes to an end.
#[derive(Debug, Default)]
pub struct Draft {
    kept: BTreeMap<String, Note>,
    changes: BTreeMap<ImmutableString, Option<Note>>,
}

impl Draft {
    /// Begins with what is kept.
    pub fn begin(&mut self, kept: BTreeMap<String, Note>) {
        self.kept = kept;
        self.changes.clear();
    }

    /// What is kept from now on.
    pub fn end(&mut self, done: bool) -> BTreeMap<String, Note> {
        let mut kept = std::mem::take(&mut self.kept);
        for (name, note) in std::mem::take(&mut self.changes) {
            match note {
                _ if !done => {}
                Some(note) => drop(kept.insert(name.to_string(), note)),
                None => drop(kept.remove(name.as_str())),
            }
        }
        kept
    }

    /// The note under a name.
    pub fn get(&self, name: &str) -> Option<&Note> {
        match self.changes.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.kept.get(name),
        }
    }

    /// Notes something, or with `None` forgets it.
    ///
    /// # Errors
    /// Says which bound is in the way.
    pub fn set(&mut self, name: &str, note: Option<Note>) -> Result<(), String> {
        if name.is_empty() || name.len() > NAME_MAX {
            return Err(format!("a name in `mem` has 1 to {NAME_MAX} letters"));
        }
        if !self.kept.contains_key(name) && !self.changes.contains_key(name) {
            if note.is_none() {
                return Ok(());
            }
            let new = self.changes.keys().filter(|name| !self.kept.contains_key(name.as_str()));
            if self.kept.len() + new.count() >= NAMES_MAX {
                return Err(format!("`mem` keeps {NAMES_MAX} names and no more"));
            }
        }
        self.changes.insert(name.into(), note);
        Ok(())
    }
}
