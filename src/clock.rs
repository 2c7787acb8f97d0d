//! Time as an argument.
//!
//! [`Now`] is what the core gets: `monotonic` measures, `wall` schedules and
//! labels. Only the shell owns a [`Clock`]; tests and simulations use
//! [`VirtualClock`], the demo a [`ScaledClock`]. This file alone reads the
//! machine's clocks.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;

/// One instant, on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since an arbitrary start in this process; never jumps.
    pub monotonic: Duration,
    /// Calendar time; jumps when the clock is set.
    pub wall: Timestamp,
    /// Whether the wall clock can be believed. A Pi without a clock chip
    /// starts in the past until the network tells it the time.
    pub wall_trusted: bool,
}

/// A source of [`Now`].
pub trait Clock: Send + Sync {
    /// Reads the clock.
    fn now(&self) -> Now;

    /// How long to really wait until `span` has passed on this clock.
    fn real(&self, span: Duration) -> Duration {
        span
    }
}

/// No site runs this software before it was written: an earlier wall clock
/// has not been set yet. 2026-11-01T00:00:00Z, in Unix seconds.
const EARLIEST_TRUSTED: i64 = 1_793_491_200;

/// Time since the machine was started; time in suspend counts, since a heater that
/// was left on does not pause with the processor.
#[must_use]
pub fn uptime() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // The kernel counts from zero, and its nanoseconds are fewer than a second's.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Duration,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { start: uptime() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the one place that reads clocks")]
    fn now(&self) -> Now {
        let wall = Timestamp::now();
        Now {
            monotonic: uptime().saturating_sub(self.start),
            wall,
            wall_trusted: wall.as_second() >= EARLIEST_TRUSTED,
        }
    }
}

/// The machine's monotonic clock, run faster: a demo day in half a minute.
#[derive(Debug)]
pub struct ScaledClock {
    real: SystemClock,
    origin: Timestamp,
    factor: f64,
}

impl ScaledClock {
    /// A clock that starts at `origin` and runs `factor` times as fast as real time.
    #[must_use]
    pub fn new(origin: Timestamp, factor: f64) -> Self {
        Self { real: SystemClock::new(), origin, factor }
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Now {
        let monotonic = self.real.now().monotonic.mul_f64(self.factor);
        Now { monotonic, wall: self.origin + monotonic, wall_trusted: true }
    }

    fn real(&self, span: Duration) -> Duration {
        span.div_f64(self.factor)
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct VirtualClock {
    now: Mutex<Now>,
}

impl VirtualClock {
    /// Starts at monotonic zero and the given wall time, trusted.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { now: Mutex::new(Now { monotonic: Duration::ZERO, wall, wall_trusted: true }) }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.lock();
        now.monotonic += by;
        now.wall += by;
    }

    /// Sets the wall clock alone, as a time server would.
    pub fn set_wall(&self, wall: Timestamp, trusted: bool) {
        let mut now = self.lock();
        now.wall = wall;
        now.wall_trusted = trusted;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Now {
        *self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_moves_only_when_told() {
        let clock = VirtualClock::new(Timestamp::UNIX_EPOCH);
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().monotonic, Duration::from_secs(90));
        assert_eq!(clock.now().wall.as_second(), 90);
    }

    #[test]
    fn setting_the_wall_clock_leaves_durations_alone() {
        let clock = VirtualClock::new(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        clock.set_wall(Timestamp::UNIX_EPOCH, false);
        assert_eq!(clock.now().monotonic, Duration::from_secs(5));
        assert!(!clock.now().wall_trusted);
    }

    #[test]
    fn a_scaled_clock_waits_less() {
        let clock = ScaledClock::new(Timestamp::UNIX_EPOCH, 100.0);
        assert_eq!(clock.real(Duration::from_secs(100)), Duration::from_secs(1));
    }
}
