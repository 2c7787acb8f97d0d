//! `[modes.NAME]` and `[alerts.NAME]`: wishes under one name, and where messages go.
//!
//! A mode names outputs and set-points that are declared elsewhere, with their
//! safe states: so there is always a way back, and nothing new to restore after a
//! crash. What a register had before comes back with `safe = "original"`.

use toml::Spanned;
use toml::de::DeValue;

use crate::arbiter::{Level, OutputId, Want};
use crate::problem::nearest;
use crate::rules::{Alert, Mode};

use super::Names;
use super::outputs::Output;
use super::reader::{Placed, Section, number_of};
use super::setpoints::Setpoint;

/// Reads all modes.
pub(super) fn modes(
    root: &Section<'_>,
    outputs: &[Output],
    setpoints: &[Setpoint],
    names: &mut Names,
) -> Vec<Mode> {
    let mut modes = Vec::new();
    for (name, section) in root.sections("modes") {
        names.take(&section, &name);
        let mut wants = Vec::new();
        for (key, value) in entries(section.section("outputs")) {
            wants.extend(output(&section, outputs, &key, value));
        }
        for (key, value) in entries(section.section("registers")) {
            wants.extend(register(&section, outputs.len(), setpoints, &key, value));
        }
        if !section.has("outputs") && !section.has("registers") {
            section.missing("outputs", "for example `outputs = { load_output = \"off\" }`");
        }
        section.done();
        modes.push(Mode { name: name.value, wants });
    }
    modes
}

/// Reads all alert channels.
pub(super) fn alerts(root: &Section<'_>, names: &mut Names) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (name, section) in root.sections("alerts") {
        names.take(&section, &name);
        if !section.has("kind") {
            section.missing("kind", "write `kind = \"journal\"`: into the journal and the log");
        }
        section.choice("kind", &[("journal", ())]);
        let repeat = section.duration("repeat");
        if repeat.is_some_and(|repeat| repeat.is_zero()) {
            let help = "leave it out if it shall be said once";
            section.complain(section.header("repeat"), "`repeat` is zero", help);
        }
        section.done();
        alerts.push(Alert { name: name.value, repeat });
    }
    alerts
}

type Entry<'a> = (Placed<String>, &'a Spanned<DeValue<'a>>);

fn entries(table: Option<Section<'_>>) -> Vec<Entry<'_>> {
    table.map(|table| table.entries()).unwrap_or_default()
}

fn output(
    section: &Section<'_>,
    outputs: &[Output],
    name: &Placed<String>,
    value: &Spanned<DeValue<'_>>,
) -> Option<(OutputId, Want)> {
    let Some(index) = outputs.iter().position(|output| output.policy.name == name.value) else {
        let known = outputs.iter().map(|output| output.policy.name.as_str());
        let help = match nearest(&name.value, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: [outputs.{}]", name.value),
        };
        section.complain(name.span.clone(), format!("there is no output `{}`", name.value), &help);
        return None;
    };
    let level = match value.get_ref().as_str() {
        Some("on") => Level::On,
        Some("off") => Level::Off,
        _ => {
            section.complain(value.span(), "an output is \"on\" or \"off\"", "");
            return None;
        }
    };
    Some((OutputId(u16::try_from(index).ok()?), level.into()))
}

/// `"mppt.charge_current_limit"` or a set-point's own name.
fn register(
    section: &Section<'_>,
    outputs: usize,
    setpoints: &[Setpoint],
    name: &Placed<String>,
    value: &Spanned<DeValue<'_>>,
) -> Option<(OutputId, Want)> {
    let named = |setpoint: &Setpoint| {
        let path = format!("{}.{}", setpoint.plan.device, setpoint.plan.register.name);
        !setpoint.fixed && (setpoint.policy.name == name.value || path == name.value)
    };
    let Some(index) = setpoints.iter().position(named) else {
        let message = format!("no set-point is declared for `{}`", name.value);
        let help = "declare it under [setpoints.…]: a mode needs its range and its way back";
        section.complain(name.span.clone(), message, help);
        return None;
    };
    let (low, high) = setpoints[index].range;
    match number_of(value.get_ref()) {
        Some(number) if low <= number && number <= high => {
            let step = setpoints[index].plan.register.scale;
            let want = Want::number_in_steps(number, step);
            Some((OutputId(u16::try_from(outputs + index).ok()?), want))
        }
        _ => {
            let message = format!("`{}` takes a number from {low} to {high}", name.value);
            section.complain(value.span(), message, "");
            None
        }
    }
}
