//! The one place where everything meets: snapshot in, effects out.
//!
//! [`Engine::step`] is a plain function of the time, the snapshot and the
//! engine's memory. Live control, backtest and simulation call the same one.
//! What else the engine must know (journal acknowledgements, what became of a
//! write, a change of mode) enters through [`Engine::handle`]. It performs
//! nothing itself: the driver carries out the [`Effect`]s.

mod act;
mod alarms;
mod drive;
mod event;
mod faults;
mod journaled;
mod reason;
mod renewal;
mod told;

use std::time::Duration;

use crate::arbiter::{Arbiter, AtExit, Decision, Demand, OutputId, Request, Saved, Want, Winner};
use crate::clock::Now;
use crate::journal::Kind;
use crate::rules::{Memory, RuleSet, State, Verdict};
use crate::snapshot::Snapshot;

use act::{Action, Start};
use alarms::Alarms;
use drive::Drive;
pub use event::{Effect, Event, Mode, Outcome, OutputStatus, Setup};
use told::Told;

/// Rules, arbiter and the progress of every output.
pub struct Engine {
    mode: Mode,
    rules: RuleSet,
    memory: Memory,
    arbiter: Arbiter,
    drives: Vec<Drive>,
    verdicts: Vec<Verdict>,
    requests: Vec<Request>,
    alarms: Alarms,
    told: Told,
    next_intent: u64,
    stopping: bool,
    /// Entries that `handle` wants written with the next step.
    pending: Vec<Effect>,
}

impl Engine {
    /// Builds an engine; every minimum time starts now.
    #[must_use]
    pub fn new(now: Duration, setup: Setup) -> Self {
        let drives = setup.policies.iter().map(|policy| Drive::new(policy.lease)).collect();
        let mut arbiter = Arbiter::new(now, setup.policies);
        arbiter.restore(now, &setup.saved);
        let told = Told::new(now, setup.rules.rules().len());
        Self {
            told,
            mode: setup.mode,
            rules: setup.rules,
            memory: setup.memory,
            arbiter,
            drives,
            verdicts: Vec::new(),
            requests: Vec::new(),
            alarms: Alarms::default(),
            next_intent: setup.first_intent,
            stopping: false,
            pending: Vec::new(),
        }
    }

    /// Decides everything once. Call it on every accepted reading, after every
    /// [`Engine::handle`], and at least once a second.
    #[must_use]
    pub fn step(&mut self, now: Now, snapshot: &Snapshot) -> Vec<Effect> {
        for (index, drive) in self.drives.iter().enumerate() {
            self.memory.note_output(OutputId(index as u16), drive.actual().and_then(Want::level));
        }
        self.rules.evaluate(now, snapshot, &mut self.memory, &mut self.verdicts);
        self.rules.requests(&self.verdicts, &mut self.requests);
        self.faults(now);
        let mut effects = std::mem::take(&mut self.pending);
        let view = reason::View { now, snapshot, rules: &self.rules, memory: &self.memory };
        self.alarms.step(view, &self.verdicts, &mut effects);
        self.told.tell(view, &self.verdicts, &self.arbiter, &mut effects);
        for index in 0..self.drives.len() {
            // One output per drive, and the configuration counts outputs in a u16.
            self.step_output(now, snapshot, OutputId(index as u16), &mut effects);
        }
        effects
    }

    /// Learns something besides readings. Takes effect with the next step.
    pub fn handle(&mut self, now: Now, event: Event) {
        match event {
            Event::Recorded { ticket, result } => {
                for drive in &mut self.drives {
                    drive.recorded(now.monotonic, ticket, &result);
                }
            }
            Event::Applied { output, want, outcome } => self.applied(now, output, want, &outcome),
            Event::Feedback { output, actual } => self.feedback(now, output, actual),
            Event::Mode(mode) => self.change_mode(now, mode),
            Event::Reload(rules) => self.reload(now, *rules),
            Event::Acknowledge(rule) => self.acknowledge(now, rule),
            Event::Enable(rule) => self.enable(now, rule),
            Event::Stop => self.stopping = true,
        }
    }

    /// The present mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The rules as they run.
    #[must_use]
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// What the rules said in the last step, one verdict a rule.
    #[must_use]
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// What is declared with an output.
    #[must_use]
    pub fn policy(&self, output: OutputId) -> &crate::arbiter::Policy {
        self.arbiter.policy(output)
    }

    /// The level of an output as it was read back last.
    #[must_use]
    pub fn actual(&self, output: OutputId) -> Option<Want> {
        self.drives[output.index()].actual()
    }

    /// The memory of rules and arbiter that survives a restart.
    #[must_use]
    pub fn save(&self, now: Duration) -> (&Memory, Saved) {
        (&self.memory, self.arbiter.save(now))
    }

    /// True when no output waits for a journal entry or a device.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.pending.is_empty() && self.drives.iter().all(Drive::settled)
    }

    /// Every output, for people.
    pub fn outputs(&self, now: Duration) -> impl Iterator<Item = OutputStatus> {
        self.arbiter.outputs().zip(&self.drives).map(move |((id, policy), drive)| OutputStatus {
            name: policy.name.clone(),
            decision: drive.decision().cloned(),
            actual: drive.actual(),
            doing: drive.doing(now),
            writes_left: self.arbiter.budget_left(now, id),
        })
    }

    fn step_output(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        output: OutputId,
        effects: &mut Vec<Effect>,
    ) {
        let demand = self.demand(output);
        let view = reason::View { now, snapshot, rules: &self.rules, memory: &self.memory };
        let wish = self.arbiter.decide(now.monotonic, output, &self.requests, demand);
        let policy = self.arbiter.policy(output);
        let safe = policy.safe;
        let decision = self.due(output, &wish);
        let drive = &mut self.drives[output.index()];
        if !self.stopping
            && let Some(before) = drive.note_decision(&wish, safe)
        {
            let last = drive.last_rule();
            let story = reason::Story::new(view, policy, &wish, last);
            if self.mode == Mode::Observe && before != wish.want {
                effects.push(story.entry(Kind::Would, wish.want.to_string(), None));
            } else if let Some(held) = wish.held {
                effects.push(story.refused(held));
            }
        }
        let Some(decision) = decision else { return };
        let want = decision.want;
        let action = drive.advance(now.monotonic, want, safe);
        match action {
            Action::None => return,
            Action::Renew => return effects.push(Effect::Renew { output, want }),
            _ => {}
        }
        let last = drive.last_rule();
        let story = reason::Story::new(view, policy, &decision, last);
        match action {
            Action::None | Action::Renew => {}
            Action::Lapsed => {
                self.arbiter.moved(now.monotonic, output, safe);
                let what = format!("lapsed to {safe}");
                effects.push(story.entry(Kind::Alarm, what, None));
            }
            Action::Intend => {
                let intent = self.next_intent;
                self.next_intent += 1;
                drive.intend(intent, want);
                self.arbiter.charge(now.monotonic, output);
                let entry = story.entry(Kind::Intent, want.to_string(), Some(intent));
                effects.push(Effect::ticketed(entry, intent));
            }
            Action::Apply => {
                match drive.apply(now.monotonic, want) {
                    Start::Charged => {}
                    Start::Again => self.arbiter.charge(now.monotonic, output),
                    Start::First { replaced } => {
                        self.arbiter.charge(now.monotonic, output);
                        let entry = |kind, what, intent| story.clone().entry(kind, what, intent);
                        if let Some(intent) = replaced {
                            effects.push(entry(Kind::Result, "overtaken".into(), Some(intent)));
                        }
                        effects.push(entry(Kind::Safe, want.to_string(), None));
                    }
                }
                effects.push(Effect::Apply { output, want });
            }
            Action::Withdraw(intent) => {
                effects.push(story.entry(Kind::Result, "withdrawn".into(), Some(intent)));
            }
            Action::Unreachable => {
                effects.push(story.entry(Kind::Alarm, format!("{want}: unreachable"), None));
            }
        }
    }

    /// What is really done about a wish; `None` leaves the output alone.
    fn due(&self, output: OutputId, wish: &Decision) -> Option<Decision> {
        let policy = self.arbiter.policy(output);
        let drive = &self.drives[output.index()];
        let instead = |want, winner| Some(Decision { asked: want, want, winner, held: None });
        // What was moved before disarming is brought back; a pin has a level in any
        // case, and it is the safe one. The rest is never touched.
        if self.mode == Mode::Observe {
            let held = drive.away() || policy.always_driven;
            return held.then(|| instead(policy.safe, Winner::Observing)).flatten();
        }
        match policy.at_exit {
            _ if !self.stopping => Some(wish.clone()),
            AtExit::Want(want) => instead(want, Winner::Exit),
            AtExit::Leave => None,
        }
    }

    fn demand(&self, output: OutputId) -> Option<Demand> {
        if self.mode == Mode::Safe {
            return Some(Demand::Mode);
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

    fn applied(&mut self, now: Now, output: OutputId, want: Want, outcome: &Outcome) {
        let policy = self.arbiter.policy(output);
        let (subject, safe) = (policy.name.clone(), policy.safe);
        let drive = &mut self.drives[output.index()];
        let report = drive.applied(now.monotonic, want, outcome, safe);
        match outcome {
            Outcome::Verified => self.arbiter.moved(now.monotonic, output, want),
            Outcome::Took(got) => self.arbiter.moved(now.monotonic, output, *got),
            Outcome::Postponed(_) => self.arbiter.refund(output),
            Outcome::Failed(_) => {}
        }
        if let Some(report) = report {
            self.note(now, report.kind, subject, report.what, report.reason, report.intent);
        }
    }

    fn feedback(&mut self, now: Now, output: OutputId, actual: Option<Want>) {
        let drive = &mut self.drives[output.index()];
        let drifted = drive.feedback(actual);
        if let Some(actual) = actual {
            self.arbiter.moved(now.monotonic, output, actual);
        }
        if drifted && let Some(actual) = actual {
            let subject = self.arbiter.policy(output).name.clone();
            let reason = "read back differently from what was applied: somebody or something \
                          else moved it";
            self.note(
                now,
                Kind::Alarm,
                subject,
                format!("drifted to {actual}"),
                reason.into(),
                None,
            );
        }
    }
}

#[cfg(test)]
mod tests;
