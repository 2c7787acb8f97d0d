//! What the control loop writes down: into the log, the journal, and the last
//! lines that `status` shows.
//!
//! Nothing here waits for the disk; whoever must wait is told by a channel.

use tokio::sync::oneshot;
use tracing::{info, warn};

use super::control_loop::ControlLoop;
use super::status;
use crate::journal::{Entry, Kind};
use crate::store;

/// Journal lines that a screen shows.
const TAIL: usize = 50;

impl ControlLoop {
    pub(super) fn record(&mut self, entry: Entry, ticket: Option<u64>) -> Result<(), String> {
        if entry.kind == Kind::Alarm {
            warn!(subject = entry.subject, what = entry.what, "alarm");
        }
        info!(
            kind = entry.kind.word(),
            subject = entry.subject,
            what = entry.what,
            rule = entry.rule,
            reason = entry.reason,
            "journal"
        );
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(status::journal_line(&entry));
        self.entries += 1;
        let passing = matches!(entry.kind, Kind::Device | Kind::Would | Kind::Refused);
        let durable = ticket.is_some() || !passing;
        let ticket = ticket.unwrap_or(0);
        let taken = self.store.send(store::Command::Journal { ticket, entry, durable });
        if taken { Ok(()) } else { Err("the journal's queue is full".to_owned()) }
    }

    /// Records that a person is about to write, and says when that is on the disk.
    pub(super) fn manual_intent(
        &mut self,
        device: &str,
        what: &str,
        recorded: oneshot::Sender<Result<(), String>>,
    ) {
        let entry = self.plain_entry(Kind::Manual, device, what, "asked for at the command line");
        self.record_for(entry, recorded);
    }

    /// Records an entry for somebody who waits until it is on the disk.
    pub(super) fn record_for(
        &mut self,
        entry: Entry,
        recorded: oneshot::Sender<Result<(), String>>,
    ) {
        self.next_manual += 1;
        let ticket = self.next_manual;
        match self.record(entry, Some(ticket)) {
            Ok(()) => drop(self.manual.insert(ticket, recorded)),
            Err(refused) => drop(recorded.send(Err(refused))),
        }
    }

    pub(super) fn note(&mut self, kind: Kind, subject: &str, what: &str, reason: &str) {
        let entry = self.plain_entry(kind, subject, what, reason);
        // A full queue is counted by the store and shown in the status.
        let _ = self.record(entry, None);
    }

    pub(super) fn plain_entry(&self, kind: Kind, subject: &str, what: &str, reason: &str) -> Entry {
        Entry::plain(self.clock.now(), kind, subject, what, reason)
    }
}
