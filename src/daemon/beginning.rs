//! In which mode a run begins, and why.
//!
//! ```text
//! crash loop  >  as asked  >  nothing remembered: observe
//!             >  other program and other rules: observe  >  as it was
//! ```
//!
//! Whoever wakes up in another mode than he left must read why, and what ends it.

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::Options;
use super::control_loop::{ControlLoop, REMIND_EVERY};
use super::keys::{KEY_MODE, KEY_RAN};
use super::starts::{CRASH_LOOP, LASTED};
use crate::engine::Mode;
use crate::journal::Kind;
use crate::store::Store;

/// What ran last.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ran {
    /// The program's version.
    pub version: String,
    /// The digest of the rules.
    pub rules: u64,
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    pub mode: Mode,
    pub why: String,
    /// Rules are in the folder and were not loaded: they may be what crashes.
    pub without_rules: bool,
}

impl Ran {
    pub(super) fn now(options: &Options) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { version, rules: options.rules.digest() }
    }
}

impl Beginning {
    /// Decides from what the store remembers.
    pub(super) fn of(options: &Options, store: &Store) -> Self {
        let remembered = store.state(KEY_MODE);
        let remembered = remembered.and_then(|word| Mode::from_word(&word));
        let ran = store.state(KEY_RAN);
        let ran = ran.and_then(|json| serde_json::from_str(&json).ok());
        let loop_of = options.starts.as_ref().and_then(super::Starts::crash_loop);
        decide(loop_of, options.mode, remembered, ran.as_ref(), &Ran::now(options))
    }
}

fn decide(
    crash_loop: Option<u32>,
    asked: Option<Mode>,
    remembered: Option<Mode>,
    ran: Option<&Ran>,
    now: &Ran,
) -> Beginning {
    let begin = |mode, why: String| Beginning { mode, why, without_rules: false };
    if let Some(starts) = crash_loop {
        let minutes = LASTED.as_secs() / 60;
        let why = format!(
            "crash loop: {starts} starts in a row did not last {minutes} min ({CRASH_LOOP} are one); \
             no rule is loaded; `sunkeep reload` loads them, then `sunkeep arm` ends this"
        );
        return Beginning { mode: Mode::Safe, why, without_rules: true };
    }
    match (asked, remembered, ran) {
        (Some(mode), ..) => begin(mode, "as asked".to_owned()),
        (None, None, _) => begin(Mode::Observe, "a new installation observes".to_owned()),
        (None, Some(Mode::Run), Some(ran))
            if ran.version != now.version && ran.rules != now.rules =>
        {
            let why = format!(
                "sunkeep {} has replaced {}, and the rules are others than those that ran then: \
                 look at what they would do, then `sunkeep arm`",
                now.version, ran.version
            );
            begin(Mode::Observe, why)
        }
        (None, Some(mode), _) => begin(mode, "as it was".to_owned()),
    }
}

impl ControlLoop {
    /// Remembers how this run begins, before anything can go wrong with it.
    pub(super) fn begin(&mut self, beginning: &Beginning, ran: &Ran) {
        self.save(KEY_MODE, beginning.mode.word().to_owned(), true);
        if !beginning.without_rules {
            // Two plain fields always become JSON.
            self.save(KEY_RAN, serde_json::to_string(ran).unwrap_or_default(), false);
        }
        if let Some((_, problem)) = &self.config_problem {
            let why = format!("{problem}; the last good copy of it runs");
            self.note(Kind::Alarm, "", "configuration", &why);
        }
        if beginning.without_rules {
            self.note(Kind::Alarm, "", "crash loop", &beginning.why);
        }
    }

    /// A run that has lasted is no crash; a site that is not armed is said again.
    pub(super) fn remind(&mut self) {
        let now = self.clock.now();
        if now.monotonic >= LASTED
            && let Some(starts) = self.starts.take()
        {
            starts.lasted();
        }
        if now.monotonic < self.remind_due {
            return;
        }
        self.remind_due = now.monotonic + REMIND_EVERY;
        let mode = self.engine.mode();
        if mode != Mode::Run {
            let reason = "still nothing is switched; `sunkeep arm` lets the rules act";
            warn!(mode = mode.word(), "{reason}");
            self.note(Kind::Mode, "", mode.word(), reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(version: &str, rules: u64) -> Ran {
        Ran { version: version.to_owned(), rules }
    }

    #[track_caller]
    fn check(crash: Option<u32>, remembered: Option<Mode>, before: &Ran, mode: Mode, word: &str) {
        let found = decide(crash, None, remembered, Some(before), &ran("2", 7));
        assert_eq!(found.mode, mode, "{found:?}");
        assert!(found.why.contains(word), "{found:?}");
        assert_eq!(found.without_rules, crash.is_some());
    }

    #[test]
    fn an_upgrade_with_other_rules_observes_and_nothing_else_does() {
        let run = Some(Mode::Run);
        check(None, run, &ran("1", 6), Mode::Observe, "sunkeep 2 has replaced 1");
        check(None, run, &ran("1", 7), Mode::Run, "as it was");
        check(None, run, &ran("2", 6), Mode::Run, "as it was");
        check(None, Some(Mode::Safe), &ran("1", 6), Mode::Safe, "as it was");
    }

    #[test]
    fn a_new_installation_observes() {
        check(None, None, &ran("2", 7), Mode::Observe, "new installation");
    }

    #[test]
    fn a_crash_loop_is_safe_without_rules_and_says_what_ends_it() {
        for remembered in [None, Some(Mode::Run), Some(Mode::Observe)] {
            check(Some(6), remembered, &ran("2", 7), Mode::Safe, "`sunkeep arm` ends this");
        }
    }
}
