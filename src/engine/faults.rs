//! The errors of rules, as the journal is told of them.
//!
//! Each is told once: three within ten minutes disable a rule. What an error does
//! to outputs is decided elsewhere.

use super::{Effect, Engine};
use crate::clock::Now;
use crate::journal::{Entry, Kind};
use crate::rules::State;

impl Engine {
    /// A person gives a disabled rule another chance: remembered, and journaled.
    pub(super) fn enable(&mut self, at: Now, rule: String) {
        let error = self.memory.disabled(&rule).map(|disabled| disabled.error.clone());
        let reason = match error {
            Some(error) if self.memory.enable(&rule) => {
                format!("by a person; it had failed: {error}")
            }
            _ => "it was not disabled".to_owned(),
        };
        let entry = Entry::plain(at, Kind::Result, "", "rule enabled", &reason);
        let entry = Entry { rule: Some(rule), ..entry };
        self.pending.push(Effect::Record { entry: Box::new(entry), ticket: None });
    }

    /// Journals the errors of rules: each once, since three disable a rule.
    pub(super) fn faults(&mut self, at: Now) {
        for verdict in &self.verdicts {
            let Some(fault) = verdict.fault() else { continue };
            let disabled = verdict.state == State::Disabled;
            let what = if disabled { "rule disabled" } else { "rule failed" };
            let rule = Some(self.rules.rules()[verdict.rule].name.to_string());
            let entry = Entry { rule, ..Entry::plain(at, Kind::Alarm, "", what, fault) };
            self.pending.push(Effect::Record { entry: Box::new(entry), ticket: None });
        }
    }
}
