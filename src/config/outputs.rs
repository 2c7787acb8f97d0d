//! `[outputs.NAME]`: what is switched, and what holds whatever any rule says.
//!
//! Safety lives with the output. Its safe state has no default: an owner must
//! have thought about it. Everything else has one that is not zero.

use std::time::Duration;

use crate::actuator::gpio::{Backend, CHIP, Contact, Wiring};
use crate::arbiter::{AtExit, Level, Policy, Want};

use super::Names;
use super::devices::{Device, known};
use super::interlocks::KEYS;
use super::limits::Limits;
use super::reader::{Placed, Section};

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
}

/// What switches an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actuator {
    /// A pin of the board.
    Gpio(Wiring),
    /// The load output of a charger (register 0xEDAB).
    LoadOutput {
        /// The device's name.
        device: String,
        /// What "on" writes.
        on_mode: OnMode,
    },
}

/// What "on" writes to a charger's load output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMode {
    /// The charger's own algorithm.
    Auto,
    /// Forced on, without a guard against deep discharge.
    On,
    /// Levels set by the owner, 1.
    User1,
    /// Levels set by the owner, 2.
    User2,
    /// Conventional algorithm 1.
    Alt1,
    /// Conventional algorithm 2.
    Alt2,
    /// Automatic energy selector.
    Aes,
}

impl OnMode {
    /// The low four bits of register 0xEDAB.
    #[must_use]
    pub const fn raw(self) -> u8 {
        match self {
            Self::Auto => 1,
            Self::Alt1 => 2,
            Self::Alt2 => 3,
            Self::On => 4,
            Self::User1 => 5,
            Self::User2 => 6,
            Self::Aes => 7,
        }
    }
}

const LEVELS_OF_PINS: [(&str, bool); 2] = [("high", true), ("low", false)];

const LEVELS: [(&str, Level); 2] = [("on", Level::On), ("off", Level::Off)];

const ON_MODES: [(&str, OnMode); 7] = [
    ("auto", OnMode::Auto),
    ("on", OnMode::On),
    ("user1", OnMode::User1),
    ("user2", OnMode::User2),
    ("alt1", OnMode::Alt1),
    ("alt2", OnMode::Alt2),
    ("aes", OnMode::Aes),
];

/// Reads all outputs.
pub(super) fn outputs(root: &Section<'_>, devices: &[Device], names: &mut Names) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::new();
    for (name, section) in root.sections("outputs") {
        names.take(&section, &name);
        let actuator = actuator(&section, devices, &outputs);
        let policy = policy(&section, name, matches!(actuator, Some(Actuator::LoadOutput { .. })));
        // Read when everything that they may name is known.
        section.expect(&KEYS);
        section.done();
        if let Some((actuator, policy)) = actuator.zip(policy) {
            outputs.push(Output { actuator, policy });
        }
    }
    if outputs.len() > OUTPUTS_MAX {
        let message = format!("{} outputs are too many, {OUTPUTS_MAX} is the most", outputs.len());
        root.complain(root.header("outputs"), message, "");
    }
    outputs
}

fn actuator(section: &Section<'_>, devices: &[Device], outputs: &[Output]) -> Option<Actuator> {
    match (section.has("gpio"), section.has("load_output")) {
        (true, true) => {
            let help = "an output is switched by a pin or by a charger: keep one";
            section.complain(section.header("gpio"), "`gpio` beside `load_output`", help);
            no_actuator(section)
        }
        (true, false) => gpio(section, outputs),
        (false, true) => load_output(section, devices, outputs),
        (false, false) => {
            let help = "add `gpio = 17`, or `device = \"mppt\"` with `load_output = true`";
            let message = format!("[{}] does not say what switches it", section.path);
            section.complain(section.span.clone(), message, help);
            no_actuator(section)
        }
    }
}

/// Keys of either kind may be there and are not unknown.
fn no_actuator(section: &Section<'_>) -> Option<Actuator> {
    for key in ["device", "active", "on_mode", "driver", "chip", "feedback", "feedback_active"] {
        section.get(key);
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

fn load_output(section: &Section<'_>, devices: &[Device], outputs: &[Output]) -> Option<Actuator> {
    let flag = section.boolean("load_output");
    let device = section.text("device");
    let on_mode = section.choice("on_mode", &ON_MODES);
    if !section.has("device") {
        section.missing("device", "the charger whose load output it is: `device = \"mppt\"`");
    }
    if let Some(Placed { value: false, span }) = flag {
        let help = "remove the line, or write `load_output = true`";
        section.complain(span, "`load_output = false` switches nothing", help);
    }
    let device = device?;
    known(section, devices, &device.value, &device.span)?;
    let same = |output: &&Output| match &output.actuator {
        Actuator::LoadOutput { device: other, .. } => *other == device.value,
        Actuator::Gpio(_) => false,
    };
    if let Some(other) = outputs.iter().find(same) {
        let name = &other.policy.name;
        let message = format!("the load output of `{}` is `{name}` already", device.value);
        section.complain(device.span.clone(), message, "a charger has one load output");
    }
    Some(Actuator::LoadOutput { device: device.value, on_mode: on_mode.unwrap_or(OnMode::Auto) })
}

fn policy(section: &Section<'_>, name: Placed<String>, register: bool) -> Option<Policy> {
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
        always_driven: !register,
        at_exit: at_exit.unwrap_or(AtExit::Want(safe)),
        min_on,
        min_off,
        max_on: limits.max_on,
        max_on_per_day: limits.max_on_per_day,
        max_starts_per_hour: limits.max_starts_per_hour,
        max_writes_per_day: writes.or(register.then_some(WRITES_PER_DAY)),
        lease: None,
    })
}
