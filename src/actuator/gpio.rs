//! Relays on GPIO pins, through whichever driver the machine has.
//!
//! Backends behind one trait: `rppal` writes the registers of a Raspberry Pi,
//! `cdev` asks the kernel on any board; `simulated` is for demos and tests, and
//! `witness` for tests in which this process dies.
//! A pin is claimed with its level already decided, so that there is no moment
//! in which it shows another one. Polarity lives here and nowhere else.
//!
//! A relay may have a *contact*: a second pin that shows what the relay really
//! does. Then its word counts, because a welded relay obeys no pin.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::drivers::{self, Pin, Sense};
use super::pin_table::PinTable;
pub use super::simulated::SimulatedPins;
use super::{Actuator, ActuatorError, witness};
use crate::arbiter::Level;

/// How long a relay and its contact may take to follow the pin: large contactors
/// need a tenth of a second.
pub const SETTLE: Duration = Duration::from_millis(500);

/// The character device that is asked unless told otherwise.
pub const CHIP: &str = "/dev/gpiochip0";

/// Which driver moves the pins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// `rppal` on a Raspberry Pi, the character device elsewhere.
    #[default]
    Auto,
    /// Memory-mapped registers of a Raspberry Pi.
    Rppal,
    /// The kernel's character device.
    Cdev,
    /// Nothing real moves.
    Simulated,
    /// Nothing real moves, and the levels are kept by another process.
    Witness,
}

/// How a relay hangs on the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiring {
    /// BCM number, 0 to 27.
    pub pin: u8,
    /// Whether a high level switches on.
    pub active_high: bool,
    /// Which driver moves it.
    pub driver: Backend,
    /// The character device, such as [`CHIP`].
    pub chip: String,
    /// Where to look whether the relay has moved.
    pub contact: Option<Contact>,
}

/// A pin that shows what a relay really does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// BCM number, 0 to 27.
    pub pin: u8,
    /// Whether a high level means that the relay is on.
    pub active_high: bool,
}

impl Wiring {
    /// A relay on a pin, moved by whatever driver there is, without a contact.
    #[must_use]
    pub fn new(pin: u8, active_high: bool) -> Self {
        Self { pin, active_high, driver: Backend::Auto, chip: CHIP.to_owned(), contact: None }
    }

    /// Moved through a character device, [`CHIP`] unless named.
    #[must_use]
    pub fn through(self, chip: Option<&str>) -> Self {
        Self { driver: Backend::Cdev, chip: chip.unwrap_or(CHIP).to_owned(), ..self }
    }

    /// Whether the pin is high at this level.
    #[must_use]
    pub const fn is_high(&self, level: Level) -> bool {
        matches!(level, Level::On) == self.active_high
    }
}

/// A source of pins.
pub struct Pins {
    backend: Backend,
    /// The socket of [`Backend::Witness`].
    witness: String,
    table: Option<PathBuf>,
    simulated: SimulatedPins,
}

impl Pins {
    /// Pins of one backend; [`Backend::Auto`] leaves it to each pin's wiring.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        let witness = String::new();
        Self { backend, witness, table: None, simulated: SimulatedPins::default() }
    }

    /// Pins whose levels are kept by whoever listens at `socket`.
    #[must_use]
    pub fn witnessed(socket: &Path) -> Self {
        let witness = socket.to_string_lossy().into_owned();
        Self { witness, ..Self::new(Backend::Witness) }
    }

    /// Where it is written down which pins are driven, for `safe-outputs`.
    #[must_use]
    pub fn with_table(self, table: PathBuf) -> Self {
        Self { table: Some(table), ..self }
    }

    /// The pins of the simulated backend, to look at.
    #[must_use]
    pub fn simulated(&self) -> SimulatedPins {
        self.simulated.clone()
    }

    /// Writes down which pins are about to be driven and where they are safe.
    /// Pins of the last run that nobody drives any more are taken to safe here:
    /// if that run was killed, they may still be where it left them.
    ///
    /// # Errors
    /// Says why it could not be written.
    pub fn announce(&self, table: &PinTable) -> std::io::Result<()> {
        let Some(path) = &self.table else { return Ok(()) };
        for line in PinTable::load(path).lines_without(table) {
            if let Err(error) = self.set(&line.wiring(), line.high) {
                tracing::warn!(name = line.name, %error, "a pin of the last run was not taken to safe");
            }
        }
        table.save(path)
    }

    /// Sets a pin once, and leaves it so.
    ///
    /// # Errors
    /// Says which pin could not be had, why, and what to do.
    pub fn set(&self, wiring: &Wiring, high: bool) -> Result<(), ActuatorError> {
        let pin = wiring.pin;
        let line = self.output(wiring, high)?;
        match line.read() {
            Ok(read) if read == high => Ok(()),
            Ok(_) => Err(ActuatorError::Access { pin, cause: "it does not obey".to_owned() }),
            Err(cause) => Err(ActuatorError::Access { pin, cause }),
        }
    }

    /// Claims a relay at `level`, which it shows from the first moment.
    ///
    /// # Errors
    /// Says which pin could not be had, why, and what to do.
    pub fn claim(&self, wiring: &Wiring, level: Level) -> Result<Relay, ActuatorError> {
        let line = self.output(wiring, wiring.is_high(level))?;
        let contact = wiring.contact.map(|contact| {
            let sense = self.input(wiring, contact)?;
            Ok(Watched { contact, sense })
        });
        let contact = contact.transpose()?;
        let wiring = wiring.clone();
        Ok(Relay { wiring, line, contact, commanded: level, since: Duration::ZERO })
    }

    fn output(&self, wiring: &Wiring, high: bool) -> Result<Box<dyn Pin>, ActuatorError> {
        let (pin, chip) = (wiring.pin, wiring.chip.as_str());
        self.through(
            wiring,
            pin,
            || drivers::rppal_output(pin, high),
            || drivers::cdev_output(chip, pin, high),
            || self.simulated.output(pin, high),
            || witness::output(&self.witness, pin, high),
        )
    }

    fn input(&self, wiring: &Wiring, contact: Contact) -> Result<Box<dyn Sense>, ActuatorError> {
        let Contact { pin, active_high } = contact;
        // Pulled to "off": a broken wire never looks like a relay that is on.
        let pull_up = !active_high;
        let inverted = active_high != wiring.active_high;
        self.through(
            wiring,
            pin,
            || drivers::rppal_input(pin, pull_up),
            || drivers::cdev_input(&wiring.chip, pin, pull_up),
            || self.simulated.contact(pin, wiring.pin, inverted),
            || witness::input(&self.witness, pin),
        )
    }

    /// Asks the backend that is meant.
    fn through<T>(
        &self,
        wiring: &Wiring,
        pin: u8,
        rppal: impl Fn() -> Result<T, String>,
        cdev: impl Fn() -> Result<T, String>,
        simulated: impl Fn() -> T,
        witness: impl Fn() -> Result<T, String>,
    ) -> Result<T, ActuatorError> {
        let backend = if self.backend == Backend::Auto { wiring.driver } else { self.backend };
        let claimed = match backend {
            Backend::Auto => {
                rppal().or_else(|first| cdev().map_err(|second| format!("{first}; {second}")))
            }
            Backend::Rppal => rppal(),
            Backend::Cdev => cdev(),
            Backend::Simulated => Ok(simulated()),
            Backend::Witness => witness(),
        };
        claimed.map_err(|cause| ActuatorError::Claim { pin, cause })
    }
}

struct Watched {
    contact: Contact,
    sense: Box<dyn Sense>,
}

/// What a relay shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// This level.
    Level(Level),
    /// This level, though its pin says otherwise; the words say what that may mean.
    Disobedient(Level, String),
    /// It may still be on its way.
    Moving,
}

/// A relay: a claimed pin with its polarity, and its contact if it has one.
pub struct Relay {
    wiring: Wiring,
    line: Box<dyn Pin>,
    contact: Option<Watched>,
    commanded: Level,
    /// When it was last commanded otherwise than before.
    since: Duration,
}

impl Relay {
    /// Brings the pin to a level; says what the relay shows then.
    ///
    /// # Errors
    /// Says why the level could not be set or read.
    pub fn command(&mut self, now: Duration, level: Level) -> Result<Shown, ActuatorError> {
        if self.commanded != level {
            (self.commanded, self.since) = (level, now);
        }
        self.apply(level)?;
        self.shown(now)
    }

    /// What the relay shows: its contact where it has one, its pin otherwise.
    ///
    /// # Errors
    /// Says why it could not be read.
    pub fn shown(&self, now: Duration) -> Result<Shown, ActuatorError> {
        let pin = self.feedback()?;
        let Some(Watched { contact, sense }) = &self.contact else {
            return Ok(Shown::Level(pin));
        };
        if pin != self.commanded {
            return Ok(Shown::Level(pin));
        }
        let high =
            sense.read().map_err(|cause| ActuatorError::Access { pin: contact.pin, cause })?;
        let real = if high == contact.active_high { Level::On } else { Level::Off };
        Ok(if real == pin {
            Shown::Level(real)
        } else if now.saturating_sub(self.since) < SETTLE {
            Shown::Moving
        } else {
            Shown::Disobedient(real, disobedience(contact.pin, pin, real))
        })
    }

    fn access(&self) -> impl Fn(String) -> ActuatorError {
        let pin = self.wiring.pin;
        move |cause| ActuatorError::Access { pin, cause }
    }
}

impl Actuator for Relay {
    fn apply(&mut self, level: Level) -> Result<Level, ActuatorError> {
        let high = self.wiring.is_high(level);
        self.line.write(high).map_err(self.access())?;
        self.feedback()
    }

    fn feedback(&self) -> Result<Level, ActuatorError> {
        let high = self.line.read().map_err(self.access())?;
        Ok(if high == self.wiring.active_high { Level::On } else { Level::Off })
    }
}

fn disobedience(contact: u8, pin: Level, real: Level) -> String {
    let cause = match real {
        Level::On => "the relay may be welded",
        Level::Off => "the relay may be dead or without power",
    };
    format!(
        "the pin is {pin} and the contact on GPIO {contact} still says {real}: \
         {cause}, or the wire of the contact is broken"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(60);

    fn with_contact(active_high: bool) -> Wiring {
        let contact = Some(Contact { pin: 22, active_high });
        Wiring { contact, ..Wiring::new(17, true) }
    }

    /// Claims at `start`, applies `level`, expects the pin `high` and the read-back equal.
    #[track_caller]
    fn check(active_high: bool, start: Level, start_high: bool, level: Level, high: bool) {
        let pins = Pins::new(Backend::Simulated);
        let mut relay = pins.claim(&Wiring::new(17, active_high), start).unwrap();
        assert_eq!(pins.simulated().high(17), Some(start_high), "at the claim");
        assert_eq!(relay.apply(level).unwrap(), level);
        assert_eq!(pins.simulated().high(17), Some(high), "after the act");
    }

    #[test]
    fn an_active_high_relay_is_on_when_the_pin_is_high() {
        check(true, Level::Off, false, Level::On, true);
        check(true, Level::On, true, Level::Off, false);
    }

    #[test]
    fn an_active_low_relay_is_claimed_high_to_be_off() {
        check(false, Level::Off, true, Level::On, false);
        check(false, Level::On, false, Level::Off, true);
    }

    #[test]
    fn feedback_tells_what_the_pin_shows_not_what_was_asked() {
        let pins = Pins::new(Backend::Simulated);
        let mut relay = pins.claim(&Wiring::new(4, true), Level::Off).unwrap();
        relay.apply(Level::On).unwrap();
        pins.simulated().force(4, false);
        assert_eq!(relay.feedback().unwrap(), Level::Off);
    }

    /// The contact's pin is forced to `high`; what is shown at once and later?
    #[track_caller]
    fn check_contact(active_high: bool, level: Level, forced: Option<bool>, later: Option<Level>) {
        let pins = Pins::new(Backend::Simulated);
        let mut relay = pins.claim(&with_contact(active_high), Level::Off).unwrap();
        if let Some(high) = forced {
            pins.simulated().force(22, high);
        }
        let at_once = relay.command(LATER, level).unwrap();
        let then = relay.shown(LATER + SETTLE).unwrap();
        match later {
            None => {
                assert_eq!(at_once, Shown::Level(level));
                assert_eq!(then, Shown::Level(level));
            }
            Some(real) => {
                assert_eq!(at_once, Shown::Moving);
                assert!(matches!(&then, Shown::Disobedient(is, _) if *is == real), "{then:?}");
            }
        }
    }

    #[test]
    fn a_contact_that_follows_is_the_relay_itself() {
        for active_high in [true, false] {
            check_contact(active_high, Level::On, None, None);
        }
    }

    #[test]
    fn a_relay_that_does_not_switch_on_is_not_on() {
        check_contact(true, Level::On, Some(false), Some(Level::Off));
        check_contact(false, Level::On, Some(true), Some(Level::Off));
    }

    #[test]
    fn a_welded_relay_is_on_whatever_its_pin_says() {
        let pins = Pins::new(Backend::Simulated);
        let mut relay = pins.claim(&with_contact(true), Level::Off).unwrap();
        relay.command(LATER, Level::On).unwrap();
        pins.simulated().force(22, true);
        assert_eq!(relay.command(2 * LATER, Level::Off).unwrap(), Shown::Moving);
        let Shown::Disobedient(Level::On, why) = relay.shown(2 * LATER + SETTLE).unwrap() else {
            panic!("a welded relay was believed")
        };
        assert!(why.contains("GPIO 22") && why.contains("welded"), "{why}");
    }

    #[test]
    fn a_pin_that_somebody_moved_is_shown_whatever_the_contact_says() {
        let pins = Pins::new(Backend::Simulated);
        let relay = pins.claim(&with_contact(true), Level::Off).unwrap();
        pins.simulated().force(22, false);
        pins.simulated().force(17, true);
        assert_eq!(relay.shown(LATER).unwrap(), Shown::Level(Level::On));
    }

    #[test]
    fn a_machine_without_gpio_says_which_pin_and_why() {
        let chip = "/nowhere/gpiochip9".to_owned();
        let wiring = Wiring { chip, ..Wiring::new(17, true) };
        let Err(error) = Pins::new(Backend::Cdev).claim(&wiring, Level::Off) else {
            panic!("claimed a pin")
        };
        let text = error.to_string();
        assert!(text.contains("GPIO 17") && text.contains("/nowhere/gpiochip9"), "{text}");
    }

    #[test]
    fn pins_that_nobody_drives_any_more_are_taken_to_safe() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins");
        let table = |pin: u8| PinTable::new([(Wiring::new(pin, true), Level::Off, "heater")]);
        table(17).save(&file).unwrap();
        let pins = Pins::new(Backend::Simulated).with_table(file.clone());
        // The last run was killed with the heater on; then the pin was changed.
        pins.simulated().force(17, true);
        pins.announce(&table(18)).unwrap();
        assert_eq!(pins.simulated().high(17), Some(false));
        assert_eq!(pins.simulated().high(18), None, "claimed by whoever drives it");
        assert_eq!(PinTable::load(&file).table, table(18));
    }
}
