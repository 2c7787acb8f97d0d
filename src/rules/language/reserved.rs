//! Which words cannot be the name of an input, device or output.
//!
//! A name that hides a word of the rule language, or that rhai reads as one of
//! its own, would make a rule mean something else or nothing.

use rhai::{Engine, Expr, Stmt};

use super::schedule::CONSTANTS;
use super::words::{FUNCTIONS, METHODS};

/// Words between operands.
pub const OPERATORS: [&str; 7] = ["below", "above", "between", "equals", "and", "or", "not"];

/// Functions of rule files besides [`FUNCTIONS`]: no input may hide them.
const RULE_WORDS: &[&str] =
    &["test", "given", "pass", "lose", "expect", "requests", "at", "want", "nothing", "on", "off"];

/// Why a name cannot be that of an input, device or output in a rule; `None`: it can.
#[must_use]
pub fn refuse_name(name: &str) -> Option<&'static str> {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !first || !rest {
        return Some("a name is lower-case letters, digits and `_`, and begins with a letter");
    }
    let lists: [&[&str]; 4] = [&OPERATORS, &METHODS, RULE_WORDS, &CONSTANTS];
    let function = FUNCTIONS.iter().any(|(function, _)| *function == name);
    if function || lists.iter().any(|words| words.contains(&name)) {
        return Some("this is a word of the rule language");
    }
    // What rhai does not read as a variable is one of its own words.
    let engine = Engine::new_raw();
    let read = engine.compile_expression(name).ok();
    let variable = read.as_ref().is_some_and(|ast| {
        matches!(ast.statements(), [Stmt::Expr(expression)]
            if matches!(**expression, Expr::Variable(..)))
    });
    (!variable).then_some("this word is reserved by rhai")
}
