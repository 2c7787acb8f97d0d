//! `requires` and `forbids`: what must hold for an output to be away from safe.
//!
//! Read when everything that a condition may name is known. A condition of the
//! configuration is compiled like one of a rule, with the same sentences about
//! what is wrong with it.

use std::ops::Range;

use toml::de::DeValue;

use crate::arbiter::OutputId;
use crate::problem::Source;
use crate::rules::{Excerpt, Interlock, Sense, World, compile_condition};

use super::Config;
use super::reader::Section;

/// Interlocks that one output may have: more are a rule.
const EACH_MAX: usize = 8;

/// The keys, so that they count as known wherever they may stand.
pub(super) const KEYS: [&str; 2] = ["requires", "forbids"];

/// Reads the interlocks of all outputs and set-points.
pub(super) fn interlocks(
    root: &Section<'_>,
    source: &Source,
    config: &Config,
    world: &mut World,
) -> Vec<Interlock> {
    let mut found = Vec::new();
    for table in ["outputs", "setpoints"] {
        for (name, section) in root.sections(table) {
            let index = config.policies().position(|policy| policy.name == name.value);
            // What is wrong otherwise has been reported.
            let Some(output) = index.and_then(|index| u16::try_from(index).ok()) else { continue };
            of_output(&section, source, OutputId(output), world, &mut found);
        }
    }
    found
}

fn of_output(
    section: &Section<'_>,
    source: &Source,
    output: OutputId,
    world: &mut World,
    found: &mut Vec<Interlock>,
) {
    let given = [
        ("requires", Sense::Requires, texts(section, "requires")),
        ("forbids", Sense::Forbids, texts(section, "forbids")),
    ];
    for (key, sense, given) in given {
        for (text, span) in given {
            let excerpt = Excerpt { source, span, text: &text, key };
            match compile_condition(&excerpt, world) {
                Ok(clause) => found.push(Interlock { output, sense, clause }),
                Err(problems) => section.pass_on(problems),
            }
        }
    }
}

/// The conditions under a key: a text, or several in brackets.
fn texts(section: &Section<'_>, key: &'static str) -> Vec<(String, Range<usize>)> {
    let Some(value) = section.get(key) else { return Vec::new() };
    let help = "write it as in a rule: \"cell_temperature below 30\"";
    let several = match value.get_ref() {
        DeValue::Array(several) => several.iter().collect(),
        _ => vec![value],
    };
    if several.is_empty() || several.len() > EACH_MAX {
        let message = format!("`{key}` takes one condition or up to {EACH_MAX} in brackets");
        section.complain(value.span(), message, help);
        return Vec::new();
    }
    let text = |value: &toml::Spanned<DeValue<'_>>| {
        let Some(text) = value.get_ref().as_str() else {
            section.complain(value.span(), format!("`{key}` must be a condition in quotes"), help);
            return None;
        };
        Some((text.to_owned(), value.span()))
    };
    several.into_iter().filter_map(text).collect()
}
