//! How the control loop takes in rules that the loader brings, and keeps what
//! they remember.

use std::time::Duration;

use super::control_loop::ControlLoop;
use super::reload::{Asker, Present};
use crate::clock::Now;
use crate::control::Reply;
use crate::engine::Event;
use crate::journal::Kind;
use crate::rules::RuleSet;

/// Timers and windows move without any edge; they are saved at most this often,
/// for the card's sake. Latches are saved with the entry that tells of them.
pub(super) const MEMORY_EVERY: Duration = Duration::from_secs(60);

impl ControlLoop {
    /// What the loader needs for its dry run.
    pub(super) fn present(&self, now: Now) -> Present {
        Present {
            now,
            snapshot: self.snapshot.clone(),
            memory: self.engine.save(now.monotonic).0.clone(),
            rules: self.engine.rules().rules().len(),
        }
    }

    /// Lets other rules run.
    pub(super) fn reload(&mut self, now: Now, mut rules: RuleSet, asker: Option<Asker>) {
        rules.bind(&mut self.snapshot);
        let known = self.names.len();
        let new = self.snapshot.points().skip(known);
        self.names.extend(new.map(|(_, point)| point.name.as_str().into()));
        let changes = rules.changes(self.engine.rules());
        let message = match rules.rules().len() {
            1 => format!("1 rule runs now: {changes}"),
            count => format!("{count} rules run now: {changes}"),
        };
        self.rules_problem.clear();
        self.without_rules = false;
        // What was asked for is written down, what changes nothing by itself is not.
        if asker.is_some() || !changes.is_empty() {
            self.engine.handle(now, Event::Reload(Box::new(rules)));
        }
        answer(asker, Reply::Done { message });
    }

    /// The old rules run on; says so.
    pub(super) fn reload_refused(&mut self, problem: String, text: String, asker: Option<Asker>) {
        let reason = format!("{problem}; the rules that were loaded run on");
        self.note(Kind::Reload, "", "refused", &reason);
        self.rules_problem = problem;
        answer(asker, Reply::Refused { message: text });
    }

    /// Saves timers and windows now and then.
    pub(super) fn save_memory_when_due(&mut self, now: Now) {
        if now.monotonic >= self.memory_due {
            self.memory_due = now.monotonic + self.memory_every;
            // Where every device is silent, nothing else would take it along.
            self.save_passing_memory(now);
        }
    }
}

fn answer(asker: Option<Asker>, reply: Reply) {
    if let Some(asker) = asker {
        // Whoever asked may have gone away.
        let _ = asker.send(reply);
    }
}
