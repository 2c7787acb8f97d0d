//! When the sun rises and sets, from the site's coordinates.
//!
//! The NOAA solar calculator's equations, good to a minute or two below the
//! polar circles. A *solar day* runs from one solar midnight to the next at the
//! site's longitude, so that a sunset after the calendar's midnight belongs to
//! the day it ends. Days without a sunrise or sunset say so.

/// What the sun does in one solar day. Times are Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SunDay {
    /// It rises and sets.
    Rises {
        /// The upper limb appears.
        sunrise: f64,
        /// The upper limb is gone.
        sunset: f64,
    },
    /// Polar day.
    AlwaysUp,
    /// Polar night.
    AlwaysDown,
}

/// Sunrise or sunset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SunEvent {
    /// Sunrise.
    Sunrise,
    /// Sunset.
    Sunset,
}

/// A moment before or after a sun event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SunTime {
    /// The event.
    pub event: SunEvent,
    /// Seconds after it; negative: before.
    pub offset: f64,
}

/// Which side of a moment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the sun event before it until then.
    Before,
    /// From then until the next sun event.
    After,
}

/// 90° and 50': refraction and the sun's radius.
const ZENITH: f64 = 90.833;
const DAY: f64 = 86_400.0;

/// The sun of three solar days: yesterday's, today's, tomorrow's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sky {
    /// Solar days since 1970.
    pub day: i64,
    days: [SunDay; 3],
    midnight: f64,
}

impl Sky {
    /// The number of the solar day of an instant in Unix seconds.
    #[must_use]
    pub fn day_of(seconds: f64, longitude: f64) -> i64 {
        (seconds / DAY + longitude / 360.0).floor() as i64
    }

    /// The sun around a solar day.
    #[must_use]
    pub fn new(day: i64, latitude: f64, longitude: f64) -> Self {
        let days = [day - 1, day, day + 1].map(|day| sun_day(day, latitude, longitude));
        Self { day, days, midnight: (day as f64 - longitude / 360.0) * DAY }
    }

    /// Whether the sun is up.
    #[must_use]
    pub fn daylight(&self, seconds: f64) -> bool {
        self.days.iter().any(|day| match day {
            SunDay::Rises { sunrise, sunset } => *sunrise <= seconds && seconds < *sunset,
            _ => false,
        }) || self.days[1] == SunDay::AlwaysUp
    }

    /// Whether an instant is on this side of a moment: `after(sunset)` lasts until
    /// sunrise, `before(sunset)` begins at sunrise. In polar night it is after
    /// sunset and before sunrise, in polar day the other way round.
    #[must_use]
    pub fn is(&self, side: Side, moment: SunTime, seconds: f64) -> bool {
        let dark = matches!(
            (side, moment.event),
            (Side::After, SunEvent::Sunset) | (Side::Before, SunEvent::Sunrise)
        );
        let polar = if dark { SunDay::AlwaysDown } else { SunDay::AlwaysUp };
        if self.days[1] == polar {
            return true;
        }
        (0..3).any(|index| {
            let SunDay::Rises { sunrise, sunset } = self.days[index] else {
                return false;
            };
            let (from, until) = match (side, moment.event) {
                (Side::After, SunEvent::Sunrise) => (sunrise + moment.offset, sunset),
                (Side::Before, SunEvent::Sunset) => (sunrise, sunset + moment.offset),
                (Side::After, SunEvent::Sunset) => {
                    (sunset + moment.offset, self.next_sunrise(index))
                }
                (Side::Before, SunEvent::Sunrise) => {
                    (self.sunset_before(index), sunrise + moment.offset)
                }
            };
            from <= seconds && seconds < until
        })
    }

    fn next_sunrise(&self, index: usize) -> f64 {
        match self.days.get(index + 1) {
            Some(SunDay::Rises { sunrise, .. }) => *sunrise,
            // Until the solar midnight; beyond it the polar day or night speaks.
            _ => self.midnight + index as f64 * DAY,
        }
    }

    fn sunset_before(&self, index: usize) -> f64 {
        match index.checked_sub(1).map(|before| self.days[before]) {
            Some(SunDay::Rises { sunset, .. }) => sunset,
            _ => self.midnight + (index as f64 - 1.0) * DAY,
        }
    }
}

/// Sunrise and sunset of one solar day.
#[must_use]
pub fn sun_day(day: i64, latitude: f64, longitude: f64) -> SunDay {
    let midnight_utc = day as f64 * DAY;
    let noon_at =
        |at: f64| midnight_utc + (720.0 - 4.0 * longitude - position(at).equation_of_time) * 60.0;
    let noon = noon_at(midnight_utc + (0.5 - longitude / 360.0) * DAY);
    let event = |direction: f64| {
        let mut at = noon;
        // The sun moves on during the half day: twice is enough for a second.
        for _ in 0..3 {
            let angle = hour_angle(latitude, position(at).declination)?;
            at = noon_at(at) + direction * angle * 240.0;
        }
        Some(at)
    };
    match (event(-1.0), event(1.0)) {
        (Some(sunrise), Some(sunset)) => SunDay::Rises { sunrise, sunset },
        _ if position(noon).declination * latitude > 0.0 => SunDay::AlwaysUp,
        _ => SunDay::AlwaysDown,
    }
}

/// Degrees from solar noon to the horizon; `None` when it is never reached.
fn hour_angle(latitude: f64, declination: f64) -> Option<f64> {
    let (latitude, declination) = (latitude.to_radians(), declination.to_radians());
    let cosine = ZENITH.to_radians().cos() / (latitude.cos() * declination.cos())
        - latitude.tan() * declination.tan();
    (-1.0..=1.0).contains(&cosine).then(|| cosine.acos().to_degrees())
}

struct Position {
    /// Degrees north of the equator.
    declination: f64,
    /// Minutes by which a sundial is ahead of the clock.
    equation_of_time: f64,
}

/// Where the sun stands at an instant in Unix seconds.
fn position(seconds: f64) -> Position {
    // Julian centuries since 2000-01-01 12:00 UTC.
    let t = (seconds - 946_728_000.0) / (36_525.0 * DAY);
    let mean_longitude = (280.466_46 + t * (36_000.769_83 + t * 0.000_303_2)).to_radians();
    let anomaly = (357.529_11 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
    let eccentricity = 0.016_708_634 - t * (0.000_042_037 + t * 0.000_000_126_7);
    let center = anomaly.sin() * (1.914_602 - t * (0.004_817 + t * 0.000_014))
        + (2.0 * anomaly).sin() * (0.019_993 - t * 0.000_101)
        + (3.0 * anomaly).sin() * 0.000_289;
    let node = (125.04 - 1_934.136 * t).to_radians();
    let apparent =
        (mean_longitude.to_degrees() + center - 0.005_69 - 0.004_78 * node.sin()).to_radians();
    let tilt = 23.439_291 - t * (0.013_004_2 + t * 0.000_000_16) + 0.002_56 * node.cos();
    let tilt = tilt.to_radians();
    let y = (tilt / 2.0).tan().powi(2);
    let equation = y * (2.0 * mean_longitude).sin() - 2.0 * eccentricity * anomaly.sin()
        + 4.0 * eccentricity * y * anomaly.sin() * (2.0 * mean_longitude).cos()
        - 0.5 * y * y * (4.0 * mean_longitude).sin()
        - 1.25 * eccentricity * eccentricity * (2.0 * anomaly).sin();
    Position {
        declination: (tilt.sin() * apparent.sin()).asin().to_degrees(),
        equation_of_time: 4.0 * equation.to_degrees(),
    }
}
