//! Words that make numbers: arithmetic over inputs, windows, ages and counters.
//!
//! They leave [`Term`]s behind, which the comparing words turn into conditions.

use std::sync::Arc;
use std::time::Duration;

use rhai::{Array, Dynamic, Engine, NativeCallContext, Position};

use crate::units::{Unit, Value};
use crate::vedirect::state::Meaning;

use super::expression::{Expression, Operation, Term};
use super::facts::Energy;
use super::language::builder::{Build, DeviceRef, InputRef, OutputRef, Span, TermRef, list};
use super::language::compare::as_number;
use super::language::slip::in_unit;
use super::language::words::{Shared, lock};
use super::window::{Fold, Pane};

/// A window of a minute is the shortest that says more than the reading itself;
/// a month is the longest that a site's season stays the same in.
const WINDOW: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(30)..=Duration::from_secs(31 * 86_400);

/// The most windows of a site: 64 × 60 buckets are 120 KiB, and as much again on the
/// disk: about 2 KB each, once a minute.
const WINDOWS_MAX: usize = 64;

/// No battery's curve bends more often.
const POINTS_MAX: usize = 32;

/// Words over an input and a length of time.
pub const WINDOWS: [(&str, Fold); 4] =
    [("avg", Fold::Average), ("min", Fold::Least), ("max", Fold::Most), ("rate", Fold::Rate)];

/// Registers all of them.
pub fn register(engine: &mut Engine, shared: &Shared) {
    arithmetic(engine, shared);
    for (word, fold) in WINDOWS {
        let build = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, input: Dynamic, span: Dynamic| {
            lock(&build).windowed(ctx.call_position(), (word, fold), &input, &span)
        });
    }
    let build = Arc::clone(shared);
    let read_off = move |ctx: NativeCallContext, input: Dynamic, curve: Dynamic| {
        lock(&build).interpolated(ctx.call_position(), &input, &curve)
    };
    engine.register_fn("interpolate", read_off);
    type Word = fn(&mut Build, Position, &Dynamic) -> TermRef;
    let words: [(&str, Word); 3] = [
        ("age", Build::age),
        ("on_time_today", Build::on_time_today),
        ("energy_today", Build::energy_today),
    ];
    for (word, make) in words {
        let build = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, what: Dynamic| {
            make(&mut lock(&build), ctx.call_position(), &what)
        });
    }
}

fn arithmetic(engine: &mut Engine, shared: &Shared) {
    use Operation::{Add, Divide, Multiply, Subtract};
    for operation in [Add, Subtract, Multiply, Divide] {
        let joined = |shared: &Shared| {
            let shared = Arc::clone(shared);
            move |ctx: NativeCallContext, left: Dynamic, right: Dynamic| {
                lock(&shared).joined(ctx.call_position(), operation, &left, &right)
            }
        };
        let symbol = operation.symbol();
        let join = joined(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, a: InputRef, b: Dynamic| {
            join(ctx, Dynamic::from(a), b)
        });
        let join = joined(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, a: Dynamic, b: InputRef| {
            join(ctx, a, Dynamic::from(b))
        });
        let join = joined(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, a: TermRef, b: Dynamic| {
            join(ctx, Dynamic::from(a), b)
        });
        let join = joined(shared);
        engine.register_fn(symbol, move |ctx: NativeCallContext, a: Dynamic, b: TermRef| {
            join(ctx, a, Dynamic::from(b))
        });
    }
    let build = Arc::clone(shared);
    engine.register_fn("-", move |input: InputRef| {
        TermRef(input.0.map(|index| lock(&build).input_term(index).negative()))
    });
    engine.register_fn("-", |term: TermRef| TermRef(term.0.map(Term::negative)));
}

impl Build {
    /// An input as a number to calculate with.
    pub fn input_term(&self, index: usize) -> Term {
        let input = &self.inputs[index];
        Term {
            expression: Expression::Input(index),
            text: input.name.clone(),
            unit: Some(input.unit),
            valid: input.valid,
        }
    }

    /// The term that a value stands for; `None`: it is no such thing, `Some(None)`:
    /// it is, but wrong, and that has been reported.
    pub fn measured(&self, value: &Dynamic) -> Option<Option<Term>> {
        if let Some(InputRef(index)) = value.clone().try_cast::<InputRef>() {
            return Some(index.map(|index| self.input_term(index)));
        }
        value.clone().try_cast::<TermRef>().map(|TermRef(term)| term)
    }

    fn joined(&mut self, at: Position, operation: Operation, a: &Dynamic, b: &Dynamic) -> TermRef {
        let mut side = |value: &Dynamic| {
            if let Some(InputRef(Some(index))) = value.clone().try_cast::<InputRef>() {
                return self.quantity(at, index).map(|index| self.input_term(index));
            }
            if let Some(term) = self.measured(value) {
                return term;
            }
            if let Some(number) = as_number(value) {
                return Some(Term::number(number));
            }
            let symbol = operation.symbol();
            let message = format!("`{symbol}` calculates with numbers, found {}", self.kind(value));
            self.complain(at, message, "for example `battery_voltage * battery_current`");
            None
        };
        let (Some(a), Some(b)) = (side(a), side(b)) else {
            return TermRef(None);
        };
        if operation == Operation::Divide && b.expression == Expression::Number(0.0) {
            self.complain(at, "nothing can be divided by zero", "");
            return TermRef(None);
        }
        let texts = (a.text.clone(), b.text.clone());
        match Term::join(operation, a, b) {
            Ok(term) => TermRef(Some(term)),
            Err((one, other)) => {
                let verb = if operation == Operation::Add { "added" } else { "subtracted" };
                let (one, other) = (in_unit(one), in_unit(other));
                let (a, b) = texts;
                let message = format!("`{a}` is {one} and `{b}` is {other}: they cannot be {verb}");
                self.complain(at, message, "");
                TermRef(None)
            }
        }
    }

    /// The input, if its numbers are amounts and not names.
    fn quantity(&mut self, at: Position, index: usize) -> Option<usize> {
        let input = &self.inputs[index];
        if matches!(input.meaning, Meaning::Plain) {
            return Some(index);
        }
        let name = input.name.clone();
        let message = format!("`{name}` is one of several named states, not a quantity");
        self.complain(at, message, "nothing can be calculated with it");
        None
    }

    fn windowed(
        &mut self,
        at: Position,
        (word, fold): (&str, Fold),
        input: &Dynamic,
        span: &Dynamic,
    ) -> TermRef {
        let Some(InputRef(index)) = input.clone().try_cast::<InputRef>() else {
            let message = format!("`{word}` looks at an input, found {}", self.kind(input));
            self.complain(at, message, format!("for example `{word}(pv_power, 10.min)`"));
            return TermRef(None);
        };
        let Some(index) = index.and_then(|index| self.quantity(at, index)) else {
            return TermRef(None);
        };
        let name = self.inputs[index].name.clone();
        let Some(Span(length)) = span.clone().try_cast::<Span>() else {
            let message = format!("`{word}` needs a duration, found {}", self.kind(span));
            self.complain(at, message, format!("for example `{word}({name}, 10.min)`"));
            return TermRef(None);
        };
        if !WINDOW.contains(&length) {
            let message = format!("`{word}` looks back 30 seconds at least and 31 days at most");
            self.complain(at, message, format!("for example `{word}({name}, 10.min)`"));
            return TermRef(None);
        }
        let Some(window) = self.window(index, length) else {
            self.complain(at, format!("more than {WINDOWS_MAX} windows are too many"), "");
            return TermRef(None);
        };
        let input = &self.inputs[index];
        let (unit, valid) = match fold {
            Fold::Rate => (None, None),
            _ => (Some(input.unit), input.valid),
        };
        let text = format!("{word}({name}, {})", spelt(length));
        TermRef(Some(Term { expression: Expression::Window(window, fold), text, unit, valid }))
    }

    fn interpolated(&mut self, at: Position, input: &Dynamic, curve: &Dynamic) -> TermRef {
        let example = "for example `interpolate(battery_voltage, [[11.8, 0], [12.7, 100]])`";
        let term = match self.measured(input) {
            Some(Some(Term { expression: Expression::Input(index), .. })) => {
                self.quantity(at, index).map(|index| self.input_term(index))
            }
            Some(term) => term,
            None => {
                let found = self.kind(input);
                let message = format!("`interpolate` reads a number off a curve, found {found}");
                self.complain(at, message, example);
                return TermRef(None);
            }
        };
        let Some(points) = points(curve) else {
            let message = format!("a curve is 2 to {POINTS_MAX} pairs `[value, result]`");
            self.complain(at, message, example);
            return TermRef(None);
        };
        if points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            self.complain(at, "a curve goes from left to right", "order its pairs by their first");
            return TermRef(None);
        }
        let heights = || points.iter().map(|(_, height)| *height);
        let valid = Some((
            heights().fold(f64::INFINITY, f64::min),
            heights().fold(f64::NEG_INFINITY, f64::max),
        ));
        TermRef(term.map(|term| {
            let text = format!("interpolate({}, {})", term.text, pairs(&points));
            let expression = Expression::Curve(Box::new(term.expression), points.into());
            Term { expression, text, unit: None, valid }
        }))
    }

    /// The window over an input, each length once.
    fn window(&mut self, input: usize, span: Duration) -> Option<usize> {
        let Some(found) =
            self.needs.windows.iter().position(|pane| pane.input == input && pane.span == span)
        else {
            let (name, max_age) = (self.inputs[input].name.clone(), self.inputs[input].max_age);
            self.needs.windows.push(Pane { input, name, span, max_age });
            let index = self.needs.windows.len() - 1;
            return (index < WINDOWS_MAX).then_some(index);
        };
        Some(found)
    }

    fn age(&mut self, at: Position, input: &Dynamic) -> TermRef {
        let Some(InputRef(index)) = input.clone().try_cast::<InputRef>() else {
            let message = format!("`age` looks at an input, found {}", self.kind(input));
            self.complain(at, message, "for example `age(soc) above 5.min`");
            return TermRef(None);
        };
        TermRef(index.map(|index| Term {
            expression: Expression::Age(index),
            text: format!("age({})", self.inputs[index].name),
            unit: Some(Unit::Second),
            valid: None,
        }))
    }

    fn on_time_today(&mut self, at: Position, output: &Dynamic) -> TermRef {
        let Some(OutputRef(id)) = output.clone().try_cast::<OutputRef>() else {
            let message =
                format!("`on_time_today` looks at an output, found {}", self.kind(output));
            let help = format!("outputs are {}", list(&self.world.outputs));
            self.complain(at, message, help);
            return TermRef(None);
        };
        if !self.has_site(at, "on_time_today") {
            return TermRef(None);
        }
        TermRef(Some(Term {
            expression: Expression::OnTimeToday(id),
            text: format!("on_time_today({})", self.world.outputs[usize::from(id.0)]),
            unit: Some(Unit::Second),
            valid: None,
        }))
    }

    fn energy_today(&mut self, at: Position, device: &Dynamic) -> TermRef {
        let Some(DeviceRef(name)) = device.clone().try_cast::<DeviceRef>() else {
            let message = format!("`energy_today` looks at a device, found {}", self.kind(device));
            let help = format!("devices are {}", list(&self.world.devices));
            self.complain(at, message, help);
            return TermRef(None);
        };
        let known = |energy: &Energy| energy.device == *name;
        let index = self.needs.energies.iter().position(known).unwrap_or_else(|| {
            let yield_today = self.point(&name, "yield_today");
            let power = self.point(&name, "pv_power");
            let device = name.to_string();
            self.needs.energies.push(Energy { device, yield_today, power });
            self.needs.energies.len() - 1
        });
        TermRef(Some(Term {
            expression: Expression::EnergyToday(index),
            text: format!("energy_today({name})"),
            unit: Some(Unit::KilowattHour),
            valid: None,
        }))
    }
}

/// The points of a curve; `None`: it is something else.
fn points(curve: &Dynamic) -> Option<Vec<(f64, f64)>> {
    let pair = |pair: &Dynamic| {
        let pair = pair.clone().try_cast::<Array>()?;
        let [x, y] = pair.as_slice() else { return None };
        Some((as_number(x)?, as_number(y)?))
    };
    let points: Vec<_> = curve.as_array_ref().ok()?.iter().map(pair).collect::<Option<_>>()?;
    (2..=POINTS_MAX).contains(&points.len()).then_some(points)
}

/// A curve as rules spell it.
fn pairs(points: &[(f64, f64)]) -> String {
    let pair = |(x, y): &(f64, f64)| format!("[{}, {}]", Value::Number(*x), Value::Number(*y));
    format!("[{}]", points.iter().map(pair).collect::<Vec<_>>().join(", "))
}

/// A duration as rules spell it.
pub fn spelt(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        _ if span.subsec_nanos() != 0 => format!("{}.sec", span.as_secs_f64()),
        86_400.. if seconds.is_multiple_of(86_400) => format!("{}.day", seconds / 86_400),
        3600.. if seconds.is_multiple_of(3600) => format!("{}.hours", seconds / 3600),
        60.. if seconds.is_multiple_of(60) => format!("{}.min", seconds / 60),
        _ => format!("{seconds}.sec"),
    }
}
