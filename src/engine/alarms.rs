//! When a rule's alert is said: at the moment it sets, then as often as its
//! channel repeats, and never more.
//!
//! An unknown condition neither raises nor ends an alert: a flickering sensor
//! must not fill a mailbox. What is said goes into the journal; the driver shows
//! it to people. After a restart an alert that still stands is said once more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Effect;
use super::reason::View;
use crate::journal::{Entry, Kind};
use crate::rules::{Action, Alarm, State, Verdict};

/// The alerts that stand: by rule, when each was said last.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    said: BTreeMap<Arc<str>, Duration>,
}

impl Alarms {
    pub(super) fn step(&mut self, view: View<'_>, verdicts: &[Verdict], effects: &mut Vec<Effect>) {
        let View { now, snapshot, rules, memory } = view;
        for verdict in verdicts {
            let rule = &rules.rules()[verdict.rule];
            let Action::Alert(alarm) = &rule.action else {
                continue;
            };
            let what = match verdict.state {
                State::Set if self.is_due(now.monotonic, &rule.name, alarm) => {
                    self.said.insert(rule.name.clone(), now.monotonic);
                    rules.message(verdict.rule, now, snapshot, memory).unwrap_or_default()
                }
                State::Clear if self.said.remove(&rule.name).is_some() => "over".to_owned(),
                _ => continue,
            };
            let kind = if verdict.state == State::Set { Kind::Alarm } else { Kind::Result };
            effects.push(tell(view, verdict.rule, kind, alarm, what));
        }
        // What a reload has removed no longer stands.
        let of_verdict = |name: &Arc<str>| rules.rules().iter().any(|rule| rule.name == *name);
        self.said.retain(|name, _| of_verdict(name));
    }

    fn is_due(&self, now: Duration, rule: &Arc<str>, alarm: &Alarm) -> bool {
        self.said.get(rule).is_none_or(|&said| {
            alarm.repeat.is_some_and(|repeat| now.saturating_sub(said) >= repeat)
        })
    }
}

fn tell(view: View<'_>, rule: usize, kind: Kind, alarm: &Alarm, what: String) -> Effect {
    let View { now, snapshot, rules, memory } = view;
    let explanation = rules.explain(rule, now, snapshot, memory);
    let entry = Entry {
        at: now,
        kind,
        subject: alarm.channel.to_string(),
        what,
        rule: Some(rules.rules()[rule].name.to_string()),
        reason: explanation.text,
        used: explanation.used,
        conditions: rules.conditions(rule, now, snapshot, memory),
        intent: None,
    };
    Effect::Record { entry: Box::new(entry), ticket: None }
}
