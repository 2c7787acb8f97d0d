//! The comparing words: `below`, `above`, `between`, `equals`.
//!
//! rhai would compare anything with anything. Here each operand must be of the
//! kind that makes sense, and a wrong one is answered with the sentence that an
//! engineer needs, not with a type name.

use std::time::Duration;

use rhai::{Array, Dynamic, Position};

use crate::problem::nearest;
use crate::units::{Unit, Value};
use crate::vedirect::state::{Enumeration, Meaning};

use super::builder::{Build, Built, DeviceRef, InputRef, Span, SunRef, TermRef};
use super::slip;
use crate::rules::condition::{Ask, Condition, Leaf, Test};
use crate::rules::expression::{Expression, Term};

/// The comparing words.
pub const WORDS: [&str; 4] = ["below", "above", "between", "equals"];

/// What stands on the left.
struct Subject {
    term: Term,
    meaning: Meaning,
    /// Whether its numbers are a length of time that a rule must give a unit.
    timed: bool,
}

/// `left word right` as a condition.
pub fn compare(
    build: &mut Build,
    at: Position,
    word: &str,
    left: &Dynamic,
    right: &Dynamic,
) -> Built {
    let Some(subject) = subject(build, at, word, left, right) else {
        return Built(None);
    };
    let test = match word {
        "between" => between(build, at, &subject, right),
        "equals" => equals(build, at, &subject, right),
        _ => threshold(build, at, word, &subject, right),
    };
    Built(test.map(|test| {
        let Term { expression: value, text, unit, .. } = subject.term;
        let ask = Ask::Number { value, unit: unit.unwrap_or(Unit::None), test };
        Condition::Leaf(Leaf { name: text.into(), ask }).into()
    }))
}

/// What is compared, or a complaint.
fn subject(
    build: &mut Build,
    at: Position,
    word: &str,
    left: &Dynamic,
    right: &Dynamic,
) -> Option<Subject> {
    if let Some(InputRef(index)) = left.clone().try_cast::<InputRef>() {
        let index = index?;
        let term = build.input_term(index);
        return Some(Subject { term, meaning: build.inputs[index].meaning, timed: false });
    }
    if let Some(TermRef(term)) = left.clone().try_cast::<TermRef>() {
        let term = term?;
        let timed = matches!(term.expression, Expression::Age(_) | Expression::OnTimeToday(_));
        return Some(Subject { term, meaning: Meaning::Plain, timed });
    }
    if let Some(Built(condition)) = left.clone().try_cast::<Built>() {
        // A broken condition on the left has been reported already.
        condition?;
        let help = "join two with `and`, as in `soc above 10 and soc below 20`, \
                    or write `soc between [10, 20]`";
        build.complain(at, format!("`{word}` compares an input, not a condition"), help);
        return None;
    }
    let measured = build.measured(right);
    if let (Some(number), Some(term)) = (as_number(left), measured) {
        let turned = match word {
            "below" => "above",
            "above" => "below",
            other => other,
        };
        let help = format!("write `{} {turned} {}`", term?.text, Value::Number(number));
        build.complain(at, format!("the input comes first, then `{word}`"), help);
        return None;
    }
    if let Some(DeviceRef(name)) = left.clone().try_cast::<DeviceRef>() {
        let message = format!("`{name}` is a device, not one of its values");
        build.complain(at, message, format!("name the value too, as in `{name}.battery_voltage`"));
        return None;
    }
    if left.is::<SunRef>() {
        let message = format!("`{word}` compares numbers, and this is a moment");
        build.complain(at, message, "for example `after(sunset + 30.min)` or `before(sunrise)`");
        return None;
    }
    let message = format!("`{word}` compares an input, found {}", build.kind(left));
    build.complain(at, message, "an input comes first, as in `soc below 30`");
    None
}

fn threshold(
    build: &mut Build,
    at: Position,
    word: &str,
    subject: &Subject,
    right: &Dynamic,
) -> Option<Test> {
    let name = &subject.term.text;
    if let Meaning::Enumeration(names) = subject.meaning {
        let first = names.values.first().map_or("", |(_, name)| name);
        let message = format!("`{name}` is one of several named states, not a quantity");
        build.complain(at, message, format!("write `{name} equals \"{first}\"`"));
        return None;
    }
    if let Some(other) = build.measured(right) {
        return against(build, at, word, subject, other?);
    }
    let number = number(build, at, word, subject, right)?;
    slip::check(build, at, word, &subject.term, number, right)?;
    Some(if word == "below" { Test::Below(number) } else { Test::Above(number) })
}

/// A comparison of two numbers that both change.
fn against(
    build: &mut Build,
    at: Position,
    word: &str,
    subject: &Subject,
    other: Term,
) -> Option<Test> {
    if let (Some(one), Some(two)) = (subject.term.unit, other.unit)
        && one != two
    {
        let message = format!(
            "`{}` is {} and `{}` is {}: they cannot be compared",
            subject.term.text,
            slip::in_unit(one),
            other.text,
            slip::in_unit(two)
        );
        build.complain(at, message, "both sides must have the same unit");
        return None;
    }
    if subject.term.text == other.text {
        let message = format!("`{}` is compared with itself", other.text);
        build.complain(at, message, "");
        return None;
    }
    let text = other.text.into();
    Some(match word {
        "below" => Test::BelowOf(other.expression, text),
        _ => Test::AboveOf(other.expression, text),
    })
}

fn between(build: &mut Build, at: Position, subject: &Subject, right: &Dynamic) -> Option<Test> {
    let name = &subject.term.text;
    let bounds = right.clone().try_cast::<Array>().unwrap_or_default();
    let numbers: Option<Vec<f64>> = bounds.iter().map(|bound| as_length(subject, bound)).collect();
    let Some(&[low, high]) = numbers.as_deref() else {
        let found = build.kind(right);
        let message = format!("`between` needs two numbers in brackets, found {found}");
        build.complain(at, message, format!("write `{name} between [20, 40]`"));
        return None;
    };
    if low >= high {
        let (low, high) = (Value::Number(low), Value::Number(high));
        let message = format!("`{name}` can never be between {low} and {high}");
        build.complain(at, message, format!("the lower bound comes first: `[{high}, {low}]`"));
        return None;
    }
    slip::check(build, at, "between", &subject.term, low, &bounds[0])?;
    slip::check(build, at, "between", &subject.term, high, &bounds[1])?;
    Some(Test::Between(low, high))
}

fn equals(build: &mut Build, at: Position, subject: &Subject, right: &Dynamic) -> Option<Test> {
    let name = &subject.term.text;
    let Ok(text) = right.clone().into_immutable_string() else {
        let number = number(build, at, "equals", subject, right)?;
        slip::check(build, at, "equals", &subject.term, number, right)?;
        return Some(Test::Equals(number));
    };
    match subject.meaning {
        Meaning::Enumeration(names) => named(build, at, name, names, &text),
        Meaning::BitField(bits) if bits.number_of(&text).is_some() => {
            bits.number_of(&text).map(|sum| Test::Equals(f64::from(sum)))
        }
        Meaning::Plain if subject.is_text() => Some(Test::EqualsText(text.as_str().into())),
        _ => {
            let message = format!("`{name}` is a number, it never equals the text \"{text}\"");
            build.complain(at, message, format!("write `{name} equals 1`, without quotes"));
            None
        }
    }
}

impl Subject {
    /// Whether it may hold a text: an input without unit.
    fn is_text(&self) -> bool {
        let unit = self.term.unit.unwrap_or(Unit::None);
        matches!(self.term.expression, Expression::Input(_)) && unit.symbol().is_empty()
    }
}

fn named(
    build: &mut Build,
    at: Position,
    input: &str,
    names: &'static Enumeration,
    text: &str,
) -> Option<Test> {
    let known = names.values.iter().map(|(_, known)| *known);
    if let Some(found) = known.clone().find(|known| known.eq_ignore_ascii_case(text)) {
        return Some(Test::EqualsName(names, found));
    }
    let help = match nearest(text, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("it is one of {}", known.collect::<Vec<_>>().join(", ")),
    };
    build.complain(at, format!("`{input}` is never \"{text}\""), help);
    None
}

/// A finite number in the subject's unit, or a complaint.
fn number(
    build: &mut Build,
    at: Position,
    word: &str,
    subject: &Subject,
    right: &Dynamic,
) -> Option<f64> {
    if let Some(number) = as_length(subject, right) {
        return Some(number);
    }
    let name = &subject.term.text;
    let found = build.kind(right);
    if subject.timed {
        let message = format!("`{name}` is a length of time, found {found}");
        build.complain(at, message, format!("give it a unit, as in `{name} {word} 5.min`"));
        return None;
    }
    let message = format!("`{word}` needs a number after it, found {found}");
    build.complain(at, message, format!("for example `{name} {word} 30`"));
    None
}

/// A number, or a length of time where the subject is one.
fn as_length(subject: &Subject, value: &Dynamic) -> Option<f64> {
    let Some(Span(span)) = value.clone().try_cast::<Span>() else {
        return as_number(value).filter(|_| !subject.timed);
    };
    let unit = match subject.term.unit? {
        Unit::Second => 1,
        Unit::Minute => 60,
        Unit::Hour => 3600,
        Unit::Day => 86_400,
        _ => return None,
    };
    Some(span.as_secs_f64() / Duration::from_secs(unit).as_secs_f64())
}

/// A finite number.
pub fn as_number(value: &Dynamic) -> Option<f64> {
    let number = value.as_float().or_else(|_| value.as_int().map(|number| number as f64)).ok()?;
    number.is_finite().then_some(number)
}
