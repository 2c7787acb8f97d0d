//! Decides which of several requests an output obeys.
//!
//! Rules, safety and people all ask for things; this module gives each output
//! exactly one answer per step, and the reason for it:
//!
//! ```text
//! mode safe  >  interlock  >  override  >  undecided rule  >  rules by priority  >  default
//!        then, for what leads or stays *away from* safe only:
//!        longest time · time per day · minimum time · starts per hour · writes per day
//! ```
//!
//! An edge *to* safe is never delayed by anything here. Time is monotonic; time
//! that cannot be proven, such as time before a restart, counts as zero.
//! The arbiter moves nothing: it is told through [`Arbiter::moved`] what became
//! of its decisions.

mod budgets;
mod decision;
mod overrides;
mod policy;
mod priority;
mod saved;
mod times;
mod want;

use std::time::Duration;

pub(crate) use budgets::{DAY, Recent};
use budgets::{HOUR, Spells};
pub use decision::{Decision, Demand, Held, Loser, Request, Winner};
pub use overrides::{OVERRIDE_DEFAULT, OVERRIDE_MAX, Override};
pub use policy::{AtExit, Lease, OutputId, Policy};
use priority::Choice;
pub use saved::{Gap, Saved, SavedOutput, SavedOverride};
use times::{Edge, Times};
pub use want::{Level, Want};

/// A new start must be worth it: with less than this part of the time per day
/// left, the output rests until more has come back.
const WORTH_A_START: u32 = 10;

/// What is remembered of one output.
#[derive(Clone, Debug)]
struct Line {
    policy: Policy,
    times: Times,
    writes: Recent,
    starts: Recent,
    spells: Spells,
    /// Whether the last charge counted a start as well as a write.
    charged_start: bool,
    /// What was charged and has not come to an end: its own charge does not hold it.
    under_way: Option<Want>,
    wish: Option<Override>,
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
        Self { lines: policies.into_iter().map(|policy| Line::new(now, policy)).collect() }
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
        self.lines[output.index()].times.actual
    }

    /// Writes left today for edges away from safe; `None` without a budget.
    #[must_use]
    pub fn budget_left(&self, now: Duration, output: OutputId) -> Option<u32> {
        let line = &self.lines[output.index()];
        let limit = line.policy.max_writes_per_day?;
        Some(limit.saturating_sub(line.writes.count(now)))
    }

    /// A person's wish for an output, while it is in force.
    #[must_use]
    pub fn wish(&self, now: Duration, output: OutputId) -> Option<&Override> {
        self.lines[output.index()].wish.as_ref().filter(|wish| wish.left(now).is_some())
    }

    /// Takes a person's wish, or ends it.
    pub fn set_wish(&mut self, output: OutputId, wish: Option<Override>) {
        self.lines[output.index()].wish = wish;
    }

    /// Ends the wishes whose time is over and returns them, each once.
    pub fn ended_wishes(&mut self, now: Duration) -> Vec<(OutputId, Override)> {
        let mut ended = Vec::new();
        for (index, line) in self.lines.iter_mut().enumerate() {
            if let Some(wish) = line.wish.take_if(|wish| wish.left(now).is_none()) {
                ended.push((OutputId(index as u16), wish));
            }
        }
        ended
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
        let person = self.wish(now, output).map(|wish| (wish.want, wish.owner.clone()));
        let Choice { want: asked, winner, loser } =
            priority::choose(&line.policy, output, requests, demand, person);
        let held = line.holds(now, asked);
        let want = match (held, line.times.actual) {
            (None, _) => asked,
            // A set-point keeps its value until it may take the next one.
            (Some(held), Some(present)) if held.keeps_present() => present,
            (Some(_), _) => line.policy.safe,
        };
        Decision { want, asked, winner, loser, held }
    }

    /// Charges one act that leads to `want`, before it is done.
    pub fn charge(&mut self, now: Duration, output: OutputId, want: Want) {
        let line = &mut self.lines[output.index()];
        let safe = line.policy.safe;
        line.charged_start = want != safe && !line.times.is_away(safe);
        if line.charged_start {
            line.starts.add(now);
        }
        line.writes.add(now);
        line.under_way = Some(want);
    }

    /// Counts a write that somebody else has made.
    pub fn spend(&mut self, now: Duration, output: OutputId) {
        self.lines[output.index()].writes.add(now);
    }

    /// An act came to an end other than the one wanted; its charge stays.
    pub fn missed(&mut self, output: OutputId) {
        self.lines[output.index()].under_way = None;
    }

    /// Takes back the last charge: nothing was done after all.
    pub fn refund(&mut self, output: OutputId) {
        let line = &mut self.lines[output.index()];
        line.under_way = None;
        line.writes.take_back();
        if std::mem::take(&mut line.charged_start) {
            line.starts.take_back();
        }
    }

    /// Learns what an output really has. Minimum times start at a change.
    pub fn moved(&mut self, now: Duration, output: OutputId, actual: Want) {
        let line = &mut self.lines[output.index()];
        line.under_way = line.under_way.filter(|want| *want != actual);
        match line.times.moved(now, actual, line.policy.safe) {
            Edge::None => {}
            Edge::Away => line.spells.begin(now),
            Edge::Back => line.spells.end(now),
        }
    }

    /// Whether the memory changes with time alone: a limited time away from safe
    /// passes, or a wish does.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        let counts =
            |line: &Line| line.policy.limits_time() && line.times.is_away(line.policy.safe);
        self.lines.iter().any(|line| counts(line) || line.wish.is_some())
    }

    /// The memory worth keeping over a restart.
    #[must_use]
    pub fn save(&self, now: Duration) -> Saved {
        Saved { outputs: self.lines.iter().map(|line| line.save(now)).collect() }
    }

    /// Restores what [`Arbiter::save`] gave. Time between is not proven, so it
    /// counts as zero: everything lasts as long as it had left.
    pub fn restore(&mut self, now: Duration, saved: &Saved) {
        for output in &saved.outputs {
            if let Some(line) = self.lines.iter_mut().find(|line| line.policy.name == output.name) {
                line.restore(now, output);
            }
        }
    }
}

impl Line {
    fn new(now: Duration, policy: Policy) -> Self {
        Self {
            policy,
            times: Times::from(now),
            writes: Recent::over(DAY),
            starts: Recent::over(HOUR),
            spells: Spells::default(),
            charged_start: false,
            under_way: None,
            wish: None,
        }
    }

    /// What keeps the output from leaving safe, or from staying away longer.
    fn holds(&self, now: Duration, wanted: Want) -> Option<Held> {
        if wanted == self.policy.safe {
            return None;
        }
        let over = self.over_time(now);
        if over.is_some() || [self.times.actual, self.under_way].contains(&Some(wanted)) {
            return over;
        }
        self.rests(now).or_else(|| self.over_budget(now))
    }

    /// Whether its time away from safe is over, or a start would not be worth it.
    fn over_time(&self, now: Duration) -> Option<Held> {
        let Policy { safe, max_on, max_on_per_day: per_day, .. } = self.policy;
        let away = self.times.is_away(safe);
        if away && !max_on.is_zero() && self.times.away(now, safe) >= max_on {
            return Some(Held::LongestTime);
        }
        let reserve = if away { Duration::ZERO } else { per_day / WORTH_A_START };
        let used_up = !per_day.is_zero() && self.spells.used(now) + reserve >= per_day;
        used_up.then_some(Held::DayTime)
    }

    fn rests(&self, now: Duration) -> Option<Held> {
        let left = self.policy.rest().checked_sub(self.times.lasted(now))?;
        (!left.is_zero()).then_some(Held::MinimumTime(left))
    }

    fn over_budget(&self, now: Duration) -> Option<Held> {
        if let Some(limit) = self.policy.max_starts_per_hour
            && !self.times.is_away(self.policy.safe)
            && self.starts.count(now) >= limit
        {
            return Some(Held::Starts(self.starts.until_at_most(now, limit.saturating_sub(1))));
        }
        // One write away, and one reserved for the way back.
        let limit = self.policy.max_writes_per_day?;
        let spent = self.writes.count(now) + 2 > limit;
        spent.then(|| Held::WriteBudget(self.writes.until_at_most(now, limit.saturating_sub(2))))
    }

    fn save(&self, now: Duration) -> SavedOutput {
        let counted = |limited, left: Vec<Duration>| if limited { left } else { Vec::new() };
        let policy = &self.policy;
        let wish = self.wish.as_ref().and_then(|wish| {
            let (want, owner) = (wish.want, wish.owner.to_string());
            Some(SavedOverride { want, owner, left: wish.left(now)? })
        });
        SavedOutput {
            name: policy.name.clone(),
            writes: counted(policy.max_writes_per_day.is_some(), self.writes.left(now)),
            starts: counted(policy.max_starts_per_hour.is_some(), self.starts.left(now)),
            spells: match policy.max_on_per_day {
                Duration::ZERO => Vec::new(),
                _ => self.spells.left(now),
            },
            away: match policy.max_on {
                Duration::ZERO => Duration::ZERO,
                _ => self.times.away_at_least(now, policy.safe),
            },
            wish,
        }
    }

    fn restore(&mut self, now: Duration, saved: &SavedOutput) {
        self.writes.restore(now, &saved.writes);
        self.starts.restore(now, &saved.starts);
        self.spells.restore(now, &saved.spells);
        self.times.restore(saved.away);
        self.wish =
            saved.wish.as_ref().map(|wish| Override::new(now, wish.want, &wish.owner, wish.left));
    }
}

#[cfg(test)]
mod tests;
