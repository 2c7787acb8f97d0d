//! Writes that somebody watches: every SET is told before it leaves, and waits.
//!
//! It is asked when the SET is due and nothing of its task is under way: whoever
//! lets it leave may count it, and has heard from the device itself who it is.

use super::conversation::{Conversation, Purpose};
use super::task::{Authority, Event, TaskId};
use crate::vedirect::register::{self, Wear};
use crate::vedirect::text::Identity;

/// A SET that is about to leave, to a device that has just said who it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    /// The register.
    pub register: u16,
    /// Whether the device keeps it in memory that wears out.
    pub wear: Wear,
    /// Who wants it.
    pub authority: Authority,
    /// The same SET has left before, and nobody knows whether it arrived.
    pub again: bool,
    /// Who the device says it is.
    pub identity: Identity,
}

impl Conversation {
    /// Asks whether the SET that is due may leave, where somebody watches.
    pub(super) fn ask_leave(&mut self) {
        let Some(job) = self.job.as_mut().filter(|_| self.settings.watched) else { return };
        if self.who.in_progress() {
            // A permission was for the device that was there.
            return job.forget_permission();
        }
        let under_way = self.flight.is_some_and(|flight| flight.purpose == Purpose::Task);
        if under_way || self.now < job.not_before {
            return;
        }
        let Some((register, authority, again)) = job.departs() else { return };
        let id = job.id;
        let known = register::find(self.family(), register);
        let wear = known.map_or(Wear::Unknown, |known| known.wear);
        let identity = self.who.identity();
        let departure = Departure { register, wear, authority, again, identity };
        self.push(Event::Leaving(id, departure));
    }

    /// The answer to that.
    pub fn permit(&mut self, task: TaskId, answer: Result<(), String>) {
        let asked = self.job.as_mut().filter(|job| job.id == task);
        if let Some(outcome) = asked.and_then(|job| job.permitted(answer)) {
            self.job = None;
            self.done(task, outcome);
            self.end_exchange();
        }
    }
}
