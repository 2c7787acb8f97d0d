//! Stops a script that takes too long: the owner of a clock for a core without.
//!
//! A script ends by its count of operations, which is the same on every machine.
//! This is the second fence, for a machine so slow or so busy that the count
//! would take seconds: a thread looks at the script whose turn it is, and if it
//! finds the same one again after [`LIMIT`], stops it. The thread sleeps while no
//! step runs, and a step without scripts does not wake it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::rules::Deadline;

/// What a script may take in one step: it is stopped between this and twice as much.
pub(super) const LIMIT: Duration = Duration::from_millis(50);

/// Looks after the steps of one engine; its thread ends when this is dropped.
pub(super) struct Watch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The scripts of the step that runs.
    step: Option<Arc<Deadline>>,
    /// Nobody runs, and the thread waits to be woken.
    idle: bool,
    ended: bool,
}

/// A step that is looked after until this is dropped.
pub(super) struct Watched<'a>(&'a Shared);

impl Watch {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has none left.
    pub(super) fn start(limit: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let look = move || own.run(limit);
        std::thread::Builder::new().name("deadline".to_owned()).spawn(look)?;
        Ok(Self(shared))
    }

    /// A step begins; `None`: its rules have no scripts.
    pub(super) fn over(&self, scripts: Option<Arc<Deadline>>) -> Option<Watched<'_>> {
        let mut state = self.0.lock();
        state.step = Some(scripts?);
        if state.idle {
            self.0.changed.notify_one();
        }
        Some(Watched(&self.0))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_one();
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.0.lock().step = None;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain data: a panic of another holder leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, limit: Duration) {
        // The turn that was found at the last look.
        let mut before = None;
        let mut state = self.lock();
        while !state.ended {
            let turn = state.step.as_ref().and_then(|scripts| scripts.turn());
            if let (Some(scripts), Some(turn)) = (&state.step, turn)
                && before == Some(turn)
            {
                scripts.stop(turn);
            }
            before = turn;
            state.idle = state.step.is_none();
            state = if state.idle {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                let waited = self.changed.wait_timeout(state, limit);
                waited.unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::Now;
    use crate::problem::Source;
    use crate::rules::{Memory, RuleSet, State, World};
    use crate::snapshot::Snapshot;

    /// Looked at so often, some script of milliseconds is found at it twice.
    const OFTEN: Duration = Duration::from_micros(100);

    /// So many steps at most until it is.
    const STEPS_MAX: u64 = 500;

    const RULES: &str = "
        rule(\"slow\").decide(|s, mem| { let x = 0; while x < 8000 { x += 1 } want(heater, on, \"x\") });
        rule(\"quick\").decide(|s, mem| want(heater, on, \"x\"));";

    fn rules() -> RuleSet {
        let source = Source { name: "a.rhai".into(), text: RULES.into() };
        let world = World { outputs: vec!["heater".into()], ..World::default() };
        RuleSet::compile(&[source], &world).unwrap()
    }

    /// The steps, each an hour after the one before, until a script was stopped.
    fn stopped(watch: &Watch) -> Option<String> {
        let (rules, mut memory, mut verdicts) = (rules(), Memory::default(), Vec::new());
        for step in 1..=STEPS_MAX {
            let monotonic = Duration::from_secs(3600 * step);
            let now = Now { monotonic, wall: Timestamp::UNIX_EPOCH, wall_trusted: false };
            let watched = watch.over(rules.deadline());
            rules.evaluate(now, &Snapshot::new(), &mut memory, &mut verdicts);
            drop(watched);
            assert_eq!(verdicts[1].state, State::Set, "the quick one pays for nobody");
            if let Some(fault) = verdicts[0].fault() {
                return Some(fault.to_string());
            }
        }
        None
    }

    #[test]
    fn a_script_that_takes_too_long_is_stopped_and_no_other() {
        let watch = Watch::start(OFTEN).unwrap();
        let fault = stopped(&watch).expect("no script was stopped");
        assert!(fault.ends_with("it took too long and was stopped"), "{fault}");
    }

    #[test]
    fn a_script_within_its_time_is_let_be() {
        let watch = Watch::start(Duration::from_secs(3600)).unwrap();
        let (rules, mut memory, mut verdicts) = (rules(), Memory::default(), Vec::new());
        for monotonic in (1..=3).map(Duration::from_secs) {
            let now = Now { monotonic, wall: Timestamp::UNIX_EPOCH, wall_trusted: false };
            let _watched = watch.over(rules.deadline());
            rules.evaluate(now, &Snapshot::new(), &mut memory, &mut verdicts);
            assert_eq!((verdicts[0].state, verdicts[0].fault()), (State::Set, None));
        }
    }

    #[test]
    fn rules_without_scripts_wake_nobody() {
        let watch = Watch::start(LIMIT).unwrap();
        assert!(watch.over(RuleSet::empty().deadline()).is_none());
        assert!(watch.0.lock().step.is_none());
    }
}
