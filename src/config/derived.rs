//! `[inputs.NAME]` with `expression` or `first_of`: inputs that are made of others.
//!
//! They are compiled in the order in which they rest on each other, whatever the
//! order of the file, so that each finds what it is made of. One that rests on
//! itself is refused; one that rests on a broken one is not complained about again.

use std::time::Duration;

use crate::problem::Source;
use crate::rules::{Excerpt, Input, World, compile_derived};
use crate::units::Unit;
use crate::vedirect::state::Meaning;

use super::reader::{Placed, Section};

/// Longer chains than this are a slip: each part is read by a person.
const CHOICES_MAX: usize = 8;

/// A derived input as it stands in the file.
pub(super) struct Draft<'a> {
    section: Section<'a>,
    name: Placed<String>,
    key: &'static str,
    /// The calculations; of several, the first good one counts.
    chain: Vec<Placed<String>>,
    unit: Option<Placed<Unit>>,
    max_age: Option<Duration>,
    grace: Option<Duration>,
    valid: Option<(f64, f64)>,
}

impl<'a> Draft<'a> {
    /// Reads one; `None` when it was wrong and has been reported.
    pub(super) fn read(section: Section<'a>, name: Placed<String>) -> Option<Self> {
        let (key, chain) = if section.has("expression") {
            ("expression", section.text("expression").map(|text| vec![text]))
        } else {
            ("first_of", chain(&section))
        };
        let unit = unit(&section);
        let (max_age, grace) = (section.duration("max_age"), section.duration("grace"));
        let valid = section.range("valid");
        section.done();
        Some(Self { chain: chain?, section, name, key, unit, max_age, grace, valid })
    }

    /// Whether one of its calculations names an input.
    fn names(&self, input: &str) -> bool {
        self.chain.iter().any(|text| mentions(&text.value, input))
    }

    fn compile(&self, source: &Source, world: &mut World) -> Option<Input> {
        let excerpt = |text: &'_ Placed<String>| (text.span.clone(), text.value.clone());
        let texts: Vec<_> = self.chain.iter().map(excerpt).collect();
        let excerpts: Vec<Excerpt<'_>> = texts
            .iter()
            .map(|(span, text)| Excerpt { source, span: span.clone(), text, key: self.key })
            .collect();
        let made = match compile_derived(&excerpts, world) {
            Ok(made) => made,
            Err(problems) => {
                self.section.pass_on(problems);
                return None;
            }
        };
        if let (Some(known), Some(said)) = (made.unit, &self.unit)
            && known != said.value
        {
            let message =
                format!("`{}` is in {known}, and `unit` says {}", self.name.value, said.value);
            self.section.complain(said.span.clone(), message, "leave `unit` out");
            return None;
        }
        let unit = made.unit.or(self.unit.as_ref().map(|unit| unit.value)).unwrap_or(Unit::None);
        let max_age = self.max_age.unwrap_or(made.max_age);
        Some(Input {
            name: self.name.value.clone(),
            point: self.name.value.clone(),
            derived: Some(made.derived.into()),
            max_age,
            grace: self.grace.unwrap_or(max_age),
            unit,
            meaning: Meaning::Plain,
            valid: self.valid,
        })
    }
}

/// Compiles all of them into the world, each behind what it is made of.
pub(super) fn derive(
    mut drafts: Vec<Draft<'_>>,
    mut broken: Vec<String>,
    source: &Source,
    world: &mut World,
) {
    while !drafts.is_empty() {
        let waits = |draft: &Draft<'_>| drafts.iter().any(|other| draft.names(&other.name.value));
        let Some(ready) = drafts.iter().position(|draft| !waits(draft)) else {
            return circle(&drafts);
        };
        let draft = drafts.remove(ready);
        let input = match broken.iter().any(|name| draft.names(name)) {
            true => None,
            false => draft.compile(source, world),
        };
        match input {
            Some(input) => world.inputs.push(input),
            None => broken.push(draft.name.value.clone()),
        }
    }
}

/// Every draft waits for another: names one circle.
fn circle(drafts: &[Draft<'_>]) {
    let mut path: Vec<&Draft<'_>> = drafts.iter().take(1).collect();
    while let Some(last) = path.last() {
        let Some(next) = drafts.iter().find(|other| last.names(&other.name.value)) else { return };
        let seen = path.iter().position(|draft| draft.name == next.name);
        path.push(next);
        if let Some(start) = seen {
            let names = path[start..].iter().map(|draft| format!("`{}`", draft.name.value));
            let names = names.collect::<Vec<_>>().join(" of ");
            let message = format!("an input is made of itself: {names}");
            let help = "what is derived must end at readings of devices";
            return next.section.complain(next.name.span.clone(), message, help);
        }
    }
}

fn chain(section: &Section<'_>) -> Option<Vec<Placed<String>>> {
    let chain = section.texts("first_of")?;
    if (2..=CHOICES_MAX).contains(&chain.len()) {
        return Some(chain);
    }
    let message = format!("`first_of` names 2 to {CHOICES_MAX} values, found {}", chain.len());
    let help = "for example [\"shunt.soc\", \"soc_by_voltage\"]; one alone is an `expression`";
    section.complain(section.header("first_of"), message, help);
    None
}

fn unit(section: &Section<'_>) -> Option<Placed<Unit>> {
    let words: Vec<(&str, Unit)> = Unit::ALL
        .into_iter()
        .map(|unit| (unit.symbol(), unit))
        .filter(|(s, _)| !s.is_empty())
        .collect();
    let span = section.get("unit")?.span();
    Some(Placed { value: section.choice("unit", &words)?, span })
}

/// Whether a calculation names an input: a word that is no quantity of a device.
fn mentions(text: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(|c| inside(c) || c == '.') && !after.is_some_and(inside)
    })
}
