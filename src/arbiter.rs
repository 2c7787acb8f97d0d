//! Decides which of several requests an output obeys.
//!
//! Rules, safety and the operator all ask for things; this module gives each
//! output exactly one answer per step, and the reason for it:
//!
//! ```text
//! demand for safe  >  rules by priority (opposite equals: safe)  >  default
//!        then, for an edge *away from* safe only: minimum time · longest time · writes per day
//! ```
//!
//! An edge *to* safe is never delayed by anything here. Time is monotonic; time
//! that cannot be proven, such as time before a restart, counts as zero.
//! The arbiter moves nothing: it is told through [`Arbiter::moved`] what became
//! of its decisions.

mod request;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use request::{
    AtExit, Decision, Demand, Held, Lease, Level, OutputId, Policy, Request, Want, Winner,
};

/// Budgets count over this time.
const DAY: Duration = Duration::from_secs(86_400);

/// What is remembered of one output.
#[derive(Clone, Debug)]
struct Line {
    policy: Policy,
    /// What it is known to have; `None` until it was applied or read.
    actual: Option<Want>,
    /// When it took that.
    since: Duration,
    /// When it left its safe state; of use only while it is away.
    away_since: Duration,
    /// When each counted write is forgotten, oldest first.
    writes: VecDeque<Duration>,
}

/// The part of the memory that survives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// By output: how long each counted write still counts.
    pub writes: Vec<(String, Vec<Duration>)>,
}

impl Saved {
    /// What to assume when the memory is lost: every budget is used up, the
    /// write back to safe excepted.
    #[must_use]
    pub fn exhausted<'a>(policies: impl Iterator<Item = &'a Policy>) -> Self {
        let full = |policy: &Policy| {
            let spent = policy.max_writes_per_day.unwrap_or(0) as usize;
            (policy.name.clone(), vec![DAY; spent])
        };
        Self { writes: policies.map(full).collect() }
    }
}

/// All outputs and what the arbiter remembers of them.
#[derive(Clone, Debug)]
pub struct Arbiter {
    lines: Vec<Line>,
}

impl Arbiter {
    /// Starts with nothing known: every minimum time begins at `now`.
    #[must_use]
    pub fn new(now: Duration, policies: Vec<Policy>) -> Self {
        let line = |policy| Line {
            policy,
            actual: None,
            since: now,
            away_since: now,
            writes: VecDeque::new(),
        };
        Self { lines: policies.into_iter().map(line).collect() }
    }

    /// All outputs, in order of configuration.
    pub fn outputs(&self) -> impl Iterator<Item = (OutputId, &Policy)> {
        // The configuration refuses more outputs than a u16 counts.
        self.lines.iter().enumerate().map(|(i, line)| (OutputId(i as u16), &line.policy))
    }

    /// The policy of one output.
    #[must_use]
    pub fn policy(&self, output: OutputId) -> &Policy {
        &self.lines[output.index()].policy
    }

    /// What an output is known to have.
    #[must_use]
    pub fn actual(&self, output: OutputId) -> Option<Want> {
        self.lines[output.index()].actual
    }

    /// Writes left today for edges away from safe; `None` without a budget.
    #[must_use]
    pub fn budget_left(&self, now: Duration, output: OutputId) -> Option<u32> {
        let line = &self.lines[output.index()];
        let limit = line.policy.max_writes_per_day?;
        Some(limit.saturating_sub(line.writes_since(now)))
    }

    /// Decides one output from all requests of this step.
    #[must_use]
    pub fn decide(
        &self,
        now: Duration,
        output: OutputId,
        requests: &[Request],
        demand: Option<Demand>,
    ) -> Decision {
        let line = &self.lines[output.index()];
        let (asked, winner) = match demand {
            Some(demand) => (line.policy.safe, Winner::Safe(demand)),
            None => choose(&line.policy, output, requests),
        };
        if asked == line.policy.safe {
            return Decision { want: asked, asked, winner, held: None };
        }
        let held = line.holds(now, asked);
        let want = match (held, line.actual) {
            (None, _) => asked,
            // A set-point keeps its value until it may take the next one.
            (Some(Held::MinimumTime(_) | Held::WriteBudget), Some(present)) => present,
            (Some(_), _) => line.policy.safe,
        };
        Decision { want, asked, winner, held }
    }

    /// Charges one write to the budget, before it is made.
    pub fn charge(&mut self, now: Duration, output: OutputId) {
        let line = &mut self.lines[output.index()];
        if line.policy.max_writes_per_day.is_some() {
            line.writes.retain(|&until| now < until);
            line.writes.push_back(now + DAY);
        }
    }

    /// Takes back the last charge: nothing was written after all.
    pub fn refund(&mut self, output: OutputId) {
        self.lines[output.index()].writes.pop_back();
    }

    /// Learns what an output really has. Minimum times start at a change.
    pub fn moved(&mut self, now: Duration, output: OutputId, actual: Want) {
        let line = &mut self.lines[output.index()];
        if line.actual != Some(actual) {
            let safe = line.policy.safe;
            // The first reading proves no earlier time: `since` stays at the start.
            if line.actual.is_some() || actual != safe {
                line.since = now;
            }
            if line.actual.is_none_or(|before| before == safe) {
                line.away_since = now;
            }
            line.actual = Some(actual);
        }
    }

    /// The memory worth keeping over a restart.
    #[must_use]
    pub fn save(&self, now: Duration) -> Saved {
        let charges = |line: &Line| {
            let left = line.writes.iter().map(|&until| until.saturating_sub(now));
            (line.policy.name.clone(), left.collect())
        };
        Saved { writes: self.lines.iter().map(charges).collect() }
    }

    /// Restores what [`Arbiter::save`] gave. Time between is not proven, so it
    /// counts as zero: every charge lasts as long as it had left.
    pub fn restore(&mut self, now: Duration, saved: &Saved) {
        for (name, left) in &saved.writes {
            if let Some(line) = self.lines.iter_mut().find(|line| line.policy.name == *name) {
                line.writes = left.iter().map(|&left| now + left.min(DAY)).collect();
            }
        }
    }
}

impl Line {
    fn writes_since(&self, now: Duration) -> u32 {
        let recent = self.writes.iter().filter(|&&until| now < until).count();
        u32::try_from(recent).unwrap_or(u32::MAX)
    }

    /// What keeps the output from leaving safe, or from staying away longer.
    fn holds(&self, now: Duration, wanted: Want) -> Option<Held> {
        let limit = self.policy.max_on;
        let away = self.actual.is_some_and(|actual| actual != self.policy.safe);
        if away && !limit.is_zero() && now.saturating_sub(self.away_since) >= limit {
            return Some(Held::LongestTime);
        }
        if self.actual == Some(wanted) {
            return None;
        }
        let lasted = now.saturating_sub(self.since);
        if lasted < self.policy.rest() {
            return Some(Held::MinimumTime(self.policy.rest() - lasted));
        }
        // One write away, and one reserved for the way back.
        let limit = self.policy.max_writes_per_day?;
        (self.writes_since(now) + 2 > limit).then_some(Held::WriteBudget)
    }
}

fn choose(policy: &Policy, output: OutputId, requests: &[Request]) -> (Want, Winner) {
    let mut best: Option<&Request> = None;
    let mut opponent: Option<&Request> = None;
    for request in requests.iter().filter(|request| request.output == output) {
        match best {
            Some(b) if request.priority < b.priority => {}
            Some(b) if request.priority == b.priority => {
                if request.want != b.want {
                    opponent = opponent.or(Some(request));
                }
            }
            _ => (best, opponent) = (Some(request), None),
        }
    }
    match (best, opponent) {
        (Some(b), Some(o)) => {
            // Named in order, so that the order of files changes nothing.
            let (first, second) = if b.rule <= o.rule { (b, o) } else { (o, b) };
            (policy.safe, Winner::Conflict(first.rule.clone(), second.rule.clone()))
        }
        (Some(b), None) => (b.want, Winner::Rule(b.rule.clone())),
        (None, _) => (policy.default, Winner::Default),
    }
}

#[cfg(test)]
mod tests;
