//! The thread in which the engine lives.
//!
//! It takes one input at a time, steps the engine, and carries out the effects.
//! It waits for nothing but its inbox: not for the disk, not for a port, not for
//! a terminal.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing::warn;

use super::alive::Alive;
use super::deadline::Watch;
use super::hands::Hands;
use super::identities::Identities;
use super::inbox::{Inbox, Input};
use super::leave::Charged;
use super::starts::Starts;
use crate::clock::{Clock, Now, SystemClock};
use crate::control::JournalLine;
use crate::engine::{Effect, Engine, Event};
use crate::journal::Kind;
use crate::snapshot::Snapshot;
use crate::store::{self, Store};
use crate::vedirect::register::Family;
use crate::vedirect::text::Identity;
use crate::wear::Ledger;

/// Steps run at least this often on the engine's clock: it renews leases and timers.
const TICK: Duration = Duration::from_secs(1);

/// A demo's clock runs so fast that a tick would be shorter than this.
const TICK_REAL_MIN: Duration = Duration::from_millis(5);

/// How many rounds of effects one input may cause. An act on a pin answers at
/// once and is journaled: three rounds. More means the engine does not settle.
const ROUNDS_MAX: usize = 8;

/// How long a stopping engine waits for its outputs, in real time.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How often people are reminded that nothing is switched.
pub(super) const REMIND_EVERY: Duration = Duration::from_secs(6 * 3600);

/// What is known of one device, for people.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub identity: String,
    pub health: String,
    pub family: Option<Family>,
    /// What it said of itself last.
    pub who: Identity,
    /// The serial number in the configuration.
    pub declared: Option<String>,
}

/// Everything the loop owns.
pub(super) struct ControlLoop {
    pub clock: Arc<dyn Clock>,
    pub engine: Engine,
    pub snapshot: Snapshot,
    pub hands: Hands,
    pub alive: Alive,
    pub store: Store,
    pub inbox: Inbox,
    pub devices: BTreeMap<Arc<str>, Device>,
    /// Names of points as the store wants them, by index of point.
    pub names: Vec<Arc<str>>,
    pub tail: VecDeque<JournalLine>,
    pub steps: u64,
    /// Tickets of writes by hand and of original values, far from those of intents, and
    /// who waits for them.
    pub next_manual: u64,
    pub manual: BTreeMap<u64, oneshot::Sender<Result<(), String>>>,
    /// How often registers were written, and the SETs that wait for their charge.
    pub ledger: Ledger,
    pub charges: BTreeMap<u64, Charged>,
    pub identities: Identities,
    /// Frames that ports dropped because this loop was behind.
    pub dropped: u64,
    /// Journal entries since the start.
    pub entries: u64,
    /// Points that no input declares count as stale after this time.
    pub max_age: Duration,
    /// How often the snapshot table is replaced, on the engine's clock.
    pub snapshot_every: Duration,
    pub snapshot_due: Duration,
    pub saved: BTreeMap<&'static str, String>,
    /// How often what rules remember is saved without an edge.
    pub memory_every: Duration,
    pub memory_due: Duration,
    /// How many times faster than life the clock runs.
    pub speed: f64,
    /// The count of starts that did not last.
    pub starts: Option<Starts>,
    /// Since when the mode is what it is, and why; empty when somebody asked for it.
    pub mode_since: Now,
    pub mode_why: String,
    /// Rules are in the folder and were not loaded, after a crash loop.
    pub without_rules: bool,
    pub remind_due: Duration,
    /// Why the rules in the folder do not run; empty when they do.
    pub rules_problem: String,
    /// Since when, and why, the last good configuration runs and not the file's.
    pub config_problem: Option<(Now, String)>,
    /// Stops a script that takes too long.
    pub watch: Watch,
}

/// What a run left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Steps of the engine.
    pub steps: u64,
    /// What the store has written and dropped.
    pub counters: store::Counters,
    /// Readings that were dropped because the loop was behind.
    pub dropped: u64,
    /// Whether the files were closed in order.
    pub closed: bool,
}

impl ControlLoop {
    /// Runs until it is told to stop and every output is where it should be.
    pub(super) fn run(mut self, inputs: Receiver<Input>) -> Summary {
        let tick = self.clock.real(TICK).max(TICK_REAL_MIN);
        let rules = self.engine.rules().rules().len();
        let plural = if rules == 1 { "" } else { "s" };
        let started = format!("started with {rules} rule{plural}; {}", self.mode_why);
        self.note(Kind::Mode, "", self.engine.mode().word(), &started);
        loop {
            match inputs.recv_timeout(tick) {
                Ok(Input::Stop) => break,
                Ok(input) => self.take(input),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.step();
            self.remind();
        }
        self.stop(&inputs);
        self.hands.end();
        self.starts.iter().for_each(Starts::lasted);
        self.close_counts();
        self.snapshot_due = Duration::ZERO;
        self.refresh_snapshot_table();
        // The store must not wait for anybody to hear its last reports.
        drop(inputs);
        let dropped = self.dropped + self.inbox.dropped();
        let _ = self.store.flush();
        let counters = self.store.counters();
        Summary { steps: self.steps, counters, dropped, closed: self.store.close() }
    }

    /// Takes outputs to their exit level; registers get ten seconds.
    fn stop(&mut self, inputs: &Receiver<Input>) {
        self.note(Kind::Mode, "", "stopping", "asked to stop");
        let now = self.clock.now();
        self.engine.handle(now, Event::Stop);
        self.step();
        let watch = SystemClock::new();
        while !self.engine.settled() {
            if watch.now().monotonic >= STOP_LIMIT {
                warn!("an output did not confirm its exit level within 10 s");
                return;
            }
            if let Ok(input) = inputs.recv_timeout(Duration::from_millis(100)) {
                self.take(input);
            }
            self.step();
        }
    }

    fn take(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Port(event) => self.port(event),
            Input::Probe { name, read } => self.probed(now, &name, read),
            Input::Applied { output, want, outcome } => {
                self.hands.applied(output, want, &outcome);
                self.engine.handle(now, Event::Applied { output, want, outcome });
                self.let_go_of_originals();
            }
            Input::Looked { output, answer } => {
                if let Some(actual) = self.hands.looked(output, &answer) {
                    self.engine.handle(now, Event::Feedback { output, actual: Some(actual) });
                }
                self.let_go_of_originals();
            }
            Input::Original { output, value, recorded } => {
                self.keep_original(output, value, recorded);
            }
            Input::Stored(store::Report::Ack(ack)) => {
                let result = ack.result.map(drop);
                if let Some(waiting) = self.manual.remove(&ack.ticket) {
                    // Whoever asked may have gone away.
                    let _ = waiting.send(result.clone());
                }
                self.charged(ack.ticket, &result);
                self.engine.handle(now, Event::Recorded { ticket: ack.ticket, result });
            }
            Input::Stored(store::Report::Notice(notice)) => {
                warn!(%notice, "storage");
                self.note(Kind::Alarm, "", "storage", &notice.to_string());
            }
            // A full queue is for tomorrow: the day is asked for again.
            Input::DeviceDay(day) => drop(self.store.send(store::Command::Day(day))),
            Input::Asked(ask, reply) => {
                let answer = self.answer(now, &ask);
                // Whoever asked may have gone away.
                let _ = reply.send(answer);
            }
            Input::ManualIntent { device, what, recorded } => {
                self.manual_intent(&device, &what, recorded);
            }
            Input::Manual { device, what, reason } => {
                self.note(Kind::Manual, &device, &what, &reason);
            }
            Input::Present(question) => {
                // The loader may have gone.
                let _ = question.send(self.present(now));
            }
            Input::Rules { rules, asker } => self.reload(now, *rules, asker),
            Input::RulesRefused { problem, text, asker } => {
                self.reload_refused(problem, text, asker);
            }
            Input::Stop => {}
        }
    }

    /// Steps the engine until it wants nothing more.
    fn step(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let now = self.clock.now();
            self.look_at_relays(now);
            let watched = self.watch.over(self.engine.rules().deadline());
            let effects = self.engine.step(now, &self.snapshot);
            drop(watched);
            self.steps += 1;
            if effects.is_empty() {
                break;
            }
            // The way to safe waits for nothing, not even for what is to be written down.
            let (to_safe, others): (Vec<_>, Vec<_>) =
                effects.into_iter().partition(|effect| self.is_way_to_safe(effect));
            to_safe.into_iter().for_each(|effect| self.perform(now, effect));
            self.save_memory(now, false);
            others.into_iter().for_each(|effect| self.perform(now, effect));
        }
        self.save_memory_when_due(self.clock.now());
        self.hands.renew();
        self.alive.stepped();
        self.show_status_line();
        self.refresh_snapshot_table();
    }

    fn is_way_to_safe(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Apply { output, want } | Effect::Renew { output, want } => {
                *want == self.engine.policy(*output).safe
            }
            Effect::Record { .. } => false,
        }
    }

    fn perform(&mut self, now: Now, effect: Effect) {
        let to_safe = self.is_way_to_safe(&effect);
        match effect {
            Effect::Record { entry, ticket } => {
                if let Err(refused) = self.record(*entry, ticket)
                    && let Some(ticket) = ticket
                {
                    self.engine.handle(now, Event::Recorded { ticket, result: Err(refused) });
                }
            }
            Effect::Apply { output, want } | Effect::Renew { output, want } => {
                if let Some(outcome) = self.hands.apply(output, want, to_safe) {
                    self.engine.handle(now, Event::Applied { output, want, outcome });
                }
            }
        }
    }
}
