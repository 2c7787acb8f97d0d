//! Cells of comma-separated values.
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe in
//! front: what devices and rules say must not calculate on somebody's desk.

use std::fmt::Write;

use crate::units::Value;

/// One text as a cell.
#[must_use]
pub fn text(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// One number as a cell, without binary noise; empty where there is none.
#[must_use]
pub fn number(number: Option<f64>) -> String {
    number.map_or(String::new(), |number| Value::Number(number).to_string())
}

/// A line of cells that are written already.
#[must_use]
pub fn line(cells: &[&str]) -> String {
    let mut line = cells.join(",");
    // Writing into a string cannot fail.
    let _ = line.write_char('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        assert_eq!(text(given), expected);
    }

    #[test]
    fn cells_are_quoted_where_they_must() {
        check("mppt.pv_power", "mppt.pv_power");
        check("a,b", "\"a,b\"");
        check("say \"hi\"", "\"say \"\"hi\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("°C", "°C");
    }

    #[test]
    fn nothing_is_a_formula() {
        check("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"");
        check("+1", "'+1");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
    }

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(number(Some(-1.5)), "-1.5");
        assert_eq!(number(Some(0.1 + 0.2)), "0.3");
        assert_eq!(number(None), "");
    }
}
