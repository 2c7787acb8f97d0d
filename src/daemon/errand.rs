//! A series of reads and writes on its way between a port and the journal.
//!
//! A serial port takes its time: an errand waits for it, and nothing else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::inbox::{Inbox, Input};
use crate::actuator::series::{Next, Series};
use crate::arbiter::OutputId;
use crate::engine::Outcome;
use crate::session::Outcome as Answer;

/// How long an original value may take to the disk.
const KEEP_PATIENCE: Duration = Duration::from_secs(5);

/// The pause that a [`Series`] asks for.
const PAUSE: Duration = Duration::from_secs(1);

/// One of several series of writes to one register: the latest alone goes on, so
/// that an older one cannot finish after it.
pub(super) struct Turn {
    latest: Arc<AtomicU64>,
    mine: u64,
}

impl Turn {
    pub(super) fn next(latest: &Arc<AtomicU64>) -> Self {
        let mine = latest.fetch_add(1, Ordering::Relaxed) + 1;
        Self { latest: latest.clone(), mine }
    }

    fn is_latest(&self) -> bool {
        self.latest.load(Ordering::Relaxed) == self.mine
    }
}

/// A series on its way between the port and the journal.
pub(super) struct Errand {
    pub output: OutputId,
    pub device: Arc<str>,
    /// It leads back to safe.
    pub to_safe: bool,
    pub turn: Turn,
    pub desk: Arc<Desk>,
    pub inbox: Inbox,
}

impl Errand {
    pub(super) async fn carry_out(&self, mut series: Series) -> Outcome {
        loop {
            let next = series.due();
            match next {
                Next::Ended(outcome) => return outcome,
                _ if !self.turn.is_latest() => series.give_up("replaced by a later wish"),
                Next::Ask(task) => {
                    let task = if self.to_safe { task.to_safe() } else { task };
                    match self.desk.submit(&self.device, task) {
                        None => series.answered(&Answer::QueueFull),
                        Some(answer) => match answer.await {
                            Ok(answer) => series.answered(&answer),
                            Err(_) => return Outcome::Failed("the port was lost".to_owned()),
                        },
                    }
                }
                Next::Keep { value, wait } => series.kept(self.keep(value, wait).await),
                Next::Pause => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Has the original value journaled, and waits until it is on the disk.
    async fn keep(&self, value: f64, wait: bool) -> Result<(), String> {
        let (recorded, answer) = oneshot::channel();
        self.inbox.deliver(Input::Original { output: self.output, value, recorded }).await;
        if !wait {
            return Ok(());
        }
        match tokio::time::timeout(KEEP_PATIENCE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err("the program is ending".to_owned()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }
}
