//! What is asked of outputs, what is declared with them, and what is decided.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The two states of a switched output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Switched off.
    Off,
    /// Switched on.
    On,
}

impl Level {
    /// The other level.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Off => Self::On,
            Self::On => Self::Off,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::On => "on",
        })
    }
}

/// What an output or a set-point shall have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// A switched output at this level.
    Level(Level),
    /// A set-point at this value, in its register's unit; never NaN.
    Number(f64),
    /// A set-point given back to the device, which decides by itself again.
    Release,
}

impl Want {
    /// A number in whole steps of a register's resolution, so that what was asked
    /// and what is read back are the same number. A step of 0 changes nothing.
    #[must_use]
    pub fn number_in_steps(number: f64, step: f64) -> Self {
        Self::Number(if step > 0.0 { (number / step).round() * step } else { number })
    }

    /// The level, if it is one.
    #[must_use]
    pub const fn level(self) -> Option<Level> {
        match self {
            Self::Level(level) => Some(level),
            Self::Number(_) | Self::Release => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Level(_) | Self::Release => None,
        }
    }
}

impl From<Level> for Want {
    fn from(level: Level) -> Self {
        Self::Level(level)
    }
}

impl PartialEq<Level> for Want {
    fn eq(&self, level: &Level) -> bool {
        *self == Self::Level(*level)
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => level.fmt(f),
            // No register has more than three decimals; the rest is binary noise.
            Self::Number(number) => write!(f, "{}", (number * 1000.0).round() / 1000.0),
            Self::Release => f.pad("released"),
        }
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
}

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

/// What a rule wants of an output in this step.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The output it is about.
    pub output: OutputId,
    /// What is wanted of it.
    pub want: Want,
    /// 0 to 100; the higher wins. 50 unless the rule says otherwise.
    pub priority: u8,
    /// The rule's name.
    pub rule: Arc<str>,
}

/// Why an output must be at its safe level, whatever rules ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// A rule that drives it cannot be decided.
    Unknown(Arc<str>),
    /// The engine is in mode `safe`, or stopping.
    Mode,
}

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// A demand for safe.
    Safe(Demand),
    /// A rule, by name.
    Rule(Arc<str>),
    /// Two rules of one priority want opposites: safe wins.
    Conflict(Arc<str>, Arc<str>),
    /// Nobody: the engine stops and leaves the output as `at_exit` says.
    Exit,
    /// Nobody: observing, nothing is kept away from safe.
    Observing,
    /// Nobody asked.
    Default,
}

/// Why an output stays at safe although somebody wants it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its minimum time has this long to go.
    MinimumTime(Duration),
    /// It has been away from safe for its longest time.
    LongestTime,
    /// Its writes of 24 hours are used up.
    WriteBudget,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinimumTime(left) => {
                write!(f, "held by its minimum time for another {} s", left.as_secs())
            }
            Self::LongestTime => f.write_str("its longest time away from safe is over"),
            Self::WriteBudget => f.write_str("its writes for 24 hours are used up"),
        }
    }
}

/// The one answer for one output in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What it should have now.
    pub want: Want,
    /// What the winner asked for; the same unless it is held.
    pub asked: Want,
    /// Who wants that.
    pub winner: Winner,
    /// Set when the winner may not have what it asked for yet.
    pub held: Option<Held>,
}
