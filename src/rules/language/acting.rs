//! The acting words: `turn_on`, `turn_off`, `set`, `activate`, `alert`.
//!
//! Each takes a name of the right kind and answers a wrong one with the sentence
//! that an owner needs. What is declared with an output or a set-point is checked
//! here as far as it can be known at load: a value outside its range never runs.

use std::ops::Range;
use std::sync::Arc;

use rhai::{Dynamic, Engine, NativeCallContext, Position};

use super::builder::{Build, OutputRef, RuleRef, list};
use super::words::{Shared, lock};
use crate::arbiter::{Level, OutputId};
use crate::problem::nearest;
use crate::rules::action::{Action, Alarm, Amount, Mode, Piece, Setting};
use crate::rules::expression::{Expression, Term};
use crate::units::Value;

/// The acting words.
pub const ACTIONS: [&str; 5] = ["turn_on", "turn_off", "set", "activate", "alert"];

/// A message is a line in a journal.
pub const TEXT_MAX: usize = 400;

/// A set-point as a script holds it.
#[derive(Clone, Copy, Debug)]
pub struct SetpointRef(pub OutputId);

/// A mode as a script holds it: an index into the world's, and its name.
#[derive(Clone, Debug)]
pub struct ModeRef(pub usize, pub Arc<str>);

/// An alert channel as a script holds it: an index into the world's, and its name.
#[derive(Clone, Debug)]
pub struct AlertRef(pub usize, pub Arc<str>);

/// Registers the words that take a name alone or a name and something more.
pub fn register(engine: &mut Engine, shared: &Shared) {
    type One = fn(&mut Build, Position, &Dynamic) -> Option<Action>;
    let one: [(&'static str, One); 3] = [
        ("turn_on", |build, at, output| switch(build, at, output, Level::On)),
        ("turn_off", |build, at, output| switch(build, at, output, Level::Off)),
        ("activate", activate),
    ];
    for (word, act) in one {
        let shared = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, rule: RuleRef, name: Dynamic| {
            let (mut build, at) = (lock(&shared), ctx.call_position());
            let action = act(&mut build, at, &name);
            build.acts(at, rule, action);
            rule
        });
    }
    type Two = fn(&mut Build, Position, &Dynamic, &Dynamic) -> Option<Action>;
    let two: [(&'static str, Two); 2] = [("set", set), ("alert", alert)];
    for (word, act) in two {
        let shared = Arc::clone(shared);
        let act = move |ctx: NativeCallContext, rule: RuleRef, name: Dynamic, more: Dynamic| {
            let (mut build, at) = (lock(&shared), ctx.call_position());
            let action = act(&mut build, at, &name, &more);
            build.acts(at, rule, action);
            rule
        };
        engine.register_fn(word, act);
    }
}

impl Build {
    /// Gives a rule its action; `None`: it was wrong and has been reported.
    pub fn acts(&mut self, at: Position, rule: RuleRef, action: Option<Action>) {
        let Some(action) = action else {
            self.drafts[rule.0].broken = true;
            return;
        };
        if self.drafts[rule.0].action.is_some() {
            let help = "write a second rule, or declare a mode and `activate` it";
            self.complain(at, "a rule does one thing", help);
        }
        let span: Range<usize> = self.span(at);
        self.drafts[rule.0].action = Some((action, span));
    }
}

fn switch(build: &mut Build, at: Position, name: &Dynamic, level: Level) -> Option<Action> {
    if let Some(OutputRef(output)) = name.clone().try_cast() {
        return Some(Action::Switch(output, level));
    }
    let word = if level == Level::On { "turn_on" } else { "turn_off" };
    let outputs = build.world.outputs.clone();
    wrong(build, at, word, "an output", name, &outputs)
}

fn activate(build: &mut Build, at: Position, name: &Dynamic) -> Option<Action> {
    if let Some(ModeRef(index, _)) = name.clone().try_cast() {
        let mode = &build.world.modes[index];
        let wants = mode.wants.as_slice().into();
        return Some(Action::Activate(Mode { name: mode.name.as_str().into(), wants }));
    }
    let modes = build.world.modes.iter().map(|mode| mode.name.clone()).collect::<Vec<_>>();
    wrong(build, at, "activate", "a mode", name, &modes)
}

fn set(build: &mut Build, at: Position, name: &Dynamic, value: &Dynamic) -> Option<Action> {
    let Some(SetpointRef(output)) = name.clone().try_cast() else {
        let known: Vec<_> = build.world.setpoints.iter().map(|s| s.name.clone()).collect();
        return wrong(build, at, "set", "a set-point", name, &known);
    };
    let world = Arc::clone(&build.world);
    let setpoint = world.setpoints.iter().find(|setpoint| setpoint.output == output)?;
    let amount = if let Some(term) = build.measured(value) {
        Amount::Computed(computed(build, at, setpoint, term?)?)
    } else if let Some(number) = finite(value) {
        Amount::Number(number)
    } else {
        let found = build.kind(value);
        let message = format!("`set` needs a number or an input, found {found}");
        let help = format!("for example `.set({}, {})`", setpoint.name, setpoint.range.0);
        build.complain(at, message, help);
        return None;
    };
    let (low, high) = setpoint.range;
    if let Amount::Number(number) = amount
        && !(low <= number && number <= high)
    {
        let message = format!("`{}` cannot be set to {}", setpoint.name, Value::Number(number));
        let help = format!("its range in the configuration is {low} to {high} {}", setpoint.unit);
        build.complain(at, message, help.trim_end());
        return None;
    }
    let (setpoint, step) = (setpoint.output, setpoint.step);
    Some(Action::Set(Setting { setpoint, amount, range: (low, high), step }))
}

/// A calculated number that can be a set-point's value.
fn computed(
    build: &mut Build,
    at: Position,
    setpoint: &crate::rules::Setpoint,
    term: Term,
) -> Option<Expression> {
    let Some(unit) = term.unit.filter(|unit| *unit != setpoint.unit) else {
        return Some(term.expression);
    };
    let message =
        format!("`{}` is in {}, `{}` is in {unit}", setpoint.name, setpoint.unit, term.text);
    build.complain(at, message, "a set-point follows a number of its own unit");
    None
}

fn alert(build: &mut Build, at: Position, name: &Dynamic, text: &Dynamic) -> Option<Action> {
    let Some(AlertRef(index, _)) = name.clone().try_cast() else {
        let known: Vec<_> = build.world.alerts.iter().map(|alert| alert.name.clone()).collect();
        return wrong(build, at, "alert", "a channel", name, &known);
    };
    let Ok(text) = text.clone().into_immutable_string() else {
        let message = format!("`alert` needs a text, found {}", build.kind(text));
        build.complain(at, message, "for example `.alert(operator, \"battery low: {soc}\")`");
        return None;
    };
    if text.trim().is_empty() || text.len() > TEXT_MAX {
        let message = format!("an alert's text has 1 to {TEXT_MAX} letters");
        build.complain(at, message, "say what is wrong and what to do");
        return None;
    }
    let pieces = pieces(build, at, &text)?;
    let alert = &build.world.alerts[index];
    let (channel, repeat) = (alert.name.as_str().into(), alert.repeat);
    Some(Action::Alert(Alarm { channel, repeat, text: pieces.into() }))
}

/// `battery low: {soc}` in its parts.
fn pieces(build: &mut Build, at: Position, text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let Some((name, after)) = after.split_once('}') else {
            build.complain(at, "a `{` in the text is never closed", "write `{soc}`");
            return None;
        };
        pieces.push(Piece::Input(named(build, at, name.trim())?));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}

/// The input that a text names: an alias, or `device.quantity`.
fn named(build: &mut Build, at: Position, name: &str) -> Option<usize> {
    if let Some(index) = build.inputs.iter().position(|input| input.name == name) {
        return Some(index);
    }
    let world = Arc::clone(&build.world);
    if let Some((device, quantity)) = name.split_once('.')
        && world.devices.iter().any(|known| known == device)
    {
        let device = super::builder::DeviceRef(device.into());
        return build.property(at, &device, quantity).0;
    }
    let inputs: Vec<String> = world.inputs.iter().map(|input| input.name.clone()).collect();
    let help = match nearest(name, inputs.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{{{near}}}`?"),
        None => format!("inputs are {}", list(&inputs)),
    };
    build.complain(at, format!("the text names `{name}`, which is no input"), help);
    None
}

/// Says that a word was given a thing of another kind.
fn wrong(
    build: &mut Build,
    at: Position,
    word: &str,
    needs: &str,
    found: &Dynamic,
    known: &[String],
) -> Option<Action> {
    let message = format!("`{word}` needs {needs}, found {}", build.kind(found));
    let plural = needs.split_once(' ').map_or(needs, |(_, noun)| noun);
    build.complain(at, message, format!("{plural}s are {}", list(known)));
    None
}

fn finite(value: &Dynamic) -> Option<f64> {
    let number = value.as_float().or_else(|_| value.as_int().map(|number| number as f64)).ok()?;
    number.is_finite().then_some(number)
}
