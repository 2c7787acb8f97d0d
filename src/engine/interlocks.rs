//! Whether the interlocks of each output hold, checked in every step after the rules.
//!
//! One that held and does not any more counts at once. One that holds again counts
//! when the readings it rests on have arrived once more: an output leaves its safe
//! state only on two agreeing frames.

use std::sync::Arc;
use std::time::Duration;

use super::reason::View;
use crate::arbiter::OutputId;
use crate::rules::Interlock;

/// All interlocks of a site.
#[derive(Clone, Debug)]
pub(super) struct Interlocks(Vec<One>);

#[derive(Clone, Debug)]
struct One {
    interlock: Interlock,
    /// As it is declared, for people.
    text: Arc<str>,
    /// Since when the answer allows the output to leave safe.
    allowed: Option<Duration>,
    /// Whether that is confirmed.
    holds: bool,
}

impl Interlocks {
    pub(super) fn new(interlocks: Vec<Interlock>) -> Self {
        let one = |interlock: Interlock| {
            let text = interlock.to_string().into();
            One { interlock, text, allowed: None, holds: false }
        };
        Self(interlocks.into_iter().map(one).collect())
    }

    /// Asks all of them, once the rules were evaluated.
    pub(super) fn step(&mut self, view: View<'_>) {
        let View { now, snapshot, rules, memory } = view;
        for one in &mut self.0 {
            let clause = &one.interlock.clause;
            if !one.interlock.sense.allows(rules.answer(clause, now, snapshot, memory)) {
                (one.allowed, one.holds) = (None, false);
                continue;
            }
            let since = *one.allowed.get_or_insert(now.monotonic);
            one.holds = one.holds || rules.confirmed(clause, since, now, snapshot, memory);
        }
    }

    /// The first interlock that keeps an output at safe, as declared.
    pub(super) fn against(&self, output: OutputId) -> Option<Arc<str>> {
        let mut broken = self.0.iter().filter(|one| one.interlock.output == output && !one.holds);
        broken.next().map(|one| one.text.clone())
    }

    /// One interlock by its text, to be explained.
    pub(super) fn declared(&self, output: OutputId, text: &str) -> Option<&Interlock> {
        let of = |one: &&One| one.interlock.output == output && *one.text == *text;
        self.0.iter().find(of).map(|one| &one.interlock)
    }
}
