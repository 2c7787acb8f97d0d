//! The queue between any number of senders and the one writer.
//!
//! Senders never wait for the disk: the lock is held for a move of memory and
//! nothing else. Samples lie here until a batch is due, so a failing disk fills
//! this queue and no other memory. What waits and when it is due is decided in
//! `lanes.rs`; no clock is read.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lanes::{Batch, Lanes, Work};
use super::{Command, Counters, Health, Options};

/// With nothing arriving for this long (really, not on the engine's clock)
/// what waits is written, and a failed file is tried again.
const IDLE: Duration = Duration::from_secs(10);

/// Lanes behind a lock, and the bell that wakes the writer.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    wake: Condvar,
    options: Options,
}

impl Queue {
    pub fn new(options: Options) -> Self {
        Self { lanes: Mutex::default(), wake: Condvar::new(), options }
    }

    /// Takes a command in, or refuses and counts it.
    pub fn send(&self, command: Command) -> bool {
        let taken = self.lock().accept(command, &self.options);
        self.wake.notify_one();
        taken
    }

    /// Ends the writer's loop once everything waiting is done; refuses the rest.
    pub fn close(&self) {
        self.lock().closing = true;
        self.wake.notify_one();
    }

    /// Waits for work; `None` after `close`, when nothing is left.
    pub fn take(&self) -> Option<Work> {
        let mut lanes = self.lock();
        loop {
            if lanes.due(&self.options) {
                return Some(lanes.take(&self.options));
            }
            if lanes.closing {
                return None;
            }
            let (woken, waited) =
                self.wake.wait_timeout(lanes, IDLE).unwrap_or_else(PoisonError::into_inner);
            lanes = woken;
            if waited.timed_out() && lanes.owes_anything() {
                return Some(lanes.take_all());
            }
        }
    }

    /// Puts back what could not be written.
    pub fn give_back(&self, batch: Batch) {
        self.lock().give_back(batch, &self.options);
    }

    /// Notes how the files are after a round.
    pub fn set_health(&self, health: Health) {
        self.lock().set_health(health);
    }

    pub fn health(&self) -> Health {
        self.lock().health.clone()
    }

    pub fn counters(&self) -> Counters {
        self.lock().counters
    }

    pub fn count(&self, add: impl FnOnce(&mut Counters)) {
        add(&mut self.lock().counters);
    }

    /// Nothing in here panics half-way through a change, so a poisoned lock
    /// still guards whole lanes.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::snapshot::Quality;
    use crate::store::Sample;
    use crate::units::{Unit, Value};
    use jiff::Timestamp;

    fn queue() -> Queue {
        Queue::new(Options {
            flush_samples: 4,
            samples_max: 10,
            flush_every: Duration::from_secs(10),
            ..Options::default()
        })
    }

    fn samples(count: usize, second: u64) -> Command {
        let monotonic = Duration::from_secs(second);
        let at = Now { monotonic, wall: Timestamp::UNIX_EPOCH, wall_trusted: false };
        let sample = Sample {
            point: "a".into(),
            unit: Unit::None,
            value: Value::number(1.0),
            quality: Quality::Good,
            at,
        };
        Command::Samples(vec![sample; count])
    }

    fn state(json: &str) -> Command {
        Command::SaveState { key: "key".to_owned(), json: json.to_owned(), durable: true }
    }

    fn is_due(queue: &Queue) -> bool {
        queue.lock().due(&queue.options)
    }

    #[test]
    fn samples_wait_for_number_or_time() {
        let queue = queue();
        assert!(queue.send(samples(1, 0)) && queue.send(samples(2, 9)));
        assert!(!is_due(&queue));
        assert!(queue.send(samples(1, 9)));
        assert!(is_due(&queue));
        assert_eq!(queue.take().unwrap().history.samples.len(), 4);
        assert!(queue.send(samples(1, 20)));
        assert!(!is_due(&queue));
        assert!(queue.send(samples(1, 30)));
        assert_eq!(queue.take().unwrap().history.samples.len(), 2);
    }

    #[test]
    fn a_backlog_is_handed_out_in_parts_with_the_journal_in_between() {
        let queue = queue();
        assert!(queue.send(samples(9, 0)));
        assert_eq!(queue.take().unwrap().history.samples.len(), 4);
        assert!(queue.send(state("1")));
        let work = queue.take().unwrap();
        assert_eq!((work.states.len(), work.history.samples.len()), (1, 4));
        assert!(!is_due(&queue));
    }

    #[test]
    fn of_one_key_only_the_newest_state_waits() {
        let queue = queue();
        assert!(queue.send(state("1")) && queue.send(state("2")));
        assert_eq!(queue.take().unwrap().states["key"], "2");
    }

    #[test]
    fn the_snapshot_comes_with_the_first_batch_and_then_with_every_sixth() {
        let queue = queue();
        let carried: Vec<bool> = (0..8)
            .map(|n| {
                assert!(queue.send(Command::Snapshot(Vec::new())) && queue.send(samples(4, n)));
                queue.take().unwrap().history.snapshot.is_some()
            })
            .collect();
        assert_eq!(carried, [true, false, false, false, false, false, true, false]);
        queue.close();
        assert!(queue.take().unwrap().history.snapshot.is_some());
    }

    #[test]
    fn samples_given_back_stay_in_front_and_within_the_bound() {
        let queue = queue();
        assert!(queue.send(samples(8, 1)));
        let work = queue.take().unwrap();
        assert!(queue.send(samples(2, 2)));
        queue.give_back(work.history);
        assert_eq!(queue.counters().samples_dropped, 0);
        let work = queue.take().unwrap();
        assert_eq!(work.history.samples[0].at.monotonic, Duration::from_secs(1));
        assert!(queue.send(samples(4, 3)));
        queue.give_back(work.history);
        assert_eq!(queue.counters().samples_dropped, 4);
        assert_eq!(queue.lock().take_all().history.samples.len(), 10);
    }

    #[test]
    fn a_failed_file_is_left_alone_for_a_while_and_then_tried_again() {
        let queue = queue();
        let failed = Health { journal: None, history: Some("disk full".to_owned()) };
        assert!(queue.send(samples(4, 10)));
        queue.set_health(failed.clone());
        assert!(!is_due(&queue));
        assert!(queue.send(samples(1, 30)));
        // A round for the journal alone does not put the retry off.
        queue.set_health(failed);
        assert!(!is_due(&queue));
        assert!(queue.send(samples(1, 40)));
        assert!(is_due(&queue));
    }

    #[test]
    fn time_goes_on_although_the_queue_is_full() {
        let queue = queue();
        assert!(queue.send(samples(10, 0)));
        queue.set_health(Health { journal: None, history: Some("disk full".to_owned()) });
        assert!(!queue.send(samples(1, 30)));
        assert!(is_due(&queue));
    }

    #[test]
    fn nothing_is_taken_in_after_closing_and_the_rest_is_handed_out() {
        let queue = queue();
        assert!(queue.send(samples(1, 0)));
        queue.close();
        assert!(!queue.send(samples(1, 0)) && !queue.send(state("1")));
        let work = queue.take().unwrap();
        assert_eq!(work.history.samples.len(), 1);
        queue.give_back(work.history);
        assert!(queue.take().is_none());
        assert_eq!(queue.counters().samples_dropped, 2);
    }
}
