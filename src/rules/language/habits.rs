//! Habits of other languages and of plain writing, seen in the text around the
//! place where rhai stumbled.
//!
//! rhai says what it wanted next; a person wants to know which of his words was
//! one too many. Each line of the table is something that newcomers wrote.

use super::reserved::OPERATORS;
use super::words::{METHODS, UNITS};

/// Signs and symbols of units that are no part of a number.
const SYMBOLS: [&str; 9] = ["%", "V", "A", "W", "C", "K", "Ah", "kWh", "°"];

/// A sentence for what stands at a place, between what is before and after it.
pub fn seen(before: &str, found: &str, after: &str) -> Option<(String, String)> {
    let (before, after) = (before.trim_end(), after.trim_start());
    let number = before.ends_with(|letter: char| letter.is_ascii_digit());
    let sign = before.ends_with('%') || number && SYMBOLS.contains(&found);
    let unit = UNITS.iter().any(|(unit, _)| *unit == found);
    let compared = OPERATORS.iter().any(|word| after.starts_with(word));
    let word_before = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next();
    let (message, help) = match found {
        _ if sign => {
            ("a number stands without its unit", "the input's unit is meant: `soc below 30`")
        }
        _ if number && unit => {
            return Some((
                format!("a dot is missing before `{found}`"),
                format!("for example `5.{found}`"),
            ));
        }
        "#" => ("`#` begins no comment", "a comment begins with `//`"),
        "is" | "are" if compared => ("the `is` is one word too many", "for example `soc below 30`"),
        "not" => ("`not` stands before a condition in brackets", "write `not(soc below 30)`"),
        ":" => ("readings stand in `#{ … }`", "for example `given(#{ soc: 29 })`"),
        text if text.starts_with('"') && word_before == Some("rule") => (
            "the name of a rule stands in brackets",
            "for example `rule(\"preserve the battery\")`",
        ),
        text if text.starts_with('\'') => ("a text stands in double quotes", ""),
        "if" | "while" | "until" | "for" if before.ends_with('.') => (
            "this word cannot stand after a dot",
            "a rule says when it sets with `.when(…)`, and when it ends with `.clear_when(…)`",
        ),
        word if METHODS.contains(&word) && before.ends_with(')') => {
            return Some((
                format!("a dot is missing before `{word}`"),
                format!("write `.{word}(…)`"),
            ));
        }
        "," if before.ends_with(')') && METHODS.iter().any(|word| after.starts_with(word)) => {
            ("the words of a rule are joined by dots", "write a `.` in place of the comma")
        }
        word if OPERATORS.contains(&word) && matches!(word_before, Some("and" | "or")) => {
            ("every comparison names its input", "for example `soc above 20 and soc below 50`")
        }
        text if text.starts_with('"') && !text[1..].contains('"') => {
            ("this text has no end", "a `\"` is missing")
        }
        _ => return None,
    };
    Some((message.to_owned(), help.to_owned()))
}

/// A number with a comma, as half the world writes it, in the brackets at the
/// beginning of `text`.
pub fn decimal_comma(text: &str) -> Option<String> {
    let inside = text.get(..text.find(')')?)?;
    inside.match_indices(',').find_map(|(at, _)| {
        let whole = digits(inside[..at].chars().rev());
        let part = digits(inside[at + 1..].chars());
        let whole: String = whole.chars().rev().collect();
        (!whole.is_empty() && !part.is_empty()).then(|| format!("{whole}.{part}"))
    })
}

fn digits(letters: impl Iterator<Item = char>) -> String {
    letters.take_while(char::is_ascii_digit).collect()
}
