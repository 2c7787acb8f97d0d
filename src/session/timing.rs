//! Every duration of a conversation, in one place.
//!
//! The numbers are the vendor's where he gives any and otherwise what other
//! projects and recordings have shown to work. A demo that compresses time
//! scales them all together, so that they keep their order.

use std::time::Duration;

/// How long a session waits for what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// From a request to giving up on its answer. Firmware from 1.53 finishes
    /// the running TEXT block first, which takes up to 0.3 s.
    pub answer_timeout: Duration,
    /// Attempts of a read before it counts as unanswered; at least 1.
    pub read_attempts: u8,
    /// Pause before the second attempt of a read; doubles with each further one.
    pub retry_pause: Duration,
    /// Pauses before the second and third SET of a write.
    pub write_pauses: [Duration; 2],
    /// Shortest time between the end of one exchange and the next request.
    pub gap: Duration,
    /// A TEXT block invites one poll; without a block for this long, polls go by `gap` alone.
    pub block_wait: Duration,
    /// Rest between two bursts of polls, for firmware that stops TEXT while HEX is spoken.
    pub rest: Duration,
    /// TEXT is silent after this long without a block; devices send one each second.
    pub text_silent_after: Duration,
    /// Longest time without a request: chargers stop asynchronous frames after 120 s.
    pub keep_alive: Duration,
    /// Unanswered requests in a row after which HEX counts as deaf or silent; at least 1.
    pub unanswered_max: u8,
    /// Time between pings to a device that sends TEXT but answers nothing.
    pub probe_deaf: Duration,
    /// Time between pings to a port from which nothing comes at all.
    pub probe_silent: Duration,
    /// Time until a device with the wrong identity, or with parts of it missing, is asked again.
    pub identify_again: Duration,
    /// A write trusts an identification that is no older than this.
    pub identity_age: Duration,
    /// Multiplies every interval of the poll plan.
    pub poll_factor: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer_timeout: Duration::from_secs(1),
            read_attempts: 3,
            retry_pause: Duration::from_millis(250),
            write_pauses: [Duration::from_secs(1), Duration::from_secs(5)],
            gap: Duration::from_millis(50),
            block_wait: Duration::from_millis(2500),
            rest: Duration::from_secs(45),
            text_silent_after: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            unanswered_max: 3,
            probe_deaf: Duration::from_secs(60),
            probe_silent: Duration::from_secs(5),
            identify_again: Duration::from_secs(30),
            identity_age: Duration::from_secs(5),
            poll_factor: 1.0,
        }
    }
}

impl Timing {
    /// The same conversation with every duration multiplied by `factor`.
    ///
    /// A clock that runs 1000 times as fast needs 1000 times as long
    /// time-outs: the bytes on the wire do not get faster.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scale = |span: Duration| span.mul_f64(factor);
        Self {
            answer_timeout: scale(self.answer_timeout),
            read_attempts: self.read_attempts,
            retry_pause: scale(self.retry_pause),
            write_pauses: self.write_pauses.map(scale),
            gap: scale(self.gap),
            block_wait: scale(self.block_wait),
            rest: scale(self.rest),
            text_silent_after: scale(self.text_silent_after),
            keep_alive: scale(self.keep_alive),
            unanswered_max: self.unanswered_max,
            probe_deaf: scale(self.probe_deaf),
            probe_silent: scale(self.probe_silent),
            identify_again: scale(self.identify_again),
            identity_age: scale(self.identity_age),
            poll_factor: self.poll_factor * factor,
        }
    }

    /// The pause before read attempt `attempt`, counted from 1 for the second one.
    pub(super) fn pause_before_retry(&self, attempt: u8) -> Duration {
        self.retry_pause * (1 << attempt.saturating_sub(1).min(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_keeps_counts_and_multiplies_durations() {
        let fast = Timing::default().scaled(10.0);
        assert_eq!(fast.answer_timeout, Duration::from_secs(10));
        assert_eq!(fast.write_pauses, [Duration::from_secs(10), Duration::from_secs(50)]);
        assert_eq!(fast.read_attempts, Timing::default().read_attempts);
        assert!((fast.poll_factor - 10.0).abs() < 1e-9);
    }

    #[test]
    fn retries_back_off() {
        let timing = Timing::default();
        let pauses: Vec<_> = (1..=3).map(|n| timing.pause_before_retry(n).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000]);
    }
}
