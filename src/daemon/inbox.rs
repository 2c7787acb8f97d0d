//! The one queue into the control loop.
//!
//! Readings may be dropped when the loop is behind, and are counted: the next
//! one says more. Everything else waits for room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;

use super::reload::{Asker, Present};
use crate::arbiter::{OutputId, Want};
use crate::control::{Ask, Reply};
use crate::engine::Outcome as Became;
use crate::probe::Fault;
use crate::rules::RuleSet;
use crate::serial;
use crate::session::Outcome;
use crate::store;

/// Four devices with ten frames a second fill this in half a minute: a loop
/// that is so far behind is stuck, not slow.
const ROOM: usize = 1024;

/// Everything the control loop is told.
pub(super) enum Input {
    /// A port has something to say.
    Port(serial::PortEvent),
    /// A probe was read, or not.
    Probe { name: String, read: Result<f64, Fault> },
    /// What became of an act that took its time.
    Applied { output: OutputId, want: Want, outcome: Became },
    /// Where an output or a set-point is, as its device answered when it was read for it.
    Looked { output: OutputId, answer: Outcome },
    /// What a register has before it is written for the first time: the writing goes
    /// on when this is recorded.
    Original { output: OutputId, value: f64, recorded: oneshot::Sender<Result<(), String>> },
    /// The store has something to say.
    Stored(store::Report),
    /// What a charger remembers of a day.
    DeviceDay(store::DeviceDay),
    /// A person is about to write a register: it goes on when this is recorded.
    ManualIntent { device: String, what: String, recorded: oneshot::Sender<Result<(), String>> },
    /// A person has written a register.
    Manual { device: String, what: String, reason: String },
    /// Somebody asks; the answer goes back through the channel.
    Asked(Ask, oneshot::Sender<Reply>),
    /// The loader of rules asks what is known now.
    Present(mpsc::Sender<Present>),
    /// Rules that passed every check replace the present ones.
    Rules { rules: Box<RuleSet>, asker: Option<Asker> },
    /// Rules were refused: in a line, and with everything that is wrong.
    RulesRefused { problem: String, text: String, asker: Option<Asker> },
    /// Leave every output as `at_exit` says, then end.
    Stop,
}

/// The way into the control loop.
#[derive(Clone)]
pub(super) struct Inbox {
    sender: SyncSender<Input>,
    dropped: Arc<AtomicU64>,
}

impl Inbox {
    pub(super) fn new() -> (Self, Receiver<Input>) {
        let (sender, receiver) = sync_channel(ROOM);
        (Self { sender, dropped: Arc::default() }, receiver)
    }

    /// Puts in a reading, or counts it as dropped.
    pub(super) fn offer(&self, input: Input) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(input) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Puts in what must not be lost; waits for room without blocking the thread.
    pub(super) async fn deliver(&self, mut input: Input) {
        loop {
            match self.sender.try_send(input) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back)) => input = back,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Puts in what must not be lost, from a thread that may wait.
    pub(super) fn deliver_blocking(&self, input: Input) {
        // Nobody listens only when the loop has ended.
        let _ = self.sender.send(input);
    }

    /// Readings that found no room.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
