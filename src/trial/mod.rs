//! Runs the tests that stand beside rules, in virtual time.
//!
//! A test drives the real [`Engine`](crate::engine::Engine) (rules, arbiter, the
//! way of every output) with readings that it makes up and a driver that obeys
//! at once. It runs against the rules of its own file: what another file adds
//! must not change what a test shows. A test that fails is a [`Problem`] with a
//! place, like any other mistake in a file, so that no rule is loaded whose
//! proof does not hold.
//!
//! ```text
//! given(#{ soc: 29 })   readings, sent anew each second until `lose(soc)`
//! pass(50.sec)          a step at once, then one a second
//! at("2026-01-15 06:00")  sets the wall clock; durations do not notice
//! expect(is_off(load_output))   is_on, is_off, requests; `not(…)`, `and`, `or`
//! ```

mod bench;
mod looks;
mod story;
mod words;

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::arbiter::Policy;
use crate::problem::{Problem, Source};
use crate::rules::{Interlock, RuleSet, Trial};

use bench::Bench;

/// The longest test, in virtual time: a year, and some days around it.
pub const LONGEST: Duration = Duration::from_secs(400 * 86_400);

/// What a test needs to know of the site.
#[derive(Clone, Debug)]
pub struct Premises {
    /// The outputs' policies, in the order of configuration.
    pub policies: Vec<Policy>,
    /// What must hold for outputs to be away from safe.
    pub interlocks: Vec<Interlock>,
    /// The zone in which `at(…)` is meant.
    pub zone: TimeZone,
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Where it stands, in bytes.
    pub start: usize,
    /// How much virtual time passed.
    pub passed: Duration,
    /// Why it did not hold; `None`: it did.
    pub failure: Option<Failure>,
}

/// Why a test did not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What is wrong, and where.
    pub problem: Problem,
    /// The test itself is wrong, rather than the rules: a misspelt word, an
    /// input that does not exist.
    pub mistaken: bool,
}

/// Runs every test whose name or file contains `filter`.
#[must_use]
pub fn run(
    rules: &RuleSet,
    premises: &Premises,
    sources: &[Source],
    filter: Option<&str>,
) -> Vec<Outcome> {
    let wanted = |trial: &&Trial| {
        filter.is_none_or(|text| trial.name.contains(text) || trial.file.contains(text))
    };
    let text_of = |file: &str| {
        sources.iter().find(|source| source.name == file).map_or("", |source| &*source.text)
    };
    let trials = rules.trials().iter().filter(wanted);
    trials.map(|trial| one(rules, premises, trial, text_of(&trial.file))).collect()
}

/// The problems of tests that do not hold.
#[must_use]
pub fn problems(outcomes: &[Outcome]) -> Vec<Problem> {
    let failures = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref());
    failures.map(|failure| failure.problem.clone()).collect()
}

fn one(rules: &RuleSet, premises: &Premises, trial: &Trial, text: &str) -> Outcome {
    let bench = Bench::new(rules.of_file(&trial.file), premises);
    let (passed, failure) = words::perform(bench, trial, text);
    Outcome {
        name: trial.name.to_string(),
        file: trial.file.clone(),
        start: trial.span.start,
        passed,
        failure,
    }
}
