//! The one thread that writes.
//!
//! Each round writes the journal first, then a batch of history. A file that
//! fails does not end the thread: the error goes back with the acknowledgement,
//! samples wait in the queue, and the file is tried again later. It decides
//! nothing about control and reads no clock.

use std::path::PathBuf;
use std::sync::Arc;

use super::book::Book;
use super::history::Keeper;
use super::lanes::{Batch, Work};
use super::log::{Logs, Outcome};
use super::queue::Queue;
use super::{Ack, Health, Notice, Report, StoreError, Why};

/// Whoever hears what the writer has to say.
pub(super) type Listener = Box<dyn FnMut(Report) + Send>;

/// Owns both files and writes what the queue hands out.
pub(super) struct Writer {
    pub book: Book,
    queue: Arc<Queue>,
    history: Keeper,
    logs: Logs,
    health: Health,
    report: Listener,
}

/// Tells senders that nobody listens any more, however the thread ends.
struct CloseOnExit(Arc<Queue>);

impl Drop for CloseOnExit {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Writer {
    pub fn new(
        book: Book,
        history: Keeper,
        logs: Logs,
        queue: Arc<Queue>,
        report: Listener,
    ) -> Self {
        Self { book, queue, history, logs, health: Health::default(), report }
    }

    /// Opens both files; `true` if there was state that could not be read.
    ///
    /// # Errors
    /// Only [`StoreError::Newer`], and only for the journal: a history that
    /// cannot be written is a trouble to tell, not one to stop for.
    pub fn open(&mut self) -> Result<bool, StoreError> {
        let gone = self.book.file.has_gone();
        let journal = match self.book.open() {
            Err(error @ StoreError::Newer { .. }) => return Err(error),
            result => result.err().map(|error| error.with_cause()),
        };
        let aside = self.tell_aside_journal();
        let state_lost = journal.is_some() || aside || gone;
        let history = self.history.open().err().map(|error| error.with_cause());
        self.tell_aside_history();
        self.tell(Health { journal, history });
        Ok(state_lost)
    }

    /// Works until the queue is closed and empty, then closes the files.
    pub fn run(mut self) {
        let _closed = CloseOnExit(self.queue.clone());
        while let Some(work) = self.queue.take() {
            self.round(work);
        }
        let outcomes = self.logs.finish();
        self.tell_logs(outcomes);
        self.book.file.close();
        self.history.close();
    }

    /// Does one round's work and says how it went.
    pub fn round(&mut self, work: Work) {
        let Work { states, charges, entries, history, flushes } = work;
        let mut health = self.health.clone();
        if !(states.is_empty() && entries.is_empty() && health.journal.is_none()) {
            health.journal = self.book.write(states, entries, &mut self.report).err();
            self.tell_aside_journal();
        }
        for ticket in charges {
            let result = health.journal.clone().map_or(Ok(0), Err);
            (self.report)(Report::Ack(Ack { ticket, result }));
        }
        if !history.is_empty() {
            health.history = self.write_history(history).err();
        }
        for flush in flushes {
            let failed = health.journal.clone().or_else(|| health.history.clone());
            // Who asked may have gone away.
            let _ = flush.send(failed.map_or(Ok(()), Err));
        }
        self.tell(health);
    }

    /// Writes one batch in one commit, or gives the samples back.
    fn write_history(&mut self, batch: Batch) -> Result<(), String> {
        let result = self.history.write(&batch.samples, batch.snapshot.as_deref(), &batch.days);
        self.tell_aside_history();
        match result {
            Ok(written) => {
                let lost = written.lost as u64;
                let count = batch.samples.len() as u64 - lost;
                self.queue.count(|counters| {
                    counters.samples_written += count;
                    counters.samples_dropped += lost;
                });
                let outcomes = self.logs.take(&batch.samples);
                self.tell_logs(outcomes);
                written.seal.map_or(Ok(()), |error| Err(error.with_cause()))
            }
            Err(error) => {
                self.queue.count(|counters| counters.failures += 1);
                self.queue.give_back(batch);
                Err(error.with_cause())
            }
        }
    }

    /// Hands on what the logs made of a batch.
    fn tell_logs(&mut self, outcomes: Vec<Outcome>) {
        for Outcome { log, rows, lost, news } in outcomes {
            let lost = lost + self.history.log(&log, rows);
            self.queue.count(|counters| counters.log_lines_lost += lost as u64);
            if let Some(error) = news {
                tracing::warn!(log, error, "files of a log");
                (self.report)(Report::Notice(Notice::Log { log, error }));
            }
        }
    }

    fn tell_aside_journal(&mut self) -> bool {
        let aside = self.book.file.take_aside();
        self.tell_aside(self.book.file.name(), aside)
    }

    fn tell_aside_history(&mut self) -> bool {
        let aside = self.history.file.take_aside();
        self.tell_aside(self.history.file.name(), aside)
    }

    fn tell_aside(&mut self, file: &'static str, aside: Vec<(PathBuf, Why)>) -> bool {
        let any = !aside.is_empty();
        for (aside, why) in aside {
            (self.report)(Report::Notice(Notice::SetAside { file, aside, why }));
        }
        any
    }

    /// Passes on what has changed, once.
    fn tell(&mut self, health: Health) {
        // Before anybody hears of it: who hears it may look.
        self.queue.set_health(health.clone());
        let files = [
            (self.book.file.name(), &self.health.journal, &health.journal),
            (self.history.file.name(), &self.health.history, &health.history),
        ];
        for (file, before, after) in files {
            match (before, after) {
                (None, Some(error)) => {
                    tracing::warn!(file, error, "cannot be written, will be tried again");
                    let error = error.clone();
                    (self.report)(Report::Notice(Notice::Failed { file, error }));
                }
                (Some(_), None) => {
                    tracing::info!(file, "can be written again");
                    (self.report)(Report::Notice(Notice::Recovered { file }));
                }
                _ => {}
            }
        }
        self.health = health;
    }
}
