//! What must hold for a rule, and for all rules together, before any of them runs.
//!
//! A rule that cannot clear, or that sets and clears at the same reading, would
//! show its fault at night and far away. These checks find it on the desk.

mod ranges;
mod sides;

pub use sides::possible;

use std::sync::Arc;
use std::time::Duration;

use crate::problem::Problem;
use crate::rules::action::Action;
use crate::rules::condition::{Ask, Condition, Leaf, Word};
use crate::rules::language::builder::{Build, Draft, RULES_MAX};
use crate::rules::rule::{Rule, Timed};
use crate::rules::script::Script;
use crate::rules::world::MAX_AGE;

/// The finished rules; problems go to `build`.
pub fn finish(build: &mut Build) -> Vec<Rule> {
    let mut drafts = std::mem::take(&mut build.drafts);
    if let Some(extra) = drafts.get(RULES_MAX) {
        let message = format!("more than {RULES_MAX} rules are too many");
        let problem = Problem::new(&extra.file, extra.span.clone(), message);
        build.problems.push(problem);
        drafts.truncate(RULES_MAX);
    }
    duplicates(build, &drafts);
    opposites(build, &drafts);
    drafts.into_iter().filter_map(|draft| rule(build, draft)).collect()
}

fn rule(build: &mut Build, draft: Draft) -> Option<Rule> {
    if draft.broken {
        return None;
    }
    if let Some((Action::Decide(script), _)) = &draft.action {
        let script = Arc::clone(script);
        return Some(scripted(build, draft, script));
    }
    let mut complain = |message: String, help: &str| {
        let problem = Problem::new(&draft.file, draft.span.clone(), message).help(help);
        build.problems.push(problem);
    };
    let name = &draft.name;
    if draft.action.is_none() {
        let help = "add `.turn_on(…)`, `.turn_off(…)`, `.set(…)` or `.alert(…)`";
        complain(format!("rule \"{name}\" does nothing"), help);
    }
    if draft.when.is_none() {
        complain(format!("rule \"{name}\" has no `when`"), "add `.when(soc below 30)`");
    }
    if draft.clear_when.is_none() && draft.for_at_most.is_none() {
        let help = "say when it ends: add `.clear_when(soc above 45)`";
        complain(format!("rule \"{name}\" has no `clear_when`"), help);
    }
    if draft.latch && draft.for_at_most.is_some() {
        let help = "`latch` waits for a person, `for_at_most` for nobody: choose one";
        complain(format!("rule \"{name}\" ends by itself and does not"), help);
    }
    sides::check(build, &draft);
    let (action, _) = draft.action?;
    let (when, _) = draft.when?;
    let clear_when = match (draft.clear_when, draft.for_at_most) {
        (Some((clear_when, _)), _) => clear_when,
        (None, Some(_)) => never(),
        (None, None) => return None,
    };
    let mut leaves = Vec::new();
    for condition in [&when.condition, &clear_when.condition].into_iter().chain(&draft.only) {
        condition.leaves(&mut leaves);
    }
    let numbers = leaves.iter().flat_map(|leaf| leaf.expressions());
    let inputs = numbers.flat_map(|number| build.needs.inputs_of(number));
    let grace = inputs.map(|input| build.inputs[input].grace).min();
    Some(Rule {
        name: draft.name.as_str().into(),
        file: draft.file,
        span: draft.span,
        action,
        priority: draft.priority,
        when,
        clear_when,
        only: draft.only,
        if_unknown: draft.if_unknown,
        grace: grace.unwrap_or(MAX_AGE),
        for_at_most: draft.for_at_most,
        latch: draft.latch,
    })
}

/// A rule whose script says everything: no latch stands beside it.
fn scripted(build: &mut Build, draft: Draft, script: Arc<Script>) -> Rule {
    let conditions = [(&draft.when, "when"), (&draft.clear_when, "clear_when")];
    for (condition, word) in conditions {
        if let Some((_, span)) = condition {
            let message = format!("a rule with `decide` has no `{word}`");
            let problem = Problem::new(&draft.file, span.clone(), message);
            build.problems.push(problem.help("its script says what it wants, and when"));
        }
    }
    if draft.latch {
        let message = "a rule with `decide` has no `latch`";
        let problem = Problem::new(&draft.file, draft.span.clone(), message);
        build.problems.push(problem.help("its script keeps what it needs in `mem`"));
    }
    if draft.for_at_most.is_some() {
        let message = "a rule with `decide` has no `for_at_most`";
        let problem = Problem::new(&draft.file, draft.span.clone(), message);
        build.problems.push(problem.help("its script says what it wants, and how long"));
    }
    if draft.latch {
        let message = "a rule with `decide` has no `latch`";
        let problem = Problem::new(&draft.file, draft.span.clone(), message);
        build.problems.push(problem.help("its script keeps what it must in `mem`"));
    }
    let grace = script.inputs().iter().map(|&input| build.inputs[input].grace).min();
    Rule {
        name: draft.name.as_str().into(),
        file: draft.file,
        span: draft.span,
        action: Action::Decide(script),
        priority: draft.priority,
        when: never(),
        clear_when: never(),
        only: draft.only,
        if_unknown: draft.if_unknown,
        grace: grace.unwrap_or(MAX_AGE),
        for_at_most: None,
        latch: false,
    }
}

/// The clearing side of a rule that `for_at_most` ends.
fn never() -> Timed {
    let leaf = Leaf { name: "never".into(), ask: Ask::Word(Word::Never) };
    Timed { condition: Condition::Leaf(leaf).into(), lasting: Duration::ZERO }
}

fn duplicates(build: &mut Build, drafts: &[Draft]) {
    for (index, draft) in drafts.iter().enumerate() {
        let first = drafts[..index].iter().find(|other| other.name == draft.name);
        if let Some(first) = first.filter(|_| !draft.name.is_empty()) {
            let message = format!("there are two rules named \"{}\"", draft.name);
            let help = format!("the first is in {}; give this one another name", first.file);
            build.problems.push(Problem::new(&draft.file, draft.span.clone(), message).help(help));
        }
    }
}

/// Two rules that pull one output both ways with the same weight.
fn opposites(build: &mut Build, drafts: &[Draft]) {
    for (index, draft) in drafts.iter().enumerate() {
        let Some((action, span)) = &draft.action else {
            continue;
        };
        let rivals = drafts[..index].iter();
        let rivals = rivals.filter(|other| other.priority == draft.priority);
        let disputed = |other: &Draft| {
            let (theirs, _) = other.action.as_ref().filter(|_| other.name != draft.name)?;
            Some((other.name.clone(), action.disputed(theirs)?))
        };
        for (rival, output) in rivals.filter_map(disputed).take(1) {
            let name = build.world.target(output);
            let message = format!(
                "rules \"{}\" and \"{}\" pull `{name}` both ways with the same priority {}",
                rival, draft.name, draft.priority
            );
            let help = "say which one wins: give it a higher `.priority(…)`";
            build.problems.push(Problem::new(&draft.file, span.clone(), message).help(help));
        }
    }
}
