//! Keeps what the engine did and saw, on a disk that may fail.
//!
//! ```text
//! engine ── send ─► queue (bounded, journal first) ─► writer thread ─► journal.db  FULL
//!        ◄─ Report ──────────────────────────────────────┘          └► history.db  a batch a minute
//! ```
//!
//! [`Store::send`] never waits for the disk: it takes a command or refuses it.
//! An [`Ack`] comes back only after its entry is committed and synced. Disk
//! full, read-only, slow or damaged: the thread lives on, says so, and tries
//! again. It never decides whether control goes on. Reading is `query`'s part;
//! the layout of rows is known to `journal` and `history` alone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;

mod ballast;
mod book;
mod boot;
mod command;
mod damage;
mod disk;
mod error;
mod file;
pub mod history;
mod journal;
mod lanes;
pub mod log;
pub mod query;
mod queue;
mod schema;
pub mod upkeep;
pub mod view;
mod writer;

pub use boot::{Boot, BootInfo};
pub use command::{Ack, Command, Notice, Report, Sample, SnapshotRow, Why};
pub use error::StoreError;
pub use history::device_day::{DeviceDay, Field};
pub use history::read::StoredReading;
pub use history::series::{Amount, Info, Row, StoredPoint};
pub use history::{Keep, StoredSnapshotRow, Tier};
pub use journal::{Filter, Recorded};
pub use log::{Aggregate, Cadence, LogRule};

use book::Book;
use file::Database;
use history::{Keeper, Keeping};
use log::Logs;
use queue::Queue;
use writer::Writer;

/// The longest that samples wait for their batch, on the engine's clock, and
/// so the most of them that a power cut can take.
pub const FLUSH_EVERY: Duration = Duration::from_secs(50);

/// A batch is written early when it has this many samples: 200 points a second.
pub const FLUSH_SAMPLES: usize = 10_000;

/// How long readings stay in the tail before they become rows.
pub const SEAL_EVERY: Duration = Duration::from_secs(3600);

/// How long `close` waits for a disk that hangs before it leaves the thread.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// The bounds of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Entries that may wait; more are refused.
    pub entries_max: usize,
    /// Samples that may wait; more are dropped. 9 minutes of 75 points a second.
    pub samples_max: usize,
    /// A batch is written after this long on the engine's clock. A demo whose
    /// clock runs fast stretches it, or commits far too often.
    pub flush_every: Duration,
    /// A batch is written when it has this many samples.
    pub flush_samples: usize,
    /// The newest entries that are kept: at 300 bytes each, 60 MB.
    pub entries_kept: u32,
    /// How long readings stay in the tail before they become rows.
    pub seal_every: Duration,
    /// What is kept how long.
    pub keep: Keep,
    /// The site's zone: where its days begin.
    pub zone: TimeZone,
    /// Logs on a schedule.
    pub logs: Vec<LogRule>,
    /// How long to wait for another process that holds a file's lock.
    pub busy: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            entries_max: 1024,
            samples_max: 40_000,
            flush_every: FLUSH_EVERY,
            flush_samples: FLUSH_SAMPLES,
            entries_kept: 200_000,
            seal_every: SEAL_EVERY,
            keep: Keep::default(),
            zone: TimeZone::UTC,
            logs: Vec::new(),
            busy: Duration::from_secs(2),
        }
    }
}

impl Options {
    fn keeping(&self) -> Keeping {
        let (keep, zone) = (self.keep.clone(), self.zone.clone());
        let tables = self.logs.iter().filter(|log| log.table);
        let logs = tables.map(|log| (log.name.clone(), log.keep)).collect();
        Keeping { keep, zone, seal_every: self.seal_every, logs }
    }
}

/// What has been written, and what has not, since opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Samples on the disk.
    pub samples_written: u64,
    /// Samples that found the queue full.
    pub samples_dropped: u64,
    /// Entries on the disk.
    pub entries_written: u64,
    /// Entries that found the queue full.
    pub entries_refused: u64,
    /// Entries of things that happened, lost because the journal failed too long.
    pub entries_lost: u64,
    /// Lines of logs that could not be written.
    pub log_lines_lost: u64,
    /// States that found the queue full.
    pub states_refused: u64,
    /// Commits that failed.
    pub failures: u64,
}

/// Why a file cannot be written now; `None`: it can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// About `journal.db`.
    pub journal: Option<String>,
    /// About `history.db`.
    pub history: Option<String>,
}

/// The way in: shared by reference, closed once.
#[derive(Debug)]
pub struct Store {
    queue: Arc<Queue>,
    states: BTreeMap<String, String>,
    state_lost: bool,
    last_intent: u64,
    done: mpsc::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Store {
    /// Opens or makes `journal.db` and `history.db` in `dir` and starts the
    /// writer thread, which calls `report` for everything it has to say. What
    /// is found while opening is reported before this returns.
    ///
    /// A disk that cannot be used is no error: the store opens, reports it, and
    /// refuses entries until the disk is back.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a journal made by a newer sunkeep;
    /// [`StoreError::Io`] when no thread can be started.
    pub fn open(
        dir: &Path,
        boot: BootInfo,
        options: Options,
        report: impl FnMut(Report) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let journal = Database::new(dir, &file::JOURNAL, boot.clone(), options.busy);
        let history = Database::new(dir, &file::HISTORY, boot, options.busy);
        let queue = Arc::new(Queue::new(options.clone()));
        let book = Book::new(journal, queue.clone(), options.entries_kept);
        let history = Keeper::new(history, options.keeping());
        let logs = Logs::new(dir, &options);
        let mut writer = Writer::new(book, history, logs, queue.clone(), Box::new(report));
        let state_lost = writer.open()?;
        let (states, last_intent) = (writer.book.states.clone(), writer.book.last_intent);
        let (tell_done, done) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                writer.run();
                // Nobody waits when the store was dropped in a hurry.
                let _ = tell_done.send(());
            })
            .map_err(|source| StoreError::Io { path: dir.to_owned(), source })?;
        Ok(Self { queue, states, state_lost, last_intent, done, thread: Some(thread) })
    }

    /// Hands a command to the writer without waiting; `false`: refused and
    /// counted, and no acknowledgement will come.
    pub fn send(&self, command: Command) -> bool {
        self.queue.send(command)
    }

    /// What was saved under `key` before this store was opened.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<String> {
        self.states.get(key).cloned()
    }

    /// What was saved under keys that begin with `prefix`, before this store was opened.
    pub fn states(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let all = self.states.iter().map(|(key, json)| (key.as_str(), json.as_str()));
        all.filter(move |(key, _)| key.starts_with(prefix))
    }

    /// Whether the saved state could not be read, or its file is gone beside a
    /// history: budgets and counters then start exhausted, not full.
    #[must_use]
    pub fn state_lost(&self) -> bool {
        self.state_lost
    }

    /// The largest intent number in the journal, 0 for none: number on from it.
    #[must_use]
    pub fn last_intent(&self) -> u64 {
        self.last_intent
    }

    /// What has been written and what was dropped.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.queue.counters()
    }

    /// Whether both files can be written.
    #[must_use]
    pub fn health(&self) -> Health {
        self.queue.health()
    }

    /// Waits until all that was sent is written. For tools and tests; the
    /// engine never waits for the disk.
    ///
    /// # Errors
    /// Says why something could not be written.
    pub fn flush(&self) -> Result<(), String> {
        let (ack, answer) = mpsc::channel();
        let closed = || Err("the store is closed".to_owned());
        if !self.send(Command::Flush(ack)) {
            return closed();
        }
        answer.recv().unwrap_or_else(|_| closed())
    }

    /// Writes all that waits, copies the logs back and ends the thread.
    /// `false`: the disk hangs, and the thread was left to it after five seconds.
    #[must_use]
    pub fn close(mut self) -> bool {
        self.finish()
    }

    fn finish(&mut self) -> bool {
        let Some(thread) = self.thread.take() else {
            return true;
        };
        self.queue.close();
        match self.done.recv_timeout(CLOSE_PATIENCE) {
            Err(mpsc::RecvTimeoutError::Timeout) => false,
            // Disconnected: it has panicked, and joining returns at once too.
            _ => thread.join().is_ok(),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.finish();
    }
}
