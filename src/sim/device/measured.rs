//! What a simulated device measures.
//!
//! Plain numbers in plain units, filled by a plant, a test or the defaults of
//! `sunkeep sim device`; TEXT fields and registers are both derived from them
//! and so agree with each other. Nothing here sends anything.

use crate::sim::random::Random;

use super::bank::Bank;

/// Days a charger remembers, today included.
pub const DAYS_MAX: usize = 31;

/// What a device of one kind measures.
#[derive(Clone, Debug)]
pub enum Measured {
    /// A solar charger.
    Charger(Charger),
    /// A battery monitor.
    Monitor(Monitor),
    /// An inverter.
    Inverter(Inverter),
}

/// What a solar charger measures and has counted.
#[derive(Clone, Debug)]
pub struct Charger {
    /// V at the battery terminals.
    pub battery_voltage: f64,
    /// A out of the charger, into battery and load output together.
    pub current: f64,
    /// V at the panel.
    pub panel_voltage: f64,
    /// W from the panel.
    pub panel_power: f64,
    /// Charger state: 0 off, 3 bulk, 4 absorption, 5 float.
    pub state: u8,
    /// Tracker: 0 off, 1 limited, 2 tracking the maximum power point.
    pub tracker: u8,
    /// A that the load would draw while the load output is on.
    pub load_demand: f64,
    /// °C inside the charger.
    pub temperature: f64,
    /// kWh since the device was made.
    pub yield_total: f64,
    /// Today first, then yesterday and so on; at most [`DAYS_MAX`] count.
    pub days: Vec<Day>,
}

/// One day in the history of a charger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Day {
    /// kWh from the panel.
    pub yield_kwh: f64,
    /// kWh out of the load output.
    pub consumed_kwh: f64,
    /// Highest V of the battery.
    pub battery_voltage_max: f64,
    /// Lowest V of the battery.
    pub battery_voltage_min: f64,
    /// Minutes in bulk.
    pub time_bulk: f64,
    /// Minutes in absorption.
    pub time_absorption: f64,
    /// Minutes in float.
    pub time_float: f64,
    /// Highest W of the panel.
    pub power_max: f64,
    /// Highest A out of the charger.
    pub current_max: f64,
    /// Highest V of the panel.
    pub panel_voltage_max: f64,
    /// Number of the day, 0 to 364, as HSDS shows it.
    pub sequence: u16,
}

/// What hangs on the auxiliary input of a battery monitor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aux {
    /// V of the starter battery.
    Starter(f64),
    /// A temperature sensor; `None`: it is not connected. °C.
    Temperature(Option<f64>),
}

/// What a battery monitor measures and has counted.
#[derive(Clone, Debug)]
pub struct Monitor {
    /// V of the battery.
    pub voltage: f64,
    /// A into the battery; negative discharges.
    pub current: f64,
    /// %; `None` while not synchronised.
    pub state_of_charge: Option<f64>,
    /// Ah taken since full, zero or negative.
    pub consumed: f64,
    /// Minutes; `None`: for ever.
    pub time_to_go: Option<f64>,
    /// The auxiliary input.
    pub aux: Aux,
    /// Ah, negative.
    pub deepest_discharge: f64,
    /// Ah, negative.
    pub last_discharge: f64,
    /// Ah ever drawn, negative.
    pub cumulative: f64,
    /// Charge cycles.
    pub cycles: u32,
    /// Lowest V.
    pub voltage_min: f64,
    /// Highest V.
    pub voltage_max: f64,
    /// s since the last full charge.
    pub since_full: f64,
    /// Times the monitor found the battery full by itself.
    pub synchronisations: u32,
    /// kWh out of the battery.
    pub energy_out: f64,
    /// kWh into the battery.
    pub energy_in: f64,
}

/// What an inverter measures.
#[derive(Clone, Debug)]
pub struct Inverter {
    /// V at the DC side.
    pub battery_voltage: f64,
    /// V at the AC side while inverting.
    pub ac_voltage: f64,
    /// A at the AC side while inverting.
    pub ac_current: f64,
    /// Nothing draws power: an inverter in eco mode searches for a load.
    pub idle: bool,
}

impl Charger {
    /// The day `ago` days back, or an empty one.
    #[must_use]
    pub fn day(&self, ago: usize) -> Day {
        self.days.get(ago).cloned().unwrap_or_default()
    }

    pub(super) fn fill(&self, bank: &mut Bank) {
        let (today, yesterday) = (self.day(0), self.day(1));
        let panel_current = self.panel_power / self.panel_voltage.max(1.0);
        for (id, value) in [
            (0x0201, f64::from(self.state)),
            (0xEDD5, self.battery_voltage),
            (0xEDD6, self.battery_voltage * self.current),
            (0xEDD7, self.current),
            (0xEDDB, self.temperature),
            (0xEDBB, self.panel_voltage),
            (0xEDBC, self.panel_power),
            (0xEDB3, f64::from(self.tracker)),
            (0xEDD0, yesterday.power_max),
            (0xEDD1, yesterday.yield_kwh),
            (0xEDD2, today.power_max),
            (0xEDD3, today.yield_kwh),
            (0xEDDC, self.yield_total),
            (0xEDDD, self.yield_total),
            (0xED8D, self.battery_voltage),
            (0x2030, f64::from(self.panel_voltage > 5.0)),
        ] {
            bank.put_value(id, Some(value));
        }
        // Models up to 20 A do not measure the panel's current (HEX rev 16).
        let measured = bank.value(0xEDDF).is_some_and(|rated| rated > 20.0);
        bank.put_value(0xEDBD, measured.then_some(panel_current));
    }
}

impl Monitor {
    /// The auxiliary temperature, °C.
    #[must_use]
    pub fn temperature(&self) -> Option<f64> {
        match self.aux {
            Aux::Temperature(celsius) => celsius,
            Aux::Starter(_) => None,
        }
    }

    /// The auxiliary voltage, V.
    #[must_use]
    pub fn starter(&self) -> Option<f64> {
        match self.aux {
            Aux::Starter(volts) => Some(volts),
            Aux::Temperature(_) => None,
        }
    }

    pub(super) fn fill(&self, bank: &mut Bank) {
        let synchronised = f64::from(self.state_of_charge.is_some());
        for (id, value) in [
            (0xED8D, Some(self.voltage)),
            (0xED8F, Some(self.current)),
            (0xED8C, Some(self.current)),
            (0xED8E, Some(self.voltage * self.current)),
            (0xED7D, self.starter()),
            (0xEDEC, self.temperature()),
            (0xEEFF, Some(self.consumed)),
            (0x0FFC, Some(self.consumed)),
            (0x0FFF, self.state_of_charge),
            (0x0FFE, self.time_to_go),
            (0xEEB6, Some(synchronised)),
            (0x0300, Some(self.deepest_discharge)),
            (0x0301, Some(self.last_discharge)),
            (0x0303, Some(f64::from(self.cycles))),
            (0x0305, Some(self.cumulative)),
            (0x0306, Some(self.voltage_min)),
            (0x0307, Some(self.voltage_max)),
            (0x0308, Some(self.since_full)),
            (0x0309, Some(f64::from(self.synchronisations))),
            (0x0310, Some(self.energy_out)),
            (0x0311, Some(self.energy_in)),
        ] {
            bank.put_value(id, value);
        }
        let aux = match self.aux {
            Aux::Starter(_) => 0,
            Aux::Temperature(_) => 2,
        };
        bank.put_raw(0xEEF8, aux);
    }
}

impl Inverter {
    /// State of the inverter for a mode: 0 off, 1 searching, 9 inverting.
    #[must_use]
    pub fn state(&self, mode: i64) -> u8 {
        match mode {
            2 | 3 => 9,
            5 if self.idle => 1,
            5 => 9,
            _ => 0,
        }
    }

    /// VA at the AC side while inverting.
    #[must_use]
    pub fn apparent_power(&self) -> f64 {
        self.ac_voltage * self.ac_current
    }

    pub(super) fn fill(&self, bank: &mut Bank) {
        let state = self.state(bank.raw(0x0200));
        let on = if state == 9 { 1.0 } else { 0.0 };
        for (id, value) in [
            (0x0201, f64::from(state)),
            (0xED8D, self.battery_voltage),
            (0x2200, self.ac_voltage * on),
            (0x2201, self.ac_current * on),
            (0x2205, self.apparent_power() * on),
            (0xEB4E, self.ac_current * on),
        ] {
            bank.put_value(id, Some(value));
        }
        // Switched off by its mode register: off reason bit 2.
        bank.put_raw(0x0207, if state == 0 { 4 } else { 0 });
    }
}

impl Measured {
    pub(super) fn fill(&self, bank: &mut Bank) {
        match self {
            Self::Charger(charger) => charger.fill(bank),
            Self::Monitor(monitor) => monitor.fill(bank),
            Self::Inverter(inverter) => inverter.fill(bank),
        }
    }

    /// Moves the values a little, as those of a living system do.
    pub(super) fn wobble(&mut self, random: &mut Random) {
        let mut by = |amount: f64| random.between(-amount, amount);
        match self {
            Self::Charger(charger) => {
                charger.battery_voltage = 13.27 + by(0.03);
                charger.panel_voltage = 33.6 + by(0.4);
                charger.panel_power = 26.0 + by(1.5);
                charger.current = charger.panel_power * 0.96 / charger.battery_voltage;
            }
            Self::Monitor(monitor) => {
                monitor.voltage = 13.16 + by(0.01);
                monitor.current = 4.3 + by(0.2);
            }
            Self::Inverter(inverter) => {
                inverter.battery_voltage = 12.87 + by(0.02);
                inverter.ac_voltage = 230.0 + by(0.2);
            }
        }
    }

    /// Time passes for the counters of a device that no plant drives.
    pub(super) fn count(&mut self, seconds: f64) {
        let hours = seconds / 3600.0;
        match self {
            Self::Charger(charger) => {
                let energy = charger.panel_power / 1000.0 * hours;
                charger.yield_total += energy;
                if let Some(today) = charger.days.first_mut() {
                    today.yield_kwh += energy;
                    today.time_bulk += seconds / 60.0;
                    today.power_max = today.power_max.max(charger.panel_power);
                }
            }
            Self::Monitor(monitor) => {
                monitor.since_full += seconds;
                monitor.consumed = (monitor.consumed + monitor.current * hours).min(0.0);
                monitor.energy_in += monitor.voltage * monitor.current.max(0.0) / 1000.0 * hours;
            }
            Self::Inverter(_) => {}
        }
    }
}
