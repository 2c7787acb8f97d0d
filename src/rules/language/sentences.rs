//! Says in an engineer's words what rhai says in a programmer's.
//!
//! Every error that a rule file can raise becomes one problem: a place, a
//! sentence, and the word that was probably meant.

use rhai::{EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use crate::problem::nearest;

use super::builder::Build;
use super::habits;
use super::names::NOT_JOINED;
use super::reserved::OPERATORS;
use super::schedule::CONSTANTS;
use super::trials::TRIAL_WORDS;
use super::words::{FUNCTIONS, METHODS, UNITS};
use crate::rules::script::SCRIPT_WORDS;

/// Reports that a file cannot be parsed.
pub fn syntax(build: &mut Build, error: &ParseError) {
    let at = error.position();
    let place = build.span(at);
    let text = |range: std::ops::Range<usize>| build.text.get(range).unwrap_or("");
    let (before, after) = (text(0..place.start), text(place.end..build.text.len()));
    let found = text(place);
    // In a configuration the quotes are those of TOML.
    let quoted = build.key.is_some() && found.starts_with(['"', '\'']);
    let habit = habits::seen(before, found, after).filter(|_| !quoted);
    let (message, help) = habit.unwrap_or_else(|| parse_sentence(build, error.err_type(), at));
    build.complain(at, message, help);
}

/// Reports that a statement cannot be carried out.
pub fn failure(build: &mut Build, error: &EvalAltResult) {
    let at = error.position();
    let (message, help) = match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => return failure(build, inner),
        // Found by the walk already.
        EvalAltResult::ErrorVariableNotFound(name, _)
            if !build.world.knows(name) && !CONSTANTS.contains(&name.as_str()) =>
        {
            return;
        }
        EvalAltResult::ErrorMismatchDataType(wanted, ..) if wanted == "bool" && joined(build) => {
            return;
        }
        EvalAltResult::ErrorVariableNotFound(name, _) => unseen(name),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => function(build, signature, at),
        EvalAltResult::ErrorDotExpr(text, _) => property(text),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) if wanted == "bool" => (
            format!("the file is read once, before {} has a value", described(found)),
            "a condition belongs into `when(…)`, `clear_when(…)` or `only(…)`".to_owned(),
        ),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => (
            format!("`{name}` cannot be set here"),
            format!("to compare it, write `{name} equals …`"),
        ),
        EvalAltResult::ErrorVariableExists(name, _) => taken(name),
        EvalAltResult::ErrorTooManyOperations(_) => (
            "the file does too much while it is read".to_owned(),
            "is there a loop that never ends?".to_owned(),
        ),
        EvalAltResult::ErrorStackOverflow(_) => {
            ("functions call each other too deeply".to_owned(), String::new())
        }
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            (format!("{} is too large", what.to_lowercase()), String::new())
        }
        EvalAltResult::ErrorRuntime(text, _) => (text.to_string(), String::new()),
        EvalAltResult::ErrorParsing(kind, _) => parse_sentence(build, kind, at),
        other => (lower(&without_position(&other.to_string())), String::new()),
    };
    build.complain(at, message, help);
}

fn parse_sentence(build: &Build, kind: &ParseErrorType, at: Position) -> (String, String) {
    use ParseErrorType as E;
    match kind {
        E::MissingToken(token, _) => missing(build, token, at),
        E::UnexpectedEOF => match &build.key {
            Some(key) => (format!("`{key}` ends too early"), "is something missing?".to_owned()),
            None => ("the file ends in the middle of a rule".to_owned(), String::new()),
        },
        E::Reserved(word) | E::ForbiddenVariable(word) => reserved(build, word),
        E::VariableUndefined(name) => unseen(name),
        E::VariableExists(name) => taken(name),
        E::AssignmentToConstant(name) => (
            format!("`{name}` cannot be set here"),
            format!("to compare it, write `{name} equals …`"),
        ),
        E::ExprTooDeep => (
            "this expression is nested too deeply".to_owned(),
            "split the rule into two".to_owned(),
        ),
        E::BadInput(LexError::ImproperSymbol(word, _)) => reserved(build, word),
        E::BadInput(LexError::UnexpectedInput(found)) => match meant(found) {
            Some(word) => {
                (format!("there is no word `{found}`"), format!("did you mean `{word}`?"))
            }
            None => (
                format!("`{found}` is not expected here"),
                "is something missing before it?".to_owned(),
            ),
        },
        E::BadInput(error) => (lower(&error.to_string()), String::new()),
        E::PropertyExpected => ("a word is missing after the `.`".to_owned(), String::new()),
        other => (lower(&other.to_string()), String::new()),
    }
}

fn missing(build: &Build, token: &str, at: Position) -> (String, String) {
    let start = build.span(at).start;
    let before = build.text.get(..start).unwrap_or("").trim_end();
    if before.ends_with("not") {
        return ("`not` needs brackets".to_owned(), "write `not(soc below 30)`".to_owned());
    }
    let found = build.text.get(build.span(at)).unwrap_or("");
    if let Some(word) = meant(found) {
        return (format!("there is no word `{found}`"), format!("did you mean `{word}`?"));
    }
    let (message, help) = match (token, found) {
        (";", ")") => ("there is one `)` too many", ""),
        (",", ";" | "") => ("a `)` is missing", "is there a bracket that is not closed?"),
        (",", _) => ("`)` or a word such as `and` is missing before this", ""),
        (";", _) => ("a `;` is missing before this", "every rule ends with `;`"),
        _ => return (format!("a `{token}` is missing before this"), String::new()),
    };
    (message.to_owned(), help.to_owned())
}

/// The word of ours for one that was tried between two others.
fn meant(found: &str) -> Option<&str> {
    match found {
        "=" | "is" | "eq" | "equal" => Some("equals"),
        "under" | "less" | "lower" | "smaller" | "lt" => Some("below"),
        "over" | "greater" | "higher" | "more" | "gt" | "exceeds" => Some("above"),
        "in" | "within" => Some("between"),
        word if OPERATORS.contains(&word) => None,
        word => nearest(word, OPERATORS.into_iter()),
    }
}

/// Whether `&&` or `||` was found in this file.
fn joined(build: &Build) -> bool {
    let in_file = build.problems.iter().filter(|problem| problem.file == build.file);
    in_file.into_iter().any(|problem| problem.message.starts_with(NOT_JOINED))
}

fn reserved(build: &Build, word: &str) -> (String, String) {
    let place = if build.key.is_some() { "a configuration" } else { "a rule file" };
    let message = match word {
        "eval" | "import" | "export" | "try" => format!("`{word}` is not allowed in {place}"),
        _ => format!("`{word}` has no meaning in {place}"),
    };
    let help = match word {
        "=" | "===" | "is" => "to compare, use `equals`",
        "!" => "use `not(…)`",
        "try" => "a mistake in a rule file is reported, not caught",
        "import" | "export" => "every file in the rules folder is loaded by itself",
        _ => "",
    };
    (message, help.to_owned())
}

/// A name of the world, used where scripts cannot see it.
pub fn unseen(name: &str) -> (String, String) {
    (
        format!("a function does not see `{name}`"),
        format!("give it to the function as an argument, as in `cold({name})`"),
    )
}

fn taken(name: &str) -> (String, String) {
    (format!("the name `{name}` is taken"), "choose another name".to_owned())
}

fn function(build: &Build, signature: &str, at: Position) -> (String, String) {
    let name = signature.split([' ', '(']).next().unwrap_or(signature);
    let brackets = build.text.get(build.span(at).end..).unwrap_or("");
    if let Some(number) = habits::decimal_comma(brackets) {
        return ("a number has a decimal point".to_owned(), format!("write `{number}`"));
    }
    if name == "rule" {
        let message = "`rule` takes the rule's name and nothing else".to_owned();
        return (message, "for example `rule(\"preserve the battery\")`".to_owned());
    }
    if FUNCTIONS.iter().any(|(known, _)| *known == name) && signature.contains("RuleRef") {
        let message = format!("`{name}` is part of a condition");
        return (message, "it stands in `.when(…)`, `.clear_when(…)`, `.only(…)`".to_owned());
    }
    if let Some((_, example)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
        let message = format!("`{name}` is given something else than it takes");
        return (message, format!("for example `{example}`"));
    }
    if TRIAL_WORDS.contains(&name) {
        let message = format!("`{name}` stands inside a `test(…)`");
        return (message, "for example `test(\"stays off\", || { pass(1.min); })`".to_owned());
    }
    if METHODS.contains(&name) {
        let things = match name {
            "set" | "alert" => "two things",
            "latch" => "nothing",
            _ => "one thing",
        };
        let message = format!("`{name}` stands after a `rule(…)` and takes {things} in brackets");
        return (message, format!("for example `{}`", example(name)));
    }
    if SCRIPT_WORDS.contains(&name) {
        let message = format!("`{name}` stands inside a `decide(…)`");
        let example = "for example `.decide(|s, mem| want(heater, on, \"cold cells\"))`";
        return (message, example.to_owned());
    }
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    let words = METHODS.into_iter().chain(functions).chain(["test"]);
    let help = nearest(name, words).map_or_else(
        || format!("a rule has the words {}", METHODS.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    (format!("there is no word `{name}`"), help)
}

fn example(method: &str) -> &'static str {
    match method {
        "turn_on" => ".turn_on(heater)",
        "turn_off" => ".turn_off(load_output)",
        "set" => ".set(charge_limit, 5.0)",
        "activate" => ".activate(preserve)",
        "alert" => ".alert(operator, \"battery low: {soc}\")",
        "when" => ".when(soc below 30)",
        "clear_when" => ".clear_when(soc above 45)",
        "lasting" => ".lasting(2.min)",
        "only" => ".only(pv_power above 80)",
        "unless" => ".unless(is_on(generator))",
        "latch" => ".latch()",
        "for_at_most" => ".for_at_most(2.hours)",
        "priority" => ".priority(40)",
        "decide" => ".decide(|s, mem| { nothing() })",
        _ => ".if_unknown(\"safe\")",
    }
}

/// `Unknown property 'x' - a getter is not registered for type 'i64'`
fn property(text: &str) -> (String, String) {
    let mut quoted = text.split('\'').skip(1).step_by(2);
    let (name, owner) = (quoted.next().unwrap_or(""), quoted.next().unwrap_or(""));
    let message = format!("there is no `.{name}` here");
    let help = if owner.contains("i64") || owner.contains("f64") {
        let unit = nearest(name, UNITS.iter().map(|(unit, _)| *unit)).unwrap_or("min");
        format!("durations are `90.sec`, `5.min`, `2.hours`, `1.day`; did you mean `.{unit}`?")
    } else {
        nearest(name, METHODS.into_iter())
            .map_or_else(String::new, |near| format!("did you mean `.{near}(…)`?"))
    };
    (message, help)
}

fn described(type_name: &str) -> &'static str {
    if type_name.ends_with("Built") { "a condition" } else { "this" }
}

/// An error without the place that the caret shows.
pub fn without_position(text: &str) -> String {
    text.split(" (line ").next().unwrap_or(text).to_owned()
}

/// Messages begin in lower case.
pub fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(letters).collect()
}
