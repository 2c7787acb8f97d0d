//! One output in one step: what is asked, what is decided, what is done about it.

use super::act::{Action, Start};
use super::reason::{Story, View};
use super::{Effect, Engine, Mode};
use crate::arbiter::{AtExit, Decision, Demand, OutputId, Want, Winner};
use crate::clock::Now;
use crate::journal::Kind;
use crate::rules::{State, Truth};
use crate::snapshot::Snapshot;

/// Whoever observes wants to see a few switchings, not every wavering.
const WOULD: u32 = 4;

impl Engine {
    pub(super) fn step_output(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        output: OutputId,
        effects: &mut Vec<Effect>,
    ) {
        let demand = self.demand(output);
        let wish = self.arbiter.decide(now.monotonic, output, &self.requests, demand);
        self.tell_decision(now, snapshot, output, &wish, effects);
        let Some(decision) = self.due(output, wish) else { return };
        let safe = self.arbiter.policy(output).safe;
        let action = self.drives[output.index()].advance(now.monotonic, decision.want, safe);
        match action {
            Action::None => {}
            Action::Intend if self.is_ending(&decision) => {}
            Action::Renew => effects.push(Effect::Renew { output, want: decision.want }),
            _ => {
                let story = self.story(now, snapshot, output, &decision);
                if decision.is_trip() && matches!(action, Action::Apply) {
                    self.trip(now, output, story.reason());
                }
                self.act(now, output, decision.want, action, story, effects);
            }
        }
    }

    /// Whether the wish behind a decision is about to be withdrawn: what its rule waits
    /// for to clear is there already, though not for long enough. That keeps an output
    /// where it is, and is no reason to leave safe anew, after a hang for one.
    fn is_ending(&self, decision: &Decision) -> bool {
        let Winner::Rule(name) = &decision.winner else { return false };
        self.verdicts.iter().any(|verdict| {
            let rule = &self.rules.rules()[verdict.rule];
            rule.name == *name && verdict.clear_when == Truth::Yes && !rule.latch
        })
    }

    /// Journals a decision that differs from the one before.
    fn tell_decision(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        output: OutputId,
        wish: &Decision,
        effects: &mut Vec<Effect>,
    ) {
        let safe = self.arbiter.policy(output).safe;
        if self.stopping {
            return;
        }
        let Some(before) = self.drives[output.index()].note_decision(now, wish, safe) else {
            return;
        };
        if self.mode == Mode::Observe && before != wish.want {
            // Away or safe: a value that follows its input is another one in every step.
            let would = format!("would {} {:?}", wish.want == safe, wish.winner);
            if let Some(unsaid) = self.repeats[output.index()].say(now.monotonic, would, WOULD) {
                let story = self.story(now, snapshot, output, wish).repeated(unsaid);
                effects.push(story.entry(Kind::Would, wish.want.to_string(), None));
            }
        } else if let Some(held) = wish.held {
            let refused = format!("refused {} {:?}", held.word(), wish.winner);
            if let Some(unsaid) = self.repeats[output.index()].say(now.monotonic, refused, 1) {
                let story = self.story(now, snapshot, output, wish).repeated(unsaid);
                effects.push(story.refused(held));
            }
        }
    }

    fn story(&self, now: Now, snapshot: &Snapshot, output: OutputId, decision: &Decision) -> Story {
        let view = View { now, snapshot, rules: &self.rules, memory: &self.memory };
        let last = self.drives[output.index()].last_rule();
        let interlock = match &decision.winner {
            Winner::Safe(Demand::Interlock(text)) => self.interlocks.declared(output, text),
            _ => None,
        };
        Story::new(view, self.arbiter.policy(output), decision, last, interlock)
    }

    fn act(
        &mut self,
        now: Now,
        output: OutputId,
        want: Want,
        action: Action,
        story: Story,
        effects: &mut Vec<Effect>,
    ) {
        match action {
            Action::None | Action::Renew => {}
            Action::Lapsed => {
                let safe = self.arbiter.policy(output).safe;
                self.arbiter.moved(now.monotonic, output, safe);
                self.trip(now, output, "it could not be told often enough, and let go");
                effects.push(story.entry(Kind::Alarm, format!("lapsed to {safe}"), None));
            }
            Action::Intend => {
                let intent = self.next_intent;
                self.next_intent += 1;
                self.drives[output.index()].intend(intent, want);
                self.arbiter.charge(now.monotonic, output, want);
                let entry = story.entry(Kind::Intent, want.to_string(), Some(intent));
                effects.push(Effect::ticketed(entry, intent));
            }
            Action::Apply => self.apply(now, output, want, story, effects),
            Action::Withdraw(intent) => {
                // Nothing was done: neither start nor write.
                self.arbiter.refund(output);
                effects.push(story.entry(Kind::Result, "withdrawn".into(), Some(intent)));
            }
            Action::Unreachable => {
                self.trip(now, output, "it cannot be read back");
                effects.push(story.entry(Kind::Alarm, format!("{want}: unreachable"), None));
            }
        }
    }

    /// Keeps the first cause until a person has seen it.
    pub(super) fn trip(&mut self, now: Now, output: OutputId, cause: &str) {
        self.trips.add(now, &self.arbiter.policy(output).name, cause);
    }

    fn apply(
        &mut self,
        now: Now,
        output: OutputId,
        want: Want,
        story: Story,
        effects: &mut Vec<Effect>,
    ) {
        match self.drives[output.index()].apply(now.monotonic, want) {
            Start::Charged => {}
            Start::Again => self.arbiter.charge(now.monotonic, output, want),
            Start::First { replaced } => {
                self.arbiter.charge(now.monotonic, output, want);
                if let Some(intent) = replaced {
                    let overtaken = story.clone();
                    effects.push(overtaken.entry(Kind::Result, "overtaken".into(), Some(intent)));
                }
                effects.push(story.entry(Kind::Safe, want.to_string(), None));
            }
        }
        effects.push(Effect::Apply { output, want });
    }

    /// What is really done about a wish; `None` leaves the output alone.
    fn due(&self, output: OutputId, wish: Decision) -> Option<Decision> {
        let policy = self.arbiter.policy(output);
        let drive = &self.drives[output.index()];
        let instead =
            |want, winner| Some(Decision { asked: want, want, winner, loser: None, held: None });
        // What was moved before disarming is brought back; a pin has a level in any
        // case, and it is the safe one. The rest is never touched.
        if self.mode == Mode::Observe {
            let held = drive.away() || policy.always_driven || policy.owes(drive.actual());
            return held.then(|| instead(policy.safe, Winner::Observing)).flatten();
        }
        match policy.at_exit {
            _ if !self.stopping => Some(wish),
            AtExit::Want(want) => instead(want, Winner::Exit),
            AtExit::Leave => None,
        }
    }

    /// The strongest reason to be safe, whatever is asked for.
    fn demand(&self, output: OutputId) -> Option<Demand> {
        if self.mode == Mode::Safe {
            return Some(Demand::Mode);
        }
        if let Some(declared) = self.interlocks.against(output) {
            return Some(Demand::Interlock(declared));
        }
        let asked = self.requests.iter().any(|request| request.output == output);
        let undecided = self.verdicts.iter().filter(|verdict| {
            // A rule that is disabled leaves the output to the others.
            verdict.to_safe && !(asked && verdict.state == State::Disabled)
        });
        undecided
            .map(|verdict| &self.rules.rules()[verdict.rule])
            .find(|rule| rule.action.drives(output))
            .map(|rule| Demand::Unknown(rule.name.clone()))
    }
}
