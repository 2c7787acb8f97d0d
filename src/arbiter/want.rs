//! What an output or a set-point can have: a level, a number, or nothing of ours.

use std::fmt;

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
