//! When something is said again to a device that would let go of it.
//!
//! Some registers hold for about a minute only: that is what makes them safe,
//! since a dead host limits nothing for long. This module keeps the times of one
//! such register and nothing else; [`super::drive`] acts on them.

use std::time::Duration;

use crate::arbiter::Lease;

/// Pause after a renewal that failed: several tries fit before the device lets go.
const RETRY: Duration = Duration::from_secs(8);

/// What is to be done about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Later,
    /// Say it again; asked once, until told what became of it.
    Now,
    /// Unsaid for so long that the device has let go.
    Lapsed,
}

/// The times of one lease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewal {
    lease: Lease,
    /// When it was last said and confirmed.
    said: Duration,
    /// When to say it next.
    next: Duration,
    failing: bool,
}

impl Renewal {
    pub(super) const fn new(lease: Lease) -> Self {
        Self { lease, said: Duration::ZERO, next: Duration::ZERO, failing: false }
    }

    pub(super) fn due(&mut self, now: Duration) -> Due {
        if now.saturating_sub(self.said) >= self.lease.lapse {
            return Due::Lapsed;
        }
        if now < self.next {
            return Due::Later;
        }
        // An answer moves this again; without one it is asked once more.
        self.next = now + RETRY;
        Due::Now
    }

    /// It was said, and confirmed.
    pub(super) fn said(&mut self, now: Duration) {
        (self.said, self.next, self.failing) = (now, now + self.lease.repeat, false);
    }

    /// It could not be said. Returns whether that is news.
    pub(super) fn failed(&mut self, now: Duration) -> bool {
        self.next = now + RETRY;
        !std::mem::replace(&mut self.failing, true)
    }
}
