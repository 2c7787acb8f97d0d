//! A journal on a make-believe disk that may be slow, full, or gone; what is not
//! on it when the process dies never was.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use sunkeep::journal::{Entry, Kind};

/// Entries that may wait, as in the store.
const QUEUE_MAX: usize = 256;

/// Entries that are shown when something goes wrong.
const TAIL: usize = 40;

/// What a good card takes for it.
pub const LATENCY: Duration = Duration::from_millis(20);

/// An entry on its way.
struct Job {
    ready: Duration,
    ticket: Option<u64>,
    entry: Entry,
}

/// What became of an entry with a ticket.
pub struct Ack {
    pub ticket: u64,
    pub result: Result<(), String>,
}

#[derive(Default)]
pub struct Disk {
    /// How long it takes until something is really there.
    pub latency: Duration,
    /// Takes nothing.
    pub broken: bool,
    queue: VecDeque<Job>,
    unsaved: BTreeMap<&'static str, String>,
    saved: BTreeMap<&'static str, String>,
    /// Intents on the disk whose output has not moved away since, by output.
    unused: BTreeMap<String, u32>,
    /// Entries on the disk.
    pub entries: u64,
    pub alarms: u64,
    last_intent: u64,
    /// The newest entries, for whoever wonders.
    pub tail: VecDeque<String>,
}

impl Disk {
    pub fn new() -> Self {
        Self { latency: LATENCY, ..Self::default() }
    }

    /// Takes an entry, unless too many wait.
    pub fn record(&mut self, now: Duration, entry: Entry, ticket: Option<u64>) -> bool {
        let room = self.queue.len() < QUEUE_MAX;
        if room {
            self.queue.push_back(Job { ready: now + self.latency, ticket, entry });
        }
        room
    }

    /// Takes a state; it goes to the disk with the next entry.
    pub fn save(&mut self, key: &'static str, json: String) {
        self.unsaved.insert(key, json);
    }

    pub fn saved(&self, key: &str) -> Option<&str> {
        self.saved.get(key).map(String::as_str)
    }

    pub fn last_intent(&self) -> u64 {
        self.last_intent
    }

    pub fn next_wake(&self) -> Option<Duration> {
        self.queue.front().map(|job| job.ready)
    }

    /// Brings to the disk what has had its time.
    pub fn work(&mut self, now: Duration) -> Vec<Ack> {
        let mut acks = Vec::new();
        while self.queue.front().is_some_and(|job| job.ready <= now) {
            let Some(job) = self.queue.pop_front() else { break };
            if self.broken {
                // An intent that cannot be written is refused; what happened is told later.
                match job.ticket {
                    Some(ticket) => acks.push(Ack { ticket, result: Err("disk full".into()) }),
                    None => {
                        let ready = now + Duration::from_secs(1);
                        self.queue.push_front(Job { ready, ..job });
                        break;
                    }
                }
                continue;
            }
            self.saved.append(&mut self.unsaved);
            self.entries += 1;
            let Entry { kind, subject, what, reason, .. } = &job.entry;
            self.tail.push_back(format!("{now:?} {kind} {subject} {what} ({reason})"));
            if self.tail.len() > TAIL {
                self.tail.pop_front();
            }
            self.alarms += u64::from(job.entry.kind == Kind::Alarm);
            if job.entry.kind == Kind::Intent {
                *self.unused.entry(job.entry.subject.clone()).or_default() += 1;
                self.last_intent = self.last_intent.max(job.entry.intent.unwrap_or(0));
            }
            acks.extend(job.ticket.map(|ticket| Ack { ticket, result: Ok(()) }));
        }
        acks
    }

    /// The process is dead.
    pub fn crash(&mut self) {
        self.queue.clear();
        self.unsaved.clear();
    }

    /// The process ends in order and waits for the disk, if there is one.
    pub fn close(&mut self, now: Duration) {
        self.queue.iter_mut().for_each(|job| job.ready = now);
        self.work(now);
        if !self.broken {
            self.saved.append(&mut self.unsaved);
        }
        self.queue.clear();
    }

    /// Whether an act away from safe may happen: its intent is here. Uses it up.
    pub fn justifies(&mut self, output: &str) -> bool {
        self.unused.get_mut(output).is_some_and(|count| std::mem::take(count) > 0)
    }
}
