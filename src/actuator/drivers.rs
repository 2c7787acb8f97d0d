//! The two ways to a real pin: a Raspberry Pi's registers, or the kernel.
//!
//! `rppal` maps the registers: a pin keeps its level when the process is gone,
//! killed or not, which is why its level is always written and never left to a
//! destructor. The character device asks the kernel: many kernels let the pin go
//! as soon as the process ends, whatever it was.

/// A claimed output pin, in electrical levels.
pub(super) trait Pin: Send {
    fn write(&mut self, high: bool) -> Result<(), String>;
    fn read(&self) -> Result<bool, String>;
}

/// A pin that is only looked at.
pub(super) trait Sense: Send {
    fn read(&self) -> Result<bool, String>;
}

/// A pin as an output that is `high` or low from the first moment.
#[cfg(feature = "gpio-rppal")]
pub(super) fn rppal_output(pin: u8, high: bool) -> Result<Box<dyn Pin>, String> {
    let pin = rppal_pin(pin)?;
    // Both write the level first and make the pin an output then.
    let mut output = if high { pin.into_output_high() } else { pin.into_output_low() };
    // Where a pin ends is written explicitly at exit, never left to a destructor.
    output.set_reset_on_drop(false);
    Ok(Box::new(Register(output)))
}

/// A pin as an input, pulled towards `pull_up`.
#[cfg(feature = "gpio-rppal")]
pub(super) fn rppal_input(pin: u8, pull_up: bool) -> Result<Box<dyn Sense>, String> {
    let pin = rppal_pin(pin)?;
    let mut input = if pull_up { pin.into_input_pullup() } else { pin.into_input_pulldown() };
    input.set_reset_on_drop(false);
    Ok(Box::new(RegisterInput(input)))
}

#[cfg(feature = "gpio-rppal")]
fn rppal_pin(pin: u8) -> Result<rppal::gpio::Pin, String> {
    let gpio = rppal::gpio::Gpio::new().map_err(|error| format!("rppal: {error}"))?;
    gpio.get(pin).map_err(|error| format!("rppal: {error}"))
}

#[cfg(not(feature = "gpio-rppal"))]
pub(super) fn rppal_output(_pin: u8, _high: bool) -> Result<Box<dyn Pin>, String> {
    Err("rppal: not built into this program".to_owned())
}

#[cfg(not(feature = "gpio-rppal"))]
pub(super) fn rppal_input(_pin: u8, _pull_up: bool) -> Result<Box<dyn Sense>, String> {
    Err("rppal: not built into this program".to_owned())
}

#[cfg(feature = "gpio-rppal")]
struct Register(rppal::gpio::OutputPin);

#[cfg(feature = "gpio-rppal")]
impl Pin for Register {
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

#[cfg(feature = "gpio-rppal")]
struct RegisterInput(rppal::gpio::InputPin);

#[cfg(feature = "gpio-rppal")]
impl Sense for RegisterInput {
    fn read(&self) -> Result<bool, String> {
        Ok(self.0.is_high())
    }
}

/// A line of the character device `chip` as an output that is `high` or low from
/// the first moment.
#[cfg(feature = "gpio-cdev")]
pub(super) fn cdev_output(chip: &str, pin: u8, high: bool) -> Result<Box<dyn Pin>, String> {
    gpiocdev::Request::builder()
        .on_chip(chip)
        .with_consumer("sunkeep")
        .with_line(u32::from(pin))
        .as_output(line_value(high))
        .request()
        .map(|request| Box::new(Line(request)) as Box<dyn Pin>)
        .map_err(|error| format!("{chip}: {error}"))
}

/// A line of the character device `chip` as an input, pulled towards `pull_up`.
#[cfg(feature = "gpio-cdev")]
pub(super) fn cdev_input(chip: &str, pin: u8, pull_up: bool) -> Result<Box<dyn Sense>, String> {
    use gpiocdev::line::Bias;
    gpiocdev::Request::builder()
        .on_chip(chip)
        .with_consumer("sunkeep")
        .with_line(u32::from(pin))
        .as_input()
        .with_bias(if pull_up { Bias::PullUp } else { Bias::PullDown })
        .request()
        .map(|request| Box::new(Line(request)) as Box<dyn Sense>)
        .map_err(|error| format!("{chip}: {error}"))
}

#[cfg(not(feature = "gpio-cdev"))]
pub(super) fn cdev_output(_chip: &str, _pin: u8, _high: bool) -> Result<Box<dyn Pin>, String> {
    Err("character device: not built into this program".to_owned())
}

#[cfg(not(feature = "gpio-cdev"))]
pub(super) fn cdev_input(_chip: &str, _pin: u8, _pull_up: bool) -> Result<Box<dyn Sense>, String> {
    Err("character device: not built into this program".to_owned())
}

#[cfg(feature = "gpio-cdev")]
struct Line(gpiocdev::Request);

#[cfg(feature = "gpio-cdev")]
const fn line_value(high: bool) -> gpiocdev::line::Value {
    if high { gpiocdev::line::Value::Active } else { gpiocdev::line::Value::Inactive }
}

#[cfg(feature = "gpio-cdev")]
impl Line {
    fn is_high(&self) -> Result<bool, String> {
        let value = self.0.lone_value().map_err(|error| error.to_string())?;
        Ok(value == gpiocdev::line::Value::Active)
    }
}

#[cfg(feature = "gpio-cdev")]
impl Pin for Line {
    fn write(&mut self, high: bool) -> Result<(), String> {
        self.0.set_lone_value(line_value(high)).map_err(|error| error.to_string())
    }

    fn read(&self) -> Result<bool, String> {
        self.is_high()
    }
}

#[cfg(feature = "gpio-cdev")]
impl Sense for Line {
    fn read(&self) -> Result<bool, String> {
        self.is_high()
    }
}
