//! How often registers were written, kept over restarts.
//!
//! A count is on the disk before its write leaves, one ahead of the true one: the way
//! back to safe does not wait. An end in order makes it exact.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::FolderLock;
use super::control_loop::ControlLoop;
use super::gap::Stamp;
use crate::arbiter::DAY;
use crate::clock::{Clock, Now, SystemClock};
use crate::control::{Reply, WearStatus};
use crate::store::query::JournalReader;
use crate::store::{BootInfo, Command, Store, StoreError};
use crate::vedirect::register;
use crate::wear::{Asker, Count, Key, Ledger, Saved, rate};

/// What keys of counts begin with.
const WEAR: &str = "wear/";
/// The key that tells of a loss; serial numbers have no blanks.
const WEAR_LOST: &str = "wear/ lost";

/// A count and when it was saved.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    at: Stamp,
    #[serde(flatten)]
    count: Saved,
}

/// A loss of counts, and how long it still counted when it was saved.
#[derive(Debug, Serialize, Deserialize)]
struct Loss {
    at: Stamp,
    left: Duration,
}

/// What earlier runs have counted.
pub(super) fn remembered(now: Now, speed: f64, store: &Store) -> Ledger {
    let present = Stamp::of(now, speed);
    let mut ledger = Ledger::default();
    let mut lost = store.state_lost().then_some(DAY);
    for (key, json) in store.states(WEAR) {
        let passed = |at: &Stamp| at.until(&present).at_least;
        if key == WEAR_LOST {
            if let Ok(Loss { at, left }) = serde_json::from_str(json) {
                lost = lost.or(Some(left.saturating_sub(passed(&at))));
            }
            continue;
        }
        match serde_json::from_str::<Kept>(json) {
            Ok(kept) => ledger.restore(now.monotonic, kept.count, passed(&kept.at)),
            // A count that cannot be read is a lost one.
            Err(_) => lost = Some(DAY),
        }
    }
    if let Some(left) = lost {
        ledger.lose(now.monotonic, left);
    }
    ledger
}

impl ControlLoop {
    /// Nothing leaves any more: counts are exact from here on.
    pub(super) fn close_counts(&mut self) {
        let now = self.clock.now();
        let keys: Vec<Key> = self.ledger.touched().cloned().collect();
        for key in keys {
            self.save_count(now, &key, None, true);
        }
    }

    /// Remembers that earlier counts are lost, and for how long that counts.
    pub(super) fn save_loss(&mut self, now: Now) {
        let left = self.ledger.lost_for(now.monotonic);
        if left.is_zero() {
            return;
        }
        let loss = Loss { at: Stamp::of(now, self.speed), left };
        // Plain data of strings and numbers always becomes JSON.
        let json = serde_json::to_string(&loss).unwrap_or_default();
        self.save(WEAR_LOST, json, true);
    }

    pub(super) fn save_count(&self, now: Now, key: &Key, ticket: Option<u64>, ended: bool) -> bool {
        let Some((key, json)) = to_save(&self.ledger, now, self.speed, key, ended) else {
            return false;
        };
        self.store.send(match ticket {
            Some(ticket) => Command::Charge { ticket, key, json },
            None => Command::SaveState { key, json, durable: true },
        })
    }

    /// Counts a write that a person makes on a port of his own.
    pub(super) fn count_by_hand(&mut self, now: Now, key: &Key) -> Reply {
        match self.ledger.charge(now, key, "", Asker::Person) {
            // What is on the disk is one ahead: he need not wait for it.
            Ok(()) if self.save_count(now, key, None, false) => {
                Reply::Done { message: format!("{key}: counted") }
            }
            Ok(()) => Reply::Refused { message: "the journal's queue is full".to_owned() },
            Err(spent) => Reply::Refused { message: format!("{key}: {spent}") },
        }
    }

    /// The counts, for people.
    pub(super) fn wear(&self, now: Now) -> Vec<WearStatus> {
        let status = |(key, count): (&Key, &Count)| {
            let family = self.devices.get(count.device.as_str()).and_then(|device| device.family);
            let known = family.and_then(|family| register::find(family, key.register));
            WearStatus {
                device: count.device.clone(),
                serial: key.serial.clone(),
                register: key.register,
                name: known.map(|known| known.name.to_owned()).unwrap_or_default(),
                writes: count.total,
                lost: count.lost,
                since: since(count.since_ms),
                today: count.today(now.monotonic),
                per_day: rate(count.total, count.since_ms, now),
            }
        };
        self.ledger.counts().map(status).collect()
    }
}

/// The key and the text under which a count is saved.
fn to_save(
    ledger: &Ledger,
    now: Now,
    speed: f64,
    key: &Key,
    ended: bool,
) -> Option<(String, String)> {
    let count = ledger.save(now.monotonic, key, ended)?;
    let kept = Kept { at: Stamp::of(now, speed), count };
    // Plain data of strings and numbers always becomes JSON.
    let json = serde_json::to_string(&kept).unwrap_or_default();
    Some((format!("{WEAR}{}/0x{:04X}", key.serial, key.register), json))
}

/// Counts a write that a person makes while no daemon runs, in the journal of this
/// folder. `false`: there is none, and so nothing to count in.
///
/// # Errors
/// Says why the journal did not take it.
pub fn count_without_daemon(data: &Path, key: &Key) -> Result<bool, String> {
    if !data.join("journal.db").exists() {
        return Ok(false);
    }
    let _lock = FolderLock::take(data).map_err(|error| error.to_string())?;
    let now = SystemClock::new().now();
    let boot = BootInfo::of_this_process(now);
    let store = Store::open(data, boot, crate::store::Options::default(), |_| {});
    let store = store.map_err(|error| error.with_cause())?;
    let mut ledger = remembered(now, 1.0, &store);
    ledger.charge(now, key, "", Asker::Person).map_err(|spent| spent.to_string())?;
    let saved = to_save(&ledger, now, 1.0, key, true);
    let sent = saved
        .is_some_and(|(key, json)| store.send(Command::SaveState { key, json, durable: true }));
    let result = if sent { store.flush().map(|()| true) } else { Ok(false) };
    let _ = store.close();
    result
}

/// The counts in the journal of a folder, for people who look while no daemon runs.
///
/// # Errors
/// When there is no journal to read.
pub fn recorded_wear(data: &Path) -> Result<Vec<WearStatus>, StoreError> {
    let states = JournalReader::open(data)?.states()?;
    let counts = states.iter().filter(|(key, _)| key.starts_with(WEAR));
    let counts = counts.filter_map(|(_, json)| serde_json::from_str::<Kept>(json).ok());
    let status = |Kept { count, .. }: Kept| WearStatus {
        device: count.device,
        serial: count.serial,
        register: count.register,
        name: String::new(),
        writes: count.writes,
        lost: count.lost,
        since: since(count.since_ms),
        // How many of them were within the last day nobody counts now.
        today: 0,
        per_day: rate(count.writes, count.since_ms, SystemClock::new().now()),
    };
    Ok(counts.map(status).collect())
}

fn since(ms: Option<i64>) -> String {
    let at = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map(super::words::utc).unwrap_or_default()
}
