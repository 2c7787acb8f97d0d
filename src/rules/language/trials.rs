//! Tests that stand beside rules in a rule file.
//!
//! Loading a file only keeps them: a name, a place and a closure. They are run
//! in virtual time by `trial`, before the rules are used. Nothing here runs one.

use std::ops::Range;
use std::sync::Arc;

use rhai::{AST, Dynamic, FnPtr, Position};

use super::builder::Build;
use crate::rules::RuleSet;

/// The most tests of a site: four for each rule there may be.
const TRIALS_MAX: usize = 1024;

/// Words that stand inside a test and nowhere else.
pub const TRIAL_WORDS: [&str; 10] = [
    "given",
    "lose",
    "pass",
    "at",
    "expect",
    "is_on",
    "is_off",
    "is_set",
    "is_released",
    "requests",
];

/// A test of a rule file.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What it shows, in the owner's words.
    pub name: Arc<str>,
    /// The file it stands in.
    pub file: String,
    /// Where `test` stands in the file, in bytes.
    pub span: Range<usize>,
    /// What it does.
    pub(crate) body: FnPtr,
    /// The functions of its file.
    pub(crate) functions: Arc<AST>,
}

impl Build {
    /// `test(name, closure)`.
    pub fn trial(&mut self, at: Position, name: &Dynamic, body: &Dynamic) {
        let example = "for example `test(\"stays off\", || { pass(1.min); })`";
        let Ok(name) = name.clone().into_immutable_string() else {
            let message = format!("a test needs a name as text, found {}", self.kind(name));
            return self.complain(at, message, example);
        };
        let Some(body) = body.clone().try_cast::<FnPtr>() else {
            let message =
                format!("a test needs its steps in `|| {{ … }}`, found {}", self.kind(body));
            return self.complain(at, message, example);
        };
        if name.trim().is_empty() {
            return self.complain(at, "a test needs a name that says what it shows", example);
        }
        let here = self.trials.iter().filter(|trial| trial.file == self.file);
        if here.into_iter().any(|trial| *trial.name == *name) {
            let message = format!("there are two tests named \"{name}\" in this file");
            return self.complain(at, message, "give this one another name");
        }
        if self.trials.len() >= TRIALS_MAX {
            return self.complain(at, format!("more than {TRIALS_MAX} tests are too many"), "");
        }
        let span = self.span(at);
        let (file, functions) = (self.file.clone(), Arc::clone(&self.functions));
        self.trials.push(Trial { name: name.as_str().into(), file, span, body, functions });
    }
}

impl RuleSet {
    /// The tests beside the rules, in the order of file and place.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The same rules without their tests, which a running engine does not need.
    #[must_use]
    pub fn without_trials(mut self) -> Self {
        self.trials = Vec::new();
        self
    }

    /// The rules of one file alone: a test speaks of what stands beside it.
    #[must_use]
    pub fn of_file(&self, file: &str) -> Self {
        let of_file = |rule: &&crate::rules::Rule| rule.file == file;
        let rules = self.rules.iter().filter(of_file).cloned().collect();
        Self::assemble(rules, self.inputs.clone(), self.needs.clone())
    }
}
