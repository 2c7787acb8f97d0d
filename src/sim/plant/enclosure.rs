//! A cold box with cells, a heater and the weather outside.
//!
//! One heat capacity, one loss to the outside: the cells follow the outside
//! temperature with a time constant of capacity over loss.

use std::f64::consts::TAU;

/// The box.
#[derive(Clone, Debug)]
pub struct Enclosure {
    /// J/K of cells and box.
    pub heat_capacity: f64,
    /// W/K lost to the outside.
    pub loss: f64,
    /// W of the heater.
    pub heater: f64,
    /// °C of the cells.
    pub cells: f64,
}

impl Enclosure {
    /// Lets `seconds` pass at an outside temperature in °C.
    ///
    /// Exact for constant heat and weather, whatever the step.
    pub fn pass(&mut self, seconds: f64, outside: f64, heater_on: bool) {
        let heat = if heater_on { self.heater } else { 0.0 };
        let target = outside + heat / self.loss;
        let fade = (-seconds * self.loss / self.heat_capacity).exp();
        self.cells = target + (self.cells - target) * fade;
    }
}

/// °C outside by the hour: coldest at 5, mildest at 15 o'clock.
#[must_use]
pub fn outside(hour: f64, coldest: f64, mildest: f64) -> f64 {
    // A cosine that is warped so that it falls for longer than it rises.
    let phase = if (5.0..15.0).contains(&hour) {
        0.5 - 0.5 * (TAU / 2.0 * (hour - 5.0) / 10.0).cos()
    } else {
        let since = (hour + 24.0 - 15.0) % 24.0;
        0.5 + 0.5 * (TAU / 2.0 * since / 14.0).cos()
    };
    coldest + (mildest - coldest) * phase
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enclosure(cells: f64) -> Enclosure {
        Enclosure { heat_capacity: 12_000.0, loss: 0.5, heater: 25.0, cells }
    }

    #[test]
    fn the_box_cools_with_its_time_constant() {
        let mut box_ = enclosure(10.0);
        box_.pass(24_000.0, 0.0, false);
        assert!((box_.cells - 10.0 / std::f64::consts::E).abs() < 1e-9);
    }

    #[test]
    fn the_size_of_a_step_does_not_matter() {
        let (mut one, mut many) = (enclosure(5.0), enclosure(5.0));
        one.pass(3600.0, -10.0, true);
        for _ in 0..360 {
            many.pass(10.0, -10.0, true);
        }
        assert!((one.cells - many.cells).abs() < 1e-9);
        assert!(one.cells > 5.0);
    }

    #[test]
    fn days_are_milder_than_nights() {
        assert!((outside(5.0, -15.0, -2.0) + 15.0).abs() < 1e-9);
        assert!((outside(15.0, -15.0, -2.0) + 2.0).abs() < 1e-9);
        assert!((outside(4.999, -15.0, -2.0) - outside(5.001, -15.0, -2.0)).abs() < 0.01);
        assert!((outside(0.0, -15.0, -2.0) - outside(24.0, -15.0, -2.0)).abs() < 1e-9);
        for tenth in 0..240 {
            let celsius = outside(f64::from(tenth) / 10.0, -15.0, -2.0);
            assert!((-15.0..=-2.0).contains(&celsius));
        }
    }
}
