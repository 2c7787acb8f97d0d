//! Where an output is on its way to its decision.

use std::time::Duration;

use super::act::TRIES;
use crate::arbiter::Want;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    Settled,
    /// The intent is on its way to the disk, or is there (`recorded`).
    Recording {
        intent: u64,
        want: Want,
        recorded: bool,
    },
    Applying {
        intent: Option<u64>,
        want: Want,
        tries: u32,
        since: Duration,
    },
    /// The last act failed; tried again at `until` if still wanted.
    Waiting {
        intent: Option<u64>,
        want: Want,
        tries: u32,
        until: Duration,
    },
    /// The journal refused the intent: nothing is done until it is asked again.
    Paused {
        until: Duration,
    },
    /// Tried often enough, until the wish or the read-back changes, or for long.
    GivenUp {
        want: Want,
        seen: Option<Want>,
        until: Duration,
    },
}

impl Stage {
    /// Whether it waits for something that should not be.
    pub(super) const fn is_stuck(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::Paused { .. } | Self::GivenUp { .. })
    }

    /// What is going on, in a few words; empty when nothing is.
    pub(super) fn words(&self, now: Duration) -> String {
        match self {
            Self::Settled => String::new(),
            Self::Recording { want, .. } => format!("recording the intent to go {want}"),
            Self::Applying { want, .. } => format!("going {want}"),
            Self::Waiting { want, until, .. } => {
                format!("{want} failed, next try in {} s", until.saturating_sub(now).as_secs())
            }
            Self::Paused { .. } => "waiting for the journal to take the intent".to_owned(),
            Self::GivenUp { want, .. } => format!("{want} failed {TRIES} times, given up"),
        }
    }
}
