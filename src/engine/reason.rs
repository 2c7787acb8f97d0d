//! Words for the journal: who decided, on which readings.
//!
//! Built only when something changes, so that a quiet step allocates nothing.

use super::Effect;
use crate::arbiter::{Decision, Demand, Held, Policy, Winner};
use crate::clock::Now;
use crate::journal::{Branch, Entry, Kind, Used};
use crate::rules::{Interlock, Memory, RuleSet};
use crate::snapshot::Snapshot;

/// What a decision was made from.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub now: Now,
    pub snapshot: &'a Snapshot,
    pub rules: &'a RuleSet,
    pub memory: &'a Memory,
}

/// One decision, told.
#[derive(Clone)]
pub(super) struct Story {
    at: Now,
    subject: String,
    rule: Option<String>,
    reason: String,
    used: Vec<Used>,
    conditions: Vec<Branch>,
}

impl Story {
    pub(super) fn new(
        view: View<'_>,
        policy: &Policy,
        decision: &Decision,
        last_rule: Option<&str>,
        interlock: Option<&Interlock>,
    ) -> Self {
        let mut story = Self {
            at: view.now,
            subject: policy.name.clone(),
            rule: None,
            reason: String::new(),
            used: Vec::new(),
            conditions: Vec::new(),
        };
        match &decision.winner {
            Winner::Rule(rule) => story.explain(view, rule, ""),
            Winner::Safe(Demand::Unknown(rule)) => {
                story.explain(view, rule, "cannot be decided, so safe: ");
            }
            Winner::Safe(Demand::Mode) => "everything is kept safe".clone_into(&mut story.reason),
            Winner::Safe(Demand::Interlock(declared)) => {
                story.interlocked(view, declared, interlock);
            }
            Winner::Override(owner) => story.reason = format!("overridden by {owner}"),
            Winner::Conflict(one, other) => {
                story.reason = format!(
                    "\"{one}\" and \"{other}\" want opposites with equal priority, so safe"
                );
            }
            Winner::Exit => "sunkeep stops".clone_into(&mut story.reason),
            Winner::Observing => {
                "observing: outputs are kept safe".clone_into(&mut story.reason);
            }
            Winner::Default => match last_rule {
                Some(rule) => story.explain(view, rule, "no longer asked for: "),
                None => "no rule asks for anything else".clone_into(&mut story.reason),
            },
        }
        story
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    fn interlocked(&mut self, view: View<'_>, declared: &str, interlock: Option<&Interlock>) {
        let View { now, snapshot, rules, memory } = view;
        self.reason = format!("its interlock does not hold, so safe: {declared}");
        if let Some(interlock) = interlock {
            let why = rules.explain_clause(&interlock.clause, now, snapshot, memory);
            self.reason = format!("{}; {}", self.reason, why.text);
            self.used = why.used;
        }
    }

    fn explain(&mut self, view: View<'_>, rule: &str, prefix: &str) {
        let View { now, snapshot, rules, memory } = view;
        self.rule = Some(rule.to_owned());
        if let Some(index) = rules.rules().iter().position(|known| *known.name == *rule) {
            let explanation = rules.explain(index, now, snapshot, memory);
            self.reason = format!("{prefix}{}", explanation.text);
            self.used = explanation.used;
            self.conditions = rules.conditions(index, now, snapshot, memory);
        } else {
            self.reason = format!("{prefix}the rule is no longer there");
        }
    }

    /// The same, having happened so many times more since it was told last.
    pub(super) fn repeated(mut self, times: u32) -> Self {
        if times > 0 {
            self.reason = format!("{}; {times} times more since it was told last", self.reason);
        }
        self
    }

    pub(super) fn entry(self, kind: Kind, what: String, intent: Option<u64>) -> Effect {
        let Self { at, subject, rule, reason, used, conditions } = self;
        let entry = Entry { at, kind, subject, what, rule, reason, used, conditions, intent };
        Effect::Record { entry: Box::new(entry), ticket: None }
    }

    pub(super) fn refused(mut self, held: Held) -> Effect {
        self.reason = format!("{held}; wanted because {}", self.reason);
        self.entry(Kind::Refused, held.word().to_owned(), None)
    }
}
