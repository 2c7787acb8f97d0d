//! Why a rule wants what it wants, in one sentence with values and ages.
//!
//! The engine asks on an edge only, so this may allocate. It shows the
//! comparisons that decided and leaves out those that changed nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::journal::Used;
use crate::snapshot::Snapshot;
use crate::units::{Unit, Value};

use super::action::Action;
use super::condition::{Ask, Condition, Leaf, Test, Truth, Word};
use super::expression::Expression;
use super::look::{Look, Missing, readable};
use super::rule::{Rule, Timed};
use super::{Memory, RuleSet};

/// A rule's reason at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// One sentence: `soc is 29.4 % (2 s old), below 30 for 60 s`.
    pub text: String,
    /// Every input of the rule, as it was.
    pub used: Vec<Used>,
}

impl RuleSet {
    /// Explains the rule at an index of [`RuleSet::rules`], with the memory that it
    /// was evaluated with last.
    #[must_use]
    pub fn explain(
        &self,
        rule: usize,
        now: Now,
        snapshot: &Snapshot,
        memory: &Memory,
    ) -> Explanation {
        let values = self.numbers(now, snapshot, memory);
        let look =
            Look { now, snapshot, inputs: &self.inputs, values: &values, facts: &memory.facts };
        let rule = &self.rules()[rule];
        if let Action::Decide(script) = &rule.action {
            return script.explain(&look);
        }
        let conditions = [&rule.when.condition, &rule.clear_when.condition];
        let conditions = conditions.into_iter().chain(&rule.only);
        let now = sentence(rule, &look);
        let text = match memory.cause(&rule.name) {
            None => now,
            // At the moment itself there is nothing to add.
            Some((cause, _)) if cause == now => now,
            Some((cause, true)) => format!("first {cause}; acknowledged; now {now}"),
            Some((cause, false)) => {
                let end = format!("waits for `sunkeep acknowledge \"{}\"`", rule.name);
                format!("first {cause}; now {now}; {end}")
            }
        };
        Explanation { text, used: used(self, conditions, &look) }
    }
}

/// Why a condition has the answer that it has.
pub(super) fn condition(set: &RuleSet, condition: &Arc<Condition>, look: &Look<'_>) -> Explanation {
    Explanation { text: clause(condition, look), used: used(set, [condition], look) }
}

/// What decides now.
pub(super) fn sentence(rule: &Rule, look: &Look<'_>) -> String {
    let when = rule.when.condition.evaluate(look);
    let clear = rule.clear_when.condition.evaluate(look);
    let only = rule.only.as_ref().map_or(Truth::Yes, |only| only.evaluate(look));
    match (when, clear) {
        _ if only != Truth::Yes => {
            let only = rule.only.as_ref().map(|only| clause(only, look));
            format!("only while {}: {}", rule_only(rule), only.unwrap_or_default())
        }
        (_, Truth::Yes) => lasting(&rule.clear_when, look),
        (Truth::Unknown, _) => clause(&rule.when.condition, look),
        (_, Truth::Unknown) => clause(&rule.clear_when.condition, look),
        (Truth::Yes, Truth::No) => lasting(&rule.when, look),
        (Truth::No, Truth::No) => {
            let both = [&rule.when.condition, &rule.clear_when.condition];
            let mut leaves = Vec::new();
            for condition in both {
                condition.decisive(look, &mut leaves);
            }
            phrases(&leaves, look)
        }
    }
}

fn rule_only(rule: &Rule) -> String {
    rule.only.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn lasting(timed: &Timed, look: &Look<'_>) -> String {
    let clause = clause(&timed.condition, look);
    if timed.lasting.is_zero() { clause } else { format!("{clause} for {}", span(timed.lasting)) }
}

fn clause(condition: &Condition, look: &Look<'_>) -> String {
    let mut leaves = Vec::new();
    condition.decisive(look, &mut leaves);
    phrases(&leaves, look)
}

/// One phrase per question: its value once, then what it is and is not.
fn phrases(leaves: &[(&Leaf, Truth)], look: &Look<'_>) -> String {
    let mut phrases: Vec<(&str, String)> = Vec::new();
    for (leaf, truth) in leaves {
        let verdict = match (&leaf.ask, truth) {
            (Ask::Word(_), _) | (_, Truth::Unknown) => String::new(),
            (Ask::Number { test, .. }, Truth::Yes) => format!(", {}", tested(test, look)),
            (Ask::Number { test, .. }, Truth::No) => format!(", not {}", tested(test, look)),
        };
        match phrases.iter_mut().find(|(name, _)| **name == *leaf.name) {
            Some((_, phrase)) if !phrase.ends_with(&verdict) => phrase.push_str(&verdict),
            Some(_) => {}
            None => phrases.push((&leaf.name, format!("{}{verdict}", value(leaf, *truth, look)))),
        }
    }
    phrases.into_iter().map(|(_, phrase)| phrase).collect::<Vec<_>>().join("; ")
}

/// A test; where it compares with another number, that number too.
fn tested(test: &Test, look: &Look<'_>) -> String {
    match test {
        Test::BelowOf(other, _) | Test::AboveOf(other, _) => {
            format!("{test} ({})", rounded(other.evaluate(look)))
        }
        _ => test.to_string(),
    }
}

/// What a question is about and what it found: `soc is 29.4 % (2 s old)`.
pub(super) fn value(leaf: &Leaf, truth: Truth, look: &Look<'_>) -> String {
    let name = &leaf.name;
    match &leaf.ask {
        Ask::Number { value: Expression::Input(input), test, .. } => match look.value(*input) {
            // Its own value is known, so the other side is not.
            Ok(_) if truth == Truth::Unknown => other_side(name, test, look),
            _ => value_of(*input, look),
        },
        Ask::Number { value, unit, test } => match value.missing(look) {
            Some(missing) => format!("{name} is unknown: {missing}"),
            None if truth == Truth::Unknown => other_side(name, test, look),
            None if *unit == Unit::Second => {
                format!(
                    "{name} is {}",
                    span(Duration::from_secs_f64(value.evaluate(look).max(0.0).round()))
                )
            }
            None => {
                let number = rounded(value.evaluate(look));
                format!("{name} is {}", format!("{number} {unit}").trim_end())
            }
        },
        Ask::Word(word) => match (word, truth) {
            (Word::IsOn(_), Truth::Unknown) => format!("{name} is unknown: it cannot be read back"),
            (_, Truth::Unknown) => format!("{name} is unknown: {}", Missing::Clock),
            (Word::Never, _) => "it ends by itself".to_owned(),
            (_, Truth::Yes) => name.to_string(),
            (_, Truth::No) => format!("not {name}"),
        },
    }
}

fn other_side(name: &str, test: &Test, look: &Look<'_>) -> String {
    let missing = match test {
        Test::BelowOf(other, _) | Test::AboveOf(other, _) => other.missing(look),
        _ => None,
    };
    let missing = missing.map_or_else(|| "a text".to_owned(), |missing| missing.to_string());
    format!("{name} cannot be compared: {missing}")
}

/// Three decimals are more than any device reports.
fn rounded(number: f64) -> Value {
    Value::Number((number * 1000.0).round() / 1000.0)
}

fn used<'a>(
    set: &RuleSet,
    conditions: impl IntoIterator<Item = &'a Arc<Condition>>,
    look: &Look<'_>,
) -> Vec<Used> {
    let mut leaves = Vec::new();
    for condition in conditions {
        condition.leaves(&mut leaves);
    }
    let expressions = leaves.iter().flat_map(|leaf| leaf.expressions());
    let mut inputs: Vec<usize> =
        expressions.flat_map(|number| set.needs.inputs_of(number)).collect();
    inputs.sort_unstable();
    inputs.dedup();
    used_inputs(&inputs, look)
}

/// Inputs as the journal keeps them, and what those are made of that are derived.
pub(super) fn used_inputs(inputs: &[usize], look: &Look<'_>) -> Vec<Used> {
    let mut all = Vec::new();
    inputs.iter().for_each(|&input| look.behind(input, &mut all));
    all.into_iter().map(|input| used_input(input, look)).collect()
}

/// An input with its value and age, or why it has none.
pub(super) fn value_of(index: usize, look: &Look<'_>) -> String {
    let input = &look.inputs[index].input;
    match look.value(index) {
        Ok((value, age)) => {
            let value = readable(&value, input);
            let from = look.chosen_of_several(index).map(|text| format!(", from {text}"));
            let from = from.unwrap_or_default();
            format!("{} is {value} ({} s old{from})", input.name, age.as_secs())
        }
        Err(reason) => format!("{} is unknown: {reason}", input.name),
    }
}

fn used_input(index: usize, look: &Look<'_>) -> Used {
    let input = &look.inputs[index].input;
    match look.value(index) {
        Ok((value, age)) => {
            let from = look.chosen_of_several(index).map(|text| format!(", from {text}"));
            let value = readable(&value, input) + from.as_deref().unwrap_or_default();
            Used { input: input.name.clone(), value, age: Some(age) }
        }
        Err(reason) => Used { input: input.name.clone(), value: reason.to_string(), age: None },
    }
}

/// A duration in its largest whole unit.
#[must_use]
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        _ if span.subsec_millis() != 0 => format!("{:.1} s", span.as_secs_f64()),
        86_400.. if seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        3600.. if seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        120.. if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{seconds} s"),
    }
}
