//! What a failed expectation tells: when it was, what was found, and which
//! conditions had which values.

use std::fmt::Write;
use std::time::Duration;

use super::bench::Bench;
use crate::arbiter::{Decision, OutputId, Winner};
use crate::rules::State;

/// What an expectation looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Output(OutputId),
    Rule(usize),
}

/// What was found, in a phrase: `load_output is on`.
pub(super) fn found(bench: &Bench, seen: &[Seen]) -> String {
    let phrase = |seen: &Seen| match *seen {
        Seen::Output(output) => {
            let level = bench.actual(output).map_or("unknown".into(), |level| level.to_string());
            format!("{} is {level}", bench.outputs[output.index()])
        }
        Seen::Rule(rule) => {
            let name = &bench.engine.rules().rules()[rule].name;
            match bench.state(rule) {
                State::Set => format!("\"{name}\" asks"),
                State::Clear => format!("\"{name}\" asks for nothing"),
                State::Unknown => format!("\"{name}\" cannot be decided"),
                State::Disabled => format!("\"{name}\" is disabled"),
            }
        }
    };
    seen.iter().map(phrase).collect::<Vec<_>>().join(", ")
}

/// Why it was so: every rule that concerns what was looked at, with its values.
pub(super) fn because(bench: &Bench, seen: &[Seen]) -> String {
    let mut text = String::new();
    let rules = bench.engine.rules();
    for (index, rule) in rules.rules().iter().enumerate() {
        let concerned = seen.iter().any(|seen| match *seen {
            Seen::Output(output) => rule.action.drives(output),
            Seen::Rule(rule) => rule == index,
        });
        if concerned {
            let why = {
                let memory = bench.engine.memory();
                rules.explain(index, bench.now, &bench.snapshot, memory).text
            };
            let state = bench.state(index).word();
            let wait = if bench.waits(index) { ", not long enough yet" } else { "" };
            line(&mut text, &format!("\"{}\" is {state}{wait}: {why}", rule.name));
        }
    }
    for seen in seen {
        let Seen::Output(output) = *seen else { continue };
        let status = bench.engine.outputs(bench.now.monotonic).nth(output.index());
        if let Some((status, decision)) = status.and_then(|s| Some((s.clone(), s.decision?))) {
            let told = decided(&decision);
            line(&mut text, &format!("{} was decided {} {told}", status.name, decision.want));
        }
    }
    text
}

fn decided(decision: &Decision) -> String {
    let by = match &decision.winner {
        Winner::Safe(_) => "since it must be safe".to_owned(),
        Winner::Override(owner) => format!("as {owner} wishes"),
        Winner::Rule(rule) => format!("on the word of \"{rule}\""),
        Winner::Conflict(one, other) => format!("since \"{one}\" and \"{other}\" disagree"),
        Winner::Exit => "since the engine stops".to_owned(),
        Winner::Observing => "since it only observes".to_owned(),
        Winner::Default => "by default: no rule asks".to_owned(),
    };
    match decision.held {
        Some(held) => format!("{by}, {held}"),
        None => by,
    }
}

fn line(text: &mut String, line: &str) {
    let gap = if text.is_empty() { "" } else { "\n" };
    // Writing into a String cannot fail.
    let _ = write!(text, "{gap}{line}");
}

/// A length of time as a person says it: `1 min 20 s`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said.map(|(count, unit)| format!("{count} {unit}")).collect();
    if said.is_empty() { "0 s".to_owned() } else { said.join(" ") }
}
