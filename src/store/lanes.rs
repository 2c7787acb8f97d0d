//! What waits for the writer, and when it is due.
//!
//! Bounded on every side: what does not fit is refused and counted. Time comes
//! from what is sent. No lock and no thread is seen from here: `queue.rs` has
//! them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc;
use std::time::Duration;

use super::{Command, Counters, DeviceDay, Health, Options, Sample, SnapshotRow};
use crate::journal::Entry;

/// The most keys of state; the engine has one for each thing it remembers.
const STATES_MAX: usize = 256;

/// Days of devices that may wait: eight devices tell a month.
const DAYS_MAX: usize = 256;

/// A failed file is tried again after this long on the engine's clock.
const RETRY_EVERY: Duration = Duration::from_secs(30);

/// Every so many batches carry the snapshot, so five minutes apart: it takes three
/// pages of the file, and each reading in it is in a batch already.
const SNAPSHOT_BATCHES: u32 = 6;

/// An entry on its way to the journal.
#[derive(Debug)]
pub(super) struct Pending {
    /// Whom to tell; `None` once an answer was given.
    pub ticket: Option<u64>,
    /// The entry.
    pub entry: Entry,
}

/// One round's work, in the order it must be done.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub states: BTreeMap<String, String>,
    /// Who waits for the states.
    pub charges: Vec<u64>,
    pub entries: Vec<Pending>,
    pub history: Batch,
    pub flushes: Vec<mpsc::Sender<Result<(), String>>>,
}

/// What is written into the history in one commit.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub samples: Vec<Sample>,
    pub snapshot: Option<Vec<SnapshotRow>>,
    pub days: Vec<DeviceDay>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.snapshot.is_none() && self.days.is_empty()
    }
}

#[derive(Debug, Default)]
pub(super) struct Lanes {
    states: BTreeMap<String, String>,
    charges: Vec<u64>,
    entries: VecDeque<Pending>,
    samples: VecDeque<Sample>,
    snapshot: Option<Vec<SnapshotRow>>,
    /// Batches until one carries the snapshot.
    snapshot_in: u32,
    days: Vec<DeviceDay>,
    flushes: Vec<mpsc::Sender<Result<(), String>>>,
    /// Something durable waits.
    urgent: bool,
    /// Monotonic time at which the first waiting thing came.
    oldest: Option<Duration>,
    /// The latest monotonic time seen in anything sent.
    latest: Duration,
    /// A file has failed: leave samples alone until then.
    retry_at: Option<Duration>,
    /// No more is taken in; what waits is handed out once.
    pub closing: bool,
    pub counters: Counters,
    pub health: Health,
}

impl Lanes {
    /// Takes a command in, or refuses and counts it.
    pub fn accept(&mut self, command: Command, options: &Options) -> bool {
        match command {
            Command::Journal { ticket, entry, durable } => {
                if self.closing || self.entries.len() >= options.entries_max {
                    self.counters.entries_refused += 1;
                    return false;
                }
                self.came(entry.at.monotonic);
                self.entries.push_back(Pending { ticket: Some(ticket), entry });
                self.urgent |= durable;
            }
            Command::SaveState { key, json, durable } => {
                return self.save_state(key, json, durable);
            }
            Command::Charge { ticket, key, json } => {
                if self.charges.len() >= STATES_MAX || !self.save_state(key, json, true) {
                    return false;
                }
                self.charges.push(ticket);
            }
            Command::Samples(samples) => {
                if self.closing || self.samples.len() + samples.len() > options.samples_max {
                    self.counters.samples_dropped += samples.len() as u64;
                    // Time goes on all the same, or a retry would never be due.
                    self.saw(&samples);
                    return false;
                }
                if let Some(first) = samples.first() {
                    self.came(first.at.monotonic);
                }
                self.saw(&samples);
                self.samples.extend(samples);
            }
            // Only the newest snapshot is worth writing, now and then.
            Command::Snapshot(rows) => {
                if self.closing {
                    return false;
                }
                self.came(self.latest);
                self.snapshot = Some(rows);
            }
            Command::Day(day) => {
                if self.closing || self.days.len() >= DAYS_MAX {
                    return false;
                }
                self.came(self.latest);
                self.days.push(day);
            }
            Command::Flush(ack) => {
                if self.closing {
                    return false;
                }
                self.flushes.push(ack);
            }
        }
        true
    }

    fn save_state(&mut self, key: String, json: String, durable: bool) -> bool {
        let full = self.states.len() >= STATES_MAX && !self.states.contains_key(&key);
        if self.closing || full {
            self.counters.states_refused += 1;
            return false;
        }
        self.came(self.latest);
        self.states.insert(key, json);
        self.urgent |= durable;
        true
    }

    /// Puts samples back that could not be written. What no longer fits is
    /// dropped from the new end: a gap is better at one place than at two.
    /// Nothing comes back once the queue closes, or closing would never end.
    pub fn give_back(&mut self, batch: Batch, options: &Options) {
        let Batch { samples, snapshot, mut days } = batch;
        if self.closing {
            self.counters.samples_dropped += samples.len() as u64;
            return;
        }
        let first = samples.first().map(|sample| sample.at.monotonic);
        self.oldest = first.or(self.oldest).or(Some(self.latest));
        for sample in samples.into_iter().rev() {
            self.samples.push_front(sample);
        }
        let dropped = self.samples.len().saturating_sub(options.samples_max);
        self.samples.truncate(options.samples_max);
        self.counters.samples_dropped += dropped as u64;
        days.append(&mut self.days);
        days.truncate(DAYS_MAX);
        self.days = days;
        if snapshot.is_some() {
            self.snapshot_in = 0;
        }
        // A newer one may have come in the meantime.
        self.snapshot = self.snapshot.take().or(snapshot);
    }

    /// Notes how the files are after a round. Entries written in between do
    /// not put a retry off.
    pub fn set_health(&mut self, health: Health) {
        let failed = health.journal.is_some() || health.history.is_some();
        let again = self.retry_at.unwrap_or(self.latest + RETRY_EVERY);
        self.retry_at = failed.then_some(again);
        self.health = health;
    }

    fn came(&mut self, at: Duration) {
        self.oldest.get_or_insert(at);
        self.latest = self.latest.max(at);
    }

    fn saw(&mut self, samples: &[Sample]) {
        let latest = samples.iter().map(|sample| sample.at.monotonic).max();
        self.latest = self.latest.max(latest.unwrap_or_default());
    }

    fn waiting(&self) -> bool {
        !(self.entries.is_empty()
            && self.states.is_empty()
            && self.samples.is_empty()
            && self.days.is_empty()
            && self.snapshot.is_none())
    }

    /// Whether there is anything to do once nothing more comes.
    pub fn owes_anything(&self) -> bool {
        self.waiting() || self.retry_at.is_some()
    }

    fn everything_is_wanted(&self) -> bool {
        !self.flushes.is_empty() || (self.closing && self.waiting())
    }

    fn batch_is_due(&self, options: &Options) -> bool {
        if let Some(at) = self.retry_at {
            return self.latest >= at;
        }
        let overdue = self
            .oldest
            .is_some_and(|oldest| self.latest.saturating_sub(oldest) >= options.flush_every);
        self.waiting() && (overdue || self.samples.len() >= options.flush_samples)
    }

    /// Whether there is something to do now.
    pub fn due(&self, options: &Options) -> bool {
        self.urgent || self.everything_is_wanted() || self.batch_is_due(options)
    }

    /// Hands out what is due: the journal whole, samples a part at a time.
    pub fn take(&mut self, options: &Options) -> Work {
        if self.everything_is_wanted() {
            return self.take_all();
        }
        let batch = self.batch_is_due(options);
        let mut work = self.take_journal();
        if batch {
            self.retry_at = None;
            // A part at a time: after each the journal gets its turn.
            let part = self.samples.len().min(options.flush_samples);
            work.history.samples = self.samples.drain(..part).collect();
            work.history.snapshot = self.take_snapshot();
            work.history.days = std::mem::take(&mut self.days);
        }
        self.oldest = self.samples.front().map(|sample| sample.at.monotonic);
        if self.oldest.is_none() && (self.snapshot.is_some() || !self.days.is_empty()) {
            self.oldest = Some(self.latest);
        }
        work
    }

    /// Hands out all that waits.
    pub fn take_all(&mut self) -> Work {
        let mut work = self.take_journal();
        work.history.samples = std::mem::take(&mut self.samples).into();
        work.history.snapshot = self.snapshot.take();
        work.history.days = std::mem::take(&mut self.days);
        work.flushes = std::mem::take(&mut self.flushes);
        (self.oldest, self.retry_at) = (None, None);
        work
    }

    fn take_snapshot(&mut self) -> Option<Vec<SnapshotRow>> {
        if self.snapshot_in > 0 {
            self.snapshot_in -= 1;
            return None;
        }
        self.snapshot_in = SNAPSHOT_BATCHES - 1;
        self.snapshot.take()
    }

    fn take_journal(&mut self) -> Work {
        self.urgent = false;
        Work {
            states: std::mem::take(&mut self.states),
            charges: std::mem::take(&mut self.charges),
            entries: std::mem::take(&mut self.entries).into(),
            ..Work::default()
        }
    }
}
