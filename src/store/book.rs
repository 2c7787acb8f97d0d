//! The journal as the writer keeps it: the file, the state, and what waits.
//!
//! State and entries go into one durable commit and are acknowledged after it.
//! While the file fails, what has happened waits here, within a bound, and
//! intents are refused for good. When to write is the writer's business.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rusqlite::Transaction;

use super::ballast::Ballast;
use super::file::Database;
use super::journal;
use super::lanes::Pending;
use super::queue::Queue;
use super::{Ack, Report, StoreError};
use crate::journal::Kind;

/// Entries of things that have happened are kept this long, in number, while
/// the journal cannot be written: a day of a site that switches every minute.
const BACKLOG_MAX: usize = 1500;

/// Journal commits between two looks at the room on the disk: some minutes.
const LOOK_EVERY: u32 = 20;

/// The journal file and what belongs into it.
#[derive(Debug)]
pub(super) struct Book {
    pub file: Database,
    /// All state as last sent, to be saved again into a new file.
    pub states: BTreeMap<String, String>,
    /// The largest intent number found at opening.
    pub last_intent: u64,
    queue: Arc<Queue>,
    entries_kept: u32,
    backlog: VecDeque<Pending>,
    /// The last write failed: all state is saved with the next one.
    resave: bool,
    ballast: Ballast,
    /// Writes until it is looked whether ballast can be taken on.
    look_in: u32,
}

impl Book {
    pub fn new(file: Database, queue: Arc<Queue>, entries_kept: u32) -> Self {
        Self {
            ballast: Ballast::new(file.folder()),
            look_in: 0,
            file,
            states: BTreeMap::new(),
            last_intent: 0,
            queue,
            entries_kept,
            backlog: VecDeque::new(),
            resave: false,
        }
    }

    /// Opens the file and reads the saved state.
    pub fn open(&mut self) -> Result<(), StoreError> {
        let read = |tx: &Transaction<'_>, _| Ok((journal::states(tx)?, journal::last_intent(tx)?));
        let found = self.file.write(read);
        self.resave = found.is_err();
        (self.states, self.last_intent) = found?;
        Ok(())
    }

    /// Writes state and entries in one durable commit, then acknowledges.
    pub fn write(
        &mut self,
        states: BTreeMap<String, String>,
        entries: Vec<Pending>,
        report: &mut dyn FnMut(Report),
    ) -> Result<(), String> {
        self.states.extend(states.clone());
        self.backlog.extend(entries);
        let mut result = self.commit(&states);
        if result.as_ref().is_err_and(StoreError::is_full) && self.ballast.drop_off() {
            result = self.commit(&states);
            self.look_in = LOOK_EVERY;
        }
        self.resave = result.is_err();
        match result {
            Ok(ids) => {
                self.recorded(&ids, report);
                self.restore_ballast();
                Ok(())
            }
            Err(error) => {
                let text = error.with_cause();
                self.not_recorded(&text, report);
                Err(text)
            }
        }
    }

    fn restore_ballast(&mut self) {
        self.look_in = match self.look_in {
            0 => {
                self.ballast.take_on();
                LOOK_EVERY
            }
            more => more - 1,
        };
    }

    /// One durable commit of states and everything that waits; the entries' numbers.
    fn commit(&mut self, states: &BTreeMap<String, String>) -> Result<Vec<i64>, StoreError> {
        let (all, backlog, resave) = (&self.states, &self.backlog, self.resave);
        let keep = self.entries_kept;
        self.file.write(|tx, boot| {
            // A new file, after a damaged one, has none of the old state.
            let save = if resave || journal::has_no_state(tx)? { all } else { states };
            for (key, json) in save {
                journal::save_state(tx, key, json)?;
            }
            let ids = backlog
                .iter()
                .map(|pending| journal::insert(tx, boot, &pending.entry))
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            journal::trim(tx, keep)?;
            Ok(ids)
        })
    }

    fn recorded(&mut self, ids: &[i64], report: &mut dyn FnMut(Report)) {
        self.queue.count(|counters| counters.entries_written += ids.len() as u64);
        for (pending, &id) in self.backlog.drain(..).zip(ids) {
            if let Some(ticket) = pending.ticket {
                report(Report::Ack(Ack { ticket, result: Ok(id) }));
            }
        }
    }

    /// Refuses all that waits. What has happened already is kept for later; an
    /// intent is not: whoever got "no" does not act, and the journal must not
    /// say afterwards that he meant to.
    fn not_recorded(&mut self, error: &str, report: &mut dyn FnMut(Report)) {
        for pending in &mut self.backlog {
            if let Some(ticket) = pending.ticket.take() {
                report(Report::Ack(Ack { ticket, result: Err(error.to_owned()) }));
            }
        }
        self.backlog.retain(|pending| pending.entry.kind != Kind::Intent);
        let lost = self.backlog.len().saturating_sub(BACKLOG_MAX);
        self.backlog.truncate(BACKLOG_MAX);
        self.queue.count(|counters| {
            counters.entries_lost += lost as u64;
            counters.failures += 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::journal::Entry;
    use crate::store::file::JOURNAL;
    use crate::store::{BootInfo, Options};
    use std::path::Path;
    use std::time::Duration;

    const START: Now =
        Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH, wall_trusted: false };

    fn book(dir: &Path) -> Book {
        let boot = BootInfo { id: "b".to_owned(), started: START, version: "0".to_owned() };
        let options = Options::default();
        let file = Database::new(dir, &JOURNAL, boot, options.busy);
        let queue = Arc::new(Queue::new(options.clone()));
        let mut book = Book::new(file, queue, options.entries_kept);
        book.open().unwrap();
        book
    }

    /// Writes one entry; what its acknowledgement says.
    fn record(book: &mut Book, kind: Kind, reason: &str) -> Result<i64, String> {
        let entry = Entry::plain(START, kind, "", "", reason);
        let pending = Pending { ticket: Some(1), entry };
        let mut answer = None;
        let mut report = |report| {
            if let Report::Ack(ack) = report {
                answer = Some(ack.result);
            }
        };
        let written = book.write(BTreeMap::new(), vec![pending], &mut report);
        assert_eq!(written.is_ok(), answer.as_ref().unwrap().is_ok());
        answer.unwrap()
    }

    #[test]
    fn a_full_disk_refuses_and_is_left_behind_without_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book(dir.path());
        let conn = book.file.connection();
        let pages: i64 = conn.pragma_query_one(None, "page_count").unwrap();
        // Holds for this connection: the next one finds room again.
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        assert!(record(&mut book, Kind::Safe, &"x".repeat(100_000)).unwrap_err().contains("full"));
        // The safe entry is number 1 all the same.
        assert_eq!(record(&mut book, Kind::Intent, "small"), Ok(2));
    }

    #[test]
    fn ballast_makes_room_for_what_must_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book(dir.path());
        book.ballast.take_on();
        book.look_in = LOOK_EVERY;
        let conn = book.file.connection();
        let pages: i64 = conn.pragma_query_one(None, "page_count").unwrap();
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        record(&mut book, Kind::Intent, &"x".repeat(100_000)).unwrap();
        assert!(!dir.path().join("ballast").exists());
        // It is taken on again when there is time to look.
        book.look_in = 0;
        record(&mut book, Kind::Intent, "small").unwrap();
        assert!(dir.path().join("ballast").exists());
    }

    #[test]
    fn the_backlog_of_a_dead_disk_is_bounded_and_the_loss_counted() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book(dir.path());
        book.file.close();
        let file = dir.path().join("journal.db");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        for _ in 0..BACKLOG_MAX + 5 {
            record(&mut book, Kind::Safe, "off").unwrap_err();
        }
        assert_eq!(book.backlog.len(), BACKLOG_MAX);
        assert_eq!(book.queue.counters().entries_lost, 5);
    }

    #[test]
    fn state_is_saved_again_into_the_file_that_replaces_a_broken_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut book = book(dir.path());
        book.states.insert("budget".to_owned(), "3".to_owned());
        book.file.close();
        std::fs::write(dir.path().join("journal.db"), "broken").unwrap();
        record(&mut book, Kind::Intent, "on").unwrap();
        assert_eq!(journal::states(book.file.connection()).unwrap()["budget"], "3");
    }
}
