//! What a solar charger makes of light, battery and load at one instant.
//!
//! A pure function: available power and demands in, currents and voltages
//! out. The stages are Victron's: bulk until the set-point is reached,
//! absorption while the battery still takes its tail, then float.

use super::battery::Battery;

/// Charger stage, numbered as registers and TEXT number it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No light.
    #[default]
    Off,
    /// All the light there is.
    Bulk,
    /// Held at the absorption voltage.
    Absorption,
    /// Held at the float voltage.
    Float,
}

impl Stage {
    /// The number of the stage in `CS` and register 0x0201.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Bulk => 3,
            Self::Absorption => 4,
            Self::Float => 5,
        }
    }
}

/// Settings of a charger.
#[derive(Clone, Debug)]
pub struct Charger {
    /// V held during absorption.
    pub absorption: f64,
    /// V held during float.
    pub float: f64,
    /// A the charger delivers at most.
    pub rated: f64,
    /// Share of the panel's power that reaches the battery side.
    pub efficiency: f64,
}

/// What is asked of the charger at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// W the panel could give.
    pub available: f64,
    /// W drawn by loads and heater.
    pub drawn: f64,
    /// °C of the cells.
    pub cells: f64,
    /// A the charger may deliver at most; 0 when it is switched off.
    pub limit: f64,
    /// The stage so far.
    pub stage: Stage,
}

/// What flows at an instant.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// V of the battery.
    pub voltage: f64,
    /// A out of the charger.
    pub charger: f64,
    /// A into the battery; negative discharges.
    pub battery: f64,
    /// W out of the panel.
    pub panel: f64,
    /// The stage now.
    pub stage: Stage,
    /// The charger takes less than the panel could give.
    pub limited: bool,
}

impl Charger {
    /// The currents at an instant.
    #[must_use]
    pub fn flow(&self, battery: &Battery, demand: Demand) -> Flow {
        let floating = demand.stage == Stage::Float;
        let set_point = if floating { self.float } else { self.absorption };
        let accepted = if floating { 0.0 } else { battery.accepted(demand.cells) };
        // Voltage and current depend on each other; from any start near the
        // battery's voltage a few rounds settle them.
        let mut flow = self.round(battery, demand, accepted, set_point, battery.rest_voltage());
        for _ in 0..4 {
            flow = self.round(battery, demand, accepted, set_point, flow.voltage);
        }
        flow
    }

    fn round(
        &self,
        battery: &Battery,
        demand: Demand,
        accepted: f64,
        set_point: f64,
        volts: f64,
    ) -> Flow {
        let drawn = demand.drawn / volts;
        let possible =
            (demand.available * self.efficiency / volts).min(self.rated).min(demand.limit);
        let wanted = drawn + accepted;
        let charger = possible.min(wanted);
        let into = charger - drawn;
        let voltage = if into >= 0.0 {
            battery.charge_voltage(into, accepted, set_point)
        } else {
            battery.discharge_voltage(-into, demand.cells)
        };
        let satisfied = possible >= wanted;
        Flow {
            voltage,
            charger,
            battery: into,
            panel: charger * voltage / self.efficiency,
            stage: self.stage(battery, demand, possible, satisfied),
            limited: satisfied || possible >= self.rated.min(demand.limit),
        }
    }

    fn stage(&self, battery: &Battery, demand: Demand, possible: f64, satisfied: bool) -> Stage {
        /// Charge below which a floating charger begins anew.
        const RE_BULK: f64 = 0.92;
        match demand.stage {
            _ if possible <= 0.01 => Stage::Off,
            Stage::Float if battery.charge > RE_BULK => Stage::Float,
            _ if battery.charge >= 0.998 => Stage::Float,
            _ if satisfied => Stage::Absorption,
            _ => Stage::Bulk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(charge: f64, available: f64, drawn: f64, stage: Stage) -> Flow {
        let charger = Charger { absorption: 14.2, float: 13.5, rated: 15.0, efficiency: 0.96 };
        let battery = Battery { capacity: 24.0, charge, resistance: 0.03 };
        let (cells, limit) = (8.0, f64::INFINITY);
        charger.flow(&battery, Demand { available, drawn, cells, limit, stage })
    }

    #[test]
    fn power_is_neither_made_nor_lost() {
        for (charge, available, drawn) in [(0.4, 60.0, 20.0), (0.9, 150.0, 0.0), (0.5, 10.0, 30.0)]
        {
            let flow = flow(charge, available, drawn, Stage::Bulk);
            let balance = flow.charger * flow.voltage - drawn - flow.battery * flow.voltage;
            assert!(balance.abs() < 0.05, "{flow:?} {balance}");
            assert!(flow.panel <= available + 0.2, "{flow:?}");
        }
    }

    #[test]
    fn stages_follow_light_and_charge() {
        assert_eq!(flow(0.5, 0.0, 10.0, Stage::Bulk).stage, Stage::Off);
        assert_eq!(flow(0.5, 50.0, 10.0, Stage::Off).stage, Stage::Bulk);
        assert_eq!(flow(0.97, 150.0, 10.0, Stage::Bulk).stage, Stage::Absorption);
        assert_eq!(flow(0.999, 150.0, 10.0, Stage::Absorption).stage, Stage::Float);
        assert_eq!(flow(0.5, 150.0, 10.0, Stage::Float).stage, Stage::Absorption);
    }

    #[test]
    fn night_discharges_by_what_is_drawn() {
        let flow = flow(0.5, 0.0, 26.0, Stage::Off);
        assert!((flow.battery + 2.0).abs() < 0.05, "{flow:?}");
        assert!(flow.charger.abs() < 1e-9);
    }

    #[test]
    fn float_covers_the_loads_and_no_more() {
        let flow = flow(0.999, 150.0, 20.0, Stage::Float);
        assert!(flow.battery.abs() < 1e-6);
        assert!((flow.voltage - 13.5).abs() < 0.01);
    }
}
