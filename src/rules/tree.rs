//! A rule's conditions with the answer, value and age of every part.
//!
//! Built on an edge or when somebody asks; it may allocate.

use crate::clock::Now;
use crate::journal::Branch;
use crate::snapshot::Snapshot;

use super::action::Action;
use super::condition::{Condition, Leaf, Truth};
use super::explain::{self, span};
use super::look::{Look, readable};
use super::rule::{Rule, Timed};
use super::script::Said;
use super::{Memory, RuleSet};

impl RuleSet {
    /// The conditions of the rule at an index of [`RuleSet::rules`]: `when`,
    /// `clear_when` and, if it has one, `only`.
    #[must_use]
    pub fn conditions(
        &self,
        rule: usize,
        now: Now,
        snapshot: &Snapshot,
        memory: &Memory,
    ) -> Vec<Branch> {
        let values = self.numbers(now, snapshot, memory);
        let look =
            Look { now, snapshot, inputs: &self.inputs, values: &values, facts: &memory.facts };
        let rule = &self.rules()[rule];
        if let Action::Decide(script) = &rule.action {
            return scripted(rule, &script.said(), &look);
        }
        let mut roots =
            vec![timed("when", &rule.when, &look), timed("clear_when", &rule.clear_when, &look)];
        roots.extend(rule.only.as_ref().map(|only| root("only", only.to_string(), only, &look)));
        roots.extend(memory.cause(&rule.name).map(latch));
        roots
    }
}

/// What a script said, and the readings it looked at.
fn scripted(rule: &Rule, said: &Said, look: &Look<'_>) -> Vec<Branch> {
    let reading = |&input: &usize| {
        let bound = &look.inputs[input].input;
        let (answer, value, age) = match look.value(input) {
            Ok((value, age)) => (Truth::Yes, readable(&value, bound), Some(age.as_secs_f64())),
            Err(reason) => (Truth::Unknown, reason.to_string(), None),
        };
        let (text, answer) = (bound.name.clone(), answer.word().to_owned());
        Branch { text, answer, value: Some(value), age_s: age, ..Branch::default() }
    };
    let script = Branch {
        role: "decide".to_owned(),
        text: said.text.clone(),
        answer: said.answer.word().to_owned(),
        parts: said.read.iter().map(reading).collect(),
        ..Branch::default()
    };
    let only = rule.only.as_ref().map(|only| root("only", only.to_string(), only, look));
    std::iter::once(script).chain(only).collect()
}

/// That a person must see the first cause.
fn latch((cause, acknowledged): (&str, bool)) -> Branch {
    Branch {
        role: "latch".to_owned(),
        text: "acknowledged by a person".to_owned(),
        answer: Truth::from(acknowledged).word().to_owned(),
        value: Some(format!("first {cause}")),
        ..Branch::default()
    }
}

fn timed(role: &str, timed: &Timed, look: &Look<'_>) -> Branch {
    let mut text = timed.condition.to_string();
    if !timed.lasting.is_zero() {
        text = format!("{text}, lasting {}", span(timed.lasting));
    }
    root(role, text, &timed.condition, look)
}

fn root(role: &str, text: String, condition: &Condition, look: &Look<'_>) -> Branch {
    let tree = branch(condition, look);
    Branch {
        role: role.to_owned(),
        text,
        answer: tree.answer.clone(),
        parts: vec![tree],
        ..Branch::default()
    }
}

fn branch(condition: &Condition, look: &Look<'_>) -> Branch {
    match condition {
        Condition::Leaf(leaf) => compared(leaf, look),
        Condition::And(a, b) => joined("and", condition, &[a, b], look),
        Condition::Or(a, b) => joined("or", condition, &[a, b], look),
        Condition::Not(inner) => joined("not", condition, &[inner], look),
    }
}

fn joined(role: &str, whole: &Condition, parts: &[&Condition], look: &Look<'_>) -> Branch {
    Branch {
        role: role.to_owned(),
        text: whole.to_string(),
        answer: whole.evaluate(look).word().to_owned(),
        parts: parts.iter().map(|part| branch(part, look)).collect(),
        ..Branch::default()
    }
}

fn compared(leaf: &Leaf, look: &Look<'_>) -> Branch {
    let truth = look.test(leaf);
    let age = leaf.input().and_then(|input| look.age(input));
    Branch {
        text: leaf.to_string(),
        answer: truth.word().to_owned(),
        value: Some(explain::value(leaf, truth, look)),
        age_s: age.map(|age| age.as_secs_f64()),
        ..Branch::default()
    }
}
