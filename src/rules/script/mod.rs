//! Level 3: rules whose answer a script works out in every step.
//!
//! ```text
//! decide(|s, mem| …) ─► check (at load) ─► Script ── step ─► Verdict
//!                                             └ host: readings, mem, wishes, refusals
//! ```
//!
//! A script sees fresh readings (`s`) and its own memory (`mem`), answers with
//! wishes, and sees nothing else. It runs under rhai's limits; a missing reading
//! makes it *unknown*, a mistake makes it *failed*, and both concern its rule only.
//! Nothing here reads a clock: whoever owns one may raise [`Scripts::deadline`].

mod check;
mod fence;
mod host;
mod notes;
mod operators;
mod run;
mod spelling;
mod step;
mod words;

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use rhai::{AST, Dynamic, Engine, Position, Scope};
use serde::{Deserialize, Serialize};

use crate::arbiter::{Level, OutputId};

use super::action::Action;
use super::condition::Truth;
use super::language::sandbox;
use super::look::Bound;
use super::rule::Rule;

pub use check::decide;
pub use fence::check as check_functions;
pub use notes::Notes;
pub use words::{SCRIPT_WORDS, Switch};

/// The longest reason of a wish, in bytes: a line in the journal.
const REASON_MAX: usize = 200;

/// What a script wants of one output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The output, by its place in the configuration.
    output: OutputId,
    /// The level wanted.
    level: Level,
    /// Why, in the script's words.
    reason: String,
}

/// Why a script came to no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    /// A reading is missing; the words say which and why.
    Unknown(String),
    /// It is wrong; the words say how.
    Failed(String),
}

/// One closure of a rule file.
#[derive(Debug)]
pub struct Script {
    /// The functions of its file.
    functions: Arc<AST>,
    /// Its name among them.
    name: String,
    /// What it took along from the file around it.
    taken: Vec<Dynamic>,
    /// Where it stands in its file.
    at: Position,
    /// The outputs it may ask about.
    outputs: Vec<OutputId>,
    /// Their names.
    names: Vec<String>,
    /// The inputs it names.
    inputs: Vec<usize>,
    /// Differs when the script differs, whatever its layout.
    spelling: String,
    /// What it said last, for people.
    said: Mutex<Said>,
}

/// What a script said last, for people.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its reasons, or what is in its way.
    pub text: String,
    /// Whether it wants something.
    pub answer: Truth,
    /// The inputs it read.
    pub read: Vec<usize>,
}

impl Default for Said {
    fn default() -> Self {
        let text = "it has not run yet".to_owned();
        Self { text, answer: Truth::Unknown, read: Vec::new() }
    }
}

/// The engine that runs all scripts of a rule set.
pub struct Scripts {
    engine: Engine,
    host: host::Shared,
    /// Every input that some script names.
    inputs: Vec<usize>,
    deadline: Arc<AtomicBool>,
    /// One script at a time, also where a rule set has clones.
    scope: Mutex<Scope<'static>>,
}

/// The same text does the same, wherever it stands.
impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        (&self.spelling, &self.outputs) == (&other.spelling, &other.outputs)
    }
}

impl Script {
    /// The outputs it may ask about, in order.
    pub(super) fn outputs(&self) -> &[OutputId] {
        &self.outputs
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The inputs it names, by index.
    pub(super) fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// Differs when the script differs, whatever its layout.
    pub(super) fn spelling(&self) -> &str {
        &self.spelling
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

impl Scripts {
    /// An engine for the scripts of these rules; `None` when they have none.
    pub fn of(rules: &[Rule], inputs: &[Bound]) -> Option<Self> {
        let script = |rule: &'_ Rule| match &rule.action {
            Action::Decide(script) => Some(Arc::clone(script)),
            _ => None,
        };
        let mut named: Vec<usize> =
            rules.iter().filter_map(script).flat_map(|script| script.inputs.clone()).collect();
        rules.iter().find_map(script)?;
        named.sort_unstable();
        named.dedup();
        let host = host::Shared::default();
        let deadline = Arc::<AtomicBool>::default();
        let mut engine = sandbox::bare();
        words::register(&mut engine, &host, inputs);
        run::watch(&mut engine, &deadline);
        Some(Self { engine, host, inputs: named, deadline, scope: Mutex::new(Scope::new()) })
    }

    /// While this is raised, scripts are stopped. The owner of a clock raises it
    /// when a step takes too long, and lowers it before the next.
    pub fn deadline(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.deadline)
    }
}

#[cfg(test)]
mod tests;
