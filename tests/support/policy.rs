//! A policy without times or budgets, for tests that are about something else;
//! those that need some say which.

use std::time::Duration;

use sunkeep::arbiter::{AtExit, Level, Policy};

/// An output that may be switched at any time and is left alone at the end.
pub fn unbounded(name: &str, safe: Level) -> Policy {
    Policy {
        name: name.into(),
        safe: safe.into(),
        default: safe.into(),
        always_driven: false,
        at_exit: AtExit::Leave,
        min_on: Duration::ZERO,
        min_off: Duration::ZERO,
        max_on: Duration::ZERO,
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
        max_writes_per_day: None,
        lease: None,
    }
}
