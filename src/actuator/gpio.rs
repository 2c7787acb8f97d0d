//! Relays on GPIO pins, through whichever driver the machine has.
//!
//! Three backends behind one trait: `rppal` writes the registers of a Raspberry
//! Pi, `cdev` asks the kernel on any board, `simulated` is for demos and tests.
//! A pin is claimed with its level already decided, so that there is no moment
//! in which it shows another one. Polarity lives here and nowhere else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Actuator, ActuatorError};
use crate::arbiter::Level;

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
}

/// A claimed pin, in electrical levels.
trait Pin: Send {
    fn write(&mut self, high: bool) -> Result<(), String>;
    fn read(&self) -> Result<bool, String>;
}

/// A source of pins.
pub struct Pins {
    backend: Backend,
    chip: String,
    simulated: SimulatedPins,
}

impl Pins {
    /// Pins of one backend; `chip` names the character device, such as
    /// `/dev/gpiochip0`, and matters to [`Backend::Cdev`] alone.
    #[must_use]
    pub fn new(backend: Backend, chip: &str) -> Self {
        Self { backend, chip: chip.to_owned(), simulated: SimulatedPins::default() }
    }

    /// The pins of the simulated backend, to look at.
    #[must_use]
    pub fn simulated(&self) -> SimulatedPins {
        self.simulated.clone()
    }

    /// Claims BCM pin `pin` as an output that shows `level` from the first moment.
    ///
    /// # Errors
    /// Says which pin could not be had, why, and what to do.
    pub fn claim(&self, pin: u8, active_high: bool, level: Level) -> Result<Relay, ActuatorError> {
        let high = (level == Level::On) == active_high;
        let claimed = match self.backend {
            Backend::Auto => rppal_pin(pin, high).or_else(|first| {
                cdev_pin(&self.chip, pin, high).map_err(|second| format!("{first}; {second}"))
            }),
            Backend::Rppal => rppal_pin(pin, high),
            Backend::Cdev => cdev_pin(&self.chip, pin, high),
            Backend::Simulated => Ok(self.simulated.claim(pin, high)),
        };
        match claimed {
            Ok(line) => Ok(Relay { pin, active_high, line }),
            Err(cause) => Err(ActuatorError::Claim { pin, cause }),
        }
    }
}

/// A relay: a claimed pin with its polarity.
pub struct Relay {
    pin: u8,
    active_high: bool,
    line: Box<dyn Pin>,
}

impl Actuator for Relay {
    fn apply(&mut self, level: Level) -> Result<Level, ActuatorError> {
        let high = (level == Level::On) == self.active_high;
        self.line.write(high).map_err(|cause| ActuatorError::Access { pin: self.pin, cause })?;
        self.feedback()
    }

    fn feedback(&self) -> Result<Level, ActuatorError> {
        let high =
            self.line.read().map_err(|cause| ActuatorError::Access { pin: self.pin, cause })?;
        Ok(if high == self.active_high { Level::On } else { Level::Off })
    }
}

#[cfg(feature = "gpio-rppal")]
fn rppal_pin(pin: u8, high: bool) -> Result<Box<dyn Pin>, String> {
    let gpio = rppal::gpio::Gpio::new().map_err(|error| format!("rppal: {error}"))?;
    let pin = gpio.get(pin).map_err(|error| format!("rppal: {error}"))?;
    let mut output = if high { pin.into_output_high() } else { pin.into_output_low() };
    // Where a pin ends is written explicitly at exit, never left to a destructor.
    output.set_reset_on_drop(false);
    Ok(Box::new(RppalPin(output)))
}

#[cfg(not(feature = "gpio-rppal"))]
fn rppal_pin(_pin: u8, _high: bool) -> Result<Box<dyn Pin>, String> {
    Err("rppal: not built into this program".to_owned())
}

#[cfg(feature = "gpio-rppal")]
struct RppalPin(rppal::gpio::OutputPin);

#[cfg(feature = "gpio-rppal")]
impl Pin for RppalPin {
    fn write(&mut self, high: bool) -> Result<(), String> {
        if high {
            self.0.set_high();
        } else {
            self.0.set_low();
        }
        Ok(())
    }

    fn read(&self) -> Result<bool, String> {
        Ok(self.0.is_set_high())
    }
}

#[cfg(feature = "gpio-cdev")]
fn cdev_pin(chip: &str, pin: u8, high: bool) -> Result<Box<dyn Pin>, String> {
    use gpiocdev::line::Value;
    let value = if high { Value::Active } else { Value::Inactive };
    gpiocdev::Request::builder()
        .on_chip(chip)
        .with_consumer("sunkeep")
        .with_line(u32::from(pin))
        .as_output(value)
        .request()
        .map(|request| Box::new(CdevPin(request)) as Box<dyn Pin>)
        .map_err(|error| format!("{chip}: {error}"))
}

#[cfg(not(feature = "gpio-cdev"))]
fn cdev_pin(_chip: &str, _pin: u8, _high: bool) -> Result<Box<dyn Pin>, String> {
    Err("character device: not built into this program".to_owned())
}

#[cfg(feature = "gpio-cdev")]
struct CdevPin(gpiocdev::Request);

#[cfg(feature = "gpio-cdev")]
impl Pin for CdevPin {
    fn write(&mut self, high: bool) -> Result<(), String> {
        use gpiocdev::line::Value;
        let value = if high { Value::Active } else { Value::Inactive };
        self.0.set_lone_value(value).map_err(|error| error.to_string())
    }

    fn read(&self) -> Result<bool, String> {
        let value = self.0.lone_value().map_err(|error| error.to_string())?;
        Ok(value == gpiocdev::line::Value::Active)
    }
}

/// Pins that exist in memory only; clones look at the same pins.
#[derive(Clone, Debug, Default)]
pub struct SimulatedPins {
    levels: Arc<Mutex<BTreeMap<u8, bool>>>,
}

impl SimulatedPins {
    /// The electrical level of a pin; `None` while nobody has claimed it.
    #[must_use]
    pub fn high(&self, pin: u8) -> Option<bool> {
        self.lock().get(&pin).copied()
    }

    /// Moves a pin behind the program's back, as a fault would.
    pub fn force(&self, pin: u8, high: bool) {
        self.lock().insert(pin, high);
    }

    fn claim(&self, pin: u8, high: bool) -> Box<dyn Pin> {
        self.force(pin, high);
        Box::new(SimulatedPin { pin, pins: self.clone() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u8, bool>> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct SimulatedPin {
    pin: u8,
    pins: SimulatedPins,
}

impl Pin for SimulatedPin {
    fn write(&mut self, high: bool) -> Result<(), String> {
        self.pins.force(self.pin, high);
        Ok(())
    }

    fn read(&self) -> Result<bool, String> {
        self.pins.high(self.pin).ok_or_else(|| "not claimed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claims at `start`, applies `level`, expects the pin `high` and the read-back equal.
    #[track_caller]
    fn check(active_high: bool, start: Level, start_high: bool, level: Level, high: bool) {
        let pins = Pins::new(Backend::Simulated, "");
        let mut relay = pins.claim(17, active_high, start).unwrap();
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
        let pins = Pins::new(Backend::Simulated, "");
        let mut relay = pins.claim(4, true, Level::Off).unwrap();
        relay.apply(Level::On).unwrap();
        pins.simulated().force(4, false);
        assert_eq!(relay.feedback().unwrap(), Level::Off);
    }

    #[test]
    fn a_machine_without_gpio_says_which_pin_and_why() {
        let pins = Pins::new(Backend::Cdev, "/nowhere/gpiochip9");
        let Err(error) = pins.claim(17, true, Level::Off) else { panic!("claimed a pin") };
        let text = error.to_string();
        assert!(text.contains("GPIO 17") && text.contains("/nowhere/gpiochip9"), "{text}");
    }
}
