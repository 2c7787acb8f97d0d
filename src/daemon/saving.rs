//! What must survive a restart, on its way to the disk.

use tokio::sync::oneshot;

use super::control_loop::ControlLoop;
use super::gap;
use super::keys::{KEY_ARBITER, KEY_ORIGINALS, KEY_RULES, KEY_TRIPS};
use crate::arbiter::OutputId;
use crate::clock::Now;
use crate::journal::Kind;
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

    /// Puts down what a register had before it is written for the first time, and
    /// says when that is on the disk.
    pub(super) fn keep_original(
        &mut self,
        output: OutputId,
        value: f64,
        recorded: oneshot::Sender<Result<(), String>>,
    ) {
        self.hands.keep(output, value);
        // The entry goes to the disk after it and takes it along.
        self.save_originals(false);
        let subject = self.engine.policy(output).name.clone();
        let what = format!("original {}", self.hands.owed(output).unwrap_or_default());
        let reason = "read before the first write; it is given back";
        let entry = self.plain_entry(Kind::Result, &subject, &what, reason);
        self.record_for(entry, recorded);
    }

    /// Forgets the original values that are there again.
    pub(super) fn let_go_of_originals(&mut self) {
        if self.hands.given_back() {
            self.save_originals(true);
        }
    }

    /// Says which values wait in vain to be given back: their set-points are declared
    /// no longer, or belong to another device.
    pub(super) fn tell_strays(&mut self, strays: &[String]) {
        for stray in strays {
            let reason = "kept before our first write, and no output or set-point of this \
                          configuration gives it back: look at that register, `sunkeep set` it";
            self.note(Kind::Alarm, "", &format!("original of {stray}"), reason);
        }
    }

    fn save_originals(&mut self, durable: bool) {
        // Texts and finite numbers always become JSON.
        let json = serde_json::to_string(self.hands.originals()).unwrap_or_default();
        self.save(KEY_ORIGINALS, json, durable);
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

    /// The table of what is known now, for whoever reads files.
    pub(super) fn refresh_snapshot_table(&mut self) {
        let now = self.clock.now();
        if now.monotonic >= self.snapshot_due {
            self.snapshot_due = now.monotonic + self.snapshot_every;
            let rows = store::SnapshotRow::all(now, &self.snapshot);
            self.store.send(store::Command::Snapshot(rows));
        }
    }
}
