//! The state machine behind a session: its state, its tasks, and what follows
//! when time passes or the device changes.
//!
//! What arrives is taken in `arriving`; what leaves, and when, is decided in
//! `sending`.

use std::collections::VecDeque;
use std::time::Duration;

use super::health::{Health, Link, Pulse};
use super::identify::Who;
use super::job::{self, Job, Step};
use super::lock::Lock;
use super::pace::{FIRMWARE_INTERLEAVING, Pace};
use super::plan::{self, Schedule};
use super::task::{Event, Outcome, Task, TaskId};
use super::{Counters, Settings};
use crate::vedirect::hex::Request;
use crate::vedirect::product;
use crate::vedirect::register::Family;
use crate::vedirect::text::Identity;

/// Tasks that may wait. A mode change writes a dozen registers; more than
/// this means that somebody asks faster than the port can answer.
const QUEUE_MAX: usize = 64;

/// On whose behalf a request is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Identify,
    Task,
    Probe,
    Poll,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub request: Request,
    pub purpose: Purpose,
    pub sent: Duration,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) settings: Settings,
    pub(super) now: Duration,
    pub(super) connected: bool,
    pub(super) who: Who,
    pub(super) pulse: Pulse,
    pub(super) told: Health,
    pub(super) pace: Pace,
    pub(super) schedule: Schedule,
    pub(super) scheduled_for: Option<Family>,
    pub(super) queue: VecDeque<(TaskId, Task)>,
    pub(super) job: Option<Job>,
    pub(super) flight: Option<Flight>,
    pub(super) events: VecDeque<Event>,
    pub(super) uptime: Option<u32>,
    pub(super) next_id: u64,
    pub(super) counters: Counters,
}

impl Conversation {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Duration::ZERO,
            connected: false,
            who: Who::default(),
            pulse: Pulse::default(),
            told: Health::default(),
            pace: Pace::default(),
            schedule: Schedule::default(),
            scheduled_for: None,
            queue: VecDeque::new(),
            job: None,
            flight: None,
            events: VecDeque::new(),
            uptime: None,
            next_id: 0,
            counters: Counters::default(),
        }
    }

    pub fn set_now(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    pub fn connected(&mut self, now: Duration) {
        self.set_now(now);
        self.connected = true;
        self.who.restart(self.now);
        self.pulse = Pulse::default();
        self.pace = Pace::new(self.now);
        self.scheduled_for = None;
        self.schedule = Schedule::default();
        self.flight = None;
        self.uptime = None;
        self.tell_health();
    }

    pub fn disconnected(&mut self, now: Duration) {
        self.set_now(now);
        self.connected = false;
        self.flight = None;
        self.pulse = Pulse::default();
        self.who.restart(self.now);
        self.abort_job(Lock::NotConnected);
        while let Some((id, task)) = self.queue.pop_front() {
            self.done(id, job::dropped(&task, Lock::NotConnected));
        }
        self.tell_health();
    }

    pub fn submit(&mut self, task: Task) -> TaskId {
        let id = TaskId(self.next_id);
        self.next_id += 1;
        if !self.connected {
            self.done(id, job::dropped(&task, Lock::NotConnected));
        } else if self.queue.len() >= QUEUE_MAX {
            self.done(id, Outcome::QueueFull);
        } else {
            self.queue.push_back((id, task));
        }
        id
    }

    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    pub fn health(&self) -> Health {
        self.pulse.health(self.now, &self.settings.timing)
    }

    pub fn identity(&self) -> Identity {
        self.who.identity()
    }

    pub fn identification_ended(&self) -> bool {
        !self.who.in_progress()
    }

    pub fn family(&self) -> Family {
        self.known_family().unwrap_or(Family::Common)
    }

    pub(super) fn known_family(&self) -> Option<Family> {
        let product = || product::find(self.who.identity().product?);
        self.settings.family.or_else(|| product().map(|found| found.family))
    }

    pub fn lock(&self) -> Option<Lock> {
        if !self.connected {
            return Some(Lock::NotConnected);
        }
        self.who.lock(self.settings.expected_product, self.expected_serial())
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Brings the state up to `now`: time-outs, health, the next task.
    pub fn advance(&mut self) {
        if !self.connected {
            return;
        }
        let timing = self.settings.timing;
        if let Some(flight) = self.flight
            && self.now >= flight.sent + timing.answer_timeout
        {
            self.flight = None;
            self.counters.timeouts += 1;
            self.failed(flight);
        }
        if self.identify_again_at().is_some_and(|at| self.now >= at) {
            self.who.ask_again(self.now);
        }
        self.tell_health();
        if self.told.hex == Link::Alive && self.told.text != Link::Alive {
            self.pace.text_missing(self.now, &timing);
        }
        self.start_jobs();
        self.ask_leave();
    }

    /// A request was not answered, or arrived damaged.
    pub(super) fn failed(&mut self, flight: Flight) {
        let timing = self.settings.timing;
        self.pulse.unanswered();
        match flight.purpose {
            Purpose::Identify => {
                self.who.unanswered(self.now, &timing);
                self.announce();
            }
            Purpose::Task => self.job_step(|job, now, timing| job.unanswered(now, timing)),
            Purpose::Poll => {
                if let Request::Get { register } = flight.request {
                    self.schedule.served(register, self.now);
                }
            }
            Purpose::Probe => {}
        }
        self.end_exchange();
    }

    pub(super) fn job_step(
        &mut self,
        step: impl FnOnce(&mut Job, Duration, &super::Timing) -> Step,
    ) {
        let Some(mut job) = self.job.take() else {
            return;
        };
        match step(&mut job, self.now, &self.settings.timing) {
            Step::At(_) => self.job = Some(job),
            Step::Ended(outcome) => self.done(job.id, outcome),
        }
    }

    pub(super) fn end_exchange(&mut self) {
        let polls = self.schedule.next_due().is_some_and(|due| due <= self.now);
        let more = polls || self.job.is_some() || self.who.in_progress();
        self.pace.ended(self.now, more, &self.settings.timing);
    }

    /// Takes the next task that may start; tasks wait while the device is
    /// being identified, which takes a few seconds at most.
    ///
    /// Before a write the device is asked who it is, unless that has just
    /// been done: cables are swapped at the device's end without the port
    /// noticing, and a BMV does not tell its serial number in TEXT.
    fn start_jobs(&mut self) {
        while self.job.is_none() && !self.who.in_progress() {
            let Some((_, task)) = self.queue.front() else {
                return;
            };
            let changes = !matches!(task, Task::Read { .. });
            if changes && self.who.older_than(self.now, self.settings.timing.identity_age) {
                self.who.ask_again(self.now);
                return;
            }
            let Some((id, task)) = self.queue.pop_front() else {
                return;
            };
            match Job::start(id, task, self.family(), self.lock(), self.now) {
                Ok(job) => self.job = Some(job),
                Err(outcome) => self.done(id, *outcome),
            }
        }
    }

    /// The device may be another one: ask again, and write nothing meanwhile.
    pub(super) fn suspect(&mut self) {
        self.who.doubt(self.now);
        if self.job.as_ref().is_some_and(Job::writes) {
            self.abort_job(Lock::NotIdentified);
        }
    }

    fn abort_job(&mut self, lock: Lock) {
        if let Some(job) = self.job.take() {
            self.done(job.id, job.aborted(lock));
            if self.flight.is_some_and(|flight| flight.purpose == Purpose::Task) {
                self.flight = None;
            }
        }
    }

    /// Tells what is new about the device, and locks when it is the wrong one.
    pub(super) fn announce(&mut self) {
        if let Some(identity) = self.who.news() {
            self.push(Event::Identified(identity));
        }
        let mismatch = self.mismatch();
        if self.who.mismatch_news(mismatch.is_some())
            && let Some(lock) = mismatch.clone()
        {
            self.push(Event::IdentityMismatch { lock, found: self.who.identity() });
        }
        if let Some(lock) = mismatch
            && self.job.as_ref().is_some_and(Job::writes)
        {
            self.abort_job(lock);
        }
        self.replan(self.mismatch().is_none());
    }

    /// Makes the plan of the family once it is known.
    fn replan(&mut self, right_device: bool) {
        let identity = self.who.identity();
        self.pace.old_firmware = matches!(self.family(), Family::Mppt)
            && identity.firmware.is_some_and(|fw| fw.number() < FIRMWARE_INTERLEAVING);
        if !self.who.concluded() || !right_device || self.scheduled_for == Some(self.family()) {
            return;
        }
        let polls = plan::joined(self.settings.plan.polls(self.family()), &self.settings.also);
        self.schedule = Schedule::new(polls, self.now, self.settings.timing.poll_factor);
        self.scheduled_for = Some(self.family());
    }

    pub(super) fn tell_health(&mut self) {
        let health = self.health();
        if health != self.told {
            self.told = health;
            self.push(Event::Health(health));
        }
    }

    pub(super) fn expected_serial(&self) -> Option<&str> {
        self.settings.expected_serial.as_deref()
    }

    pub(super) fn mismatch(&self) -> Option<Lock> {
        self.who.mismatch(self.settings.expected_product, self.expected_serial())
    }

    pub(super) fn done(&mut self, id: TaskId, outcome: Outcome) {
        self.push(Event::Done(id, outcome));
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push_back(event);
    }
}
