//! Why a point has no value to decide on, for programs and people.

use std::fmt;
use std::time::Duration;

/// Why a point has no value to decide on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// Nothing has arrived since the start.
    NeverSeen,
    /// The last frame is this old.
    Stale {
        /// Time since the last frame.
        age: Duration,
    },
    /// The device sends "not available".
    NotAvailable,
    /// The value lies outside the point's valid range.
    OutOfRange {
        /// What arrived.
        value: f64,
    },
    /// One frame has arrived; a second must agree first.
    FirstFrame,
    /// The value has changed faster than it can.
    TooFast {
        /// By this much a second.
        rate: f64,
    },
    /// The point holds a text where a number is needed.
    NotANumber,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverSeen => f.write_str("never seen"),
            Self::Stale { age } => write!(f, "stale, {} s old", age.as_secs()),
            Self::NotAvailable => f.write_str("not available from the device"),
            Self::OutOfRange { value } => write!(f, "out of its valid range ({value})"),
            Self::FirstFrame => f.write_str("waiting for a second frame to agree"),
            Self::TooFast { rate } => {
                write!(f, "not plausible, it changed by {rate:.1} a second")
            }
            Self::NotANumber => f.write_str("a text, not a number"),
        }
    }
}
