//! `[outputs.NAME]`: what is switched, and what holds whatever any rule says.
//!
//! Safety lives with the output. Its safe state has no default: an owner must
//! have thought about it. Everything else has one that is not zero.

use std::time::Duration;

use crate::actuator::gpio::{Backend, CHIP, Contact, Wiring};
use crate::actuator::plan::Plan;
use crate::actuator::switches::ALL;
use crate::arbiter::{AtExit, Level, Policy, Want};
use crate::vedirect::register::{self, Family};

use super::Names;
use super::devices::Device;
use super::interlocks::KEYS;
use super::limits::Limits;
use super::reader::{Placed, Section};
use super::setpoints;
use super::switches::{self, Setting};

/// Shortest time on: no relay or compressor likes less.
const MIN_ON: Duration = Duration::from_secs(60);
/// Shortest time off: what a compressor needs before it starts again.
const MIN_OFF: Duration = Duration::from_secs(180);
/// Longest time away from safe unless declared otherwise.
const MAX_ON: Duration = Duration::from_secs(3600);
/// Writes of a register in flash: 4 a day are 30 000 in 20 years.
const WRITES_PER_DAY: u32 = 4;
/// A budget beyond this is none.
const WRITES_MAX: u32 = 1000;
/// The highest GPIO of a Raspberry Pi's header.
pub(super) const PIN_MAX: u32 = 27;
/// Outputs are shown on one page and checked in every step.
const OUTPUTS_MAX: usize = 64;

/// An output.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// What switches it.
    pub actuator: Actuator,
    /// What holds whatever any rule says; its name too.
    pub policy: Policy,
    /// What its device is set to once and for all.
    pub settings: Vec<Setting>,
}

/// What switches an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Actuator {
    /// A pin of the board.
    Gpio(Wiring),
    /// A register of a device.
    Register(Plan),
}

const LEVELS_OF_PINS: [(&str, bool); 2] = [("high", true), ("low", false)];

const LEVELS: [(&str, Level); 2] = [("on", Level::On), ("off", Level::Off)];

/// Reads all outputs.
pub(super) fn outputs(root: &Section<'_>, devices: &[Device], names: &mut Names) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::new();
    for (name, section) in root.sections("outputs") {
        names.take(&section, &name);
        let actuator = actuator(&section, devices, &outputs);
        let stored = match &actuator {
            Some((Actuator::Register(plan), _)) => Some(plan.is_stored()),
            Some((Actuator::Gpio(_), _)) | None => None,
        };
        let policy = policy(&section, name, stored);
        // Read when everything that they may name is known.
        section.expect(&KEYS);
        section.done();
        if let Some(((actuator, settings), policy)) = actuator.zip(policy) {
            outputs.push(Output { actuator, policy, settings });
        }
    }
    if outputs.len() > OUTPUTS_MAX {
        let message = format!("{} outputs are too many, {OUTPUTS_MAX} is the most", outputs.len());
        root.complain(root.header("outputs"), message, "");
    }
    outputs
}

/// What switches it, and what is set once with that.
type Read = (Actuator, Vec<Setting>);

fn actuator(section: &Section<'_>, devices: &[Device], outputs: &[Output]) -> Option<Read> {
    let keys = ALL.iter().map(|known| known.key);
    let keys = ["gpio"].into_iter().chain(keys).chain([switches::REGISTER]);
    let given: Vec<&str> = keys.filter(|key| section.has(key)).collect();
    let key = match given.as_slice() {
        [key] => *key,
        [] => {
            let help = "add `gpio = 17`, or `device = \"mppt\"` with `load_output = true`";
            let message = format!("[{}] does not say what switches it", section.path);
            section.complain(section.span.clone(), message, help);
            return no_actuator(section);
        }
        [one, other, ..] => {
            let help = "an output is switched by one thing: keep one";
            section.complain(section.header(one), format!("`{one}` beside `{other}`"), help);
            return no_actuator(section);
        }
    };
    let (plan, settings) = match ALL.iter().find(|known| known.key == key) {
        Some(known) => switches::known(section, devices, known)?,
        None if key == switches::REGISTER => switches::register(section, devices)?,
        None => return Some((gpio(section, outputs)?, Vec::new())),
    };
    let fixed: Vec<_> = outputs.iter().flat_map(setpoints::settings).collect();
    let others = || switches::plans(outputs).chain(setpoints::plans(&fixed));
    switches::free(section, &plan, others(), key);
    for setting in &settings {
        let own = Plan::number(&plan.device, register::find(Family::Mppt, setting.register)?);
        switches::free(section, &own, others(), setting.key);
    }
    Some((Actuator::Register(plan), settings))
}

/// Keys of any kind may be there and are not unknown.
fn no_actuator(section: &Section<'_>) -> Option<Read> {
    let of_pins = ["active", "driver", "chip", "feedback", "feedback_active"];
    let of_registers = ["device", "on_mode", "on", "off", "disconnect_below", "reconnect_above"];
    for keys in [&of_pins[..], &of_registers] {
        // Not asked for, and no mistake.
        section.expect(keys);
    }
    None
}

fn gpio(section: &Section<'_>, outputs: &[Output]) -> Option<Actuator> {
    let pin = section.whole("gpio", 0, PIN_MAX);
    let active = section.choice("active", &LEVELS_OF_PINS);
    if !section.has("active") {
        section.missing("active", "\"high\": a high level switches on; \"low\": a low one does");
    }
    let contact = contact(section, pin.as_ref(), outputs);
    let (driver, chip) = driver(section);
    let pin = free_pin(section, pin?, outputs)?;
    Some(Actuator::Gpio(Wiring { driver, chip, contact, ..Wiring::new(pin, active?) }))
}

/// The pin that shows what the relay really does.
fn contact(
    section: &Section<'_>,
    own: Option<&Placed<u32>>,
    outputs: &[Output],
) -> Option<Contact> {
    let pin = section.whole("feedback", 0, PIN_MAX);
    let active = section.choice("feedback_active", &LEVELS_OF_PINS);
    let Some(pin) = pin else {
        if section.has("feedback_active") && !section.has("feedback") {
            section.missing("feedback", "the pin of the contact: `feedback = 22`");
        }
        return None;
    };
    if own.is_some_and(|own| own.value == pin.value) {
        let help = "a pin that switches cannot show whether the relay has moved";
        section.complain(pin.span, "`feedback` is the pin of the relay itself", help);
        return None;
    }
    let pin = free_pin(section, pin, outputs)?;
    Some(Contact { pin, active_high: active.unwrap_or(true) })
}

fn driver(section: &Section<'_>) -> (Backend, String) {
    let drivers = [("auto", Backend::Auto), ("rppal", Backend::Rppal), ("chardev", Backend::Cdev)];
    let driver = section.choice("driver", &drivers).unwrap_or_default();
    let chip = section.text("chip");
    if let Some(chip) = &chip
        && (driver != Backend::Cdev || !chip.value.starts_with("/dev/"))
    {
        let help = "for example `driver = \"chardev\"` with `chip = \"/dev/gpiochip4\"`";
        section.complain(chip.span.clone(), "`chip` is the device of `driver = \"chardev\"`", help);
    }
    (driver, chip.map_or_else(|| CHIP.to_owned(), |chip| chip.value))
}

/// A pin that no other output has.
pub(super) fn free_pin(section: &Section<'_>, pin: Placed<u32>, outputs: &[Output]) -> Option<u8> {
    let Placed { value, span } = pin;
    // `whole` has checked the range.
    let pin = u8::try_from(value).ok()?;
    for output in outputs {
        let Actuator::Gpio(wiring) = &output.actuator else { continue };
        let contact = wiring.contact.is_some_and(|contact| contact.pin == pin);
        if wiring.pin == pin || contact {
            let does = if contact { "is the feedback of" } else { "switches" };
            let message = format!("pin {pin} {does} `{}` already", output.policy.name);
            section.complain(span.clone(), message, "every output needs a pin of its own");
        }
    }
    Some(pin)
}

/// `stored`: whether a register is written, and one that wears out.
fn policy(section: &Section<'_>, name: Placed<String>, stored: Option<bool>) -> Option<Policy> {
    if !section.has("safe") {
        section.missing("safe", "say which level does no harm: `safe = \"off\"` or \"on\"");
    }
    let safe = section.choice("safe", &LEVELS);
    let at_exit = section.choice(
        "at_exit",
        &[
            ("on", AtExit::Want(Want::Level(Level::On))),
            ("off", AtExit::Want(Want::Level(Level::Off))),
            ("leave", AtExit::Leave),
        ],
    );
    let min_on = section.duration("min_on").unwrap_or(MIN_ON);
    let min_off = section.duration("min_off").unwrap_or(MIN_OFF);
    let limits = Limits::read(section, MAX_ON);
    let writes = section.whole("max_writes_per_day", 1, WRITES_MAX).map(|count| count.value);
    let safe = Want::Level(safe?);
    Some(Policy {
        name: name.value,
        safe,
        default: safe,
        always_driven: stored.is_none(),
        at_exit: at_exit.unwrap_or(AtExit::Want(safe)),
        min_on,
        min_off,
        max_on: limits.max_on,
        max_on_per_day: limits.max_on_per_day,
        max_starts_per_hour: limits.max_starts_per_hour,
        max_writes_per_day: writes.or((stored == Some(true)).then_some(WRITES_PER_DAY)),
        lease: None,
    })
}
