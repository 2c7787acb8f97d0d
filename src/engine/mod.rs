//! The one place where everything meets: snapshot in, effects out.
//!
//! [`Engine::step`] is a plain function of the time, the snapshot and the
//! engine's memory. Live control, backtest and simulation call the same one.
//! What else the engine must know (journal acknowledgements, what became of a
//! write, a change of mode) enters through [`Engine::handle`]. It performs
//! nothing itself: the driver carries out the [`Effect`]s.

mod act;
mod alarms;
mod answers;
mod drive;
mod event;
mod faults;
mod interlocks;
mod journaled;
mod output;
mod reason;
mod renewal;
mod repeats;
mod stage;
mod told;
mod trips;
mod wishes;

use std::time::Duration;

use crate::arbiter::{Arbiter, OutputId, Policy, Request, Saved, Want};
use crate::clock::Now;
use crate::rules::{Memory, RuleSet, Verdict};
use crate::snapshot::Snapshot;

use alarms::Alarms;
use drive::Drive;
pub use event::{Effect, Event, Mode, Outcome, OutputStatus, Setup, Wish};
use interlocks::Interlocks;
use repeats::Repeats;
use told::Told;
pub use trips::{Trip, Trips};

/// Rules, arbiter and the progress of every output.
pub struct Engine {
    mode: Mode,
    rules: RuleSet,
    memory: Memory,
    arbiter: Arbiter,
    drives: Vec<Drive>,
    interlocks: Interlocks,
    trips: Trips,
    verdicts: Vec<Verdict>,
    requests: Vec<Request>,
    alarms: Alarms,
    told: Told,
    /// What was said about each output.
    repeats: Vec<Repeats>,
    next_intent: u64,
    stopping: bool,
    /// Entries that `handle` wants written with the next step.
    pending: Vec<Effect>,
}

impl Engine {
    /// Builds an engine; every minimum time starts now.
    #[must_use]
    pub fn new(now: Duration, setup: Setup) -> Self {
        // What has a state at all times is a pin.
        let drive = |policy: &Policy| Drive::new(policy.lease, policy.always_driven);
        let drives: Vec<Drive> = setup.policies.iter().map(drive).collect();
        let count = drives.len();
        let mut arbiter = Arbiter::new(now, setup.policies);
        arbiter.restore(now, &setup.saved);
        let told = Told::new(now, setup.rules.rules().len());
        Self {
            told,
            repeats: vec![Repeats::default(); count],
            mode: setup.mode,
            rules: setup.rules,
            memory: setup.memory,
            arbiter,
            drives,
            interlocks: Interlocks::new(setup.interlocks),
            trips: Trips::default(),
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
        self.ask_rules(now, snapshot);
        self.faults(now);
        self.end_wishes(now);
        let mut effects = std::mem::take(&mut self.pending);
        let view = reason::View { now, snapshot, rules: &self.rules, memory: &self.memory };
        self.alarms.step(view, &self.verdicts, &mut effects);
        self.told.tell(view, &self.verdicts, &self.arbiter, &mut effects);
        self.interlocks.step(view);
        for index in 0..self.drives.len() {
            // One output per drive, and the configuration counts outputs in a u16.
            self.step_output(now, snapshot, OutputId(index as u16), &mut effects);
        }
        effects
    }

    /// Mode `safe` asks no rule: one of them may be what crashes.
    fn ask_rules(&mut self, now: Now, snapshot: &Snapshot) {
        if self.mode == Mode::Safe {
            self.verdicts.clear();
            return self.requests.clear();
        }
        self.rules.evaluate(now, snapshot, &mut self.memory, &mut self.verdicts);
        self.rules.requests(&self.verdicts, &mut self.requests);
    }

    /// Learns something besides readings. Takes effect with the next step.
    pub fn handle(&mut self, now: Now, event: Event) {
        match event {
            Event::Recorded { ticket, result } => {
                for (index, drive) in self.drives.iter_mut().enumerate() {
                    if drive.recorded(now.monotonic, ticket, &result) {
                        self.arbiter.refund(OutputId(index as u16));
                    }
                }
            }
            Event::Applied { output, want, outcome } => self.applied(now, output, want, &outcome),
            Event::Feedback { output, actual } => self.feedback(now, output, actual),
            Event::Mode(mode) => self.change_mode(now, mode),
            Event::Reload(rules) => self.reload(now, *rules),
            Event::Acknowledge(rule) => self.acknowledge(now, rule),
            Event::Enable(rule) => self.enable(now, rule),
            Event::Spent(output) => self.arbiter.spend(now.monotonic, output),
            Event::Override(wish) => self.take_wish(now, wish),
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
    pub fn policy(&self, output: OutputId) -> &Policy {
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

    /// Whether what must survive a restart changes with time alone.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.arbiter.is_counting()
    }

    /// What tripped first and nobody has acknowledged.
    #[must_use]
    pub const fn trips(&self) -> &Trips {
        &self.trips
    }

    /// Goes on with the trips that an earlier run has kept.
    pub fn restore_trips(&mut self, trips: Trips) {
        self.trips = trips;
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
            since: drive.since(),
            trouble: drive.in_trouble(),
            writes_left: self.arbiter.budget_left(now, id),
            wish_left: self.arbiter.wish(now, id).and_then(|wish| wish.left(now)),
        })
    }
}

#[cfg(test)]
mod tests;
