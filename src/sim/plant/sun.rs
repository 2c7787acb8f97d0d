//! Sunlight on a tilted panel, from latitude, day and hour, with clouds.
//!
//! Declination and elevation by the usual textbook approximations (Cooper
//! 1969, Meinel 1976): good to a few percent, which is more than a simulation
//! of clouds deserves. Hours are solar hours: noon is when the sun is highest.

use std::f64::consts::TAU;

use crate::sim::random::Random;

/// Share of the clear sky's direct light that arrives diffuse.
const DIFFUSE: f64 = 0.12;

/// Clouds change their mind about this often, in hours.
const CLOUD_HOURS: f64 = 1.5;

/// The sun's declination in degrees on a day of the year (1 to 365).
#[must_use]
pub fn declination(day: f64) -> f64 {
    23.45 * (TAU * (284.0 + day) / 365.0).sin()
}

/// The sun's elevation in degrees above the horizon; negative at night.
#[must_use]
pub fn elevation(latitude: f64, day: f64, hour: f64) -> f64 {
    let (latitude, declination) = (latitude.to_radians(), declination(day).to_radians());
    let hour_angle = TAU * (hour - 12.0) / 24.0;
    let sine =
        latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * hour_angle.cos();
    sine.asin().to_degrees()
}

/// W/m² of the direct beam under a clear sky at an elevation in degrees.
#[must_use]
pub fn clear_beam(elevation: f64) -> f64 {
    if elevation <= 0.0 {
        return 0.0;
    }
    let air_mass = 1.0 / elevation.max(1.0).to_radians().sin();
    1353.0 * 0.7_f64.powf(air_mass.powf(0.678))
}

/// W/m² on a panel that faces the equator at `tilt` degrees, clear sky.
#[must_use]
pub fn clear_sky(latitude: f64, tilt: f64, day: f64, hour: f64) -> f64 {
    let beam = clear_beam(elevation(latitude, day, hour));
    // A tilted panel sees the sky as a flat one does `tilt` degrees closer to
    // the equator.
    let incidence = elevation(latitude - tilt, day, hour).to_radians().sin();
    beam * (incidence.max(0.0) + DIFFUSE)
}

/// Weather: each day has its cloudiness, and clouds drift within it.
#[derive(Clone, Debug)]
pub struct Clouds {
    random: Random,
    /// Share of light on the day as a whole.
    day: f64,
    from: f64,
    to: f64,
    hours: f64,
}

impl Clouds {
    /// The weather of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut clouds = Self {
            random: Random::new(seed ^ 0x0C10_0D5E),
            day: 1.0,
            from: 0.0,
            to: 0.0,
            hours: 0.0,
        };
        clouds.new_day();
        clouds.from = clouds.drift();
        clouds.to = clouds.drift();
        clouds
    }

    /// Midnight: another day, another sky.
    pub fn new_day(&mut self) {
        self.day = self.random.between(0.6, 1.0);
    }

    /// The share of light that passes after `hours` more, 0 to 1.
    pub fn pass(&mut self, hours: f64) -> f64 {
        self.hours += hours;
        while self.hours >= CLOUD_HOURS {
            self.hours -= CLOUD_HOURS;
            self.from = self.to;
            self.to = self.drift();
        }
        let along = self.hours / CLOUD_HOURS;
        (self.from + (self.to - self.from) * along).clamp(0.0, 1.0)
    }

    fn drift(&mut self) -> f64 {
        self.day * self.random.between(0.7, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
    }

    #[test]
    fn the_sun_stands_where_almanacs_put_it() {
        check(declination(172.0), 23.4, 0.1);
        check(declination(355.0), -23.4, 0.1);
        check(declination(81.0), 0.0, 0.5);
        check(elevation(63.0, 81.0, 12.0), 27.0, 0.6);
        check(elevation(63.0, 355.0, 12.0), 3.6, 0.3);
        check(elevation(0.0, 81.0, 12.0), 90.0, 1.0);
        check(elevation(63.0, 81.0, 6.0), 0.0, 0.3);
        assert!(elevation(63.0, 81.0, 0.0) < -20.0);
    }

    #[test]
    fn light_is_zero_at_night_and_credible_at_noon() {
        check(clear_sky(63.0, 65.0, 81.0, 0.0), 0.0, 0.0);
        check(clear_beam(90.0), 947.0, 1.0);
        check(clear_sky(63.0, 65.0, 81.0, 12.0), 800.0, 60.0);
        assert!(clear_sky(63.0, 65.0, 81.0, 9.0) > clear_sky(63.0, 0.0, 81.0, 9.0));
    }

    #[test]
    fn clouds_repeat_with_their_seed_and_never_make_light() {
        let (mut a, mut b) = (Clouds::new(5), Clouds::new(5));
        for _ in 0..500 {
            let share = a.pass(0.1);
            assert!((0.0..=1.0).contains(&share));
            assert!((share - b.pass(0.1)).abs() < f64::EPSILON);
        }
    }
}
