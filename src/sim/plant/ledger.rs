//! What charger and shunt count: yields, days, extremes, energies.
//!
//! Only bookkeeping; it decides nothing. A day ends at solar midnight, where
//! a real charger waits for the dark.

use super::charger::{Flow, Stage};
use crate::sim::device::{DAYS_MAX, Day};

/// Counters since the plant began.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// Days of the charger, today first.
    pub days: Vec<Day>,
    /// kWh from the panel.
    pub yield_total: f64,
    /// kWh into the battery.
    pub energy_in: f64,
    /// kWh out of the battery.
    pub energy_out: f64,
    /// Lowest V.
    pub voltage_min: f64,
    /// Highest V.
    pub voltage_max: f64,
    /// Ah, negative.
    pub deepest_discharge: f64,
    /// Ah since the battery was last full, negative.
    pub last_discharge: f64,
    /// Ah drawn in all, negative.
    pub cumulative: f64,
    /// s since the battery was last full.
    pub since_full: f64,
    /// Times the battery became full.
    pub times_full: u32,
    full: bool,
}

impl Ledger {
    /// Nothing counted, at a battery voltage in V.
    #[must_use]
    pub fn new(voltage: f64) -> Self {
        Self {
            days: vec![fresh_day(voltage, 0)],
            yield_total: 0.0,
            energy_in: 0.0,
            energy_out: 0.0,
            voltage_min: voltage,
            voltage_max: voltage,
            deepest_discharge: 0.0,
            last_discharge: 0.0,
            cumulative: 0.0,
            since_full: 0.0,
            times_full: 0,
            full: false,
        }
    }

    /// Begins another day.
    pub fn new_day(&mut self, voltage: f64) {
        let sequence = (self.days[0].sequence + 1) % 365;
        self.days.insert(0, fresh_day(voltage, sequence));
        self.days.truncate(DAYS_MAX);
    }

    /// Counts `seconds` of a flow.
    pub fn count(&mut self, seconds: f64, flow: &Flow, panel_voltage: f64, load: f64) {
        let hours = seconds / 3600.0;
        let kwh = |watts: f64| watts / 1000.0 * hours;
        self.yield_total += kwh(flow.panel);
        self.energy_in += kwh(flow.voltage * flow.battery.max(0.0));
        self.energy_out += kwh(flow.voltage * (-flow.battery).max(0.0));
        self.cumulative += flow.battery.min(0.0) * hours;
        self.voltage_min = self.voltage_min.min(flow.voltage);
        self.voltage_max = self.voltage_max.max(flow.voltage);

        let today = &mut self.days[0];
        today.yield_kwh += kwh(flow.panel);
        today.consumed_kwh += kwh(flow.voltage * load);
        today.battery_voltage_max = today.battery_voltage_max.max(flow.voltage);
        today.battery_voltage_min = today.battery_voltage_min.min(flow.voltage);
        today.power_max = today.power_max.max(flow.panel);
        today.current_max = today.current_max.max(flow.charger);
        today.panel_voltage_max = today.panel_voltage_max.max(panel_voltage);
        let minutes = seconds / 60.0;
        match flow.stage {
            Stage::Off => {}
            Stage::Bulk => today.time_bulk += minutes,
            Stage::Absorption => today.time_absorption += minutes,
            Stage::Float => today.time_float += minutes,
        }
        self.since_full += seconds;
    }

    /// Notes how much is taken from the battery, in Ah, and whether it is full.
    pub fn charge(&mut self, consumed: f64, full: bool) {
        if full {
            self.since_full = 0.0;
            self.last_discharge = 0.0;
            self.times_full += u32::from(!self.full);
        }
        self.full = full;
        self.last_discharge = self.last_discharge.min(consumed);
        self.deepest_discharge = self.deepest_discharge.min(consumed);
    }
}

fn fresh_day(voltage: f64, sequence: u16) -> Day {
    Day { battery_voltage_max: voltage, battery_voltage_min: voltage, sequence, ..Day::default() }
}
