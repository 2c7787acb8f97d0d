//! Sends tasks to ports and brings each result back to whoever waits for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::serial::Command;
use crate::session::{Outcome, Task};

/// Tasks that may wait for one port; a person and a rule together need two or three.
const TASKS_MAX: usize = 16;

/// What a port task takes its tasks from.
pub(super) type Receiver = mpsc::Receiver<Command>;

/// The way to every port.
pub(super) struct Desk {
    ports: BTreeMap<Arc<str>, mpsc::Sender<Command>>,
    next: AtomicU64,
    /// Bounded: every port takes a bounded number of tasks and answers each.
    waiting: Mutex<BTreeMap<u64, oneshot::Sender<Outcome>>>,
}

impl Desk {
    /// A desk for these devices, and what each port task receives from it, in
    /// the same order.
    pub(super) fn new<'a>(devices: impl Iterator<Item = &'a str>) -> (Self, Vec<Receiver>) {
        let mut ports = BTreeMap::new();
        let mut receivers = Vec::new();
        for device in devices {
            let (sender, receiver) = mpsc::channel(TASKS_MAX);
            let name: Arc<str> = device.into();
            ports.insert(name, sender);
            receivers.push(receiver);
        }
        (Self { ports, next: AtomicU64::new(1), waiting: Mutex::default() }, receivers)
    }

    /// Names of all devices.
    pub(super) fn devices(&self) -> impl Iterator<Item = &str> {
        self.ports.keys().map(|name| &**name)
    }

    /// Hands a task to a device's port. `None`: it takes no more. The answer fails
    /// if the port task is gone.
    pub(super) fn submit(&self, device: &str, task: Task) -> Option<oneshot::Receiver<Outcome>> {
        let port = self.ports.get(device)?;
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        // Before the task leaves: its answer must find somebody waiting.
        self.lock().insert(ticket, reply);
        if port.try_send(Command { ticket, task }).is_err() {
            self.lock().remove(&ticket);
            return None;
        }
        Some(answer)
    }

    /// A task has ended.
    pub(super) fn done(&self, ticket: u64, outcome: Outcome) {
        if let Some(reply) = self.lock().remove(&ticket) {
            // Whoever asked may have gone away.
            let _ = reply.send(outcome);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, oneshot::Sender<Outcome>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
