//! What people are shown of a running engine, built when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use super::control_loop::ControlLoop;
use super::words;
use crate::arbiter::{Decision, Demand, Loser, OutputId, Winner};
use crate::clock::Now;
use crate::control::{DeviceStatus, InputStatus, JournalLine, OutputStatus, RuleStatus, Status};
use crate::journal::Entry;
use crate::rules::{Glimpse, Input, State, readable_span};
use crate::snapshot::{Snapshot, View};

/// Everything, now.
pub(super) fn status(now: Now, control: &ControlLoop) -> Status {
    let counters = control.store.counters();
    Status {
        mode: control.engine.mode().word().to_owned(),
        notices: super::notices::notices(now, control),
        time: words::utc(now.wall),
        time_trusted: now.wall_trusted,
        steps: control.steps,
        devices: devices(control),
        inputs: inputs(now, control),
        rules: rules(now, control),
        rules_problem: control.rules_problem.clone(),
        outputs: outputs(now, control),
        wear: control.wear(now),
        entries: control.entries,
        journal: control.tail.iter().cloned().collect(),
        lost: counters.samples_dropped
            + counters.entries_refused
            + counters.entries_lost
            + control.dropped
            + control.inbox.dropped(),
    }
}

impl ControlLoop {
    /// One line for `systemctl status`, if there is a systemd.
    pub(super) fn show_status_line(&self) {
        if !self.alive.asked() {
            return;
        }
        let mode = format!("mode {}", self.engine.mode().word());
        let outputs = outputs(self.clock.now(), self);
        let outputs = outputs.iter().map(|output| format!("{} {}", output.name, output.read_back));
        let closed = self.devices.iter().filter(|(_, device)| device.health.contains("closed"));
        let closed = closed.map(|(name, _)| format!("{name} port closed"));
        let words: Vec<_> = std::iter::once(mode).chain(outputs).chain(closed).collect();
        self.alive.show(words.join(", "));
    }
}

fn devices(control: &ControlLoop) -> Vec<DeviceStatus> {
    let device = |(name, device): (&Arc<str>, &super::control_loop::Device)| DeviceStatus {
        name: name.to_string(),
        identity: device.identity.clone(),
        health: device.health.clone(),
    };
    control.devices.iter().map(device).collect()
}

fn inputs(now: Now, control: &ControlLoop) -> Vec<InputStatus> {
    let rules = control.engine.rules();
    let status = |(index, input): (usize, &Input)| match input.derived {
        Some(_) => {
            let memory = control.engine.memory();
            derived_status(input, rules.glimpse(index, now, &control.snapshot, memory))
        }
        None => input_status(now, &control.snapshot, input),
    };
    rules.inputs().enumerate().map(status).collect()
}

fn derived_status(input: &Input, glimpse: Glimpse) -> InputStatus {
    let from = glimpse.from.map(|from| format!("good, from {from}"));
    InputStatus {
        name: input.name.clone(),
        value: glimpse
            .value
            .map(|v| words::value(&v, input.unit, input.meaning))
            .unwrap_or_default(),
        quality: glimpse.trouble.or(from).unwrap_or_else(|| "good".to_owned()),
        age: glimpse.age.map(|age| age.as_secs_f64()),
    }
}

fn input_status(now: Now, snapshot: &Snapshot, input: &Input) -> InputStatus {
    let Some(id) = snapshot.find(&input.point) else {
        let quality = "never seen".to_owned();
        return InputStatus { name: input.name.clone(), quality, ..InputStatus::default() };
    };
    let reading = snapshot.reading(id);
    let value = reading.and_then(|reading| reading.value.as_ref());
    let (quality, age) = match snapshot.view(now, id) {
        View::Known { age, .. } => ("good".to_owned(), Some(age)),
        View::Unknown(reason) => (
            reason.to_string(),
            reading.map(|reading| now.monotonic.saturating_sub(reading.at.monotonic)),
        ),
    };
    InputStatus {
        name: input.name.clone(),
        value: value.map(|v| words::value(v, input.unit, input.meaning)).unwrap_or_default(),
        quality,
        age: age.map(|age| age.as_secs_f64()),
    }
}

fn rules(now: Now, control: &ControlLoop) -> Vec<RuleStatus> {
    let (set, memory) = (control.engine.rules(), control.engine.memory());
    let rule = |verdict: &crate::rules::Verdict| {
        let rule = &set.rules()[verdict.rule];
        let disabled = memory.disabled(&rule.name);
        let since = disabled.and_then(crate::rules::Disabled::since);
        let until = || format!("edit it, or `sunkeep rules enable \"{}\"`", rule.name);
        RuleStatus {
            name: rule.name.to_string(),
            since: since.map(words::utc).unwrap_or_default(),
            until: disabled.map(|_| until()).unwrap_or_default(),
            state: match verdict.state {
                State::Set => "yes",
                State::Clear => "no",
                State::Unknown => "unknown",
                State::Disabled => "disabled",
            }
            .to_owned(),
            why: set.explain(verdict.rule, now, &control.snapshot, memory).text,
            about: about(control, rule),
            conditions: set.conditions(verdict.rule, now, &control.snapshot, memory),
        }
    };
    control.engine.verdicts().iter().map(rule).collect()
}

/// Names of what a rule may ask for: outputs, set-points, modes, channels.
fn about(control: &ControlLoop, rule: &crate::rules::Rule) -> Vec<String> {
    let name = |output: OutputId| control.engine.policy(output).name.clone();
    rule.action.targets().map(name).chain(rule.action.others().map(str::to_owned)).collect()
}

fn outputs(now: Now, control: &ControlLoop) -> Vec<OutputStatus> {
    let output = |(index, output): (usize, crate::engine::OutputStatus)| {
        // The configuration counts outputs in a u16.
        let id = OutputId(index as u16);
        let decision = output.decision.as_ref();
        let mut notes = Vec::new();
        notes.extend(decision.map(winner_words));
        notes.extend(output.wish_left.map(wish_words));
        notes.extend(decision.and_then(|decision| decision.loser.as_ref()).map(loser_words));
        notes.extend(decision.and_then(|decision| decision.held).map(|held| held.to_string()));
        notes.extend((!output.doing.is_empty()).then(|| output.doing.clone()));
        notes.extend(control.hands.owed(id).map(|value| format!("gives back {value}")));
        notes.extend(output.writes_left.map(|left| format!("{left} writes left today")));
        OutputStatus {
            asked: decision.map(|decision| decision.asked.to_string()).unwrap_or_default(),
            decided: decision.map(|decision| decision.want.to_string()).unwrap_or_default(),
            read_back: output.actual.map_or_else(|| "unknown".into(), |actual| actual.to_string()),
            note: notes.join("; "),
            name: output.name,
        }
    };
    control.engine.outputs(now.monotonic).enumerate().map(output).collect()
}

fn winner_words(decision: &Decision) -> String {
    match &decision.winner {
        Winner::Safe(Demand::Unknown(rule)) => format!("safe: \"{rule}\" cannot be decided"),
        Winner::Safe(Demand::Mode) => "safe: mode".to_owned(),
        Winner::Safe(Demand::Interlock(declared)) => format!("safe: interlock, {declared}"),
        Winner::Override(owner) => format!("overridden by {owner}"),
        Winner::Rule(rule) => format!("by \"{rule}\""),
        Winner::Conflict(one, other) => format!("safe: \"{one}\" against \"{other}\""),
        Winner::Exit => "stopping".to_owned(),
        Winner::Observing => "observing".to_owned(),
        Winner::Default => "by default".to_owned(),
    }
}

/// To the minute, or the second at the end: nobody reads more.
fn wish_words(left: Duration) -> String {
    let seconds = left.as_secs() + 1;
    let whole = if seconds > 120 { seconds.div_ceil(60) * 60 } else { seconds };
    format!("for another {}", readable_span(Duration::from_secs(whole)))
}

fn loser_words(loser: &Loser) -> String {
    match &loser.rule {
        Some(rule) => format!("\"{rule}\" wanted {} in vain", loser.want),
        None => format!("the override {} is not followed", loser.want),
    }
}

/// A journal entry in a line.
pub(super) fn journal_line(entry: &Entry) -> JournalLine {
    let rule = entry.rule.as_ref().map(|rule| format!("\"{rule}\": ")).unwrap_or_default();
    JournalLine {
        time: words::utc(entry.at.wall),
        kind: entry.kind.word().to_owned(),
        subject: entry.subject.clone(),
        what: entry.what.clone(),
        reason: format!("{rule}{}", entry.reason),
    }
}
