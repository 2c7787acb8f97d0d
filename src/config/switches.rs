//! `[outputs.NAME]` on a device: what is known to be switchable (a load output, an
//! inverter, a relay, a charger) and any other register with two values.
//!
//! Each becomes a [`Plan`]. A device that cannot do it is refused here if its kind
//! is declared, and by the daemon once it has said what it is.

use std::sync::Arc;

use toml::de::DeValue;

use crate::actuator::plan::{Plan, Switch, Values};
use crate::actuator::switches::{self, Known};
use crate::units::Value;
use crate::vedirect::register::{self, Family, Register, Wear};

use super::devices::{Device, known as declared};
use super::outputs::{Actuator, Output};
use super::reader::{Placed, Section, number_of};
use super::setpoints;

/// The key for a register of the owner's choice.
pub(super) const REGISTER: &str = "register";

/// Registers of a network master: forgotten by the device within a minute.
const LENT: std::ops::RangeInclusive<u16> = 0x2000..=0x20FF;

/// The lowest and the highest level of a load output: batteries of 12 to 48 V.
const LEVELS: (f64, f64) = (8.0, 70.0);

/// Modes of a load output that switch off below a level and on above another.
const WITH_LEVELS: [&str; 2] = ["user1", "aes"];

/// A register of the device that shall have one value, from commissioning on.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What it is called behind the output's name.
    pub key: &'static str,
    /// The register's id.
    pub register: u16,
    /// Its value.
    pub value: f64,
}

/// A switch and what is set once with it.
pub(super) type Read = (Plan, Vec<Setting>);

/// The switch that a section declares under the key of a known one.
pub(super) fn known(
    section: &Section<'_>,
    devices: &[Device],
    known: &'static Known,
) -> Option<Read> {
    let Known { key, what, .. } = known;
    let flag = section.boolean(key);
    if let Some(Placed { value: false, span }) = flag {
        let help = format!("remove the line, or write `{key} = true`");
        section.complain(span, format!("`{key} = false` switches nothing"), &help);
    }
    let named = (known.on.len() > 1).then(|| on_mode(section, known)).flatten();
    let levels = (*key == switches::ALL[0].key).then(|| levels(section));
    let device = device(section, devices, &format!("the device that has {what}"))?;
    if let Some(family) = device.family.filter(|family| !known.families.contains(family)) {
        cannot(section, device, family, known);
        return None;
    }
    let previous = match named {
        Some(On::Previous) => Some(serial(section, device, "on_mode")?),
        Some(On::Value(..)) => None,
        // What the owner has set is the best guess at what he wants.
        None if known.on.len() > 1 => device.serial_number.as_deref().map(Arc::from),
        None => None,
    };
    let (word, value) = match named {
        Some(On::Value(word, value)) => (word, value),
        _ => known.on[0],
    };
    let family = device.family.unwrap_or(known.families[0]);
    let plan = known.plan(&device.name, family, value)?;
    let mut plan = Plan { keeps: previous, declared: device.family, ..plan };
    let Some(levels) = levels.flatten() else { return Some((plan, Vec::new())) };
    if !WITH_LEVELS.contains(&word) {
        let help = "these levels count in `on_mode = \"user1\"` and \"aes\"";
        section.complain(section.header("disconnect_below"), "levels without a use", help);
    }
    if let Values::Switch(switch) = &mut plan.values {
        // Another mode would not keep to the levels.
        switch.strict = true;
    }
    Some((plan, settings(levels)))
}

/// The switch that a section declares by `register`, `on` and `off`.
pub(super) fn register(section: &Section<'_>, devices: &[Device]) -> Option<Read> {
    let asked = section.text(REGISTER);
    let device = device(section, devices, "the device it belongs to");
    let asked = asked.zip(device);
    let row = asked.and_then(|(name, device)| {
        Some((device, setpoints::row(section, device, &name, refusal(device))?))
    });
    let row_of = row.map(|(_, row)| row);
    let (on, off) = (level(section, "on", row_of), level(section, "off", row_of));
    let (device, row) = row?;
    let (on, off) = (on?, off?);
    if (on - off).abs() < row.scale / 2.0 {
        let message = "`on` and `off` are the same";
        section.complain(section.header("off"), message, "nothing would be switched");
    }
    let switch = Switch { off, off_too: None, on, strict: true };
    let plan = Plan { values: Values::Switch(switch), ..Plan::number(&device.name, row) };
    Some((plan, Vec::new()))
}

/// Complains about registers that something else writes already.
pub(super) fn free<'a>(
    section: &Section<'_>,
    plan: &Plan,
    others: impl Iterator<Item = (&'a str, &'a Plan)>,
    key: &str,
) {
    for (name, other) in others.filter(|(_, other)| other.device == plan.device) {
        let Some(both) = plan.writes().find(|id| other.writes().any(|other| other == *id)) else {
            continue;
        };
        let message = format!("register 0x{both:04X} of `{}` is `{name}` already", plan.device);
        section.complain(section.header(key), message, "one name for one register");
    }
}

/// The plans of outputs, by name.
pub(super) fn plans(outputs: &[Output]) -> impl Iterator<Item = (&str, &Plan)> {
    outputs.iter().filter_map(|output| match &output.actuator {
        Actuator::Register(plan) => Some((output.policy.name.as_str(), plan)),
        Actuator::Gpio(_) => None,
    })
}

/// The number that belongs to an original value; a complaint where there is none.
pub(super) fn serial(section: &Section<'_>, device: &Device, key: &str) -> Option<Arc<str>> {
    if let Some(serial) = &device.serial_number {
        return Some(serial.as_str().into());
    }
    let message = format!("the value before can only be kept for a known `{}`", device.name);
    let help = format!("say which it is: `serial_number` in [devices.{}]", device.name);
    section.complain(section.header(key), message, &help);
    None
}

#[derive(Clone, Copy)]
enum On {
    Previous,
    Value(&'static str, f64),
}

fn on_mode(section: &Section<'_>, known: &'static Known) -> Option<On> {
    let values = known.on.iter().map(|&(word, value)| (word, On::Value(word, value)));
    let words: Vec<_> = values.chain([("previous", On::Previous)]).collect();
    section.choice("on_mode", &words)
}

fn device<'a>(section: &Section<'_>, devices: &'a [Device], what: &str) -> Option<&'a Device> {
    let device = section.text("device");
    if !section.has("device") {
        section.missing("device", &format!("{what}: `device = \"mppt\"`"));
    }
    let device = device?;
    declared(section, devices, &device.value, &device.span)
}

/// Complains about a device of another kind, and says what that can do.
fn cannot(section: &Section<'_>, device: &Device, family: Family, known: &Known) {
    let message = format!(
        "`{}` is of the kind {}, which cannot switch {}",
        device.name,
        family.name(),
        known.what
    );
    let can: Vec<String> = switches::ALL
        .iter()
        .filter(|other| other.families.contains(&family))
        .map(|other| format!("`{} = true`", other.key))
        .collect();
    let help = match can.as_slice() {
        [] => "name a register of it: `register = \"…\"` with `on` and `off`".to_owned(),
        can => format!("it can {}", can.join(" and ")),
    };
    section.complain(section.header(known.key), message, &help);
}

/// Why a register cannot be a switch of the owner's making.
fn refusal(device: &Device) -> impl Fn(&Register) -> Option<(String, String)> {
    let family = device.family;
    move |row| {
        let has = |known: &&Known| {
            known.register == row.id && family.is_none_or(|family| known.families.contains(&family))
        };
        if let Some(known) = switches::ALL.iter().find(has) {
            let message = format!("`{}` switches {}", row.name, known.what);
            return Some((message, format!("write `{} = true`", known.key)));
        }
        if row.wear == Wear::Volatile && LENT.contains(&row.id) {
            let message = format!("`{}` is forgotten by the device within a minute", row.name);
            return Some((message, "a set-point is said again: [setpoints.…]".to_owned()));
        }
        None
    }
}

/// One of the two values, by number or by name.
fn level(section: &Section<'_>, key: &'static str, row: Option<&Register>) -> Option<f64> {
    let Some(given) = section.get(key) else {
        let help = "the value that it writes: a number, or its name (`sunkeep registers`)";
        section.missing(key, help);
        return None;
    };
    let complain = |why: String| section.complain(given.span(), why, "");
    value_of(row?, given.get_ref()).map_err(complain).ok()
}

/// What a value in the file comes to in a register, or why it is none.
fn value_of(row: &Register, given: &DeValue<'_>) -> Result<f64, String> {
    let words = |error: register::EncodeError| error.to_string().trim_end().to_owned();
    let value = match given {
        DeValue::String(name) => row.parse_value(name).map_err(words)?,
        other => number_of(other)
            .map(Value::Number)
            .ok_or_else(|| "it must be a number, or a name in quotes".to_owned())?,
    };
    let raw = row.encode_raw(&value).map_err(words)?;
    if let Some(why) = register::forbidden_value(row.id, raw) {
        return Err(format!("never written by a rule: it {why}"));
    }
    value.as_number().ok_or_else(|| "it must be a number".to_owned())
}

/// The levels between which a load output switches by itself.
fn levels(section: &Section<'_>) -> Option<(f64, f64)> {
    let (low, high) = LEVELS;
    let off = section.number("disconnect_below", low, high);
    let on = section.number("reconnect_above", low, high);
    match (section.has("disconnect_below"), section.has("reconnect_above")) {
        (true, false) => section.missing("reconnect_above", "V, above `disconnect_below`"),
        (false, true) => section.missing("disconnect_below", "V, below `reconnect_above`"),
        _ => {}
    }
    let (off, on) = (off?, on?);
    if off.value < on.value {
        return Some((off.value, on.value));
    }
    let message = "`reconnect_above` is not above `disconnect_below`";
    section.complain(on.span, message, "between them the load stays as it is");
    None
}

fn settings((off, on): (f64, f64)) -> Vec<Setting> {
    let settings = [("disconnect_below", 0xED9C, off), ("reconnect_above", 0xED9D, on)];
    settings.map(|(key, register, value)| Setting { key, register, value }).into()
}
