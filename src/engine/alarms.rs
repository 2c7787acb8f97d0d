//! When an alert is said: at the moment it begins to stand, then as often as its
//! channel repeats, and never more.
//!
//! A rule's alert stands while the rule is set; a script's, while the script says
//! it in every step. What is unknown neither raises nor ends one: a flickering
//! sensor must not fill a mailbox. What is said goes into the journal; the driver
//! shows it to people. After a restart an alert that still stands is said again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Effect;
use super::reason::View;
use crate::journal::{Entry, Kind};
use crate::rules::{Action, Message, State, Verdict};

/// One alert: its rule, and which of a script's it is.
type Which = (Arc<str>, (usize, usize));

/// An alert that stands.
#[derive(Clone, Debug)]
struct Said {
    /// When it was said last.
    at: Duration,
    channel: Arc<str>,
}

/// The alerts that stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    said: BTreeMap<Which, Said>,
}

impl Alarms {
    pub(super) fn step(&mut self, view: View<'_>, verdicts: &[Verdict], effects: &mut Vec<Effect>) {
        for verdict in verdicts {
            let rule = &view.rules.rules()[verdict.rule];
            match (&rule.action, verdict.state, verdict.messages()) {
                (Action::Alert(alarm), State::Set, _) => {
                    let (channel, repeat) = (Arc::clone(&alarm.channel), alarm.repeat);
                    let which = (rule.name.clone(), (0, 0));
                    if self.raise(view.now.monotonic, which, &channel, repeat) {
                        let text =
                            view.rules.message(verdict.rule, view.now, view.snapshot, view.memory);
                        let text = text.unwrap_or_default();
                        effects.push(tell(view, verdict.rule, Kind::Alarm, &channel, text));
                    }
                }
                (Action::Alert(_), State::Clear, _) => {
                    self.end(view, verdict.rule, &[], effects);
                }
                (Action::Decide(_), _, Some(messages)) => {
                    for message in messages {
                        let Message { place, channel, repeat, text } = message;
                        let which = (rule.name.clone(), *place);
                        if self.raise(view.now.monotonic, which, channel, *repeat) {
                            let text = text.clone();
                            effects.push(tell(view, verdict.rule, Kind::Alarm, channel, text));
                        }
                    }
                    self.end(view, verdict.rule, messages, effects);
                }
                _ => {}
            }
        }
        // What a reload has removed no longer stands.
        let runs = |name: &Arc<str>| view.rules.rules().iter().any(|rule| rule.name == *name);
        self.said.retain(|(name, _), _| runs(name));
    }

    /// Notes that an alert stands; true: it is to be said now.
    fn raise(
        &mut self,
        now: Duration,
        which: Which,
        channel: &Arc<str>,
        repeat: Option<Duration>,
    ) -> bool {
        let due = self
            .said
            .get(&which)
            .is_none_or(|said| repeat.is_some_and(|repeat| now.saturating_sub(said.at) >= repeat));
        if due {
            self.said.insert(which, Said { at: now, channel: Arc::clone(channel) });
        }
        due
    }

    /// Ends those of a rule that are not among `standing`.
    fn end(
        &mut self,
        view: View<'_>,
        rule: usize,
        standing: &[Message],
        effects: &mut Vec<Effect>,
    ) {
        let name = &view.rules.rules()[rule].name;
        self.said.retain(|(owner, place), said| {
            let over = owner == name && !standing.iter().any(|message| message.place == *place);
            if over {
                let what = "over".to_owned();
                effects.push(tell(view, rule, Kind::Result, &said.channel, what));
            }
            !over
        });
    }
}

fn tell(view: View<'_>, rule: usize, kind: Kind, channel: &str, what: String) -> Effect {
    let View { now, snapshot, rules, memory } = view;
    let explanation = rules.explain(rule, now, snapshot, memory);
    let entry = Entry {
        at: now,
        kind,
        subject: channel.to_owned(),
        what,
        rule: Some(rules.rules()[rule].name.to_string()),
        reason: explanation.text,
        used: explanation.used,
        conditions: rules.conditions(rule, now, snapshot, memory),
        intent: None,
    };
    Effect::Record { entry: Box::new(entry), ticket: None }
}
