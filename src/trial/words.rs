//! The words of a test, and what each does on the bench.
//!
//! They exist while a test runs and nowhere else. A wrong word ends the test and
//! is reported where it stands; the script cannot catch it.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::DateTime;
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext, Position};

use super::bench::Bench;
use super::looks::unknown_word;
use super::story::{self, Seen};
use super::{Failure, LONGEST};
use crate::arbiter::Level;
use crate::problem::{Problem, nearest, word_at};
use crate::rules::{DeviceRef, Input, InputRef, Span, Trial, UNITS, sandbox_engine};
use crate::units::{Unit, Value};
use crate::vedirect::state::Meaning;

pub(super) type Answer<T> = Result<T, Box<EvalAltResult>>;

/// A running test.
pub(super) struct Run {
    pub(super) bench: Bench,
    /// What was looked at since the last expectation.
    pub(super) seen: Vec<Seen>,
    file: String,
    text: String,
    test: String,
    failure: Option<Failure>,
}

type Shared = Arc<Mutex<Run>>;

/// Runs one test; says how much time passed in it, and why it does not hold.
pub(super) fn perform(bench: Bench, trial: &Trial, text: &str) -> (Duration, Option<Failure>) {
    let shared: Shared = Arc::new(Mutex::new(Run {
        bench,
        seen: Vec::new(),
        file: trial.file.clone(),
        text: text.to_owned(),
        test: trial.name.to_string(),
        failure: None,
    }));
    let engine = engine(&shared);
    let body: &FnPtr = &trial.body;
    let result = body.call::<Dynamic>(&engine, &trial.functions, ());
    let mut run = lock(&shared);
    if let Err(error) = result
        && run.failure.is_none()
    {
        run.stumbled(&error, &trial.span);
    }
    (run.bench.passed(), run.failure.take())
}

/// Locks the run. A panic of another holder leaves plain data behind.
fn lock(shared: &Shared) -> MutexGuard<'_, Run> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine(shared: &Shared) -> Engine {
    let mut engine = sandbox_engine();
    units(&mut engine);
    joining(&mut engine);
    type Act = fn(&mut Run, Position, &Dynamic) -> Answer<()>;
    let acts: [(&str, Act); 5] = [
        ("given", Run::given),
        ("lose", Run::lose),
        ("pass", Run::pass),
        ("at", Run::at),
        ("expect", Run::expect),
    ];
    for (word, act) in acts {
        let run = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, value: Dynamic| {
            act(&mut lock(&run), ctx.call_position(), &value)
        });
    }
    type Look = fn(&mut Run, Position, &Dynamic) -> Answer<bool>;
    let looks: [(&str, Look); 3] = [
        ("is_on", |run, at, output| run.is(at, "is_on", output, Level::On)),
        ("is_off", |run, at, output| run.is(at, "is_off", output, Level::Off)),
        ("requests", Run::requests),
    ];
    for (word, look) in looks {
        let run = Arc::clone(shared);
        engine.register_fn(word, move |ctx: NativeCallContext, value: Dynamic| {
            look(&mut lock(&run), ctx.call_position(), &value)
        });
    }
    let run = Arc::clone(shared);
    engine.register_fn("is_set", move |ctx: NativeCallContext, name: Dynamic, value: Dynamic| {
        lock(&run).setpoint(ctx.call_position(), "is_set", &name, Some(&value))
    });
    let run = Arc::clone(shared);
    engine.register_fn("is_released", move |ctx: NativeCallContext, name: Dynamic| {
        lock(&run).setpoint(ctx.call_position(), "is_released", &name, None)
    });
    let run = Arc::clone(shared);
    engine.register_indexer_get(
        move |ctx: NativeCallContext, device: &mut DeviceRef, quantity: &str| {
            let name = format!("{}.{quantity}", device.0);
            let mut run = lock(&run);
            let (index, _) = run.input(ctx.call_position(), &name)?;
            Ok::<_, Box<EvalAltResult>>(InputRef(Some(index)))
        },
    );
    engine
}

/// `5.min` and its kind.
fn units(engine: &mut Engine) {
    for (unit, seconds) in UNITS {
        let span = move |count: f64| {
            let length = Duration::try_from_secs_f64(count * seconds as f64);
            // Longer than any test: `pass` refuses it.
            Span(length.unwrap_or(Duration::MAX / 4))
        };
        engine.register_get(unit, move |count: &mut i64| span(*count as f64));
        engine.register_get(unit, move |count: &mut f64| span(*count));
    }
}

/// `not(…)`, `and`, `or` between answers.
fn joining(engine: &mut Engine) {
    engine.register_fn("not", |answer: bool| !answer);
    engine.register_fn("!", |answer: bool| !answer);
    engine.register_fn("and", |one: bool, other: bool| one && other);
    engine.register_fn("or", |one: bool, other: bool| one || other);
}

impl Run {
    fn given(&mut self, at: Position, readings: &Dynamic) -> Answer<()> {
        let example = "for example `given(#{ soc: 29 })`";
        let Some(readings) = readings.clone().try_cast::<Map>() else {
            return self.mistake(at, "`given` needs readings by name", example);
        };
        for (name, value) in &readings {
            let (_, input) = self.input(self.key(at, name), name)?;
            let value = self.value(self.key(at, name), &input, value)?;
            if let Some(point) = self.bench.snapshot.find(&input.point) {
                self.bench.give(point, value);
            }
        }
        Ok(())
    }

    fn lose(&mut self, at: Position, what: &Dynamic) -> Answer<()> {
        let points: Vec<String> = if let Some(device) = what.clone().try_cast::<DeviceRef>() {
            let inputs = self.bench.engine.rules().inputs().map(|input| input.point.clone());
            inputs.filter(|point| point.starts_with(&format!("{}.", device.0))).collect()
        } else if let Some(InputRef(Some(index))) = what.clone().try_cast::<InputRef>() {
            self.bench.engine.rules().points_behind(index)
        } else if let Ok(name) = what.clone().into_immutable_string() {
            let (index, _) = self.input(at, &name)?;
            self.bench.engine.rules().points_behind(index)
        } else {
            return self.mistake(at, "`lose` needs an input or a device", "as in `lose(soc)`");
        };
        for point in points {
            if let Some(point) = self.bench.snapshot.find(&point) {
                self.bench.lose(point);
            }
        }
        Ok(())
    }

    fn pass(&mut self, at: Position, span: &Dynamic) -> Answer<()> {
        let Some(Span(span)) = span.clone().try_cast::<Span>() else {
            let help = "give it a unit: `90.sec`, `5.min`, `2.hours` or `1.day`";
            return self.mistake(at, "`pass` needs a duration", help);
        };
        if self.bench.pass(span) {
            return Ok(());
        }
        let days = LONGEST.as_secs() / 86_400;
        self.mistake(at, &format!("a test lasts at most {days} days"), "")
    }

    fn at(&mut self, at: Position, time: &Dynamic) -> Answer<()> {
        let text = time.clone().into_immutable_string().unwrap_or_default();
        let read = text.parse::<DateTime>().ok();
        if read.is_some_and(|time| self.bench.at(time)) {
            return Ok(());
        }
        let help = "write it as `at(\"2026-01-15 06:00\")`, in the site's time zone";
        self.mistake(at, "`at` needs a date and a time of day", help)
    }

    fn expect(&mut self, at: Position, holds: &Dynamic) -> Answer<()> {
        let seen = std::mem::take(&mut self.seen);
        let Ok(holds) = holds.as_bool() else {
            let help = "ask with `is_on(output)`, `is_off(output)` or `requests(\"rule\")`";
            return self.mistake(at, "`expect` needs a question", help);
        };
        if holds {
            return Ok(());
        }
        let span = self.call(at);
        let asked = self.text.get(span.clone()).unwrap_or("expect");
        let (passed, time) = (story::span(self.bench.passed()), self.bench.time());
        let found = story::found(&self.bench, &seen);
        let gap = if found.is_empty() { "" } else { ": " };
        let message = format!(
            "test \"{}\": after {passed} ({time}), `{}` does not hold{gap}{found}",
            self.test,
            one_line(asked)
        );
        let mut problem = Problem::new(&self.file, span, message);
        let because = story::because(&self.bench, &seen);
        problem.help = (!because.is_empty()).then_some(because);
        self.failure = Some(Failure { problem, mistaken: false });
        Err(stop(at))
    }

    /// An input that rules read, by name.
    fn input(&mut self, at: Position, name: &str) -> Answer<(usize, Input)> {
        let inputs = self.bench.engine.rules().inputs();
        let found = inputs.enumerate().find(|(_, input)| input.name == name);
        if let Some((index, input)) = found {
            return Ok((index, input.clone()));
        }
        let names: Vec<String> =
            self.bench.engine.rules().inputs().map(|input| input.name.clone()).collect();
        let help = nearest(name, names.iter().map(String::as_str)).map_or_else(
            || format!("inputs that rules read are {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.mistake(at, &format!("no rule reads an input `{name}`"), &help)
    }

    /// A reading as a device would send it; `()` is "not available".
    fn value(&mut self, at: Position, input: &Input, value: &Dynamic) -> Answer<Option<Value>> {
        if value.is_unit() {
            return Ok(None);
        }
        let number = value.as_float().ok().or_else(|| value.as_int().ok().map(|n| n as f64));
        if let Some(number) = number.and_then(Value::number) {
            return Ok(Some(number));
        }
        let Ok(text) = value.clone().into_immutable_string() else {
            let message = format!("`{}` needs a number or a text", input.name);
            return self.mistake(at, &message, "`()` means: the device says it has none");
        };
        let names = match input.meaning {
            Meaning::Enumeration(names) => names,
            Meaning::Plain if input.unit == Unit::None => {
                return Ok(Some(Value::Text(text.as_str().into())));
            }
            Meaning::Plain | Meaning::BitField(_) => {
                return self.mistake(at, &format!("`{}` is a number", input.name), "");
            }
        };
        if let Some(number) = names.number_of(&text) {
            return Ok(Value::number(f64::from(number)));
        }
        let known = names.values.iter().map(|(_, name)| *name);
        let help = nearest(&text, known)
            .map_or_else(String::new, |near| format!("did you mean \"{near}\"?"));
        self.mistake(at, &format!("`{}` is never \"{text}\"", input.name), &help)
    }

    /// Where a key of the map stands that follows a position.
    fn key(&self, at: Position, name: &str) -> Position {
        let start = self.span(at).start;
        let rest = self.text.get(start..).unwrap_or("");
        let Some(found) = rest.find(name) else { return at };
        let (line, column) = crate::problem::line_column(&self.text, start + found);
        // rhai counts lines and columns in 16 bits; a rule file is smaller.
        Position::new(line as u16, column as u16)
    }

    fn span(&self, at: Position) -> Range<usize> {
        match at.line() {
            Some(line) => word_at(&self.text, line, at.position().unwrap_or(1)),
            None => 0..0,
        }
    }

    /// A call from its name to its closing bracket.
    fn call(&self, at: Position) -> Range<usize> {
        let word = self.span(at);
        let mut depth = 0;
        let mut quoted = false;
        for (offset, letter) in self.text.get(word.end..).unwrap_or("").char_indices() {
            match letter {
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 && letter == ')' {
                return word.start..word.end + offset + 1;
            }
        }
        word
    }

    /// The test itself is wrong.
    pub(super) fn mistake<T>(&mut self, at: Position, message: &str, help: &str) -> Answer<T> {
        let mut problem = Problem::new(&self.file, self.span(at), message);
        problem.help = (!help.is_empty()).then(|| help.to_owned());
        self.failure = Some(Failure { problem, mistaken: true });
        Err(stop(at))
    }

    /// rhai stopped the test, not one of our words.
    fn stumbled(&mut self, error: &EvalAltResult, test: &Range<usize>) {
        let (at, inner) = (error.position(), innermost(error));
        let (message, help) = match inner {
            EvalAltResult::ErrorFunctionNotFound(signature, _) => unknown_word(signature),
            EvalAltResult::ErrorTooManyOperations(_) => {
                ("the test does too much".to_owned(), "is there a loop that never ends?".to_owned())
            }
            other => {
                let text = other.to_string();
                (text.split(" (line ").next().unwrap_or("").to_lowercase(), String::new())
            }
        };
        let at = if inner.position().is_none() { at } else { inner.position() };
        let span = if at.is_none() { test.clone() } else { self.span(at) };
        let message = format!("test \"{}\": {message}", self.test);
        let mut problem = Problem::new(&self.file, span, message);
        problem.help = (!help.is_empty()).then_some(help);
        self.failure = Some(Failure { problem, mistaken: true });
    }
}

fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => innermost(inner),
        other => other,
    }
}

/// Ends the script; what to say is in the run.
fn stop(at: Position) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime("stopped".into(), at))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
