//! Names one run of the program.
//!
//! Monotonic times count from an arbitrary start and mean nothing across runs;
//! a row's boot says which run they belong to. No randomness is needed: the
//! kernel's boot id and the start time of the process name a run uniquely.

use std::fs;

use jiff::Timestamp;

use crate::clock::Now;

/// A run as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Its name.
    pub boot: String,
    /// The program's version.
    pub version: String,
    /// When it began, by the clock of that moment.
    pub started: Timestamp,
    /// Whether that clock was set.
    pub clock_set: bool,
    /// Its entries that are still there.
    pub entries: u64,
    /// The first and last of them whose clock was set.
    pub heard: Option<(Timestamp, Timestamp)>,
}

/// One run of the program, as every row names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootInfo {
    /// Unique per run; letters, digits and `-` only, since set-aside files
    /// carry it in their names.
    pub id: String,
    /// When the run started.
    pub started: Now,
    /// The program's version, such as `0.1.0`.
    pub version: String,
}

impl BootInfo {
    /// Names the running process, which started at `started`.
    #[must_use]
    pub fn of_this_process(started: Now) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let id = match (short(&kernel), start_ticks(&stat)) {
            (Some(kernel), Some(ticks)) => format!("{kernel}-{ticks}-{}", std::process::id()),
            // Without /proc the wall clock must do.
            _ => format!("{}-{}", started.wall.as_millisecond(), std::process::id()),
        };
        Self { id, started, version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// The first group of the kernel's boot id: eight hex digits.
fn short(boot_id: &str) -> Option<&str> {
    let group = boot_id.trim().split('-').next()?;
    (!group.is_empty() && group.bytes().all(|b| b.is_ascii_hexdigit())).then_some(group)
}

/// Field 22 of `/proc/self/stat`: start in clock ticks since the kernel booted.
/// The command name before it may hold blanks and parentheses itself.
fn start_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_process_name_with_parentheses_does_not_hide_the_start_time() {
        let stat = "42 (sun) keep (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20";
        assert_eq!(start_ticks(stat), Some(987_654));
        assert_eq!(start_ticks("42 sunkeep"), None);
    }

    #[test]
    fn the_id_is_the_same_within_a_process_and_fit_for_a_file_name() {
        let started =
            Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH, wall_trusted: false };
        let boot = BootInfo::of_this_process(started);
        assert_eq!(boot, BootInfo::of_this_process(started));
        assert!(boot.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{}", boot.id);
    }
}
