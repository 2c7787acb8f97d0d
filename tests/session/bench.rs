//! A session and its peer in virtual time, and what the tests ask of both.

use std::time::Duration;

use sunkeep::session::{
    Authority, Event, Outcome, Plan, Poll, ReadResult, Session, Settings, Task, TaskId, WriteResult,
};
use sunkeep::units::Value;
use sunkeep::vedirect::hex::{Asked, Raw, Request};
use sunkeep::vedirect::register::Decoded;

use crate::peer::{MPPT, Peer, SERIAL};

/// How finely time moves.
pub const STEP: Duration = Duration::from_millis(10);

/// A session and its peer, and everything that happened.
pub struct Bench {
    pub now: Duration,
    pub session: Session,
    pub peer: Peer,
    pub events: Vec<(Duration, Event)>,
    /// Requests with the time they left.
    pub sent: Vec<(Duration, Asked)>,
}

impl Bench {
    pub fn new(settings: Settings, peer: Peer) -> Self {
        let mut session = Session::new(settings);
        session.connected(Duration::ZERO);
        Self { now: Duration::ZERO, session, peer, events: Vec::new(), sent: Vec::new() }
    }

    /// A charger with new firmware, no polls, the right serial number expected.
    pub fn quiet() -> Self {
        Self::new(expecting(SERIAL), Peer::new(MPPT, 0x4161))
    }

    pub fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now += STEP;
            let said = self.peer.speak(self.now);
            if !said.is_empty() {
                self.session.receive(self.now, &said);
            }
            self.session.tick(self.now);
            while let Some(frame) = self.session.transmit(self.now) {
                self.sent.push((self.now, Asked::parse(&Raw::parse(&frame).unwrap())));
                self.peer.hear(self.now, &frame);
            }
            while let Some(event) = self.session.event() {
                self.events.push((self.now, event));
            }
        }
    }

    pub fn run_secs(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    pub fn submit(&mut self, task: Task) -> TaskId {
        self.session.submit(self.now, task)
    }

    /// Submits a task and runs until it has ended, a minute at most.
    #[track_caller]
    pub fn perform(&mut self, task: Task) -> Outcome {
        let id = self.submit(task);
        for _ in 0..600 {
            self.run(Duration::from_millis(100));
            if let Some(outcome) = self.outcome(id) {
                return outcome;
            }
        }
        panic!("the task did not end");
    }

    pub fn outcome(&self, id: TaskId) -> Option<Outcome> {
        self.events.iter().find_map(|(_, event)| match event {
            Event::Done(done, outcome) if *done == id => Some(outcome.clone()),
            _ => None,
        })
    }

    #[track_caller]
    pub fn check_write(&mut self, task: Task, expected: WriteResult) {
        assert_eq!(self.perform(task), Outcome::Written(expected));
    }

    pub fn gets(&self, id: u16) -> usize {
        let get = Asked::Request(Request::Get { register: id });
        self.sent.iter().filter(|(_, asked)| *asked == get).count()
    }

    pub fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(|(_, event)| wanted(event))
    }

    pub fn measured(&self, name: &str) -> Vec<Duration> {
        let has_name = |event: &Event| matches!(event, Event::Measured(all) if all.iter().any(|m| m.name == name));
        self.events.iter().filter(|(_, event)| has_name(event)).map(|(at, _)| *at).collect()
    }
}

pub fn expecting(serial: &str) -> Settings {
    Settings {
        expected_serial: Some(serial.to_owned()),
        plan: Plan::Nothing,
        ..Settings::default()
    }
}

pub fn polling(polls: &[(u16, u64)]) -> Settings {
    let poll = |&(register, s)| Poll { register, every: Duration::from_secs(s) };
    Settings { plan: Plan::Polls(polls.iter().map(poll).collect()), ..Settings::default() }
}

pub fn write(register: u16, value: f64) -> Task {
    Task::Write { register, value: Value::Number(value), authority: Authority::Rule }
}

pub fn write_as(register: u16, value: f64, authority: Authority) -> Task {
    Task::Write { register, value: Value::Number(value), authority }
}

pub fn volts(value: f64) -> Outcome {
    Outcome::Read(ReadResult::Value(Decoded::Value(Value::Number(value))))
}
