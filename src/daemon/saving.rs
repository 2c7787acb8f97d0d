//! What must survive a restart, on its way to the disk.

use super::control_loop::{ControlLoop, KEY_ARBITER, KEY_RULES, KEY_TRIPS};
use super::gap;
use crate::clock::Now;
use crate::store;

impl ControlLoop {
    /// Saves what must survive a restart, before the acts that depend on it: with the
    /// next entry that goes to the disk, or by itself (`durable`).
    pub(super) fn save_memory(&mut self, now: Now, durable: bool) {
        let (rules, saved) = self.engine.save(now.monotonic);
        // Plain data of strings and numbers always becomes JSON.
        let rules = serde_json::to_string(rules).unwrap_or_default();
        let arbiter = gap::Kept::of(now, self.speed, saved);
        let arbiter = serde_json::to_string(&arbiter).unwrap_or_default();
        self.save(KEY_RULES, rules, durable);
        self.save(KEY_ARBITER, arbiter, durable);
        let trips = serde_json::to_string(self.engine.trips()).unwrap_or_default();
        self.save(KEY_TRIPS, trips, durable);
    }

    /// Saves what rules remember; of the arbiter only what passes with time, so that
    /// a quiet site writes little.
    pub(super) fn save_passing_memory(&mut self, now: Now) {
        if self.engine.is_counting() {
            return self.save_memory(now, true);
        }
        let rules = serde_json::to_string(self.engine.memory()).unwrap_or_default();
        self.save(KEY_RULES, rules, true);
    }

    pub(super) fn save(&mut self, key: &'static str, json: String, durable: bool) {
        if self.saved.get(key) != Some(&json) {
            let command =
                store::Command::SaveState { key: key.to_owned(), json: json.clone(), durable };
            if self.store.send(command) {
                self.saved.insert(key, json);
            }
        }
    }
}
