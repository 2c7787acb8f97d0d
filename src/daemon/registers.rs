//! Registers on behalf of a person at the control socket.
//!
//! The daemon owns the ports, so single reads and writes go through it. A person
//! may write what a person may, but not what is on the deny list, and no restart:
//! those need the port itself, with the daemon stopped. Every write is journaled.

use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::inbox::{Inbox, Input};
use crate::control::Reply;
use crate::session::{Authority, Outcome, Task};
use crate::units::Value;

/// How long a person waits for the journal before nothing is written.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(5);

/// Reads a register.
pub(super) async fn read(desk: &Desk, device: &str, register: u16) -> Reply {
    match perform(desk, device, Task::Read { register }).await {
        Ok(Outcome::Read(result)) => Reply::Read { result },
        Ok(other) => unexpected(device, &other),
        Err(message) => Reply::Refused { message },
    }
}

/// Writes a register, or triggers one that takes no value.
pub(super) async fn write(
    desk: &Desk,
    inbox: &Inbox,
    device: &str,
    register: u16,
    value: Option<Value>,
) -> Reply {
    let authority = Authority::Human;
    let shown = value.as_ref().map_or_else(|| "action".to_owned(), ToString::to_string);
    let task = match value {
        Some(value) => Task::Write { register, value, authority },
        None => Task::Trigger { register, authority },
    };
    let what = format!("register 0x{register:04X}: {shown}");
    if let Err(cause) = intend(inbox, device, &what).await {
        let message = format!("nothing written: the journal did not take it ({cause})");
        return Reply::Refused { message };
    }
    match perform(desk, device, task).await {
        Ok(Outcome::Written(result)) => {
            let reason = result.to_string();
            inbox.deliver(Input::Manual { device: device.to_owned(), what, reason }).await;
            Reply::Written { result }
        }
        Ok(other) => unexpected(device, &other),
        Err(message) => Reply::Refused { message },
    }
}

/// Waits until the journal has on the disk what is about to be written.
async fn intend(inbox: &Inbox, device: &str, what: &str) -> Result<(), String> {
    let (recorded, answer) = oneshot::channel();
    let (device, what) = (device.to_owned(), what.to_owned());
    inbox.deliver(Input::ManualIntent { device, what, recorded }).await;
    match tokio::time::timeout(JOURNAL_PATIENCE, answer).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("the daemon is stopping".to_owned()),
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}

async fn perform(desk: &Desk, device: &str, task: Task) -> Result<Outcome, String> {
    if !desk.devices().any(|known| known == device) {
        let known: Vec<_> = desk.devices().collect();
        return Err(format!("there is no device `{device}`; there is {}", known.join(", ")));
    }
    let gone = || format!("{device}: the port is gone");
    match desk.submit(device, task) {
        Some(answer) => answer.await.map_err(|_| gone()),
        None => Err(format!("{device}: too many tasks are waiting; try again")),
    }
}

fn unexpected(device: &str, outcome: &Outcome) -> Reply {
    let message = match outcome {
        Outcome::QueueFull => format!("{device}: too many tasks are waiting; try again"),
        other => format!("{device}: unexpected outcome {other:?}"),
    };
    Reply::Refused { message }
}
