//! Since when an output has what it has, and since when it is away from safe.
//!
//! Time is monotonic. What happened before the start proves nothing for a
//! minimum time, which begins anew; a time away from safe goes on.

use std::time::Duration;

use super::want::Want;

/// The times of one output.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// What it is known to have; `None` until it was applied or read.
    pub actual: Option<Want>,
    /// When it took that.
    since: Duration,
    /// When it left its safe state; of use only while it is away.
    away_since: Duration,
    /// How long it had been away before the start; of use until it is seen at safe.
    away_before: Duration,
}

/// What a new reading of an output means for budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// No edge between safe and away.
    None,
    /// It has left its safe state, or is found away from it.
    Away,
    /// It is at its safe state again, or is found there.
    Back,
}

impl Times {
    pub(super) const fn from(now: Duration) -> Self {
        Self { actual: None, since: now, away_since: now, away_before: Duration::ZERO }
    }

    /// Learns what the output really has.
    pub(super) fn moved(&mut self, now: Duration, actual: Want, safe: Want) -> Edge {
        let before = self.actual;
        if before == Some(actual) {
            return Edge::None;
        }
        // The first reading proves no earlier time: `since` stays at the start.
        if before.is_some() || actual != safe {
            self.since = now;
        }
        self.actual = Some(actual);
        if actual == safe {
            self.away_before = Duration::ZERO;
            return Edge::Back;
        }
        if before.is_none_or(|before| before == safe) {
            self.away_since = now;
            return Edge::Away;
        }
        Edge::None
    }

    /// How long it has had what it has.
    pub(super) const fn lasted(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    /// Whether it is known to be away from safe.
    pub(super) fn is_away(&self, safe: Want) -> bool {
        self.actual.is_some_and(|actual| actual != safe)
    }

    /// How long it has been away from safe in this go.
    pub(super) fn away(&self, now: Duration, safe: Want) -> Duration {
        if self.is_away(safe) {
            now.saturating_sub(self.away_since) + self.away_before
        } else {
            Duration::ZERO
        }
    }

    /// The same, and until the first reading what an earlier run has proven.
    pub(super) fn away_at_least(&self, now: Duration, safe: Want) -> Duration {
        if self.actual.is_none() { self.away_before } else { self.away(now, safe) }
    }

    /// It had been away from safe for this long when it was last heard of.
    pub(super) const fn restore(&mut self, away: Duration) {
        self.away_before = away;
    }
}
