//! A lithium iron phosphate battery: charge, voltage, and what it accepts.
//!
//! Charge is counted; voltage follows from charge and current; acceptance
//! falls when the cells are cold or nearly full. Good enough to make a
//! controller's day, no more: no ageing, no balancing.

/// Open-circuit voltage of four cells in series by state of charge
/// (share, V), from the rest voltages manufacturers print.
const REST: [(f64, f64); 12] = [
    (0.0, 10.8),
    (0.05, 12.2),
    (0.10, 12.75),
    (0.20, 12.9),
    (0.30, 13.0),
    (0.40, 13.05),
    (0.50, 13.1),
    (0.60, 13.15),
    (0.70, 13.22),
    (0.80, 13.28),
    (0.90, 13.33),
    (1.0, 13.45),
];

/// Share of charge that comes out again.
const EFFICIENCY: f64 = 0.99;

/// A battery and its charge.
#[derive(Clone, Debug)]
pub struct Battery {
    /// Ah.
    pub capacity: f64,
    /// Share of the capacity, 0 to 1.
    pub charge: f64,
    /// Ω while discharging, at 25 °C.
    pub resistance: f64,
}

impl Battery {
    /// V at rest.
    #[must_use]
    pub fn rest_voltage(&self) -> f64 {
        interpolate(&REST, self.charge)
    }

    /// V while `amperes` flow out, at a cell temperature in °C.
    #[must_use]
    pub fn discharge_voltage(&self, amperes: f64, cells: f64) -> f64 {
        self.rest_voltage() - amperes * self.resistance * cold_factor(cells)
    }

    /// V while `amperes` flow in: at the accepted current it reaches the
    /// charger's set-point, which is what accepting no more means.
    #[must_use]
    pub fn charge_voltage(&self, amperes: f64, accepted: f64, set_point: f64) -> f64 {
        let rest = self.rest_voltage();
        let share = if accepted > 0.0 { amperes / accepted } else { 1.0 };
        rest + (set_point - rest).max(0.0) * share.clamp(0.0, 1.0)
    }

    /// A it takes at most: half its capacity an hour when warm, a fifth in
    /// the cold, ever less when nearly full.
    #[must_use]
    pub fn accepted(&self, cells: f64) -> f64 {
        let by_temperature = interpolate(&[(0.0, 0.2), (10.0, 0.5)], cells);
        let by_charge = interpolate(&[(0.94, 1.0), (0.998, 0.04), (1.0, 0.0)], self.charge);
        self.capacity * by_temperature * by_charge
    }

    /// Counts `amperes` (positive charges) over `hours`.
    pub fn count(&mut self, amperes: f64, hours: f64) {
        let share = if amperes > 0.0 { EFFICIENCY } else { 1.0 };
        self.charge = (self.charge + amperes * share * hours / self.capacity).clamp(0.0, 1.0);
    }
}

/// How much larger the resistance of cold cells is.
fn cold_factor(cells: f64) -> f64 {
    interpolate(&[(-20.0, 4.0), (0.0, 2.0), (25.0, 1.0)], cells)
}

/// Linear between points, constant beyond them; points ascend.
fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let above = points.iter().position(|(at, _)| *at >= x);
    match above {
        Some(0) => points[0].1,
        Some(i) => {
            let ((x0, y0), (x1, y1)) = (points[i - 1], points[i]);
            y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        }
        None => points.last().map_or(0.0, |(_, y)| *y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn battery(charge: f64) -> Battery {
        Battery { capacity: 24.0, charge, resistance: 0.03 }
    }

    #[test]
    fn charge_in_and_out_is_counted() {
        let mut battery = battery(0.5);
        battery.count(-2.4, 1.0);
        assert!((battery.charge - 0.4).abs() < 1e-9);
        battery.count(2.4, 1.0);
        assert!((battery.charge - 0.499).abs() < 1e-9);
        battery.count(-100.0, 10.0);
        assert!(battery.charge.abs() < 1e-9);
    }

    #[test]
    fn voltage_falls_under_load_and_more_so_in_the_cold() {
        let battery = battery(0.5);
        let warm = battery.discharge_voltage(2.0, 25.0);
        assert!(warm < battery.rest_voltage());
        assert!(battery.discharge_voltage(2.0, -20.0) < warm);
    }

    #[test]
    fn the_set_point_is_reached_when_no_more_is_accepted() {
        let battery = battery(0.5);
        let accepted = battery.accepted(5.0);
        let full = battery.charge_voltage(accepted, accepted, 14.2);
        assert!((full - 14.2).abs() < 1e-9);
        assert!(battery.charge_voltage(accepted / 2.0, accepted, 14.2) < 14.0);
    }

    #[test]
    fn a_full_or_cold_battery_accepts_less() {
        assert!(battery(0.5).accepted(-10.0) < battery(0.5).accepted(15.0));
        assert!(battery(0.99).accepted(15.0) < battery(0.5).accepted(15.0));
        assert!(battery(1.0).accepted(15.0).abs() < 1e-9);
    }
}
