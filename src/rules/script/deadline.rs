//! Who is at it, and who has been at it for too long.
//!
//! The core has no clock. It counts turns: one a script and step. Somebody who has
//! a clock looks at the number now and then, and may stop the script whose turn it
//! is; the script after it has a turn of its own, and pays for nobody else.

use std::sync::atomic::{AtomicU64, Ordering};

/// The turns of one rule set's scripts.
#[derive(Debug, Default)]
pub struct Deadline {
    /// Odd while a script runs.
    turn: AtomicU64,
    /// The turn that is to end; 0: none.
    late: AtomicU64,
}

impl Deadline {
    /// The turn of the script that runs now; `None`: none runs.
    #[must_use]
    pub fn turn(&self) -> Option<u64> {
        let turn = self.turn.load(Ordering::Relaxed);
        (turn % 2 == 1).then_some(turn)
    }

    /// The turn of the script that will run next.
    #[must_use]
    pub fn next(&self) -> u64 {
        (self.turn.load(Ordering::Relaxed) + 1) | 1
    }

    /// Stops the script of this turn with an error. Another turn's runs on.
    pub fn stop(&self, turn: u64) {
        self.late.store(turn, Ordering::Relaxed);
    }

    /// A script begins.
    pub(super) fn begin(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// It has ended.
    pub(super) fn end(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the script that runs is to stop.
    pub(super) fn is_late(&self) -> bool {
        self.turn.load(Ordering::Relaxed) == self.late.load(Ordering::Relaxed)
    }
}
