//! Numbers that conditions compare: inputs, arithmetic over them, and what was
//! counted or averaged over time.
//!
//! Inside a step an unknown number is NaN, so that it spreads through every
//! calculation by itself; it never leaves this module as an answer. Readings
//! cannot be NaN: they are refused at the door.

use std::sync::Arc;

use crate::arbiter::OutputId;
use crate::units::{Unit, Value};

use super::look::{Look, Missing};
use super::window::Fold;

/// An operation of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl Operation {
    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }

    const fn is_sum(self) -> bool {
        matches!(self, Self::Add | Self::Subtract)
    }

    fn apply(self, a: f64, b: f64) -> f64 {
        let result = match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
        };
        // Dividing by zero or beyond the largest number gives no number at all:
        // an infinity would pass every `above`.
        if result.is_finite() { result } else { f64::NAN }
    }
}

/// A number to be found in every step.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Always the same.
    Number(f64),
    /// An input's value: index into the rule set's inputs.
    Input(usize),
    /// Its opposite.
    Negative(Box<Expression>),
    /// Two numbers joined.
    Binary(Operation, Box<Expression>, Box<Expression>),
    /// A number read off a curve: straight lines between its points, and the end
    /// values beyond its ends.
    Curve(Box<Expression>, Arc<[(f64, f64)]>),
    /// What an input did lately: index into the rule set's windows.
    Window(usize, Fold),
    /// Seconds since an input's last frame, however old that is.
    Age(usize),
    /// Seconds that an output was read back as on since local midnight.
    OnTimeToday(OutputId),
    /// Kilowatt-hours of a device since local midnight: index into the rule
    /// set's energies.
    EnergyToday(usize),
}

impl Expression {
    /// The number, or NaN when it is not known.
    pub(super) fn evaluate(&self, look: &Look<'_>) -> f64 {
        match self {
            Self::Input(input) => look.values[*input],
            Self::Number(number) => *number,
            Self::Negative(inner) => -inner.evaluate(look),
            Self::Binary(operation, a, b) => operation.apply(a.evaluate(look), b.evaluate(look)),
            Self::Curve(inner, points) => read_off(points, inner.evaluate(look)),
            Self::Window(window, fold) => look.facts.window(*window, *fold),
            Self::Age(input) => look.age(*input).map_or(f64::NAN, |age| age.as_secs_f64()),
            Self::OnTimeToday(output) => look.facts.on_time(*output),
            Self::EnergyToday(energy) => look.facts.energy(*energy),
        }
    }

    /// Every input it reads now.
    pub fn inputs(&self, look_up: &dyn Fn(&Self) -> Option<usize>, out: &mut Vec<usize>) {
        match self {
            Self::Negative(inner) | Self::Curve(inner, _) => inner.inputs(look_up, out),
            Self::Binary(_, a, b) => {
                a.inputs(look_up, out);
                b.inputs(look_up, out);
            }
            Self::Input(input) | Self::Age(input) => out.push(*input),
            other => out.extend(look_up(other)),
        }
    }

    /// Whether it needs more than the readings of one moment.
    pub(super) fn looks_back(&self) -> bool {
        match self {
            Self::Number(_) | Self::Input(_) => false,
            Self::Negative(inner) | Self::Curve(inner, _) => inner.looks_back(),
            Self::Binary(_, a, b) => a.looks_back() || b.looks_back(),
            Self::Window(..) | Self::Age(_) | Self::OnTimeToday(_) | Self::EnergyToday(_) => true,
        }
    }

    /// Why it is not known: of several reasons the first.
    pub(super) fn missing(&self, look: &Look<'_>) -> Option<Missing> {
        match self {
            Self::Number(_) => None,
            Self::Input(input) => look.value(*input).err().map(|reason| Missing::Reading {
                input: look.inputs[*input].input.name.clone(),
                reason,
            }),
            Self::Negative(inner) | Self::Curve(inner, _) => inner.missing(look),
            Self::Binary(_, a, b) => a
                .missing(look)
                .or_else(|| b.missing(look))
                .or_else(|| self.evaluate(look).is_nan().then_some(Missing::NotANumber)),
            Self::Window(window, fold) => {
                let known = !look.facts.window(*window, *fold).is_nan();
                let covered = look.facts.covered(*window);
                (!known).then_some(Missing::Window { covered })
            }
            Self::Age(input) => look.age(*input).is_none().then_some(Missing::NeverSeen),
            Self::OnTimeToday(_) => self.evaluate(look).is_nan().then_some(Missing::Clock),
            Self::EnergyToday(_) => self.evaluate(look).is_nan().then_some(Missing::Energy),
        }
    }
}

/// The height of a curve at `x`; its points stand from left to right.
fn read_off(points: &[(f64, f64)], x: f64) -> f64 {
    let (Some(&(left, first)), Some(&(_, last))) = (points.first(), points.last()) else {
        return f64::NAN;
    };
    if x.is_nan() {
        return f64::NAN;
    }
    let Some(next) = points.iter().position(|(right, _)| x < *right) else { return last };
    if x <= left {
        return first;
    }
    // The first point is not to the right of `x`, so there is one before `next`.
    let ((x0, y0), (x1, y1)) = (points[next - 1], points[next]);
    y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
}

/// An expression being written: how it is spelt and what its numbers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What it stands for.
    pub expression: Expression,
    /// In the spelling of the rules.
    pub text: String,
    /// The unit of its numbers; `None`: of any, or unknown.
    pub unit: Option<Unit>,
    /// What it can reach, if that is declared.
    pub valid: Option<(f64, f64)>,
}

impl Term {
    /// A plain number.
    #[must_use]
    pub fn number(number: f64) -> Self {
        let text = Value::Number(number).to_string();
        Self { expression: Expression::Number(number), text, unit: None, valid: None }
    }

    /// The opposite.
    #[must_use]
    pub fn negative(self) -> Self {
        let text = match self.expression {
            Expression::Binary(..) => format!("-({})", self.text),
            _ => format!("-{}", self.text),
        };
        let valid = self.valid.map(|(low, high)| (-high, -low));
        let expression = Expression::Negative(Box::new(self.expression));
        Self { expression, text, unit: self.unit, valid }
    }

    /// Both joined; an error names the two units that do not go together.
    ///
    /// # Errors
    /// Adding volts to watts is a slip, not a calculation.
    pub fn join(operation: Operation, a: Self, b: Self) -> Result<Self, (Unit, Unit)> {
        let unit = match (operation.is_sum(), a.unit, b.unit) {
            (true, Some(one), Some(other)) if one != other => return Err((one, other)),
            (true, one, other) => one.or(other),
            (false, Some(Unit::Volt), Some(Unit::Ampere))
            | (false, Some(Unit::Ampere), Some(Unit::Volt))
                if operation == Operation::Multiply =>
            {
                Some(Unit::Watt)
            }
            (false, unit, None) if matches!(b.expression, Expression::Number(_)) => unit,
            (false, None, unit)
                if operation == Operation::Multiply
                    && matches!(a.expression, Expression::Number(_)) =>
            {
                unit
            }
            _ => None,
        };
        let left = a.operand(operation, false);
        let right = b.operand(operation, true);
        let text = format!("{left} {} {right}", operation.symbol());
        let (a, b) = (Box::new(a.expression), Box::new(b.expression));
        let expression = Expression::Binary(operation, a, b);
        Ok(Self { expression, text, unit, valid: None })
    }

    fn operand(&self, operation: Operation, right: bool) -> String {
        let brackets = match &self.expression {
            Expression::Binary(inner, ..) => {
                inner.is_sum() && !operation.is_sum()
                    || right && (inner.is_sum() || !operation.is_sum())
            }
            Expression::Negative(_) => right,
            Expression::Number(number) => right && *number < 0.0,
            _ => false,
        };
        if brackets { format!("({})", self.text) } else { self.text.clone() }
    }
}
