//! When a request may leave, so that HEX does not cost TEXT.
//!
//! MPPT firmware up to 1.52 stops TEXT for seconds after each HEX frame: polls
//! go in short bursts with long rests between them. Later firmware, and all
//! other families, take one poll right after each TEXT block. Tasks of
//! engine and people do not wait for either.

use std::time::Duration;

use super::timing::Timing;

/// Polls in one burst: about a second of HEX, after which old firmware needs
/// several more to return to TEXT. Must stay well below the age at which
/// TEXT values count as stale.
const BURST_MAX: u8 = 16;

/// First MPPT firmware that sends TEXT while HEX is spoken.
pub(super) const FIRMWARE_INTERLEAVING: u16 = 153;

/// What the last exchanges allow.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// The firmware is known to stop TEXT while HEX is spoken.
    pub old_firmware: bool,
    /// TEXT came back as soon as HEX rested: this device does so too.
    learned: bool,
    /// Polls rest until then to see whether TEXT comes back.
    trial_until: Option<Duration>,
    /// That was tried since the last block.
    tried: bool,
    opened: Duration,
    quiet_until: Duration,
    last_sent: Duration,
    last_block: Option<Duration>,
    invited: bool,
    resting_until: Duration,
    polls_in_burst: u8,
}

impl Pace {
    /// A new connection, opened now.
    pub fn new(now: Duration) -> Self {
        Self { opened: now, last_sent: now, ..Self::default() }
    }

    /// A request left.
    pub fn sent(&mut self, now: Duration, is_poll: bool) {
        self.last_sent = now;
        self.invited = false;
        self.resting_until = Duration::ZERO;
        if is_poll {
            self.polls_in_burst = self.polls_in_burst.saturating_add(1);
        }
    }

    /// An exchange ended; `more` says whether another poll is due already.
    pub fn ended(&mut self, now: Duration, more: bool, timing: &Timing) {
        self.quiet_until = now + timing.gap;
        if self.burst() && (!more || self.polls_in_burst >= BURST_MAX) {
            self.resting_until = now + timing.rest;
            self.polls_in_burst = 0;
        }
    }

    /// A TEXT block arrived.
    pub fn block(&mut self, now: Duration) {
        self.last_block = Some(now);
        self.invited = true;
        self.learned |= self.trial_until.take().is_some();
        self.tried = false;
    }

    /// HEX is answered and TEXT does not come. Perhaps it is HEX that stops it,
    /// whatever the firmware says of itself: one rest will tell.
    pub fn text_missing(&mut self, now: Duration, timing: &Timing) {
        let due = self.last_block.unwrap_or(self.opened) + timing.text_silent_after;
        if !self.tried && !self.burst() && now >= due {
            self.tried = true;
            self.trial_until = Some(now + timing.text_silent_after);
        }
    }

    /// Whether HEX silences TEXT on this device.
    pub fn burst(&self) -> bool {
        self.old_firmware || self.learned
    }

    /// Earliest moment for a task or a step of identification.
    pub fn task_at(&self) -> Duration {
        self.quiet_until
    }

    /// Earliest moment for a poll that is due at `due`.
    pub fn poll_at(&self, due: Duration, timing: &Timing) -> Duration {
        let ready = due.max(self.quiet_until);
        if self.burst() {
            return ready.max(self.resting_until);
        }
        let ready = ready.max(self.trial_until.unwrap_or_default());
        match self.last_block {
            Some(block) if !self.invited => ready.max(block + timing.block_wait),
            _ => ready,
        }
    }

    /// Earliest moment for a request `pause` after the last one.
    pub fn after_last(&self, pause: Duration) -> Duration {
        self.last_sent + pause
    }
}
