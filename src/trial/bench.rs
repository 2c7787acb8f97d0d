//! The engine on a bench: made-up readings, a driver that obeys, a clock that
//! moves when it is told to.
//!
//! Every output starts at its safe level, with its minimum times elapsed. The
//! step is a second, as it is at least in life.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;

use super::{LONGEST, Premises};
use crate::arbiter::{OutputId, Saved, Want};
use crate::clock::Now;
use crate::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use crate::rules::{Action, Memory, RuleSet, State, Truth};
use crate::snapshot::{PointId, Snapshot};
use crate::units::Value;

/// Steps are this far apart.
const STEP: Duration = Duration::from_secs(1);

/// A test begins this long after its engine: longer than any minimum time that
/// a configuration can declare.
const BEFORE: Duration = Duration::from_secs(400 * 86_400);

/// Rounds of effects that one step may cause; see the daemon.
const ROUNDS_MAX: usize = 8;

/// The wall clock of a test that does not say: a winter noon.
const NOON: DateTime = date(2026, 1, 15).at(12, 0, 0, 0);

/// One test's world.
pub(super) struct Bench {
    pub engine: Engine,
    pub snapshot: Snapshot,
    pub now: Now,
    zone: TimeZone,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    given: Vec<(PointId, Option<Value>)>,
    /// The readings changed since the last step.
    fresh: bool,
}

impl Bench {
    pub(super) fn new(mut rules: RuleSet, premises: &Premises) -> Self {
        let mut snapshot = Snapshot::new();
        // What is derived can be given too: then it counts as it was given.
        for input in rules.inputs().filter(|input| input.derived.is_some()) {
            snapshot.declare(input.declaration());
        }
        rules.bind(&mut snapshot);
        let policies = premises.policies.clone();
        let safe: Vec<Want> = policies.iter().map(|policy| policy.safe).collect();
        let outputs = policies.iter().map(|policy| policy.name.clone()).collect();
        let setup = Setup {
            rules,
            memory: Memory::default(),
            policies,
            interlocks: premises.interlocks.clone(),
            saved: Saved::default(),
            mode: Mode::Run,
            first_intent: 1,
        };
        let wall = wall_time(NOON, &premises.zone).unwrap_or(Timestamp::UNIX_EPOCH);
        let now = Now { monotonic: BEFORE, wall, wall_trusted: true };
        let mut engine = Engine::new(Duration::ZERO, setup);
        for (index, safe) in safe.into_iter().enumerate() {
            // The configuration counts outputs in a u16.
            let event = Event::Feedback { output: OutputId(index as u16), actual: Some(safe) };
            engine.handle(Now { monotonic: Duration::ZERO, ..now }, event);
        }
        let zone = premises.zone.clone();
        Self { engine, snapshot, now, zone, outputs, given: Vec::new(), fresh: true }
    }

    /// Virtual time since the beginning.
    pub(super) fn passed(&self) -> Duration {
        self.now.monotonic.saturating_sub(BEFORE)
    }

    /// Sends a value from now on, once a second; `None`: "not available".
    pub(super) fn give(&mut self, point: PointId, value: Option<Value>) {
        self.lose(point);
        self.given.push((point, value));
        self.fresh = true;
    }

    /// Sends a point no more.
    pub(super) fn lose(&mut self, point: PointId) {
        self.given.retain(|(known, _)| *known != point);
    }

    /// Lets time pass. `false`: the test is longer than a test may be.
    pub(super) fn pass(&mut self, span: Duration) -> bool {
        if self.passed() + span > LONGEST {
            return false;
        }
        self.settle();
        let end = self.now.monotonic + span;
        while self.now.monotonic < end {
            self.advance(STEP.min(end - self.now.monotonic));
        }
        true
    }

    /// Sets the wall clock. `false`: there is no such time.
    pub(super) fn at(&mut self, time: DateTime) -> bool {
        let Some(wall) = wall_time(time, &self.zone) else {
            return false;
        };
        self.now.wall = wall;
        self.fresh = true;
        true
    }

    /// Lets the engine see what was given since its last step.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.fresh) {
            // Twice: what a test gives has been sent all along, and counts at once.
            self.send();
            self.send();
            self.step();
        }
    }

    /// Where an output or a set-point is, as read back.
    pub(super) fn actual(&self, output: OutputId) -> Option<Want> {
        self.engine.actual(output)
    }

    /// What a rule says, by its place in the rule set.
    pub(super) fn state(&self, rule: usize) -> State {
        let verdict = self.engine.verdicts().iter().find(|verdict| verdict.rule == rule);
        verdict.map_or(State::Unknown, |verdict| verdict.state)
    }

    /// Whether some rule asks for something of this output or set-point now.
    pub(super) fn asks_for(&self, output: OutputId) -> bool {
        let mut requests = Vec::new();
        self.engine.rules().requests(self.engine.verdicts(), &mut requests);
        requests.iter().any(|request| request.output == output)
    }

    /// Whether a rule activates this mode or tells this channel now.
    pub(super) fn says(&self, rule: usize, name: &str) -> bool {
        let mut verdicts = self.engine.verdicts().iter();
        let Some(verdict) = verdicts.find(|verdict| verdict.rule == rule) else { return false };
        let of_script = verdict.modes().iter().any(|mode| **mode == *name)
            || verdict.messages().into_iter().flatten().any(|message| *message.channel == *name);
        let is_script = matches!(self.engine.rules().rules()[rule].action, Action::Decide(_));
        of_script || !is_script && verdict.state == State::Set
    }

    /// Whether a rule's condition holds, and has not held long enough yet.
    pub(super) fn waits(&self, rule: usize) -> bool {
        let verdict = self.engine.verdicts().iter().find(|verdict| verdict.rule == rule);
        verdict.is_some_and(|verdict| match verdict.state {
            State::Clear => (verdict.when, verdict.clear_when) == (Truth::Yes, Truth::No),
            State::Set => verdict.clear_when == Truth::Yes,
            State::Unknown | State::Disabled => false,
        })
    }

    /// The wall time in the site's zone.
    pub(super) fn time(&self) -> String {
        let local = self.now.wall.to_zoned_datetime(self.zone.clone());
        local.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn advance(&mut self, span: Duration) {
        self.now.monotonic += span;
        // A test is shorter than what a timestamp holds; beyond it, time stands still.
        self.now.wall = self.now.wall.checked_add(span).unwrap_or(self.now.wall);
        self.send();
        self.step();
    }

    fn send(&mut self) {
        for (point, value) in &self.given {
            self.snapshot.set(self.now, *point, value.clone());
        }
    }

    /// Steps until the engine wants nothing more; every act succeeds.
    fn step(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let effects = self.engine.step(self.now, &self.snapshot);
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                if let Some(event) = obey(effect) {
                    self.engine.handle(self.now, event);
                }
            }
        }
    }
}

/// A journal that always writes and a hand that always obeys.
fn obey(effect: Effect) -> Option<Event> {
    match effect {
        Effect::Record { ticket, .. } => Some(Event::Recorded { ticket: ticket?, result: Ok(()) }),
        Effect::Apply { output, want } | Effect::Renew { output, want } => {
            Some(Event::Applied { output, want, outcome: Outcome::Verified })
        }
    }
}

fn wall_time(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(time).ok()
}
