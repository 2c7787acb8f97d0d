//! The default site under the two simplest controllers one can write.

use super::*;

/// Switches at a lower and an upper threshold.
struct Hysteresis {
    on: bool,
}

/// What happened in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Events {
    load_off: u32,
    load_on: u32,
    heater_on: u32,
    heater_off: u32,
}

struct Controller {
    load: Hysteresis,
    heater: Hysteresis,
    energy: fn(&State) -> bool,
    poor: fn(&State) -> bool,
}

impl Controller {
    fn decide(&mut self, state: &State, events: &mut Events) -> Controls {
        if self.load.on && state.state_of_charge < 30.0 {
            self.load.on = false;
            events.load_off += 1;
        } else if !self.load.on && state.state_of_charge > 45.0 {
            self.load.on = true;
            events.load_on += 1;
        }
        if !self.heater.on && state.cells < 2.0 && (self.energy)(state) {
            self.heater.on = true;
            events.heater_on += 1;
        } else if self.heater.on && (state.cells > 6.0 || (self.poor)(state)) {
            self.heater.on = false;
            events.heater_off += 1;
        }
        Controls { load_on: self.load.on, heater_on: self.heater.on, ..Controls::default() }
    }
}

/// Runs days of a seed; every one must show each event.
#[track_caller]
fn check(seed: u64, days: u32, energy: fn(&State) -> bool, poor: fn(&State) -> bool) {
    let mut plant = Plant::new(Site::default(), seed);
    let mut controller = Controller {
        load: Hysteresis { on: true },
        heater: Hysteresis { on: false },
        energy,
        poor,
    };
    for day in 0..days {
        let mut events = Events::default();
        let mut warmed = false;
        for _ in 0..24 * 60 {
            let controls = controller.decide(plant.state(), &mut events);
            let state = plant.step(Duration::from_secs(60), controls);
            warmed |= state.cells > 5.9;
        }
        let all = events.load_off >= 1
            && events.load_on >= 1
            && events.heater_on >= 1
            && events.heater_off >= 1;
        assert!(all && warmed, "seed {seed} day {day}: {events:?}");
        assert!(events.load_off <= 2, "seed {seed} day {day}: {events:?}");
    }
}

#[test]
fn a_simple_controller_acts_every_day() {
    for seed in 1..=20 {
        check(
            seed,
            7,
            |s| s.state_of_charge > 60.0 || s.flow.panel > 40.0,
            |s| s.state_of_charge < 35.0 && s.flow.panel < 20.0,
        );
    }
}

#[test]
fn the_rules_of_the_manual_act_every_day() {
    for seed in 1..=20 {
        check(
            seed,
            7,
            |s| s.state_of_charge > 60.0 || s.flow.panel > 80.0,
            |s| s.state_of_charge < 50.0,
        );
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let run = |seed| {
        let mut plant = Plant::new(Site::default(), seed);
        let state = plant.step(Duration::from_secs(3 * 86_400), Controls::default());
        (state.state_of_charge.to_bits(), state.ledger.yield_total.to_bits())
    };
    assert_eq!(run(4), run(4));
    assert_ne!(run(4), run(5));
}

#[test]
fn what_came_in_is_stored_used_or_lost() {
    let mut plant = Plant::new(Site::default(), 2);
    let before = plant.state().state_of_charge;
    for hour in 0..96 {
        let controls = Controls { load_on: hour % 24 > 8, ..Controls::default() };
        plant.step(Duration::from_secs(3600), controls);
    }
    let state = plant.state();
    let ledger = &state.ledger;
    let consumed: f64 = ledger.days.iter().map(|day| day.consumed_kwh).sum();
    let stored = ledger.energy_in - ledger.energy_out;
    let delivered = ledger.yield_total * 0.96;
    assert!(
        (delivered - consumed - stored).abs() < 0.01 * delivered,
        "{delivered} {consumed} {stored}"
    );
    let rise = (state.state_of_charge - before) / 100.0 * 24.0;
    assert!(stored > rise * 12.0 / 1000.0 - 0.05);
}

#[test]
fn a_charger_that_is_off_gives_nothing() {
    let mut plant = Plant::new(Site::default(), 2);
    let controls = Controls { charge_limit: 0.0, ..Controls::default() };
    let state = plant.step(Duration::from_secs(12 * 3600), controls);
    assert!(state.available > 20.0);
    assert!(state.flow.panel.abs() < 1e-9);
    assert_eq!(state.flow.stage, Stage::Off);
}
