//! A small winter site in numbers: sun, panel, charger, battery, load and a
//! cold enclosure.
//!
//! Honest and simple: energy is conserved, time steps are arguments, the same
//! seed gives the same year. It knows nothing of devices or bytes; `sim::site`
//! shows its state to a simulated charger and shunt.
//!
//! ```text
//! sun × clouds ─► panel ─► charger ─┬─► load (by the charger's load output)
//!                                   ├─► heater ─► enclosure ─► cells' temperature
//!                                   └─► battery ◄──── acceptance ────┘
//! ```

pub mod battery;
pub mod charger;
pub mod enclosure;
pub mod ledger;
pub mod sun;

use std::time::Duration;

use battery::Battery;
use charger::{Charger, Demand, Flow, Stage};
use enclosure::Enclosure;
use ledger::Ledger;
use sun::Clouds;

/// Longest step computed at once; longer ones are divided.
const STEP_MAX: f64 = 60.0;

/// What a site is made of.
#[derive(Clone, Debug)]
pub struct Site {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees of the panel from the ground, facing the equator.
    pub tilt: f64,
    /// Day of the year on which the simulation begins, at solar midnight.
    pub first_day: f64,
    /// °C outside before sunrise.
    pub coldest: f64,
    /// °C outside in the afternoon.
    pub mildest: f64,
    /// W of the panel at 1000 W/m².
    pub panel: f64,
    /// W of the base load.
    pub load: f64,
    /// The battery at the beginning.
    pub battery: Battery,
    /// The charger.
    pub charger: Charger,
    /// The enclosure at the beginning.
    pub enclosure: Enclosure,
}

impl Default for Site {
    /// A relay station at 63° north in March: a battery of one night, bright
    /// days, frost round the clock.
    fn default() -> Self {
        Self {
            latitude: 63.0,
            tilt: 63.0,
            first_day: 75.0,
            coldest: -15.0,
            mildest: -2.0,
            panel: 160.0,
            load: 21.0,
            battery: Battery { capacity: 24.0, charge: 0.62, resistance: 0.03 },
            charger: Charger { absorption: 14.2, float: 13.5, rated: 15.0, efficiency: 0.96 },
            enclosure: Enclosure { heat_capacity: 12_000.0, loss: 0.5, heater: 25.0, cells: 5.0 },
        }
    }
}

/// What a controller decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// The charger's load output carries the base load.
    pub load_on: bool,
    /// The heater's relay is closed.
    pub heater_on: bool,
    /// A the charger may deliver at most; 0 switches it off.
    pub charge_limit: f64,
}

impl Default for Controls {
    fn default() -> Self {
        Self { load_on: true, heater_on: false, charge_limit: f64::INFINITY }
    }
}

/// Everything about the site at an instant.
#[derive(Clone, Debug)]
pub struct State {
    /// Since solar midnight of the first day.
    pub elapsed: Duration,
    /// Days since the first.
    pub day: u32,
    /// Solar hour of the day, 0 to 24.
    pub hour: f64,
    /// °C outside.
    pub outside: f64,
    /// °C of the cells.
    pub cells: f64,
    /// W/m² on the panel.
    pub light: f64,
    /// W the panel could give.
    pub available: f64,
    /// V at the panel.
    pub panel_voltage: f64,
    /// Voltages and currents.
    pub flow: Flow,
    /// %.
    pub state_of_charge: f64,
    /// Ah taken since full, zero or negative.
    pub consumed: f64,
    /// A that the base load draws while it is on.
    pub load_demand: f64,
    /// The controls of the last step.
    pub controls: Controls,
    /// Yields and histories.
    pub ledger: Ledger,
}

/// A site that lives.
#[derive(Clone, Debug)]
pub struct Plant {
    site: Site,
    clouds: Clouds,
    state: State,
}

impl Plant {
    /// A site at solar midnight of its first day, under the weather of a seed.
    #[must_use]
    pub fn new(site: Site, seed: u64) -> Self {
        let flow = Flow {
            voltage: site.battery.rest_voltage(),
            charger: 0.0,
            battery: 0.0,
            panel: 0.0,
            stage: Stage::Off,
            limited: false,
        };
        let state = State {
            elapsed: Duration::ZERO,
            day: 0,
            hour: 0.0,
            outside: enclosure::outside(0.0, site.coldest, site.mildest),
            cells: site.enclosure.cells,
            light: 0.0,
            available: 0.0,
            panel_voltage: 0.0,
            flow,
            state_of_charge: site.battery.charge * 100.0,
            consumed: (site.battery.charge - 1.0) * site.battery.capacity,
            load_demand: site.load / site.battery.rest_voltage(),
            controls: Controls::default(),
            ledger: Ledger::new(flow.voltage),
        };
        Self { site, clouds: Clouds::new(seed), state }
    }

    /// The site as it is now.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Lets `span` pass under constant controls.
    pub fn step(&mut self, span: Duration, controls: Controls) -> &State {
        let mut left = span.as_secs_f64();
        while left > 1e-6 {
            let seconds = left.min(STEP_MAX);
            self.advance(seconds, controls);
            left -= seconds;
        }
        &self.state
    }

    fn advance(&mut self, seconds: f64, controls: Controls) {
        let hours = seconds / 3600.0;
        let site = &mut self.site;
        let state = &mut self.state;
        state.elapsed += Duration::from_secs_f64(seconds);
        state.hour = state.elapsed.as_secs_f64() / 3600.0 % 24.0;
        let day = u32::try_from(state.elapsed.as_secs() / 86_400).unwrap_or(u32::MAX);
        if day != state.day {
            state.day = day;
            self.clouds.new_day();
            state.ledger.new_day(state.flow.voltage);
        }

        let day_of_year = site.first_day + f64::from(day);
        let clear = sun::clear_sky(site.latitude, site.tilt, day_of_year, state.hour);
        state.light = clear * self.clouds.pass(hours);
        state.outside = enclosure::outside(state.hour, site.coldest, site.mildest);
        state.available = panel_power(site.panel, state.light, state.outside);

        let load = if controls.load_on { site.load } else { 0.0 };
        let heater = if controls.heater_on { site.enclosure.heater } else { 0.0 };
        let demand = Demand {
            available: state.available,
            drawn: load + heater,
            cells: site.enclosure.cells,
            limit: controls.charge_limit,
            stage: state.flow.stage,
        };
        state.flow = site.charger.flow(&site.battery, demand);
        site.battery.count(state.flow.battery, hours);
        site.enclosure.pass(seconds, state.outside, controls.heater_on);

        state.cells = site.enclosure.cells;
        state.panel_voltage = panel_voltage(state.light, state.outside, state.flow.limited);
        state.state_of_charge = site.battery.charge * 100.0;
        state.consumed = (site.battery.charge - 1.0) * site.battery.capacity;
        state.load_demand = site.load / state.flow.voltage;
        state.controls = controls;
        let load_current = load / state.flow.voltage;
        state.ledger.count(seconds, &state.flow, state.panel_voltage, load_current);
        state.ledger.charge(state.consumed, state.flow.stage == Stage::Float);
    }
}

/// W that a panel gives at its best voltage: a cold one gives more.
#[must_use]
pub fn panel_power(rated: f64, light: f64, outside: f64) -> f64 {
    /// Share of power lost for each degree.
    const BY_TEMPERATURE: f64 = 0.004;
    /// Degrees a panel is warmer than the air in full sun.
    const WARMED: f64 = 25.0;
    let cells = outside + WARMED * light / 1000.0;
    rated * light / 1000.0 * (1.0 - BY_TEMPERATURE * (cells - 25.0))
}

/// V at the panel: its best voltage while tracking, more when less is taken.
#[must_use]
pub fn panel_voltage(light: f64, outside: f64, limited: bool) -> f64 {
    /// W/m² at which a panel has reached its voltage.
    const DAWN: f64 = 8.0;
    let warm = 1.0 - 0.003 * (outside - 25.0);
    let volts = if limited { 21.5 } else { 18.2 };
    volts * warm * (light / DAWN).min(1.0)
}

#[cfg(test)]
mod tests;
