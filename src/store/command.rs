//! What goes into the store and what comes back, as plain data.
//!
//! The engine's side of the queue: nothing here knows files, SQL or threads.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use super::DeviceDay;
use crate::clock::Now;
use crate::journal::Entry;
use crate::snapshot::{Point, Quality, Snapshot};
use crate::units::{Unit, Value};
use crate::vedirect::state::Meaning;

/// One reading, as the engine was fed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The point's full name.
    pub point: Arc<str>,
    /// The unit of its numbers.
    pub unit: Unit,
    /// `None`: the device says *not available*.
    pub value: Option<Value>,
    /// How far it was believed: suspect is a value out of its valid range.
    pub quality: Quality,
    /// When its frame was accepted.
    pub at: Now,
}

/// One line of the snapshot table.
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRow {
    /// The point's full name.
    pub point: Arc<str>,
    /// The latest value, whatever its age.
    pub value: Option<Value>,
    /// The name of a number that has one, such as `float`.
    pub text: Option<String>,
    /// The unit of its numbers.
    pub unit: Unit,
    /// How far it can be believed.
    pub quality: Quality,
    /// When it was accepted; `None` if it never was.
    pub at: Option<Now>,
    /// How old it was when this was written.
    pub age: Option<Duration>,
}

impl Sample {
    /// The number, if it is one and within its valid range.
    #[must_use]
    pub fn believed(&self) -> Option<f64> {
        let number = self.value.as_ref().and_then(Value::as_number);
        number.filter(|_| self.quality != Quality::Suspect)
    }
}

impl SnapshotRow {
    /// All points of a snapshot as they are `now`.
    #[must_use]
    pub fn all(now: Now, snapshot: &Snapshot) -> Vec<Self> {
        let row = |(id, point): (_, &Point)| {
            let reading = snapshot.reading(id);
            let value = reading.and_then(|reading| reading.value.clone());
            let number = value.as_ref().and_then(Value::as_number);
            Self {
                point: point.name.as_str().into(),
                text: number.and_then(|number| name_of(point.meaning, number)),
                value,
                unit: point.unit,
                quality: snapshot.quality(now, id),
                at: reading.map(|reading| reading.at),
                age: reading.map(|reading| now.monotonic.saturating_sub(reading.at.monotonic)),
            }
        };
        snapshot.points().map(row).collect()
    }
}

/// What the writer can be told to do.
#[derive(Debug)]
pub enum Command {
    /// Keep these readings; written in batches.
    Samples(Vec<Sample>),
    /// Replace the snapshot table; only the newest waiting one is written.
    Snapshot(Vec<SnapshotRow>),
    /// Keep what a device remembers of a day.
    Day(DeviceDay),
    /// Keep this entry and acknowledge it.
    Journal {
        /// Comes back in the [`Ack`].
        ticket: u64,
        /// The entry.
        entry: Entry,
        /// Write it at once; otherwise with the next batch.
        durable: bool,
    },
    /// Remember this for the next start; replaces what the key held. Never
    /// later than any entry sent after it: an acknowledged intent means that
    /// the budget charged before it is saved too.
    SaveState {
        /// The name it is asked for with [`Store::state`](super::Store::state).
        key: String,
        /// Anything; by convention JSON.
        json: String,
        /// Write it at once; otherwise with the next entry or batch.
        durable: bool,
    },
    /// As a durable [`Command::SaveState`], and acknowledged: something waits for it.
    Charge {
        /// Comes back in the [`Ack`].
        ticket: u64,
        /// As for [`Command::SaveState`].
        key: String,
        /// As for [`Command::SaveState`].
        json: String,
    },
    /// Write all that waits, then answer.
    Flush(mpsc::Sender<Result<(), String>>),
}

/// What became of an entry, or of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The ticket it was sent with.
    pub ticket: u64,
    /// Its number in the journal (0 for a charge), on the disk; or why it is not there. Entries
    /// refused here are written later by the store itself, intents excepted:
    /// do not send them again.
    pub result: Result<i64, String>,
}

/// Why a file was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its content is damaged.
    Damaged,
    /// Its rows are those of an older version and are not brought forward.
    OldSchema,
}

/// Something a person should know about the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A file could not be used and has been renamed; a new one was started.
    SetAside {
        /// The file's name.
        file: &'static str,
        /// Where the old one is now.
        aside: PathBuf,
        /// What was the matter with it.
        why: Why,
    },
    /// A file cannot be written; it is tried again by itself.
    Failed {
        /// The file's name.
        file: &'static str,
        /// Why.
        error: String,
    },
    /// The files of a log cannot be written, or can again.
    Log {
        /// The log's name.
        log: String,
        /// Why not; `None`: they can.
        error: Option<String>,
    },
    /// A file can be written again.
    Recovered {
        /// The file's name.
        file: &'static str,
    },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SetAside { file, aside, why } => {
                let was = match why {
                    Why::Damaged => "was damaged",
                    Why::OldSchema => "was written by an older version that kept rows differently",
                };
                write!(f, "{file} {was}, set aside as {} and started anew", aside.display())
            }
            Self::Failed { file, error } => {
                write!(f, "{file} cannot be written ({error}), will be tried again")
            }
            Self::Log { log, error: Some(error) } => {
                write!(f, "the log {log} cannot be written ({error}), its lines are lost")
            }
            Self::Log { log, error: None } => write!(f, "the log {log} can be written again"),
            Self::Recovered { file } => write!(f, "{file} can be written again"),
        }
    }
}

/// What the writer has to say; handed to the call-back given at opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// An entry was recorded, or was not.
    Ack(Ack),
    /// A file failed, recovered or was set aside.
    Notice(Notice),
}

/// The name of an enumeration's number, or of the bits that are set.
fn name_of(meaning: Meaning, number: f64) -> Option<String> {
    match meaning {
        Meaning::Plain => None,
        Meaning::Enumeration(names) => {
            let found = names.values.iter().find(|(value, _)| f64::from(*value) == number);
            found.map(|(_, name)| (*name).to_owned())
        }
        Meaning::BitField(names) => {
            // `as` saturates: a number that is no bit pattern names no wrong bits.
            let pattern = number as u64;
            let set = |bit: &u8| pattern.checked_shr(u32::from(*bit)).is_some_and(|p| p & 1 == 1);
            let names: Vec<&str> =
                names.bits.iter().filter(|(bit, _)| set(bit)).map(|(_, name)| *name).collect();
            (!names.is_empty()).then(|| names.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::state::{BitField, Enumeration};

    const STATES: Enumeration = Enumeration::new("device_state", &[(0, "off"), (5, "float")]);
    const REASONS: BitField = BitField::new("off_reason", &[(0, "no_input"), (2, "switched_off")]);

    #[track_caller]
    fn check(meaning: Meaning, number: f64, expected: Option<&str>) {
        assert_eq!(name_of(meaning, number).as_deref(), expected);
    }

    #[test]
    fn numbers_with_names_are_named() {
        check(Meaning::Enumeration(&STATES), 5.0, Some("float"));
        check(Meaning::BitField(&REASONS), 5.0, Some("no_input switched_off"));
    }

    #[test]
    fn numbers_without_names_are_not() {
        check(Meaning::Plain, 5.0, None);
        check(Meaning::Enumeration(&STATES), 7.0, None);
        check(Meaning::BitField(&REASONS), 0.0, None);
        check(Meaning::BitField(&REASONS), -1.0, None);
    }
}
