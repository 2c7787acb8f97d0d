//! Changes that no step decides: another mode, other rules. Each is journaled.

use super::{Effect, Engine, Mode};
use crate::clock::Now;
use crate::journal::{Entry, Kind};
use crate::rules::RuleSet;

impl Engine {
    pub(super) fn change_mode(&mut self, now: Now, mode: Mode) {
        if mode != self.mode {
            let reason = format!("mode was {}", self.mode.word());
            self.mode = mode;
            self.note(now, Kind::Mode, String::new(), mode.word().into(), reason, None);
            self.drop_wishes(now);
        }
    }

    pub(super) fn reload(&mut self, now: Now, rules: RuleSet) {
        let changes = rules.changes(&self.rules);
        self.told.reload(now.monotonic, &self.rules, &rules);
        self.rules = rules;
        // They speak of the old set; the next step makes new ones.
        self.verdicts.clear();
        let count = self.rules.rules().len();
        let loaded = format!("{count} rule{}", if count == 1 { "" } else { "s" });
        self.note(now, Kind::Reload, String::new(), loaded, changes.to_string(), None);
    }

    pub(super) fn note(
        &mut self,
        at: Now,
        kind: Kind,
        subject: String,
        what: String,
        reason: String,
        intent: Option<u64>,
    ) {
        let (used, conditions) = (Vec::new(), Vec::new());
        let entry = Entry { at, kind, subject, what, rule: None, reason, used, conditions, intent };
        self.pending.push(Effect::Record { entry: Box::new(entry), ticket: None });
    }
}
