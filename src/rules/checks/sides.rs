//! Whether a rule can set, stay set and clear again.
//!
//! A rule that sets and clears at the same reading chatters, one whose condition
//! contradicts itself sleeps for ever. Both look well on paper.

use std::ops::Range as Bytes;

use super::ranges::{Case, Limit, Range, cases, joined};
use crate::problem::Problem;
use crate::rules::condition::{Condition, Test};
use crate::rules::language::builder::{Build, Draft};
use crate::rules::world::Input;
use crate::units::Value;

/// Checks the conditions of one rule against each other; problems go to `build`.
pub fn check(build: &mut Build, draft: &Draft) {
    let Some((when, span)) = &draft.when else {
        return;
    };
    let mut found = Vec::new();
    let file = draft.file.as_str();
    let possible = never(build, file, "when", &when.condition, span, &mut found);
    if let (Some(only), true) = (&draft.only, possible) {
        let both = Condition::And(when.condition.clone(), only.clone());
        never(build, file, "when` and `only", &both, span, &mut found);
    }
    if let Some((clear, span)) = &draft.clear_when
        && never(build, file, "clear_when", &clear.condition, span, &mut found)
        && possible
        && let (Some(sets), Some(clears)) = (cases(&when.condition), cases(&clear.condition))
        && let Some((message, help)) = against(&sets, &clears)
    {
        found.push(Problem::new(&draft.file, span.clone(), message).help(help));
    }
    build.problems.append(&mut found);
}

/// Checks a condition that stands alone, under a key of the configuration.
pub fn possible(build: &mut Build, key: &str, condition: &Condition, span: &Bytes<usize>) {
    let mut found = Vec::new();
    never(build, &build.file, key, condition, span, &mut found);
    build.problems.append(&mut found);
}

/// Reports a case that contradicts itself; returns whether there was none.
fn never(
    build: &Build,
    file: &str,
    word: &str,
    condition: &Condition,
    span: &Bytes<usize>,
    found: &mut Vec<Problem>,
) -> bool {
    let Some(cases) = cases(condition) else {
        return true;
    };
    let Some((message, help)) = cases.iter().find_map(|case| contradiction(&build.inputs, case))
    else {
        return true;
    };
    let message = format!("`{word}` can never be yes: {message}");
    found.push(Problem::new(file, span.clone(), message).help(help));
    false
}

fn contradiction(inputs: &[Input], case: &Case<'_>) -> Option<(String, String)> {
    for (name, range) in joined(case) {
        let said: Vec<&Limit<'_>> = case.iter().filter(|limit| limit.name == name).collect();
        if range.is_empty() {
            let said: Vec<String> = said.iter().map(|limit| spelt(limit)).collect();
            let help = "is `or` meant, or the other side?".to_owned();
            return Some((format!("{} exclude each other", said.join(" and ")), help));
        }
        // A comparison with another number is about their difference.
        let own = said.iter().filter(|limit| limit.leaf.name == limit.name);
        let valid = own.into_iter().find_map(|limit| inputs[limit.leaf.input()?].valid);
        if let Some((low, high)) = valid
            && range.and(Range::closed(low, high)).is_empty()
        {
            let said = said.first().map(|limit| spelt(limit)).unwrap_or_default();
            let (low, high) = (Value::Number(low), Value::Number(high));
            let help = "choose a number inside that range".to_owned();
            return Some((format!("{said}, but its valid range is {low} to {high}"), help));
        }
    }
    None
}

fn spelt(limit: &Limit<'_>) -> String {
    if limit.negated { format!("`not({})`", limit.leaf) } else { format!("`{}`", limit.leaf) }
}

/// What is wrong between setting and clearing, if anything.
fn against(sets: &[Case<'_>], clears: &[Case<'_>]) -> Option<(String, String)> {
    let pairs = sets.iter().flat_map(|set| clears.iter().map(move |clear| (set, clear)));
    pairs
        .filter(|(_, clear)| !clear.is_empty())
        .find_map(|(set, clear)| overlap(set, clear, sets.len() == 1 && clears.len() == 1))
}

/// One way to clear that leaves no gap to one way to set, in any quantity.
fn overlap(set: &Case<'_>, clear: &Case<'_>, alone: bool) -> Option<(String, String)> {
    let sets = joined(set);
    let mut shared = Vec::new();
    for (name, clears) in joined(clear) {
        // A clearing that asks for more than what sets it is a case of its own.
        let (_, sets) = sets.iter().find(|(known, _)| *known == name)?;
        if sets.gap(&clears) {
            return None;
        }
        shared.push((name, *sets, clears));
    }
    // Of several quantities the first that is told apart by nothing.
    let (name, sets, clears) = shared.first()?;
    let set = set.iter().find(|limit| limit.name == *name)?;
    let clear = clear.iter().find(|limit| limit.name == *name)?;
    sentence(set, clear, *sets, *clears, alone)
}

fn sentence(
    set: &Limit<'_>,
    clear: &Limit<'_>,
    sets: Range,
    clears: Range,
    alone: bool,
) -> Option<(String, String)> {
    let name = &set.leaf.name;
    let (said, clearing) = (spelt(set), spelt(clear));
    let upward = sets.low.0.is_infinite() && clears.high.0.is_infinite();
    let downward = sets.high.0.is_infinite() && clears.low.0.is_infinite();
    if !upward && !downward {
        if sets.within(&clears) || alone && same_side(sets, clears) {
            return Some(wrong_side(set, &said, sets));
        }
        // Among several, clearing may be meant as a second limit.
        let message = format!("{clearing} clears while {said} still sets");
        return alone.then(|| (message, "leave a gap between the two".to_owned()));
    }
    let (word, away, limit) =
        if upward { ("above", "higher", sets.high.0) } else { ("below", "lower", sets.low.0) };
    let touching = sets.and(clears).low.0 == sets.and(clears).high.0;
    let pair = matches!(set.leaf.test(), Some(Test::BelowOf(..) | Test::AboveOf(..)));
    let message = match (touching, pair) {
        (true, true) => format!("no dead band: {said} and {clearing} meet"),
        (true, false) => {
            format!("no dead band: `{name}` sets and clears at the same {}", Value::Number(limit))
        }
        (false, _) => format!("{clearing} clears while {said} still sets"),
    };
    let limit = Value::Number(limit);
    let help = if pair {
        "leave a gap, as in `a above b` and `a below b - 0.5`".to_owned()
    } else {
        format!("clear at a {away} value: `{name} {word} …`, with … {away} than {limit}")
    };
    Some((message, help))
}

fn same_side(sets: Range, clears: Range) -> bool {
    sets.low.0.is_infinite() && clears.low.0.is_infinite()
        || sets.high.0.is_infinite() && clears.high.0.is_infinite()
}

fn wrong_side(set: &Limit<'_>, said: &str, sets: Range) -> (String, String) {
    let name = &set.leaf.name;
    let message = format!("`clear_when` is on the same side as `when`: {said}");
    let help = match (sets.low.0.is_infinite(), sets.high.0.is_infinite()) {
        (true, false) => format!("`{name} above …`"),
        (false, true) => format!("`{name} below …`"),
        _ => "`not(…)`".to_owned(),
    };
    (message, format!("a rule that sets on one side clears on the other: {help}"))
}
