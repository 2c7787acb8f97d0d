//! The conversation with one device, without any I/O.
//!
//! ```text
//! receive ─► decoder ─► TEXT ────────────► Measured ──┐
//!                    └► HEX ─► match ─► job, poll, ───┴─► event
//!                                       identification
//! transmit ◄─ gate ◄─ pace ◄─ identification, tasks, polls, pings
//! ```
//!
//! Time is an argument and bytes are arguments: the driver owns the port. One
//! request is in flight at a time and its answer is matched by command *and*
//! register; whatever else arrives is a measurement or is dropped and counted.
//! Nothing is written to a device that has not said who it is.

mod arriving;
mod conversation;
mod gate;
mod health;
mod identify;
mod job;
mod leave;
mod lock;
mod matching;
mod pace;
mod plan;
pub mod report;
mod sending;
mod task;
mod timing;
mod write;

use std::time::Duration;

use crate::vedirect::decoder::{Counters as DecoderCounters, Decoder, Frame};
use crate::vedirect::hex::Answer;
use crate::vedirect::register::Family;
use crate::vedirect::text::Identity;

use conversation::Conversation;
pub use health::{Health, Link};
pub use leave::Departure;
pub use lock::Lock;
pub use plan::{Plan, Poll};
pub use task::{
    Authority, Denied, Event, Outcome, ReadFailure, ReadResult, Task, TaskId, WriteResult,
};
pub use timing::Timing;

/// What a session is told about its device.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Writes are locked until the device tells this serial number.
    pub expected_serial: Option<String>,
    /// Writes are locked unless the device is this product.
    pub expected_product: Option<u16>,
    /// Use this family's registers, whatever the product id says.
    pub family: Option<Family>,
    /// How long to wait for what.
    pub timing: Timing,
    /// What to read by itself.
    pub plan: Plan,
    /// What to read besides, in any case: read-backs of what is written.
    pub also: Vec<Poll>,
    /// Somebody watches over writes: every SET waits for [`Session::permit`].
    pub watched: bool,
}

/// What arrived or left and was not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests without an answer in time.
    pub timeouts: u64,
    /// Answers while nothing was in flight.
    pub late: u64,
    /// Answers to something else than what was in flight.
    pub foreign: u64,
    /// Requests that reached the device damaged.
    pub frame_errors: u64,
    /// Frames whose readings were dropped: the device is not, or not yet
    /// known to be, the one configured.
    pub withheld: u64,
    /// Requests stopped by the filter on outgoing bytes.
    pub blocked: u64,
    /// Frames whose readings nobody fetched in time.
    pub overflowed: u64,
}

/// The conversation with one device.
///
/// Call [`connected`](Self::connected) when the port is open; then feed
/// [`receive`](Self::receive), write what [`transmit`](Self::transmit) hands
/// out, call [`tick`](Self::tick) at [`deadline`](Self::deadline), and drain
/// [`event`](Self::event) after each.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    talk: Conversation,
}

impl Session {
    /// A session that is not connected yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { decoder: Decoder::new(), talk: Conversation::new(settings) }
    }

    /// The port is open; whoever is there is asked who it is.
    pub fn connected(&mut self, now: Duration) {
        self.decoder = Decoder::new();
        self.talk.connected(now);
    }

    /// The port is gone. Waiting tasks end; nothing is sent any more.
    pub fn disconnected(&mut self, now: Duration) {
        self.talk.disconnected(now);
    }

    /// Bytes from the device, in any portions.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) {
        self.talk.set_now(now);
        let mut input = bytes;
        while let Some(frame) = self.decoder.next(&mut input) {
            match frame {
                Frame::Text(block) => self.talk.text(&block),
                Frame::Hex(raw) => self.talk.hex(Answer::parse(&raw)),
            }
        }
        self.talk.advance();
    }

    /// Queues a task; its [`Event::Done`] follows, at once if it is refused.
    pub fn submit(&mut self, now: Duration, task: Task) -> TaskId {
        self.talk.set_now(now);
        let id = self.talk.submit(task);
        self.talk.advance();
        id
    }

    /// Answers [`Event::Leaving`]: the SET may leave, or why it may not. An answer that
    /// nobody waits for any more does nothing.
    pub fn permit(&mut self, now: Duration, task: TaskId, answer: Result<(), String>) {
        self.talk.set_now(now);
        self.talk.permit(task, answer);
        self.talk.advance();
    }

    /// The next request to write to the port, if one may leave now.
    pub fn transmit(&mut self, now: Duration) -> Option<Vec<u8>> {
        self.talk.set_now(now);
        self.talk.advance();
        self.talk.transmit()
    }

    /// The next thing that happened.
    pub fn event(&mut self) -> Option<Event> {
        self.talk.event()
    }

    /// When to call [`tick`](Self::tick) and [`transmit`](Self::transmit) next,
    /// if nothing arrives before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.talk.deadline()
    }

    /// Lets time pass: time-outs, silence, repeated identification.
    pub fn tick(&mut self, now: Duration) {
        self.talk.set_now(now);
        self.talk.advance();
    }

    /// The state of both languages.
    #[must_use]
    pub fn health(&self) -> Health {
        self.talk.health()
    }

    /// What the device has said about itself so far.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.talk.identity()
    }

    /// Whether identification has ended, well or not.
    #[must_use]
    pub fn identification_ended(&self) -> bool {
        self.talk.identification_ended()
    }

    /// The family whose registers are used.
    #[must_use]
    pub fn family(&self) -> Family {
        self.talk.family()
    }

    /// Why writes are refused, if they are.
    #[must_use]
    pub fn lock(&self) -> Option<Lock> {
        self.talk.lock()
    }

    /// What was not used.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.talk.counters()
    }

    /// What the decoder accepted and dropped since the port was opened.
    #[must_use]
    pub fn decoder_counters(&self) -> DecoderCounters {
        self.decoder.counters()
    }
}
