//! `[setpoints.NAME]`: a register that rules may set, and within what bounds.
//!
//! Two kinds are allowed. One that the device lets go of by itself within a minute
//! is repeated while it is wanted and released afterwards: a dead host limits
//! nothing for long. One that is kept in flash needs a range and a safe value from
//! the owner, and is written rarely. Everything else is refused with the reason.

use std::sync::Arc;
use std::time::Duration;

use toml::de::DeValue;

use crate::actuator::plan::{Companion, Plan};
use crate::arbiter::{AtExit, Lease, OutputId, Policy, Want};
use crate::problem::nearest;
use crate::rules;
use crate::vedirect::register::{self, Family, Register, Type, Wear};

use super::Names;
use super::devices::{Device, known};
use super::interlocks::KEYS;
use super::limits::Limits;
use super::outputs::{Actuator, Output};
use super::reader::{Placed, Section, number_of};
use super::switches;

/// A device lets go of what it is not told for 60 s; told twice in that time, one
/// may be lost.
const LEASE: Lease = Lease { repeat: Duration::from_secs(30), lapse: Duration::from_secs(60) };

/// Shortest time between two values of a register that is not stored.
const MIN_INTERVAL: Duration = Duration::from_secs(60);
/// Shortest time between two writes of a register in flash.
const MIN_INTERVAL_STORED: Duration = Duration::from_secs(900);
/// Writes of a register in flash: 4 a day are 30 000 in 20 years.
const WRITES_PER_DAY: u32 = 4;
const WRITES_MAX: u32 = 100;
/// Set-points are shown on one page and looked at in every step.
const SETPOINTS_MAX: usize = 32;

/// The load output's mode: an output, with all that holds for outputs.
const LOAD_OUTPUT: u16 = 0xEDAB;
/// The word for what a register had before.
const ORIGINAL: &str = "original";
/// Who is in charge of a charger: written with the values that need it.
const NETWORK_MODE: u16 = 0x200E;
/// Registers that only a person writes although no deny list has them.
const BMS_PRESENT: u16 = 0xEDE8;

/// The companion of a charge current limit: a host is in charge (5), or is not.
const HOST: Companion =
    Companion { register: NETWORK_MODE, active: 5.0, idle: Some(0.0), bits: false, before: None };

/// Registers that count only while another one says that a host is in charge.
const COMPANIONS: [(u16, Companion); 1] = [(0x2015, HOST)];

/// A register that rules may set.
#[derive(Clone, Debug, PartialEq)]
pub struct Setpoint {
    /// How it is written.
    pub plan: Plan,
    /// Values that rules may ask for, both ends included.
    pub range: (f64, f64),
    /// What holds whatever any rule says; its name too.
    pub policy: Policy,
    /// It has its one value from commissioning on, and is no rule's business.
    pub fixed: bool,
}

impl Setpoint {
    /// What rules see of it, at its place behind the outputs.
    #[must_use]
    pub fn declared(&self, output: OutputId) -> rules::Setpoint {
        rules::Setpoint {
            name: self.policy.name.clone(),
            output,
            unit: self.plan.register.unit,
            range: self.range,
            step: self.plan.register.scale,
        }
    }
}

/// Reads all set-points.
pub(super) fn setpoints(
    root: &Section<'_>,
    devices: &[Device],
    outputs: &[Output],
    names: &mut Names,
) -> Vec<Setpoint> {
    let mut found: Vec<Setpoint> = Vec::new();
    let fixed: Vec<Setpoint> = outputs.iter().flat_map(settings).collect();
    for (name, section) in root.sections("setpoints") {
        names.take(&section, &name);
        let setpoint = setpoint(&section, name, devices);
        if let Some(Setpoint { plan, .. }) = &setpoint {
            let others = plans(&found).chain(plans(&fixed)).chain(switches::plans(outputs));
            switches::free(&section, plan, others, "register");
        }
        // Read when everything that they may name is known.
        section.expect(&KEYS);
        section.done();
        found.extend(setpoint);
    }
    if found.len() > SETPOINTS_MAX {
        let message = format!("{SETPOINTS_MAX} set-points are the most");
        root.complain(root.header("setpoints"), message, "");
    }
    found.extend(fixed);
    found
}

/// The plans of set-points, by name.
pub(super) fn plans(setpoints: &[Setpoint]) -> impl Iterator<Item = (&str, &Plan)> {
    setpoints.iter().map(|setpoint| (setpoint.policy.name.as_str(), &setpoint.plan))
}

/// What an output's device is set to, kept as it is for ever.
pub(super) fn settings(output: &Output) -> impl Iterator<Item = Setpoint> {
    let switch = match &output.actuator {
        Actuator::Register(plan) => Some(plan),
        Actuator::Gpio(_) => None,
    };
    let plan = move |row| {
        let switch = switch?;
        // Whatever cannot be that output has not its levels either.
        let (families, declared) = (switch.families, switch.declared);
        Some(Plan { families, declared, ..Plan::number(&switch.device, row) })
    };
    output.settings.iter().filter_map(move |setting| {
        let row = register::find(Family::Mppt, setting.register)?;
        let value = Want::number_in_steps(setting.value, row.scale);
        let policy = Policy {
            // A dot is in no name of the owner's.
            name: format!("{}.{}", output.policy.name, setting.key),
            safe: value,
            default: value,
            always_driven: false,
            at_exit: AtExit::Leave,
            min_on: MIN_INTERVAL_STORED,
            min_off: MIN_INTERVAL_STORED,
            max_on: Duration::ZERO,
            max_on_per_day: Duration::ZERO,
            max_starts_per_hour: None,
            max_writes_per_day: Some(WRITES_PER_DAY),
            lease: None,
        };
        let range = (setting.value, setting.value);
        Some(Setpoint { plan: plan(row)?, range, policy, fixed: true })
    })
}

fn setpoint(section: &Section<'_>, name: Placed<String>, devices: &[Device]) -> Option<Setpoint> {
    let (device, asked) = (section.text("device"), section.text("register"));
    let (range, safe) = (section.range("range"), section.get("safe"));
    let interval = section.duration("min_interval");
    let writes = section.whole("max_writes_per_day", 2, WRITES_MAX).map(|count| count.value);
    let leave = section.choice("at_exit", &[("safe", false), ("leave", true)]).unwrap_or(false);
    let limits = Limits::read(section, Duration::ZERO);
    for (key, help) in [
        ("device", "the device it belongs to: `device = \"mppt\"`"),
        ("register", "its name: `register = \"charge_current_limit\"`"),
        ("safe", "a value that does no harm, or \"release\" where the device can take over"),
    ] {
        if !section.has(key) {
            section.missing(key, help);
        }
    }
    let device = device?;
    let found = known(section, devices, &device.value, &device.span)?;
    let row = row(section, found, &asked?, refusal)?;
    let stored = row.wear != Wear::Volatile;
    let range = bounds(section, row, range)?;
    let (safe, keeps) = safe_value(section, found, row, range, safe?)?;
    if leave && !stored {
        let help = "without a host the device takes over within a minute";
        section.complain(section.header("at_exit"), "this value cannot be left", help);
    }
    let interval = interval.unwrap_or(if stored { MIN_INTERVAL_STORED } else { MIN_INTERVAL });
    let companion = COMPANIONS.iter().find(|(id, _)| *id == row.id).map(|(_, c)| *c);
    Some(Setpoint {
        plan: Plan { companion, keeps, ..Plan::number(&device.value, row) },
        range,
        fixed: false,
        policy: Policy {
            name: name.value,
            safe,
            default: safe,
            always_driven: false,
            at_exit: if leave { AtExit::Leave } else { AtExit::Want(safe) },
            min_on: interval,
            min_off: interval,
            max_on: limits.max_on,
            max_on_per_day: limits.max_on_per_day,
            max_starts_per_hour: limits.max_starts_per_hour,
            max_writes_per_day: stored.then(|| writes.unwrap_or(WRITES_PER_DAY)),
            lease: (!stored).then_some(LEASE),
        },
    })
}

/// The catalogue's row, or a complaint; `further` has more reasons to refuse it.
pub(super) fn row(
    section: &Section<'_>,
    device: &Device,
    asked: &Placed<String>,
    further: impl Fn(&Register) -> Option<(String, String)>,
) -> Option<&'static Register> {
    let declared = match &device.family {
        Some(family) => std::slice::from_ref(family),
        None => &Family::PRODUCTS[..],
    };
    let mut found = declared.iter().filter_map(|family| register::by_name(*family, &asked.value));
    let Some(row) = found.next() else {
        let rows = declared.iter().flat_map(|family| register::of_family(*family));
        let help = match nearest(&asked.value, rows.map(|row| row.name)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "`sunkeep registers` lists the names".to_owned(),
        };
        let message = format!("`{}` has no register \"{}\"", device.name, asked.value);
        section.complain(asked.span.clone(), message, &help);
        return None;
    };
    let Some((message, help)) = never(row).or_else(|| further(row)) else {
        return Some(row);
    };
    section.complain(asked.span.clone(), message, &help);
    None
}

/// Why no rule may write this register, in whatever way.
fn never(row: &Register) -> Option<(String, String)> {
    let is = |what: &str, help: &str| Some((format!("`{}` {what}", row.name), help.to_owned()));
    match row {
        _ if !row.writable => is("cannot be written", ""),
        _ if row.denied || row.id == BMS_PRESENT => {
            is("is never written by a rule", "a person may: `sunkeep set`")
        }
        _ if row.id == LOAD_OUTPUT => {
            is("switches the load", "declare an output with `load_output = true`")
        }
        _ if row.id == NETWORK_MODE => is("is written along with the values that need it", ""),
        _ if matches!(row.kind, Type::Void | Type::Text) || !row.readable => {
            is("holds no number that can be read back", "")
        }
        _ => None,
    }
}

/// Why this register cannot be a set-point.
fn refusal(row: &Register) -> Option<(String, String)> {
    (row.wear == Wear::Volatile && !row.release).then(|| {
        let what = "is forgotten by the device and has no way to be released";
        (format!("`{}` {what}", row.name), String::new())
    })
}

/// The range: the owner's, within the register's.
fn bounds(section: &Section<'_>, row: &Register, given: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (given, row.range) {
        (Some((low, high)), Some((least, most))) if low < least || most < high => {
            let message = format!("`{}` goes from {least} to {most} {}", row.name, row.unit);
            section.complain(section.header("range"), message.trim_end(), "");
            None
        }
        (Some(given), _) => Some(given),
        (None, _) => {
            if !section.has("range") {
                let help = "the values that do no harm here: `range = [0, 15]`";
                section.missing("range", help);
            }
            None
        }
    }
}

/// What it falls back to, and the serial number whose original that is.
fn safe_value(
    section: &Section<'_>,
    device: &Device,
    row: &Register,
    range: (f64, f64),
    given: &toml::Spanned<DeValue<'_>>,
) -> Option<(Want, Option<Arc<str>>)> {
    let (value, span) = (given.get_ref(), given.span());
    if row.wear == Wear::Volatile {
        if value.as_str() == Some("release") {
            return Some((Want::Release, None));
        }
        let help = "write `safe = \"release\"`: the device lets go of it by itself anyway";
        section.complain(span, format!("`{}` has one safe state", row.name), help);
        return None;
    }
    if value.as_str() == Some(ORIGINAL) {
        return Some((Want::Release, Some(switches::serial(section, device, "safe")?)));
    }
    match number_of(value) {
        Some(number) if range.0 <= number && number <= range.1 => {
            Some((Want::number_in_steps(number, row.scale), None))
        }
        Some(number) => {
            let message = format!("`safe` is {number}, outside of `range`");
            section.complain(span, message, "");
            None
        }
        None => {
            let message = format!("`{}` is stored: its safe state is a value", row.name);
            let help = "the value that the device shall fall back to, or \"original\"";
            section.complain(span, message, help);
            None
        }
    }
}
