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
//! Nothing here reads a clock: whoever owns one may stop a script through its
//! [`Deadline`].

mod calls;
mod check;
mod deadline;
mod fence;
mod host;
mod notes;
mod operators;
mod run;
mod spelling;
mod step;
mod taken;
mod wishing;
mod words;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, Position, Scope};
use serde::{Deserialize, Serialize};

use crate::arbiter::{OutputId, Want};

use super::action::Action;
use super::condition::Truth;
use super::language::sandbox;
use super::look::Bound;
use super::rule::Rule;

pub use check::decide;
pub use deadline::Deadline;
pub use fence::check as check_functions;
pub use notes::{Disabled, Notes};
pub use wishing::SCRIPT_WORDS;
pub use words::Switch;

/// The longest reason of a wish, in bytes: a line in the journal.
const REASON_MAX: usize = 200;

/// What a script wants of one output or set-point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// The output or set-point, by its place in the configuration.
    output: OutputId,
    /// The level or value wanted.
    want: Want,
}

/// What a script tells people in this step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which of the script's `alert` words it is: line and column.
    pub place: (usize, usize),
    /// Where it goes.
    pub channel: Arc<str>,
    /// Said again this often while it stands; `None`: once.
    pub repeat: Option<Duration>,
    /// What it says.
    pub text: String,
}

/// Everything that a script said in one step.
#[derive(Debug, Default)]
struct Answer {
    /// What it wants, each output once.
    wishes: Vec<Wish>,
    /// The modes it activates, each once.
    modes: Vec<Arc<str>>,
    /// What it tells people.
    messages: Vec<Message>,
    /// Its reasons, in its order.
    reasons: Vec<Reason>,
}

/// Why a script wants something, in its words.
#[derive(Debug)]
struct Reason {
    about: About,
    text: String,
}

/// What a reason is about.
#[derive(Debug)]
enum About {
    Output(OutputId, Want),
    Mode(Arc<str>),
    Channel(Arc<str>),
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
    /// The outputs and set-points it may ask for.
    outputs: Vec<OutputId>,
    /// Their names.
    names: Vec<String>,
    /// Modes and alert channels that it may name.
    others: Vec<String>,
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
    deadline: Arc<Deadline>,
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
    /// The outputs and set-points it may ask for, in order.
    pub(super) fn outputs(&self) -> &[OutputId] {
        &self.outputs
    }

    /// Names of all that it may ask for: outputs, set-points, modes, channels.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.names.iter().chain(&self.others).map(String::as_str)
    }

    /// Modes and alert channels that it may name.
    #[must_use]
    pub fn others(&self) -> &[String] {
        &self.others
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
        let deadline = Arc::<Deadline>::default();
        let mut engine = sandbox::bare();
        words::register(&mut engine, &host, inputs);
        run::watch(&mut engine, &deadline);
        Some(Self { engine, host, inputs: named, deadline, scope: Mutex::new(Scope::new()) })
    }

    /// Whose turn it is; the owner of a clock may end it.
    pub fn deadline(&self) -> Arc<Deadline> {
        Arc::clone(&self.deadline)
    }
}

#[cfg(test)]
mod tests;
