//! Which state of each rule the journal was told last.
//!
//! Every change of a rule's state is worth an entry with its whole condition
//! tree. A sensor with a loose contact changes it every few seconds for weeks:
//! entries are bounded for each rule and hour.

use std::time::Duration;

use super::Effect;
use super::reason::View;
use crate::arbiter::Arbiter;
use crate::clock::Now;
use crate::journal::{Entry, Kind};
use crate::rules::{Action, RuleSet, State, Verdict};

/// At 1.5 kB an entry, a rule that never rests writes 2 MB a day.
const ENTRIES_PER_HOUR: u32 = 60;

const HOUR: Duration = Duration::from_secs(3600);

/// Nothing is known at the start, and everybody knows that: an answer that is
/// missing is told only when it stays away.
const FIRST_ANSWERS: Duration = Duration::from_secs(30);

/// What was told of all rules.
#[derive(Debug)]
pub(super) struct Told {
    since: Duration,
    rules: Vec<One>,
}

#[derive(Clone, Copy, Debug)]
struct One {
    state: State,
    hour: Duration,
    entries: u32,
}

impl Told {
    /// Nothing told: rules count as clear.
    pub(super) fn new(now: Duration, rules: usize) -> Self {
        let one = One { state: State::Clear, hour: now, entries: 0 };
        Self { since: now, rules: vec![one; rules] }
    }

    /// Goes on with a new set: rules of the same name are known already.
    pub(super) fn reload(&mut self, now: Duration, old: &RuleSet, new: &RuleSet) {
        let fresh = One { state: State::Clear, hour: now, entries: 0 };
        let one = |name: &str| {
            let at = old.rules().iter().position(|rule| *rule.name == *name);
            at.and_then(|at| self.rules.get(at)).copied().unwrap_or(fresh)
        };
        self.rules = new.rules().iter().map(|rule| one(&rule.name)).collect();
    }

    /// Adds an entry for each rule whose state is another than was told.
    pub(super) fn tell(
        &mut self,
        view: View<'_>,
        verdicts: &[Verdict],
        arbiter: &Arbiter,
        effects: &mut Vec<Effect>,
    ) {
        let View { now, snapshot, rules, memory } = view;
        let starting = now.monotonic.saturating_sub(self.since) < FIRST_ANSWERS;
        for verdict in verdicts {
            let told = &mut self.rules[verdict.rule];
            if told.state == verdict.state || starting && verdict.state == State::Unknown {
                continue;
            }
            told.state = verdict.state;
            let Some(last) = told.count(now.monotonic) else { continue };
            let rule = &rules.rules()[verdict.rule];
            let why = rules.explain(verdict.rule, now, snapshot, memory);
            let note = if last { "; it changes too often: no more of it for an hour" } else { "" };
            let entry = Entry {
                at: now,
                kind: Kind::Rule,
                subject: subject(&rule.action, arbiter),
                what: verdict.state.word().to_owned(),
                rule: Some(rule.name.to_string()),
                reason: format!("{}{note}", why.text),
                used: why.used,
                conditions: rules.conditions(verdict.rule, now, snapshot, memory),
                intent: None,
            };
            effects.push(Effect::Record { entry: Box::new(entry), ticket: None });
        }
    }
}

/// What a rule is about: an output, a mode or a channel.
fn subject(action: &Action, arbiter: &Arbiter) -> String {
    match action {
        Action::Switch(output, _) => arbiter.policy(*output).name.clone(),
        Action::Set(setting) => arbiter.policy(setting.setpoint).name.clone(),
        Action::Activate(mode) => mode.name.to_string(),
        Action::Alert(alarm) => alarm.channel.to_string(),
        Action::Decide(script) => script.subjects().collect::<Vec<_>>().join(", "),
    }
}

impl One {
    /// Counts an entry. `None`: there were too many; `Some(true)`: this is the last.
    fn count(&mut self, now: Duration) -> Option<bool> {
        if now.saturating_sub(self.hour) >= HOUR {
            (self.hour, self.entries) = (now, 0);
        }
        self.entries = self.entries.saturating_add(1);
        (self.entries <= ENTRIES_PER_HOUR).then_some(self.entries == ENTRIES_PER_HOUR)
    }
}

impl super::Engine {
    /// What the rules remember, and what was counted for them.
    #[must_use]
    pub const fn memory(&self) -> &crate::rules::Memory {
        &self.memory
    }

    /// A person has seen something: a rule that is set, or what tripped an output.
    pub(super) fn acknowledge(&mut self, now: Now, name: String) {
        let reason = match (self.memory.acknowledge(&name), self.trips.acknowledge(&name)) {
            (true, _) => "it may clear now".to_owned(),
            (false, Some(trip)) => format!("the first cause was: {}", trip.cause),
            (false, None) => "there was nothing to acknowledge".to_owned(),
        };
        self.note(now, Kind::Result, name, "acknowledged".to_owned(), reason, None);
    }
}
