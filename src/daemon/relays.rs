//! What the control loop makes of relays: pins answer at once, contacts later.
//!
//! An act on a relay with a contact is done when the contact says so, and has
//! failed when it still says otherwise after the time a relay may take. A relay
//! that does not obey is told to people at once, whatever the engine does next.

use super::control_loop::ControlLoop;
use crate::actuator::ActuatorError;
use crate::actuator::gpio::{Relay, Shown};
use crate::actuator::lease::Leased;
use crate::arbiter::{Level, Want};
use crate::clock::Now;
use crate::engine::{Event, Outcome};
use crate::journal::Kind;

/// All relays of the site, by their place.
pub(super) struct Relays {
    leased: Leased,
    states: Vec<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// An act whose contact has not answered yet.
    waiting: Option<Level>,
    /// People have been told that it does not obey.
    accused: bool,
}

/// What a look at a relay brought.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    /// It may still be moving: nothing is known.
    Moving,
    /// Its level, if it can be read.
    Level {
        actual: Option<Level>,
        /// What became of an act that waited for its contact.
        applied: Option<(Level, Outcome)>,
        /// Why people should look at it; said once.
        alarm: Option<String>,
    },
}

impl Relays {
    /// Watches over relays, each with its safe level.
    pub(super) fn new(relays: Vec<(Relay, Level)>) -> Result<Self, ActuatorError> {
        let states = vec![State::default(); relays.len()];
        Ok(Self { leased: Leased::new(relays)?, states })
    }

    /// The engine has completed a step.
    pub(super) fn renew(&self) {
        self.leased.renew();
    }

    /// Relays stay where they are from now on.
    pub(super) fn end(&self) {
        self.leased.end();
    }

    /// Switches a relay. `None`: its contact has not answered yet.
    pub(super) fn command(&mut self, place: usize, level: Level) -> Option<Outcome> {
        let state = &mut self.states[place];
        state.waiting = None;
        match self.leased.command(place, level) {
            Ok(Shown::Level(read)) if read == level => Some(Outcome::Verified),
            Ok(Shown::Level(read)) => Some(Outcome::Failed(format!("the pin reads back {read}"))),
            Ok(Shown::Disobedient(_, why)) => Some(Outcome::Failed(why)),
            Ok(Shown::Moving) => {
                state.waiting = Some(level);
                None
            }
            Err(error) => Some(Outcome::Failed(error.to_string())),
        }
    }

    /// Looks at a relay.
    pub(super) fn look(&mut self, place: usize) -> Seen {
        let state = &mut self.states[place];
        match self.leased.shown(place) {
            Ok(Shown::Moving) => Seen::Moving,
            Ok(Shown::Level(level)) => {
                state.accused = false;
                let outcome = |wanted| match level == wanted {
                    true => Outcome::Verified,
                    false => Outcome::Failed(format!("the pin reads back {level}")),
                };
                let applied = state.waiting.take().map(|wanted| (wanted, outcome(wanted)));
                Seen::Level { actual: Some(level), applied, alarm: None }
            }
            Ok(Shown::Disobedient(level, why)) => {
                let news = !std::mem::replace(&mut state.accused, true);
                let failed = Outcome::Failed(why.clone());
                let applied = state.waiting.take().map(|wanted| (wanted, failed));
                Seen::Level { actual: Some(level), applied, alarm: news.then_some(why) }
            }
            Err(_) => Seen::Level { actual: None, applied: None, alarm: None },
        }
    }
}

impl ControlLoop {
    /// Tells the engine what the relays show.
    pub(super) fn look_at_relays(&mut self, now: Now) {
        for (output, seen) in self.hands.relays() {
            let Seen::Level { actual, applied, alarm } = seen else { continue };
            if let Some(why) = alarm {
                let name = self.engine.policy(output).name.clone();
                self.note(Kind::Alarm, &name, "does not obey", &why);
            }
            let actual = actual.map(Want::Level);
            self.engine.handle(now, Event::Feedback { output, actual });
            if let Some((level, outcome)) = applied {
                let want = Want::Level(level);
                self.engine.handle(now, Event::Applied { output, want, outcome });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::gpio::{Backend, Contact, Pins, SimulatedPins, Wiring};

    /// A heater on pin 17 with its contact on 22.
    fn heater() -> (Relays, SimulatedPins) {
        let pins = Pins::new(Backend::Simulated);
        let contact = Some(Contact { pin: 22, active_high: true });
        let wiring = Wiring { contact, ..Wiring::new(17, true) };
        let relay = pins.claim(&wiring, Level::Off).unwrap();
        (Relays::new(vec![(relay, Level::Off)]).unwrap(), pins.simulated())
    }

    #[test]
    fn a_contact_that_follows_at_once_is_success_at_once() {
        let (mut relays, _) = heater();
        assert_eq!(relays.command(0, Level::On), Some(Outcome::Verified));
    }

    #[test]
    fn success_is_claimed_when_the_contact_follows_and_not_before() {
        let (mut relays, pins) = heater();
        pins.force(22, false);
        assert_eq!(relays.command(0, Level::On), None);
        assert_eq!(relays.look(0), Seen::Moving);
        pins.force(22, true);
        let applied = Some((Level::On, Outcome::Verified));
        let level = Seen::Level { actual: Some(Level::On), applied, alarm: None };
        assert_eq!(relays.look(0), level);
    }
}
