//! How often each register of each device was written into flash, for ever.
//!
//! Counted by serial number: a device that takes another's place has a count of its
//! own, and takes it along. Every write is charged before it leaves, whoever wants
//! it. What is charged and then does not leave may be taken back; what nobody can
//! tell stays charged, so a count is never too low.
//!
//! It is a fence below the arbiter's budgets: those belong to outputs, which may be
//! renamed; this one holds for the register, whichever output, set-point, mode or
//! person writes it. Time is monotonic, and a restart proves none by itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::{DAY, Recent};
use crate::clock::Now;

/// Writes of a register in 24 hours unless its output declares another number.
pub const PER_DAY: u32 = 4;

/// Shortest time between two writes that rules cause, unless their output declares a
/// shorter rest; the tries of one write are one.
pub const INTERVAL: Duration = Duration::from_secs(60);

/// The saved count is ahead of the true one by this much: the next way back to safe
/// is charged already, for it does not wait for the disk.
const AHEAD: u64 = 1;

/// Registers that are counted at most: a dozen devices with every setting changed.
const COUNTS_MAX: usize = 512;

/// One register of one device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The device's serial number.
    pub serial: String,
    /// The register's id.
    pub register: u16,
}

impl Key {
    /// A device that does not tell its serial number is counted under its name.
    #[must_use]
    pub fn of(serial: Option<&str>, device: &str, register: u16) -> Self {
        let serial = serial.map_or_else(|| format!("({device})"), str::to_owned);
        Self { serial, register }
    }
}

/// On whose behalf a register is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The way back to safe: always granted.
    Safe,
    /// A rule or an override, with so many writes in 24 hours.
    Rule {
        /// The reserved way back to safe included.
        per_day: u32,
        /// And so long after the last one.
        interval: Duration,
    },
    /// A person, who knows what it costs: granted, and counted.
    Person,
}

/// Why a write may not leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// The last one was too short ago.
    Interval {
        /// How long it has to wait.
        left: Duration,
    },
    /// The writes of 24 hours are used up.
    Budget {
        /// How many there are.
        per_day: u32,
        /// How long until there is one again.
        left: Duration,
    },
    /// More registers than can be counted.
    Full,
}

/// The count of one register.
#[derive(Clone, Debug)]
pub struct Count {
    /// The device's name in the configuration when it was last written.
    pub device: String,
    /// Writes since it is counted; never too few.
    pub total: u64,
    /// Since when, if the clock was set: milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// An earlier count was lost.
    pub lost: bool,
    recent: Recent,
    /// It has been charged in this run.
    touched: bool,
}

/// A count as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// The device's serial number.
    pub serial: String,
    /// The register's id.
    pub register: u16,
    /// The device's name.
    pub device: String,
    /// Writes, those charged ahead included.
    pub writes: u64,
    /// Since when.
    pub since_ms: Option<i64>,
    /// An earlier count was lost.
    #[serde(default)]
    pub lost: bool,
    /// How long each write of the last day still counts.
    pub recent: Vec<Duration>,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    counts: BTreeMap<Key, Count>,
    /// Earlier counts were lost: until then, a register that is new here counts as
    /// written to the end of its budget.
    lost_until: Option<Duration>,
}

impl Ledger {
    /// What it was before is lost, as far as it was not restored; this long it counts.
    pub fn lose(&mut self, now: Duration, left: Duration) {
        self.lost_until = Some(now + left.min(DAY)).filter(|until| *until > now);
    }

    /// How long a loss still counts.
    #[must_use]
    pub fn lost_for(&self, now: Duration) -> Duration {
        self.lost_until.map_or(Duration::ZERO, |until| until.saturating_sub(now))
    }

    /// Charges one write, before it leaves. `device` is its name in the configuration,
    /// empty where nobody knows it.
    ///
    /// # Errors
    /// When it may not leave now.
    pub fn charge(&mut self, now: Now, key: &Key, device: &str, asker: Asker) -> Result<(), Spent> {
        if !self.counts.contains_key(key) {
            self.begin(now, key, asker)?;
        }
        // It was there, or has just been made.
        let Some(count) = self.counts.get_mut(key) else { return Err(Spent::Full) };
        if let Asker::Rule { per_day, interval } = asker {
            count.allows(now.monotonic, per_day, interval)?;
        }
        if !device.is_empty() {
            device.clone_into(&mut count.device);
        }
        count.total = count.total.saturating_add(1);
        count.recent.add(now.monotonic);
        count.touched = true;
        Ok(())
    }

    /// Takes the last charge back: that write never left.
    pub fn refund(&mut self, key: &Key) {
        if let Some(count) = self.counts.get_mut(key) {
            count.total = count.total.saturating_sub(1);
            count.recent.take_back();
        }
    }

    fn begin(&mut self, now: Now, key: &Key, asker: Asker) -> Result<(), Spent> {
        // The way back to safe goes on uncounted rather than not at all.
        if self.counts.len() >= COUNTS_MAX && asker != Asker::Safe {
            return Err(Spent::Full);
        }
        let left = self.lost_for(now.monotonic);
        let mut recent = Recent::over(DAY);
        if let Asker::Rule { per_day, .. } = asker
            && !left.is_zero()
        {
            recent.restore(now.monotonic, &vec![left; per_day as usize]);
        }
        let count = Count {
            device: String::new(),
            total: 0,
            since_ms: now.wall_trusted.then(|| now.wall.as_millisecond()),
            lost: !left.is_zero(),
            recent,
            touched: false,
        };
        self.counts.insert(key.clone(), count);
        Ok(())
    }

    /// All counts, by serial number and register.
    pub fn counts(&self) -> impl Iterator<Item = (&Key, &Count)> {
        self.counts.iter()
    }

    /// Those that were charged in this run.
    pub fn touched(&self) -> impl Iterator<Item = &Key> {
        self.counts.iter().filter(|(_, count)| count.touched).map(|(key, _)| key)
    }

    /// What is to be on the disk before the write leaves. `ended`: nothing will be
    /// written any more, so nothing is charged ahead.
    #[must_use]
    pub fn save(&self, now: Duration, key: &Key, ended: bool) -> Option<Saved> {
        let count = self.counts.get(key)?;
        Some(Saved {
            serial: key.serial.clone(),
            register: key.register,
            device: count.device.clone(),
            writes: count.total + if ended { 0 } else { AHEAD },
            since_ms: count.since_ms,
            lost: count.lost,
            recent: count.recent.left(now),
        })
    }

    /// Takes what [`Ledger::save`] gave, this long proven to have passed since.
    pub fn restore(&mut self, now: Duration, saved: Saved, passed: Duration) {
        let left = saved.recent.iter().map(|left| left.saturating_sub(passed));
        let left: Vec<Duration> = left.filter(|left| !left.is_zero()).collect();
        let mut recent = Recent::over(DAY);
        recent.restore(now, &left);
        let key = Key { serial: saved.serial, register: saved.register };
        let Saved { device, writes: total, since_ms, lost, .. } = saved;
        let touched = false;
        self.counts.insert(key, Count { device, total, since_ms, lost, recent, touched });
    }
}

impl Count {
    /// Writes within the last day.
    #[must_use]
    pub fn today(&self, now: Duration) -> u32 {
        self.recent.count(now)
    }

    fn allows(&self, now: Duration, per_day: u32, interval: Duration) -> Result<(), Spent> {
        let rest = self.recent.newest(now).and_then(|age| interval.checked_sub(age));
        if let Some(left) = rest.filter(|left| !left.is_zero()) {
            return Err(Spent::Interval { left });
        }
        // One write away, and one reserved for the way back.
        if self.recent.count(now).saturating_add(2) > per_day {
            let left = self.recent.until_at_most(now, per_day.saturating_sub(2));
            return Err(Spent::Budget { per_day, left });
        }
        Ok(())
    }
}

/// Writes a day since a register is counted; none is told for the first hours.
#[must_use]
pub fn rate(writes: u64, since_ms: Option<i64>, now: Now) -> Option<f64> {
    let since = since_ms.filter(|_| now.wall_trusted)?;
    let days = (now.wall.as_millisecond() - since) as f64 / 86_400_000.0;
    (days >= 0.25).then(|| writes as f64 / days.max(1.0))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "register 0x{:04X} of {}", self.register, self.serial)
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interval { left } => {
                write!(f, "it was written a moment ago, next in {} s", left.as_secs() + 1)
            }
            Self::Budget { per_day, left } => {
                let minutes = left.as_secs().div_ceil(60);
                write!(f, "its {per_day} writes for 24 hours are used up, next in {minutes} min")
            }
            Self::Full => write!(f, "more than {COUNTS_MAX} registers cannot be counted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Asker = Asker::Rule { per_day: PER_DAY, interval: INTERVAL };

    fn at(seconds: u64) -> Now {
        let monotonic = Duration::from_secs(seconds);
        let wall = jiff::Timestamp::from_second(1_790_000_000 + seconds.cast_signed()).unwrap();
        Now { monotonic, wall, wall_trusted: true }
    }

    fn key(serial: &str) -> Key {
        Key { serial: serial.to_owned(), register: 0xEDAB }
    }

    fn total(ledger: &Ledger, key: &Key) -> u64 {
        ledger.counts[key].total
    }

    /// What each of these askers is told, at these seconds.
    #[track_caller]
    fn check(asked: &[(u64, Asker, bool)]) {
        let mut ledger = Ledger::default();
        for &(second, asker, granted) in asked {
            let said = ledger.charge(at(second), &key("A"), "mppt", asker);
            assert_eq!(said.is_ok(), granted, "at {second} s: {said:?}");
        }
        let granted = asked.iter().filter(|(.., granted)| *granted).count();
        assert_eq!(total(&ledger, &key("A")), granted as u64);
    }

    #[test]
    fn rules_keep_the_last_write_of_a_day_for_the_way_back() {
        let day = DAY.as_secs();
        check(&[
            (0, RULE, true),
            (100, RULE, true),
            (200, RULE, true),
            (300, RULE, false),
            (310, Asker::Safe, true),
            (400, RULE, false),
            (day + 50, RULE, false),
            (day + 150, RULE, true),
        ]);
    }

    #[test]
    fn rules_wait_between_two_writes_and_the_way_back_does_not() {
        check(&[(0, RULE, true), (59, RULE, false), (59, Asker::Safe, true), (118, RULE, false)]);
        check(&[(0, RULE, true), (60, RULE, true)]);
    }

    #[test]
    fn a_persons_writes_are_granted_and_count_for_everybody() {
        let person = (0..5).map(|n| (n, Asker::Person, true));
        check(&person.chain([(1000, RULE, false)]).collect::<Vec<_>>());
    }

    #[test]
    fn a_device_in_the_place_of_another_has_a_count_of_its_own() {
        let mut ledger = Ledger::default();
        for second in [0, 100, 200] {
            ledger.charge(at(second), &key("A"), "mppt", RULE).unwrap();
        }
        ledger.charge(at(300), &key("A"), "mppt", RULE).unwrap_err();
        ledger.charge(at(300), &key("B"), "mppt", RULE).unwrap();
        assert_eq!((total(&ledger, &key("A")), total(&ledger, &key("B"))), (3, 1));
    }

    #[test]
    fn a_lost_count_starts_exhausted_but_for_the_way_back() {
        let mut ledger = Ledger::default();
        ledger.lose(Duration::ZERO, DAY);
        ledger.charge(at(10), &key("A"), "mppt", RULE).unwrap_err();
        ledger.charge(at(20), &key("A"), "mppt", Asker::Safe).unwrap();
        ledger.charge(at(DAY.as_secs() + 100), &key("A"), "mppt", RULE).unwrap();
        assert!(ledger.counts[&key("A")].lost);
    }

    #[test]
    fn what_was_saved_is_never_less_than_what_was_written_before_the_end() {
        let mut ledger = Ledger::default();
        ledger.charge(at(0), &key("A"), "mppt", RULE).unwrap();
        let saved = ledger.save(at(0).monotonic, &key("A"), false).unwrap();
        // The way back leaves, and the power is cut before it could be written down.
        ledger.charge(at(1), &key("A"), "mppt", Asker::Safe).unwrap();
        let mut next = Ledger::default();
        next.restore(Duration::ZERO, saved, Duration::ZERO);
        assert!(total(&next, &key("A")) >= total(&ledger, &key("A")));
        // An end in order makes it exact.
        let saved = ledger.save(at(1).monotonic, &key("A"), true).unwrap();
        next.restore(Duration::ZERO, saved, Duration::ZERO);
        assert_eq!(total(&next, &key("A")), 2);
    }

    #[test]
    fn a_restart_keeps_budget_and_interval_as_far_as_no_time_is_proven() {
        let mut ledger = Ledger::default();
        for second in [0, 100, 200] {
            ledger.charge(at(second), &key("A"), "mppt", RULE).unwrap();
        }
        let saved = ledger.save(at(200).monotonic, &key("A"), true).unwrap();
        for (passed, granted) in [(0, false), (59, false), (DAY.as_secs() - 190, true)] {
            let mut next = Ledger::default();
            next.restore(Duration::ZERO, saved.clone(), Duration::from_secs(passed));
            let said = next.charge(at(0), &key("A"), "mppt", RULE);
            assert_eq!(said.is_ok(), granted, "{passed} s proven: {said:?}");
        }
    }

    #[test]
    fn what_never_left_is_taken_back() {
        let mut ledger = Ledger::default();
        ledger.charge(at(0), &key("A"), "mppt", RULE).unwrap();
        ledger.refund(&key("A"));
        assert_eq!(total(&ledger, &key("A")), 0);
        ledger.charge(at(1), &key("A"), "mppt", RULE).unwrap();
    }

    #[test]
    fn the_rate_is_told_after_some_hours_and_never_too_high_for_a_first_day() {
        let mut ledger = Ledger::default();
        ledger.charge(at(0), &key("A"), "mppt", Asker::Person).unwrap();
        ledger.charge(at(0), &key("A"), "mppt", Asker::Person).unwrap();
        let count = &ledger.counts[&key("A")];
        let rate = |seconds| rate(count.total, count.since_ms, at(seconds));
        assert_eq!([rate(3600), rate(43_200), rate(4 * 86_400)], [None, Some(2.0), Some(0.5)]);
    }
}
