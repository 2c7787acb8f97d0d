//! Moves bytes between a serial port and a [`Session`].
//!
//! [`run_port`] keeps one port for the life of the program: opens it
//! exclusively, feeds the session, and when the cable goes away tries again with
//! growing pauses. What the bytes mean is the session's affair; what to do
//! with a reading is the receiver's. [`direct`] is the same for one command at
//! the command line. Waiting is real time; the session's time is the clock's.

mod connection;
pub mod direct;
mod open;
mod record;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, Now};
use crate::session::{Departure, Event, Outcome, Session, Settings, Task, TaskId};

use connection::Connection;
pub use open::{PortError, candidates};
pub use record::Recorder;

/// First pause before a lost port is opened again; doubles up to [`RETRY_MAX`].
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest pause between two attempts to open a port.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How long a SET waits for leave, in real time. Whoever gives it has to write down
/// that it was given: a disk that takes longer is one to come back to.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);

/// Notices that wait for a slow receiver; beyond it no new task is taken.
const PENDING_MAX: usize = 128;

/// One port and how to talk on it.
pub struct Port {
    /// The device's name in the configuration; comes back with each notice.
    pub device: Arc<str>,
    /// Its port, best below `/dev/serial/by-id`.
    pub path: PathBuf,
    /// What the session is told about it.
    pub settings: Settings,
    /// Writes down every byte, if wanted.
    pub recorder: Option<Recorder>,
}

/// A task for a port, with the sender's own number for it.
#[derive(Clone, Debug)]
pub struct Command {
    /// Comes back in [`Notice::Done`].
    pub ticket: u64,
    /// What to do.
    pub task: Task,
}

/// Something that happened on a port.
#[derive(Debug)]
pub struct PortEvent {
    /// The device's name in the configuration.
    pub device: Arc<str>,
    /// When it happened, not when it was fetched.
    pub at: Now,
    /// What happened.
    pub notice: Notice,
}

/// What happened on a port.
#[derive(Debug)]
pub enum Notice {
    /// The port is open.
    Opened,
    /// The port could not be opened, or was lost.
    Closed {
        /// Why.
        error: PortError,
        /// Pause until the next attempt.
        retry_in: Duration,
    },
    /// The session has something to say. [`Event::Done`] never comes this
    /// way, but as [`Notice::Done`].
    Session(Event),
    /// A task has ended.
    Done {
        /// The number that came with the task.
        ticket: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// Frames of readings that the receiver was too slow for.
    Dropped(u64),
    /// A SET waits until somebody says that it may leave, or why not; only of sessions
    /// that are watched.
    Leaving {
        /// The SET.
        departure: Departure,
        /// Where the answer goes.
        answer: Answer,
    },
}

/// Where the answer to [`Notice::Leaving`] goes.
pub type Answer = oneshot::Sender<Result<(), String>>;

/// Runs a port until `commands` is closed or nobody receives `events` any more.
///
/// A full `events` channel costs readings, which are dropped and counted;
/// results and changes of state wait.
pub async fn run_port(
    port: Port,
    clock: Arc<dyn Clock>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<PortEvent>,
) {
    let session = Session::new(port.settings.clone());
    let outbox = Outbox { device: port.device, events, pending: VecDeque::new(), dropped: 0 };
    let recorder = port.recorder;
    let (tickets, leave) = (Vec::new(), None);
    let mut runner = Runner { session, clock, commands, outbox, tickets, recorder, leave };
    let mut pause = RETRY_FIRST;
    loop {
        let error = match open::open(&port.path) {
            Ok(stream) => {
                runner.tell(Notice::Opened);
                let ended = runner.converse(stream).await;
                if runner.decoded() > 0 {
                    pause = RETRY_FIRST;
                }
                match ended {
                    Some(error) => error,
                    None => return,
                }
            }
            Err(error) => error,
        };
        tracing::debug!(device = %runner.outbox.device, %error, "port closed");
        runner.tell(Notice::Closed { error, retry_in: pause });
        if runner.rest(pause).await.is_none() {
            return;
        }
        pause = (pause * 2).min(RETRY_MAX);
    }
}

struct Runner {
    session: Session,
    clock: Arc<dyn Clock>,
    commands: mpsc::Receiver<Command>,
    outbox: Outbox,
    /// Tasks under way: at most the session's queue and one.
    tickets: Vec<(TaskId, u64)>,
    recorder: Option<Recorder>,
    /// The SET that waits for leave.
    leave: Option<Waiting>,
}

/// A SET that waits for leave.
struct Waiting {
    task: TaskId,
    answer: oneshot::Receiver<Result<(), String>>,
    until: tokio::time::Instant,
}

impl Waiting {
    /// The answer, or that there was none in time.
    async fn answer(waiting: &mut Option<Self>) -> (TaskId, Result<(), String>) {
        let Some(Self { task, answer, until }) = waiting else {
            return std::future::pending().await;
        };
        let answer = match tokio::time::timeout_at(*until, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err("nobody is there to let it leave".to_owned()),
            Err(_) => Err("the journal did not take the count of writes in time".to_owned()),
        };
        (*task, answer)
    }
}

impl Runner {
    /// Talks until the port is lost; `None` when the program is done with it.
    async fn converse(&mut self, stream: tokio_serial::SerialStream) -> Option<PortError> {
        let mut connection = Connection::new(stream, self.clock.clone(), self.recorder.take());
        connection.begin(&mut self.session);
        let ended = loop {
            if let Err(error) = connection.flush(&mut self.session).await {
                break Some(error);
            }
            self.forward();
            tokio::select! {
                heard = connection.wait(&mut self.session, None) => {
                    if let Err(error) = heard {
                        break Some(error);
                    }
                }
                command = self.commands.recv(), if self.outbox.has_room() => match command {
                    Some(command) => self.submit(command),
                    None => break None,
                },
                sent = self.outbox.drain(), if !self.outbox.pending.is_empty() => {
                    if sent.is_none() {
                        break None;
                    }
                }
                (task, answer) = Waiting::answer(&mut self.leave) => {
                    self.leave = None;
                    self.session.permit(self.clock.now().monotonic, task, answer);
                }
            }
        };
        self.leave = None;
        self.recorder = connection.end(&mut self.session);
        self.forward();
        ended
    }

    /// Waits for the next attempt; tasks end at once meanwhile.
    async fn rest(&mut self, pause: Duration) -> Option<()> {
        let until = tokio::time::sleep(self.clock.real(pause));
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return Some(()),
                command = self.commands.recv(), if self.outbox.has_room() => {
                    self.submit(command?);
                    self.forward();
                }
                sent = self.outbox.drain(), if !self.outbox.pending.is_empty() => sent?,
            }
        }
    }

    fn submit(&mut self, command: Command) {
        let id = self.session.submit(self.clock.now().monotonic, command.task);
        self.tickets.push((id, command.ticket));
    }

    /// Hands the session's events on.
    fn forward(&mut self) {
        while let Some(event) = self.session.event() {
            match event {
                Event::Done(id, outcome) => {
                    let Some(at) = self.tickets.iter().position(|(known, _)| *known == id) else {
                        continue;
                    };
                    let (_, ticket) = self.tickets.swap_remove(at);
                    self.tell(Notice::Done { ticket, outcome });
                }
                Event::Leaving(task, departure) => {
                    let (answer, receiver) = oneshot::channel();
                    let until = tokio::time::Instant::now() + LEAVE_PATIENCE;
                    self.leave = Some(Waiting { task, answer: receiver, until });
                    self.tell(Notice::Leaving { departure, answer });
                }
                other => self.tell(Notice::Session(other)),
            }
        }
    }

    fn tell(&mut self, notice: Notice) {
        self.outbox.send(self.clock.now(), notice);
    }

    /// Frames accepted since the port was opened.
    fn decoded(&self) -> u64 {
        let counters = self.session.decoder_counters();
        counters.text_accepted + counters.hex_accepted
    }
}

/// Notices on their way to a receiver that may be slow.
struct Outbox {
    device: Arc<str>,
    events: mpsc::Sender<PortEvent>,
    pending: VecDeque<PortEvent>,
    dropped: u64,
}

impl Outbox {
    fn has_room(&self) -> bool {
        self.pending.len() < PENDING_MAX
    }

    fn send(&mut self, at: Now, notice: Notice) {
        let event = PortEvent { device: self.device.clone(), at, notice };
        if self.pending.is_empty() {
            match self.events.try_send(event) {
                Ok(()) => self.report_dropped(at),
                Err(TrySendError::Full(event)) => self.keep(event),
                // The loop ends at its next look at the channel.
                Err(TrySendError::Closed(event)) => self.keep(event),
            }
        } else {
            self.keep(event);
        }
    }

    /// Keeps what must not be lost. States are bounded by dropping the oldest
    /// of them; results are bounded because no task is taken without room.
    fn keep(&mut self, event: PortEvent) {
        if matches!(event.notice, Notice::Session(Event::Measured(_))) {
            self.dropped += 1;
            return;
        }
        if !self.has_room() {
            let is_state = |event: &PortEvent| !matches!(event.notice, Notice::Done { .. });
            if let Some(oldest) = self.pending.iter().position(is_state) {
                self.pending.remove(oldest);
            }
        }
        self.pending.push_back(event);
    }

    fn report_dropped(&mut self, at: Now) {
        if self.dropped > 0 {
            let notice = Notice::Dropped(self.dropped);
            let event = PortEvent { device: self.device.clone(), at, notice };
            if self.events.try_send(event).is_ok() {
                self.dropped = 0;
            }
        }
    }

    /// Sends one pending notice when there is room; `None` when nobody receives.
    async fn drain(&mut self) -> Option<()> {
        let permit = self.events.reserve().await.ok()?;
        if let Some(event) = self.pending.pop_front() {
            permit.send(event);
        }
        Some(())
    }
}
