//! A plant and the two devices that show it: an MPPT 75/15 and a SmartShunt.
//!
//! The plant obeys what the charger was told (load output, current limit,
//! charger off) and the devices report what the plant does. The heater's
//! relay is the caller's: it hangs on a pin, not on a device.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::device::{Aux, Charger, Device, Kind, Measured, Monitor, Options};
use super::plant::{Controls, Plant, Site, State};
use super::{Shared, lock};

/// Longest time the devices go without seeing the plant.
const STEP_MAX: Duration = Duration::from_secs(30);

/// A simulated site with its charger and shunt.
#[derive(Debug)]
pub struct World {
    plant: Plant,
    mppt: Shared,
    shunt: Shared,
}

impl World {
    /// A site whose devices have the given options; their kinds are fixed.
    #[must_use]
    pub fn new(site: Site, seed: u64, mppt: Options, shunt: Options) -> Self {
        let shared = |kind, options| Arc::new(Mutex::new(Device::new(kind, options)));
        let world = Self {
            plant: Plant::new(site, seed),
            mppt: shared(Kind::Mppt, mppt),
            shunt: shared(Kind::SmartShunt, shunt),
        };
        world.show();
        world
    }

    /// The charger, to be put on a port.
    #[must_use]
    pub fn mppt(&self) -> Shared {
        Arc::clone(&self.mppt)
    }

    /// The shunt, to be put on a port.
    #[must_use]
    pub fn shunt(&self) -> Shared {
        Arc::clone(&self.shunt)
    }

    /// The plant as it is now.
    #[must_use]
    pub fn state(&self) -> &State {
        self.plant.state()
    }

    /// Brings the site to `to`, measured from its first solar midnight. Times
    /// already past do nothing.
    pub fn advance(&mut self, to: Duration, heater_on: bool) -> &State {
        while let Some(left) = to.checked_sub(self.plant.state().elapsed)
            && left > Duration::from_millis(1)
        {
            let controls = self.controls(heater_on);
            self.plant.step(left.min(STEP_MAX), controls);
            self.show();
        }
        self.plant.state()
    }

    /// What the charger lets happen.
    fn controls(&self, heater_on: bool) -> Controls {
        let mppt = lock(&self.mppt);
        let limit = mppt.charge_current_limit();
        Controls {
            load_on: mppt.load_on(),
            heater_on,
            charge_limit: if mppt.charger_enabled() { limit } else { 0.0 },
        }
    }

    fn show(&self) {
        let state = self.plant.state();
        lock(&self.mppt).measure(Measured::Charger(charger_of(state)));
        lock(&self.shunt).measure(Measured::Monitor(monitor_of(state)));
    }
}

/// What a charger sees of the plant.
#[must_use]
pub fn charger_of(state: &State) -> Charger {
    let flow = &state.flow;
    let stage = flow.stage.number();
    Charger {
        battery_voltage: flow.voltage,
        current: flow.charger,
        panel_voltage: state.panel_voltage,
        panel_power: flow.panel,
        state: stage,
        tracker: match (stage, flow.limited) {
            (0, _) => 0,
            (_, true) => 1,
            (_, false) => 2,
        },
        load_demand: state.load_demand,
        // The case warms by its losses, some 4 % of the power.
        temperature: state.cells + flow.panel * 0.05,
        yield_total: state.ledger.yield_total,
        days: state.ledger.days.clone(),
    }
}

/// What a shunt sees of the plant.
#[must_use]
pub fn monitor_of(state: &State) -> Monitor {
    let (flow, ledger) = (&state.flow, &state.ledger);
    // Left down to the discharge floor of 0 %, at the current that flows now.
    let charge = state.state_of_charge;
    let left = if charge >= 100.0 { 0.0 } else { -state.consumed * charge / (100.0 - charge) };
    Monitor {
        voltage: flow.voltage,
        current: flow.battery,
        state_of_charge: Some(state.state_of_charge),
        consumed: state.consumed,
        time_to_go: (flow.battery < -0.05).then(|| (left / -flow.battery * 60.0).min(14_400.0)),
        aux: Aux::Temperature(Some(state.cells)),
        deepest_discharge: ledger.deepest_discharge,
        last_discharge: ledger.last_discharge,
        cumulative: ledger.cumulative,
        cycles: ledger.times_full,
        voltage_min: ledger.voltage_min,
        voltage_max: ledger.voltage_max,
        since_full: ledger.since_full,
        synchronisations: ledger.times_full,
        energy_out: ledger.energy_out,
        energy_in: ledger.energy_in,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        World::new(Site::default(), 1, Options::default(), Options::default())
    }

    fn hours(hours: u64) -> Duration {
        Duration::from_secs(hours * 3600)
    }

    fn write(device: &Shared, now: Duration, frame: &[u8]) {
        lock(device).receive(now, frame);
    }

    #[test]
    fn switching_the_load_output_off_spares_the_battery() {
        let charge_after = |frame: &[u8]| {
            let mut world = world();
            write(&world.mppt, Duration::ZERO, frame);
            world.advance(hours(3), false).state_of_charge
        };
        // Mode 0, then mode 1, of register 0xEDAB.
        let (off, auto) = (charge_after(b":8ABED0000B5\n"), charge_after(b":8ABED0001B4\n"));
        assert!((off - 62.0).abs() < 0.1, "{off}");
        assert!(auto < 45.0, "{auto}");
    }

    #[test]
    fn a_charger_switched_off_does_not_charge() {
        let mut world = world();
        write(&world.mppt, Duration::ZERO, b":80002000447\n");
        let state = world.advance(hours(12), false);
        assert!(state.flow.panel.abs() < 1e-9 && state.available > 10.0);
        assert_eq!(lock(&world.mppt).register(0x0201), Some(&[0][..]));
    }

    #[test]
    fn devices_show_the_plant() {
        let mut world = world();
        let state = world.advance(hours(36), true).clone();
        let text = |device: &Shared| {
            let bytes = lock(device).transmit(Duration::ZERO);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (mppt, shunt) = (text(&world.mppt), text(&world.shunt));
        let has = |text: &str, field: String| assert!(text.contains(&field), "{field} {text}");
        has(&mppt, format!("\tPPV\t{:.0}", state.flow.panel).replacen('\t', "\n", 1));
        has(&mppt, format!("\nCS\t{}", state.flow.stage.number()));
        has(&shunt, format!("\nT\t{:.0}\r", state.cells));
        has(&shunt, format!("\nSOC\t{:.0}\r", state.state_of_charge * 10.0));
        has(&shunt, format!("\nV\t{:.0}\r", state.flow.voltage * 1000.0));
        assert_eq!(state.ledger.days.len(), 2);
    }

    #[test]
    fn heat_warms_the_cells() {
        let (mut warm, mut cold) = (world(), world());
        let heated = warm.advance(hours(2), true).cells;
        assert!(heated > cold.advance(hours(2), false).cells + 5.0);
    }
}
