//! What is declared with an output and holds whatever any rule or person says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::want::{Level, Want};

/// An output's place in the configuration: outputs first, then set-points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutputId(pub u16);

impl OutputId {
    /// Dense index, for tables beside the outputs.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an output is left at when the engine stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AtExit {
    /// Brought to this.
    Want(Want),
    /// Left as it is.
    Leave,
}

/// What is declared with an output and holds whatever any rule says.
///
/// *Away from safe* is what the limits count, whichever level that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The output's name in rules.
    pub name: String,
    /// What it falls to when nothing is known.
    pub safe: Want,
    /// What it has when no rule asks for anything (relinquish default).
    pub default: Want,
    /// It has a state at all times, as a pin has: safe even while only observing.
    pub always_driven: bool,
    /// What happens when the engine stops.
    pub at_exit: AtExit,
    /// Shortest time on before it may be switched off, unless off is safe; for a
    /// set-point the shortest time between two values.
    pub min_on: Duration,
    /// Shortest time off before it may be switched on, unless on is safe.
    pub min_off: Duration,
    /// Longest time away from safe in one go; zero: no limit.
    pub max_on: Duration,
    /// Longest time away from safe within 24 hours; zero: no limit.
    pub max_on_per_day: Duration,
    /// Most edges away from safe within an hour; `None`: no limit.
    pub max_starts_per_hour: Option<u32>,
    /// Most writes in 24 hours, the way back to safe included; `None`: no limit.
    pub max_writes_per_day: Option<u32>,
    /// For what a device gives up by itself: how it is kept away from safe.
    pub lease: Option<Lease>,
}

/// A value that a device holds for a while only, then lets go of by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// It is said again this often.
    pub repeat: Duration,
    /// Unsaid for this long, the device has let go of it.
    pub lapse: Duration,
}

impl Policy {
    /// The time the safe level must have lasted before the output may leave it.
    #[must_use]
    pub const fn rest(&self) -> Duration {
        match self.safe {
            Want::Level(Level::Off) => self.min_off,
            Want::Level(Level::On) | Want::Number(_) | Want::Release => self.min_on,
        }
    }

    /// Whether `actual` is a value that is to be given back, whoever has set it: what a
    /// device lets go of by itself needs nobody for that.
    #[must_use]
    pub const fn owes(&self, actual: Option<Want>) -> bool {
        let keeps = matches!(self.safe, Want::Release) && self.lease.is_none();
        keeps && matches!(actual, Some(Want::Number(_)))
    }

    /// Whether time away from safe is limited at all.
    #[must_use]
    pub const fn limits_time(&self) -> bool {
        !self.max_on.is_zero() || !self.max_on_per_day.is_zero()
    }
}
