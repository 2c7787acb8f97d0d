//! What a session can be asked to do, and what becomes of it.
//!
//! Plain data. A write names who is behind it: a rule can never reach what
//! only a human at the command line may do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Value;
use crate::vedirect::Measurement;
use crate::vedirect::hex::{Flags, Payload};
use crate::vedirect::register::Decoded;
use crate::vedirect::text::Identity;

use super::health::Health;
use super::leave::Departure;
use super::lock::Lock;

/// Names a task from its submission to its [`Event::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// Who is behind a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// A rule, the API, anything that is not a person at the command line.
    Rule,
    /// As a rule, on the way back to a safe state: nothing but the device holds it up.
    Safe,
    /// A person at the command line.
    Human,
    /// A person who confirmed that a register of the deny list is meant.
    HumanAllowingDenied,
}

impl Authority {
    /// Whether a person at the command line is behind it.
    #[must_use]
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Human | Self::HumanAllowingDenied)
    }
}

/// One thing to do with a device.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Read a register.
    Read {
        /// Register id; need not be in the catalogue.
        register: u16,
    },
    /// Read, compare, write if different, read back.
    Write {
        /// Register id; must be in the catalogue of the device's family.
        register: u16,
        /// The value in the register's unit.
        value: Value,
        /// Who wants it.
        authority: Authority,
    },
    /// As [`Task::Write`], but sent even if the register has the value already: the
    /// device lets go of it unless it is written again.
    Renew {
        /// Register id; must be in the catalogue of the device's family.
        register: u16,
        /// The value in the register's unit.
        value: Value,
        /// Who wants it.
        authority: Authority,
    },
    /// Write a register without a value: an action such as clearing the history.
    Trigger {
        /// Register id.
        register: u16,
        /// Who wants it.
        authority: Authority,
    },
    /// Restart the device (command 6); refused unless a human asks.
    Restart {
        /// Who wants it.
        authority: Authority,
    },
}

impl Task {
    /// Who wants it; what only reads counts as wanted by a rule.
    pub(super) const fn authority(&self) -> Authority {
        match self {
            Self::Read { .. } => Authority::Rule,
            Self::Write { authority, .. }
            | Self::Renew { authority, .. }
            | Self::Trigger { authority, .. }
            | Self::Restart { authority } => *authority,
        }
    }

    /// The same, on the way back to a safe state.
    #[must_use]
    pub fn to_safe(mut self) -> Self {
        if let Self::Write { authority, .. } | Self::Renew { authority, .. } = &mut self
            && *authority == Authority::Rule
        {
            *authority = Authority::Safe;
        }
        self
    }
}

/// What became of a read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReadResult {
    /// Read and understood.
    Value(Decoded),
    /// Read, but the register is not in the catalogue of this family.
    Raw(Payload),
    /// The device answered that it cannot.
    Refused(Flags),
    /// The device does not know the command.
    Unsupported,
    /// The answer does not have the form the catalogue says.
    Malformed(Payload),
    /// No answer in all attempts.
    Unanswered,
    /// The port was lost or is closed.
    NotConnected,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WriteResult {
    /// Written, answered, and read back equal. Actions without a value and
    /// registers that cannot be read are done when the device says so.
    Done,
    /// The register had the value already; nothing was sent.
    Unchanged,
    /// The device took another value than it was given.
    Clamped {
        /// What was sent.
        asked: Value,
        /// What was read back; `None`: *not available*.
        got: Option<Value>,
    },
    /// The device refused, and its value is what it was.
    Refused(Flags),
    /// No answer in all attempts, and the value read back is not the new one
    /// or could not be read.
    Unanswered,
    /// Not attempted.
    Locked(Lock),
    /// The value before could not be read, so nothing was written.
    ReadFailed(ReadFailure),
    /// Written and answered, but the read-back failed: the value is unknown.
    Unverified,
    /// The value does not fit the register.
    BadValue(String),
    /// The register or value is not this asker's to write.
    Denied(Denied),
    /// Whoever watches over writes did not let it leave; says why.
    Withheld(String),
}

impl WriteResult {
    /// Whether the device now has the value asked for, as read back.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::Unchanged)
    }

    /// Whether the device was sent a new value, whatever became of it.
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        match self {
            Self::Done
            | Self::Clamped { .. }
            | Self::Refused(_)
            | Self::Unanswered
            | Self::Unverified => true,
            Self::Unchanged
            | Self::Locked(_)
            | Self::ReadFailed(_)
            | Self::BadValue(_)
            | Self::Denied(_)
            | Self::Withheld(_) => false,
        }
    }
}

/// Why the read before a write failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadFailure {
    /// No answer.
    Unanswered,
    /// Answered with flags.
    Refused(Flags),
    /// The answer was too short or of another width than the register.
    Malformed,
}

/// Why a write is not this asker's to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denied {
    /// On the deny list: commissioning by a human with an explicit flag.
    Register,
    /// This value of this register is never for a rule.
    Value,
    /// Not writable according to the catalogue.
    ReadOnly,
    /// A register with a value, triggered like an action.
    NotAnAction,
    /// Not in the catalogue of this family.
    Unknown,
    /// Needs a human.
    HumanOnly,
    /// Stopped by the filter on outgoing bytes.
    Filter,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of a read.
    Read(ReadResult),
    /// Of a write or an action.
    Written(WriteResult),
    /// The restart command was handed out; devices do not answer it.
    RestartSent,
    /// Too many tasks are waiting.
    QueueFull,
}

/// What a session tells its driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// What one accepted frame said.
    Measured(Vec<Measurement>),
    /// The device said what it is, or said something new about it.
    Identified(Identity),
    /// The device is not the one configured: writes are locked and its
    /// readings are dropped until the right one is back.
    IdentityMismatch {
        /// What differs.
        lock: Lock,
        /// What is there.
        found: Identity,
    },
    /// One of the two links changed its state.
    Health(Health),
    /// The device restarted: whatever it does not store is lost.
    Restarted,
    /// A SET of this task waits for [`Session::permit`](super::Session::permit); only if
    /// the settings say that somebody watches.
    Leaving(TaskId, Departure),
    /// A task has ended.
    Done(TaskId, Outcome),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Register => "the register is on the deny list",
            Self::Value => "this value is forbidden",
            Self::ReadOnly => "the register cannot be written",
            Self::NotAnAction => "the register is not an action",
            Self::Unknown => "the register is not in the catalogue of this product family",
            Self::HumanOnly => "only a person at the command line may do this",
            Self::Filter => "stopped by the filter on outgoing bytes",
        })
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered => f.write_str("no answer"),
            Self::Refused(flags) => write!(f, "{flags}"),
            Self::Malformed => f.write_str("the answer has an unexpected form"),
        }
    }
}

impl fmt::Display for WriteResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("written and read back"),
            Self::Unchanged => f.write_str("already has this value, nothing written"),
            Self::Clamped { asked, got: Some(got) } => {
                write!(f, "the device took {got} instead of {asked}")
            }
            Self::Clamped { asked, got: None } => {
                write!(f, "the device reads back \"not available\" instead of {asked}")
            }
            Self::Refused(flags) => write!(f, "refused by the device ({flags})"),
            Self::Unanswered => f.write_str("no answer to the write"),
            Self::Locked(lock) => write!(f, "not written: {lock}"),
            Self::ReadFailed(why) => write!(f, "not written: reading it first failed ({why})"),
            Self::Unverified => {
                f.write_str("the device accepted it, but the read-back failed: value unknown")
            }
            Self::BadValue(why) => write!(f, "not written: {why}"),
            Self::Denied(why) => write!(f, "not written: {why}"),
            Self::Withheld(why) => write!(f, "not written: {why}"),
        }
    }
}

impl fmt::Display for ReadResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(Decoded::Value(value)) => write!(f, "{value}"),
            Self::Value(Decoded::NotAvailable) => f.write_str("not available"),
            Self::Value(Decoded::Record(_)) => f.write_str("a record"),
            Self::Raw(bytes) | Self::Malformed(bytes) => {
                f.write_str("raw")?;
                bytes.as_slice().iter().try_for_each(|byte| write!(f, " {byte:02X}"))
            }
            Self::Refused(flags) => write!(f, "refused by the device ({flags})"),
            Self::Unsupported => f.write_str("the device does not know this command"),
            Self::Unanswered => f.write_str("no answer"),
            Self::NotConnected => f.write_str("the port is not connected"),
        }
    }
}
