//! Runs one script once, under every limit, and says what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Position, Scope};

use super::super::language::sentences::{lower, without_position};
use super::host::lock;
use super::words::{Answered, Mem, Readings, kind};
use super::{Answer, Deadline, Script, Scripts, Stop};

/// Between two looks at the deadline, in operations: some tenths of a millisecond
/// on the slowest board.
const LOOK_EVERY: u64 = 256;

/// Lets the deadline stop a script.
pub fn watch(engine: &mut Engine, deadline: &Arc<Deadline>) {
    let deadline = Arc::clone(deadline);
    engine.on_progress(move |operations| {
        let late = operations.is_multiple_of(LOOK_EVERY) && deadline.is_late();
        late.then_some(Dynamic::UNIT)
    });
}

impl Scripts {
    /// Runs a script against the readings that the host has seen.
    pub(super) fn run(&self, script: &Script, scope: &mut Scope<'static>) -> Result<Answer, Stop> {
        self.deadline.begin();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut arguments = Vec::with_capacity(script.taken.len() + 2);
            arguments.extend(script.taken.iter().cloned());
            arguments.extend([Dynamic::from(Readings), Dynamic::from(Mem)]);
            self.call(scope, &script.functions, &script.name, arguments)
        }));
        self.deadline.end();
        scope.clear();
        let mut host = lock(&self.host);
        let answer = std::mem::take(&mut host.answer);
        let refused = host.stop.take();
        drop(host);
        let result = match result {
            Ok(result) => result,
            Err(_) => return Err(Stop::Failed(placed("a word of the host panicked", script.at))),
        };
        match (refused, result) {
            (Some(Stop::Unknown(text)), _) => Err(Stop::Unknown(text)),
            (Some(Stop::Failed(text)), Err(error)) => {
                Err(Stop::Failed(placed(&text, place(&error))))
            }
            (Some(Stop::Failed(text)), Ok(_)) => Err(Stop::Failed(placed(&text, script.at))),
            (None, Err(error)) => Err(Stop::Failed(placed(&told(&error), place(&error)))),
            (None, Ok(value)) if value.is::<Answered>() => Ok(answer),
            // `if … { want(…); }` has no value of its own, and has answered.
            (None, Ok(value)) if value.is_unit() && !answer.reasons.is_empty() => Ok(answer),
            (None, Ok(value)) => {
                let found = kind(&value);
                let text = format!("it ends with `want(…)` or `nothing()`, found {found}");
                Err(Stop::Failed(placed(&text, script.at)))
            }
        }
    }

    fn call(
        &self,
        scope: &mut Scope<'static>,
        functions: &AST,
        name: &str,
        arguments: Vec<Dynamic>,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let options = CallFnOptions::new().eval_ast(false);
        self.engine.call_fn_with_options(options, scope, functions, name, arguments)
    }
}

fn placed(text: &str, at: Position) -> String {
    match (at.line(), at.position()) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: {text}"),
        (Some(line), None) => format!("line {line}: {text}"),
        _ => text.to_owned(),
    }
}

/// Where an error arose: inside the innermost function that says so.
fn place(error: &EvalAltResult) -> Position {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, outer) => {
            let inner = place(inner);
            if inner.is_none() { *outer } else { inner }
        }
        other => other.position(),
    }
}

/// What an error says to an engineer.
fn told(error: &EvalAltResult) -> String {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => told(inner),
        EvalAltResult::ErrorTooManyOperations(_) => {
            "it does too much in one step; is there a loop that never ends?".to_owned()
        }
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other too deeply".to_owned(),
        EvalAltResult::ErrorTerminated(..) => "it took too long and was stopped".to_owned(),
        EvalAltResult::ErrorDataTooLarge(what, _) => {
            format!("{} is too large", what.to_lowercase())
        }
        EvalAltResult::ErrorRuntime(text, _) => text.to_string(),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _) if wanted == "bool" => {
            format!("a condition is yes or no, found {}", described(found))
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            format!(
                "there is no function `{}`",
                signature.replace("&str | ImmutableString | String", "text")
            )
        }
        other => lower(&without_position(&other.to_string())),
    }
}

fn described(type_name: &str) -> &str {
    match type_name {
        "()" => "nothing",
        "i64" | "f64" => "a number",
        "string" => "a text",
        _ => "something else",
    }
}
