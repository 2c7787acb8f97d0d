//! Tells systemd that control is alive: ready, what it does, and the watchdog.
//!
//! Only a completed step counts. The engine's thread adds one to a counter and
//! nothing else, because a word with systemd may block; a thread of our own says
//! READY after the first step and feeds the watchdog while the counter moves. A
//! hung step stops both, and systemd ends the process. Without systemd nobody
//! listens, and no thread is started. A heartbeat pin, for a watchdog relay outside
//! of the machine, is toggled by the completed step itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::actuator::Actuator;
use crate::actuator::gpio::Relay;
use crate::arbiter::Level;
use crate::clock::{Clock, SystemClock};

/// How often the counter is looked at: well below any watchdog worth having.
const LOOK: Duration = Duration::from_millis(250);

/// The watchdog is fed at least this often while steps complete. The unit's
/// WatchdogSec is longer by a factor.
const FEED: Duration = Duration::from_secs(1);

/// How often the heartbeat pin changes at most: watchdog relays count in seconds.
const BEAT: Duration = Duration::from_millis(500);

/// Whoever is told. A seam for tests; systemd in life.
trait Manager: Send {
    fn tell(&mut self, states: &[NotifyState<'_>]);
}

struct Systemd;

impl Manager for Systemd {
    fn tell(&mut self, states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            tracing::debug!(%error, "systemd was not told");
        }
    }
}

/// Completed steps and what there is to say about them.
pub(super) struct Alive {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    heart: Option<Heart>,
}

/// The pin that only completed steps toggle.
struct Heart {
    pin: Relay,
    clock: SystemClock,
    level: Level,
    last: Duration,
}

#[derive(Default)]
struct Shared {
    steps: AtomicU64,
    ended: AtomicBool,
    /// Somebody would like to read a new status.
    asked: AtomicBool,
    /// One line for `systemctl status`.
    status: Mutex<String>,
}

impl Alive {
    /// Starts the thread, if systemd listens.
    pub(super) fn start(heartbeat: Option<Relay>) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let heart = heartbeat.map(Heart::new);
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(Self { shared, thread: None, heart });
        }
        let watched = shared.clone();
        let thread = std::thread::Builder::new()
            .name("systemd".to_owned())
            .spawn(move || watched.watch(&mut Talk::new(Systemd)))?;
        Ok(Self { shared, thread: Some(thread), heart })
    }

    /// The engine has completed a step.
    pub(super) fn stepped(&mut self) {
        let first = self.shared.steps.fetch_add(1, Ordering::Relaxed) == 0;
        // Whoever waits for READY waits for the first step and not for the next look.
        if let Some(thread) = self.thread.as_ref().filter(|_| first) {
            thread.thread().unpark();
        }
        if let Some(heart) = &mut self.heart {
            heart.beat(heart.clock.now().monotonic);
        }
    }

    /// Whether a new status would be read; once a look at most.
    pub(super) fn asked(&self) -> bool {
        self.shared.asked.swap(false, Ordering::Relaxed)
    }

    /// What `systemctl status` shows.
    pub(super) fn show(&self, status: String) {
        *self.shared.status() = status;
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl Heart {
    fn new(pin: Relay) -> Self {
        Self { pin, clock: SystemClock::new(), level: Level::Off, last: Duration::ZERO }
    }

    fn beat(&mut self, now: Duration) {
        if now.saturating_sub(self.last) < BEAT {
            return;
        }
        (self.last, self.level) = (now, self.level.opposite());
        // A pin that does not obey stops the heartbeat, which is what it is for.
        let _ = self.pin.apply(self.level);
    }
}

impl Shared {
    fn watch(&self, talk: &mut Talk<impl Manager>) {
        while !self.ended.load(Ordering::Relaxed) {
            std::thread::park_timeout(LOOK);
            let status = self.status().clone();
            talk.look(LOOK, self.steps.load(Ordering::Relaxed), &status);
            self.asked.store(true, Ordering::Relaxed);
        }
        talk.manager.tell(&[NotifyState::Stopping]);
    }

    fn status(&self) -> std::sync::MutexGuard<'_, String> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has been said already.
struct Talk<M> {
    manager: M,
    ready: bool,
    steps: u64,
    unfed: Duration,
    status: String,
}

impl<M: Manager> Talk<M> {
    const fn new(manager: M) -> Self {
        Self { manager, ready: false, steps: 0, unfed: Duration::ZERO, status: String::new() }
    }

    /// One look, `passed` after the one before.
    fn look(&mut self, passed: Duration, steps: u64, status: &str) {
        self.unfed += passed;
        let mut states = Vec::new();
        if !self.ready && steps > 0 {
            self.ready = true;
            states.push(NotifyState::Ready);
        }
        if steps != self.steps && self.unfed >= FEED {
            (self.steps, self.unfed) = (steps, Duration::ZERO);
            states.push(NotifyState::Watchdog);
        }
        if status != self.status {
            status.clone_into(&mut self.status);
            states.push(NotifyState::Status(status));
        }
        if !states.is_empty() {
            self.manager.tell(&states);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::gpio::{Backend, Pins, Wiring};

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Manager for Told {
        fn tell(&mut self, states: &[NotifyState<'_>]) {
            self.0.extend(states.iter().map(ToString::to_string));
        }
    }

    /// Looks once a second with these numbers of completed steps.
    #[track_caller]
    fn check(steps: &[u64], told: &[&str]) {
        let mut talk = Talk::new(Told::default());
        steps.iter().for_each(|steps| talk.look(Duration::from_secs(1), *steps, ""));
        assert_eq!(talk.manager.0, told);
    }

    #[test]
    fn the_heart_beats_with_steps_and_stops_with_them() {
        let pins = Pins::new(Backend::Simulated);
        let pin = pins.claim(&Wiring::new(25, true), Level::Off).unwrap();
        let mut heart = Heart::new(pin);
        let high = || pins.simulated().high(25);
        assert_eq!(high(), Some(false));
        heart.beat(BEAT);
        assert_eq!(high(), Some(true));
        heart.beat(BEAT + BEAT / 2);
        assert_eq!(high(), Some(true), "not faster, however many steps there are");
        heart.beat(2 * BEAT);
        assert_eq!(high(), Some(false));
    }

    #[test]
    fn it_is_ready_after_the_first_completed_step_and_not_before() {
        check(&[0, 0], &[]);
        check(&[0, 1], &["READY=1", "WATCHDOG=1"]);
    }

    #[test]
    fn a_hung_step_starves_the_watchdog() {
        check(&[1, 2, 2, 2], &["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
        check(&[1, 1, 1, 2], &["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    }

    #[test]
    fn many_steps_a_second_are_one_meal() {
        let mut talk = Talk::new(Told::default());
        (1..=40).for_each(|steps| talk.look(LOOK, steps, "mode run"));
        let meals = talk.manager.0.iter().filter(|word| *word == "WATCHDOG=1").count();
        assert_eq!(meals, 10);
        assert_eq!(talk.manager.0.iter().filter(|w| w.starts_with("STATUS")).count(), 1);
    }
}
