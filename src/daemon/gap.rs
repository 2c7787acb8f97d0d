//! How long nobody ran between two runs, as far as that can be told.
//!
//! Budgets count only time that is proven, and a person's wish never outlives its
//! end: two different questions. The kernel's own clock answers both while the
//! machine has not been restarted. The wall clock proves nothing, but when it can
//! be believed on both sides it says for how long at most a wish may go on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::{Gap, Saved};
use crate::clock::{Now, uptime};

/// What the arbiter knew, and when.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    at: Stamp,
    outputs: Saved,
}

/// A moment, on every clock that may still run after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// The kernel's boot id; empty when the time is not the machine's own.
    boot: String,
    up_ms: u64,
    wall_ms: i64,
    wall_trusted: bool,
}

impl Kept {
    /// What is known now.
    pub(super) fn of(now: Now, speed: f64, outputs: Saved) -> Self {
        Self { at: Stamp::of(now, speed), outputs }
    }

    /// The same after the time without a run, and the outputs whose override ended.
    pub(super) fn now(self, now: Now, speed: f64) -> (Saved, Vec<String>) {
        self.outputs.after(self.at.until(&Stamp::of(now, speed)))
    }
}

impl Stamp {
    /// A clock that runs faster than life says nothing about the machine's own.
    pub(super) fn of(now: Now, speed: f64) -> Self {
        let real = (speed - 1.0).abs() < f64::EPSILON;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self {
            boot: boot.ok().filter(|_| real).unwrap_or_default().trim().to_owned(),
            // 584 million years fit.
            up_ms: u64::try_from(uptime().as_millis()).unwrap_or(u64::MAX),
            wall_ms: now.wall.as_millisecond(),
            wall_trusted: now.wall_trusted && real,
        }
    }

    pub(super) fn until(&self, later: &Self) -> Gap {
        let same_boot = !self.boot.is_empty() && self.boot == later.boot;
        if let Some(up) = later.up_ms.checked_sub(self.up_ms).filter(|_| same_boot) {
            let gap = Duration::from_millis(up);
            return Gap { at_least: gap, at_most: Some(gap) };
        }
        let wall = later.wall_ms.checked_sub(self.wall_ms);
        let wall = wall.filter(|_| self.wall_trusted && later.wall_trusted);
        let at_most = wall.and_then(|wall| u64::try_from(wall).ok()).map(Duration::from_millis);
        Gap { at_least: Duration::ZERO, at_most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(boot: &str, up_ms: u64, wall_ms: i64, wall_trusted: bool) -> Stamp {
        Stamp { boot: boot.to_owned(), up_ms, wall_ms, wall_trusted }
    }

    #[track_caller]
    fn check(before: &Stamp, after: &Stamp, at_least: u64, at_most: Option<u64>) {
        let gap = before.until(after);
        let at_most = at_most.map(Duration::from_millis);
        assert_eq!(gap, Gap { at_least: Duration::from_millis(at_least), at_most });
    }

    #[test]
    fn a_machine_that_ran_on_proves_the_time_whatever_the_wall_clock_did() {
        let before = stamp("a", 1000, 50_000, true);
        check(&before, &stamp("a", 6000, 7, false), 5000, Some(5000));
    }

    #[test]
    fn after_a_restart_of_the_machine_nothing_is_proven_but_a_wish_may_go_on() {
        let before = stamp("a", 900_000, 50_000, true);
        check(&before, &stamp("b", 20_000, 170_000, true), 0, Some(120_000));
    }

    #[test]
    fn a_clock_that_is_not_set_or_went_back_tells_nothing() {
        let before = stamp("a", 900_000, 50_000, true);
        check(&before, &stamp("b", 20_000, 170_000, false), 0, None);
        check(&before, &stamp("b", 20_000, 40_000, true), 0, None);
        check(&stamp("", 1, 1, false), &stamp("", 2, 2, false), 0, None);
    }
}
