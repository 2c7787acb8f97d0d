//! Numbers that are plainly in another unit than the input, or out of its reach.
//!
//! `soc below 0.3` is a fine sentence that never comes true: whoever wrote it
//! meant 30 %. The answer names the number that was probably meant.

use rhai::{Dynamic, Position};

use crate::units::{Unit, Value};

use super::builder::Build;
use crate::rules::expression::{Expression, Term};

/// More volts or amperes than any site has: these are thousandths.
const THOUSANDTHS: f64 = 1000.0;

/// Warmer than any cell, colder than any fire: these are kelvins.
const KELVINS: std::ops::Range<f64> = 200.0..400.0;

/// Complains about a number that the term can never reach, or hardly.
pub fn check(
    build: &mut Build,
    at: Position,
    word: &str,
    term: &Term,
    number: f64,
    written: &Dynamic,
) -> Option<()> {
    // A difference of half a percent makes sense, a state of charge of it does not.
    let plain = matches!(term.expression, Expression::Input(_))
        || matches!(term.expression, Expression::Window(..)) && term.unit.is_some();
    let unit = term.unit.filter(|_| plain);
    if let Some((unit, meant)) = unit.and_then(|unit| Some((unit, meant(unit, number, written)?))) {
        let (number, meant) = (Value::Number(number), Value::Number(meant));
        let message = format!("`{}` is {}: {number} is {number} {unit}", term.text, in_unit(unit));
        let help = match word {
            "between" => format!("for {meant} {unit} write {meant}"),
            _ => format!("for {meant} {unit} write `{} {word} {meant}`", term.text),
        };
        build.complain(at, message, help);
        return None;
    }
    let Some((low, high)) = term.valid else {
        return Some(());
    };
    if low <= number && number <= high {
        return Some(());
    }
    let (low, high) = (Value::Number(low), Value::Number(high));
    let message = format!("`{}` never reaches {}", term.text, Value::Number(number));
    build.complain(at, message, format!("its valid range is {low} to {high}"));
    None
}

/// The number that was meant, if this one is plainly in another unit.
fn meant(unit: Unit, number: f64, written: &Dynamic) -> Option<f64> {
    let meant = match unit {
        // `1.0` is everything, `1` is one percent.
        Unit::Percent if 0.0 < number && (number < 1.0 || number == 1.0 && written.is_float()) => {
            number * 100.0
        }
        Unit::Volt | Unit::Ampere if number.abs() >= THOUSANDTHS => number / 1000.0,
        Unit::Celsius if KELVINS.contains(&number) => number - 273.15,
        _ => return None,
    };
    Some((meant * 1000.0).round() / 1000.0)
}

/// `in %`, `in V`; `a plain number`.
pub fn in_unit(unit: Unit) -> String {
    match unit.symbol() {
        "" => "a plain number".to_owned(),
        symbol => format!("in {symbol}"),
    }
}
