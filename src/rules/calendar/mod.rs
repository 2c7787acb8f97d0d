//! Words that ask the wall clock and the sun, in the site's time zone.
//!
//! All of them are unknown while the wall clock is not trusted. Times are those
//! of the local clock: `between_times("22:00", "06:00")` holds by what a clock on
//! the wall shows, in the nights when it is put forward and back too. A cron
//! minute that spring skips does not happen; one that autumn or a corrected
//! clock repeats happens once. What was missed while the power was off is not
//! made up for: a rule that must hold asks `between_times`, not `cron`.

pub mod cron;
pub mod sun;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use cron::Cron;
use sun::{Side, Sky, SunTime};

use crate::rules::condition::Truth;
use crate::rules::world::Site;

/// A question about the time of day, the day or the sun.
#[derive(Clone, Debug, PartialEq)]
pub enum Clock {
    /// The first included, the second not; over midnight when it is earlier.
    BetweenTimes(Time, Time),
    /// One bit a weekday, Sunday first.
    Weekdays(u8),
    /// The sun is up.
    Daylight,
    /// This side of a sun event.
    Sun(Side, SunTime),
    /// Index into the rule set's cron patterns.
    Cron(usize),
}

/// The local time of this step, to the minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// Valid from this second of Unix time on.
    from: i64,
    /// The minute.
    pub at: DateTime,
    sky: Sky,
}

/// When a cron pattern came true last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    cron: String,
    /// Minutes on the local clock since 1970.
    minute: Option<i64>,
    /// Steps' time; a restart forgets it, and the minute is over.
    #[serde(skip)]
    began: Option<std::time::Duration>,
    #[serde(skip)]
    now: bool,
}

const MINUTE: i64 = 60;

/// A clock that is set back further than this was wrong before: what it dated
/// is no reason to keep still for long.
const SET_BACK_MAX: i64 = 25 * 60;

impl Local {
    /// The local time, reusing the last one within the same minute.
    #[must_use]
    pub fn at(last: Option<Self>, site: &Site, wall: Timestamp) -> Self {
        let second = wall.as_second();
        match last {
            Some(last) if (last.from..last.from + MINUTE).contains(&second) => last,
            last => Self::new(last.map(|last| last.sky), site, second),
        }
    }

    fn new(sky: Option<Sky>, site: &Site, second: i64) -> Self {
        // All offsets in use today are whole minutes.
        let from = second.div_euclid(MINUTE) * MINUTE;
        // A minute's start is as much within jiff's range as the instant in it.
        let at = Timestamp::from_second(from).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = Sky::day_of(from as f64, site.longitude);
        let sky = sky.filter(|sky| sky.day == day);
        Self {
            from,
            at: site.zone.to_datetime(at),
            sky: sky.unwrap_or_else(|| Sky::new(day, site.latitude, site.longitude)),
        }
    }

    /// A number that differs for different dates.
    #[must_use]
    pub fn date(&self) -> i32 {
        let date = self.at.date();
        i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
    }

    /// The answer to a question; `fired`: the patterns' own.
    #[must_use]
    pub fn ask(&self, word: &Clock, fired: &[Fired], wall: Timestamp) -> Truth {
        let seconds = wall.as_second() as f64;
        Truth::from(match word {
            Clock::BetweenTimes(from, until) if from < until => {
                (*from..*until).contains(&self.at.time())
            }
            Clock::BetweenTimes(from, until) => self.at.time() >= *from || self.at.time() < *until,
            Clock::Weekdays(bits) => bits >> self.at.weekday().to_sunday_zero_offset() & 1 == 1,
            Clock::Daylight => self.sky.daylight(seconds),
            Clock::Sun(side, moment) => self.sky.is(*side, *moment, seconds),
            Clock::Cron(index) => fired.get(*index).is_some_and(|fired| fired.now),
        })
    }
}

/// Puts memories of patterns into the order of the rule set's.
pub fn align(crons: &[Cron], old: &[Fired]) -> Vec<Fired> {
    let fired = |cron: &Cron| {
        let known = old.iter().find(|fired| fired.cron == cron.text);
        known.cloned().unwrap_or_else(|| Fired { cron: cron.text.clone(), ..Fired::default() })
    };
    crons.iter().map(fired).collect()
}

impl Fired {
    /// Decides whether the pattern's minute is now, each minute once.
    pub fn step(&mut self, cron: &Cron, local: Option<&Local>, monotonic: std::time::Duration) {
        let Some(local) = local.filter(|local| cron.matches(local.at)) else {
            self.now = false;
            return;
        };
        // Any civil time is an instant of UTC.
        let minute = TimeZone::UTC.to_timestamp(local.at).map_or(0, |at| at.as_second() / MINUTE);
        self.now = match self.minute {
            Some(last) if last == minute => {
                let passed = self.began.map(|began| monotonic.saturating_sub(began));
                passed.is_some_and(|passed| passed.as_secs() < MINUTE.unsigned_abs())
            }
            Some(last) if minute < last && last - minute < SET_BACK_MAX => false,
            _ => {
                (self.minute, self.began) = (Some(minute), Some(monotonic));
                true
            }
        };
    }
}
