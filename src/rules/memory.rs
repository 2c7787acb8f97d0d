//! What rules remember between steps: latches, timers, and the facts they count.
//!
//! The host holds it, not the script, so that it can be stored and survive a
//! restart or a reload. A rule whose text changed starts afresh: its old latch
//! answered another question. Times are monotonic; nothing here reads a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::{Level, OutputId};

use super::facts::{Facts, Needs, Scratch};
use super::look::Bound;
use super::script::{Disabled, Notes};

/// The memory of all rules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    entries: Vec<Entry>,
    /// What is counted for all rules together.
    #[serde(default)]
    pub(super) facts: Facts,
    /// Numbers of the present step, by input.
    #[serde(skip)]
    pub(super) values: Scratch,
    /// The rule set the entries are in the order of; 0: none yet.
    #[serde(skip)]
    stamp: u64,
}

/// What makes a rule the same rule as before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The rule file's name.
    pub file: String,
    /// The rule's name.
    pub rule: String,
    /// Its conditions in canonical spelling: layout and comments do not matter.
    pub text: String,
}

/// The memory of one rule: its latch, its first cause, and that of its script.
type Kept<'a> = (&'a mut Cell, &'a mut Option<Box<str>>, &'a mut Option<Box<Notes>>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    cell: Cell,
    /// Why a rule with `latch` set first; kept until a person has acknowledged it and
    /// it has cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Box<str>>,
    /// What a script keeps; rules without one have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    script: Option<Box<Notes>>,
}

/// One rule's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Set by `when`, until `clear_when`.
    pub latched: bool,
    /// Since when `when` has held without a break.
    pub when_since: Option<Duration>,
    /// Since when `clear_when` has held without a break.
    pub clear_since: Option<Duration>,
    /// Since when it cannot be told what the rule wants.
    pub unknown_since: Option<Duration>,
    /// Whether it could be told at least once in this run.
    pub known: bool,
    /// Since when it has been set without a break, for `for_at_most`.
    #[serde(default)]
    pub set_since: Option<Duration>,
    /// A person has seen that it is set: it may clear.
    #[serde(default)]
    pub acknowledged: bool,
    /// Its time is used up: `when` must fail once before it may set again.
    #[serde(default)]
    pub spent: bool,
}

impl Memory {
    /// What is left of a memory that was stored by an earlier run: latches stay,
    /// timers start again, since the time in between cannot be proven.
    #[must_use]
    pub fn after_restart(mut self) -> Self {
        for entry in &mut self.entries {
            let Cell { latched, spent, .. } = entry.cell;
            entry.cell = Cell { latched, spent, ..Cell::default() };
            if let Some(notes) = &mut entry.script {
                notes.restarted();
            }
        }
        self.facts = self.facts.after_restart();
        self
    }

    /// Whether a rule is latched; `None` when it has no memory.
    #[must_use]
    pub fn latched(&self, rule: &str) -> Option<bool> {
        self.entries.iter().find(|entry| entry.key.rule == rule).map(|entry| entry.cell.latched)
    }

    /// Why a rule with `latch` set first, and whether a person has seen it; `None`
    /// while it is clear.
    #[must_use]
    pub fn cause(&self, rule: &str) -> Option<(&str, bool)> {
        let entry = self.entries.iter().find(|entry| entry.key.rule == rule)?;
        Some((entry.cause.as_deref()?, entry.cell.acknowledged))
    }

    /// Notes that a person has seen that a rule is set: a rule with `latch` may clear
    /// from now on. Returns whether it was set.
    pub fn acknowledge(&mut self, rule: &str) -> bool {
        let entry = self.entries.iter_mut().find(|entry| entry.key.rule == rule);
        entry.is_some_and(|entry| {
            entry.cell.acknowledged = entry.cell.latched;
            entry.cell.latched
        })
    }

    /// Notes an output's level as it was read back; `None`: it cannot be read.
    /// Call it before the step that is to see it; it stays until it is noted again.
    pub fn note_output(&mut self, output: OutputId, level: Option<Level>) {
        self.facts.note_output(output, level);
    }

    /// Why and since when a rule is disabled by its errors; `None` when it is not.
    #[must_use]
    pub fn disabled(&self, rule: &str) -> Option<&Disabled> {
        let entry = self.entries.iter().find(|entry| entry.key.rule == rule)?;
        entry.script.as_ref()?.disabled.as_ref()
    }

    /// Gives a rule that was disabled by its errors another chance; false when it
    /// was not disabled.
    pub fn enable(&mut self, rule: &str) -> bool {
        let mut entries = self.entries.iter_mut().filter(|entry| entry.key.rule == rule);
        entries.any(|entry| entry.script.as_mut().is_some_and(|notes| notes.enable()))
    }

    /// Puts the entries into the order of a rule set and forgets all others.
    pub(super) fn align(&mut self, stamp: u64, keys: &[Key], needs: &Needs) {
        if self.stamp == stamp && self.entries.len() == keys.len() {
            return;
        }
        self.values.0.clear();
        let old = std::mem::take(&mut self.entries);
        let entry_of = |key: &Key| {
            let kept = old.iter().find(|entry| entry.key == *key).cloned();
            kept.unwrap_or_else(|| Entry {
                key: key.clone(),
                cell: Cell::default(),
                cause: None,
                script: None,
            })
        };
        self.entries = keys.iter().map(entry_of).collect();
        self.facts.align(needs);
        self.stamp = stamp;
    }

    /// Whether the last step was one of this rule set.
    pub(super) fn is_of(&self, stamp: u64, inputs: &[Bound]) -> bool {
        self.stamp == stamp && self.values.0.len() == inputs.len()
    }

    /// The memory of every rule, in the order of the rule set, after [`Memory::align`].
    pub(super) fn cells(&mut self) -> (impl Iterator<Item = Kept<'_>>, &Facts, &[f64]) {
        let entries = self.entries.iter_mut();
        let kept = entries.map(|entry| (&mut entry.cell, &mut entry.cause, &mut entry.script));
        (kept, &self.facts, &self.values.0)
    }
}

/// A number that differs for different rule sets.
pub(super) fn stamp(keys: &[Key], needs: &Needs) -> u64 {
    let rules = keys.iter().flat_map(|key| [&key.file, &key.rule, &key.text]);
    let outputs = needs.outputs.iter();
    // What the rules ask for is in their text, what the configuration does is not.
    let asked = [format!("{:?}{:?}{:?}", needs.windows, needs.crons, needs.energies)];
    fingerprint(rules.chain(outputs).chain(&asked))
}

/// A number that differs for different texts (FNV-1a); never 0.
pub(super) fn fingerprint<'a>(texts: impl Iterator<Item = &'a String>) -> u64 {
    let bytes = texts.flat_map(|text| {
        // A byte that is in no text keeps ("ab", "c") apart from ("a", "bc").
        text.bytes().chain([0xFF])
    });
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    hash.max(1)
}
