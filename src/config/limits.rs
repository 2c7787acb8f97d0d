//! The limits of an output or a set-point: how long and how often it may be away
//! from its safe state.
//!
//! Read the same way for both. No limit is something that an owner must say in a
//! word, never a zero.

use std::time::Duration;

use super::reader::{Placed, Section};

/// The word for no limit.
const UNLIMITED: &str = "unlimited";
/// What one start every six minutes adds up to: gentle to a relay and to what hangs on it.
const STARTS_PER_HOUR: u32 = 10;
/// More often than once in ten seconds is no limit.
const STARTS_MAX: u32 = 360;
/// Budgets count over this time.
const DAY: Duration = Duration::from_secs(86_400);

/// How long and how often something may be away from safe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In one go; zero: no limit.
    pub max_on: Duration,
    /// Within 24 hours; zero: no limit.
    pub max_on_per_day: Duration,
    /// Edges away from safe within an hour.
    pub max_starts_per_hour: Option<u32>,
}

impl Limits {
    /// Reads the keys of a section; `longest` holds where none is given.
    pub(super) fn read(section: &Section<'_>, longest: Duration) -> Self {
        let max_on = time(section, "max_on").unwrap_or(longest);
        let max_on_per_day = time(section, "max_on_per_day").unwrap_or_default();
        if max_on_per_day > DAY {
            let message = "`max_on_per_day` is more than a day has";
            section.complain(section.header("max_on_per_day"), message, "a day has 24h");
        }
        Self { max_on, max_on_per_day, max_starts_per_hour: starts(section, "max_starts_per_hour") }
    }
}

/// Zero stands for no limit, and must be asked for by a word.
fn time(section: &Section<'_>, key: &'static str) -> Option<Duration> {
    if is_unlimited(section, key) {
        return Some(Duration::ZERO);
    }
    let given = section.duration(key)?;
    if given.is_zero() {
        let help = "write \"unlimited\" if there shall be no limit";
        section.complain(section.header(key), format!("`{key}` is zero"), help);
    }
    Some(given)
}

fn starts(section: &Section<'_>, key: &'static str) -> Option<u32> {
    if is_unlimited(section, key) {
        return None;
    }
    let given = section.whole(key, 1, STARTS_MAX);
    Some(given.map_or(STARTS_PER_HOUR, |Placed { value, .. }| value))
}

fn is_unlimited(section: &Section<'_>, key: &'static str) -> bool {
    section.get(key).and_then(|value| value.get_ref().as_str()) == Some(UNLIMITED)
}
