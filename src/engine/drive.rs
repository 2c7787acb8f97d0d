//! The progress of one output towards its decision.
//!
//! ```text
//!              away from safe                on the disk              verified
//!   Settled ──────────────────► Recording ──────────────► Applying ───────────► Settled
//!      │                           │ refused: Paused        │ failed
//!      │                           │ changed: withdrawn     ▼
//!      │  to safe: at once         ▼                     Waiting ──► Applying, at most 3 times
//!      └──────────────────────────────────────────────►     └──────► GivenUp for an hour
//! ```
//!
//! It is level-driven: every step compares what should be with what was read
//! back. It knows no rule and no reason, and it performs nothing.

use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use super::act::{Action, Report, Start, TRIES, failure};
use super::renewal::{Due, Renewal};
use super::stage::Stage;
use crate::arbiter::{Decision, Lease, Want, Winner};
use crate::clock::Now;
use crate::journal::Kind;

/// Pause before an act is tried again that failed, or that could not even begin.
const RETRY: Duration = Duration::from_secs(30);

/// After giving up, a fresh attempt is made this much later: 24 writes a day are
/// bearable, and a site that nobody visits must heal by itself.
const FRESH_STORED: Duration = Duration::from_secs(3600);

/// The same for what is held by saying it again: it is kept in no flash.
const FRESH_LEASED: Duration = Duration::from_secs(600);

/// How long a wanted output may go without any read-back before a person is told.
const BLIND_LIMIT: Duration = Duration::from_secs(120);

/// An act that was never answered is taken as failed after this time.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// One output on its way.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    stage: Stage,
    actual: Option<Want>,
    /// What was last applied and verified by us.
    ours: Option<Want>,
    /// Whether our last verified act left the safe state.
    away: bool,
    complained: bool,
    /// Since when there is no read-back, if there is none.
    blind: Option<Duration>,
    /// What was wanted when the device took something else instead, and what it
    /// took: a result, not a reason to write again.
    clamped: Option<(Want, Want)>,
    /// How the device is kept from letting go, if it does that.
    lease: Option<Renewal>,
    /// Trying costs nothing and wears nothing: the way to safe is never given up.
    is_pin: bool,
    decision: Option<Decision>,
    /// Since when it is decided like this.
    since: Option<Now>,
    /// The rule that won last, to be named when it lets go.
    last_rule: Option<Arc<str>>,
}

impl Drive {
    pub(super) fn new(lease: Option<Lease>, is_pin: bool) -> Self {
        let lease = lease.map(Renewal::new);
        Self {
            stage: Stage::Settled,
            actual: None,
            ours: None,
            away: false,
            complained: false,
            blind: None,
            clamped: None,
            lease,
            is_pin,
            decision: None,
            since: None,
            last_rule: None,
        }
    }

    pub(super) const fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    pub(super) const fn since(&self) -> Option<Now> {
        self.since
    }

    /// Whether it does not obey, cannot be read, or waits for the journal.
    pub(super) const fn in_trouble(&self) -> bool {
        self.complained || self.stage.is_stuck()
    }

    pub(super) fn last_rule(&self) -> Option<&str> {
        self.last_rule.as_deref()
    }

    pub(super) const fn actual(&self) -> Option<Want> {
        self.actual
    }

    pub(super) const fn away(&self) -> bool {
        self.away
    }

    pub(super) fn settled(&self) -> bool {
        self.stage == Stage::Settled
    }

    pub(super) fn doing(&self, now: Duration) -> String {
        self.stage.words(now)
    }

    /// Remembers the decision. Returns what was decided before if this one
    /// differs from it or in being held at all. Before the first decision an
    /// output counts as safe.
    pub(super) fn note_decision(
        &mut self,
        now: Now,
        decision: &Decision,
        safe: Want,
    ) -> Option<Want> {
        if !self.decision.as_ref().is_some_and(|before| before.is_like(decision)) {
            self.since = Some(now);
        }
        let (want, held) =
            self.decision.as_ref().map_or((safe, false), |d| (d.want, d.held.is_some()));
        let changed = want != decision.want || held != decision.held.is_some();
        if self.decision.as_ref() != Some(decision) {
            self.decision = Some(decision.clone());
            if let Winner::Rule(rule) = &decision.winner {
                self.last_rule = Some(rule.clone());
            }
        }
        changed.then_some(want)
    }

    /// Compares target and reality and says what is to be done now.
    pub(super) fn advance(&mut self, now: Duration, target: Want, safe: Want) -> Action {
        if let Stage::Applying { intent, want, tries, since } = self.stage
            && now.saturating_sub(since) > ANSWER_LIMIT
        {
            self.stage = Stage::Waiting { intent, want, tries, until: now };
        }
        match self.stage {
            Stage::Recording { intent, want, .. } if want != target => {
                self.stage = Stage::Settled;
                Action::Withdraw(intent)
            }
            Stage::Recording { recorded: true, .. } => Action::Apply,
            Stage::Recording { .. } => Action::None,
            // Safe does not wait for the end of an act in the other direction.
            Stage::Applying { want, .. } if want != target && target == safe => Action::Apply,
            Stage::Applying { .. } => Action::None,
            Stage::Waiting { want, .. } if want != target => self.again(now, target, safe),
            Stage::Waiting { until, .. } if now < until => Action::None,
            Stage::Waiting { .. } => Action::Apply,
            Stage::Paused { until } if now < until && target != safe => Action::None,
            Stage::Paused { .. } => self.again(now, target, safe),
            Stage::GivenUp { want, seen, until }
                if want == target && seen == self.actual && now < until =>
            {
                Action::None
            }
            Stage::GivenUp { .. } => self.again(now, target, safe),
            Stage::Settled => self.settle(now, target, safe),
        }
    }

    /// Starts afresh, whatever went before.
    fn again(&mut self, now: Duration, target: Want, safe: Want) -> Action {
        self.stage = Stage::Settled;
        self.settle(now, target, safe)
    }

    fn settle(&mut self, now: Duration, target: Want, safe: Want) -> Action {
        match self.actual {
            Some(actual) if self.stands(target, actual) => self.keep(now, actual, safe),
            Some(_) if target == safe => Action::Apply,
            Some(_) => Action::Intend,
            // A level nobody could read is no reason to write.
            None => self.blind(now),
        }
    }

    /// Says once that a wanted output cannot be read back.
    fn blind(&mut self, now: Duration) -> Action {
        let since = *self.blind.get_or_insert(now);
        let told = self.complained || now.saturating_sub(since) < BLIND_LIMIT;
        if told {
            Action::None
        } else {
            self.complain();
            Action::Unreachable
        }
    }

    fn stands(&self, target: Want, actual: Want) -> bool {
        actual == target || self.clamped == Some((target, actual))
    }

    /// Keeps a device from letting go, and notices when it has.
    fn keep(&mut self, now: Duration, actual: Want, safe: Want) -> Action {
        match &mut self.lease {
            Some(lease) if actual != safe && self.away => match lease.due(now) {
                Due::Later => Action::None,
                Due::Now => Action::Renew,
                Due::Lapsed => {
                    (self.actual, self.ours, self.away) = (Some(safe), None, false);
                    Action::Lapsed
                }
            },
            _ => Action::None,
        }
    }

    pub(super) fn intend(&mut self, intent: u64, want: Want) {
        self.stage = Stage::Recording { intent, want, recorded: false };
    }

    /// Takes the journal's answer. Returns whether the act is put off by it.
    pub(super) fn recorded(
        &mut self,
        now: Duration,
        ticket: u64,
        result: &Result<(), String>,
    ) -> bool {
        if let Stage::Recording { intent, recorded, .. } = &mut self.stage
            && *intent == ticket
        {
            match result {
                Ok(()) => *recorded = true,
                // What cannot be written down is not done, now or later.
                Err(_) => self.stage = Stage::Paused { until: now + RETRY },
            }
            return result.is_err();
        }
        false
    }

    /// Starts an act.
    pub(super) fn apply(&mut self, now: Duration, target: Want) -> Start {
        let (intent, tries, start) = match self.stage {
            Stage::Recording { intent, .. } => (Some(intent), 0, Start::Charged),
            Stage::Waiting { intent, tries, .. } => (intent, tries, Start::Again),
            Stage::Applying { intent, .. } => (None, 0, Start::First { replaced: intent }),
            _ => (None, 0, Start::First { replaced: None }),
        };
        self.stage = Stage::Applying { intent, want: target, tries, since: now };
        start
    }

    /// Whether this act is under way.
    pub(super) fn is_applying(&self, want: Want) -> bool {
        matches!(self.stage, Stage::Applying { want: applied, .. } if applied == want)
    }

    /// Takes what became of an act; says what to journal.
    pub(super) fn applied(
        &mut self,
        now: Duration,
        want: Want,
        outcome: &Outcome,
        safe: Want,
    ) -> Option<Report> {
        let Stage::Applying { intent, want: wanted, tries, .. } = self.stage else {
            return self.renewed(now, want, outcome);
        };
        if want != wanted {
            // The answer to an act that a later one replaced.
            return None;
        }
        let got = match outcome {
            Outcome::Verified => want,
            Outcome::Took(got) => *got,
            Outcome::Postponed(why) => {
                self.stage = Stage::Waiting { intent, want, tries, until: now + RETRY };
                return Some(failure(want, tries, why, intent)).filter(|_| self.complain());
            }
            Outcome::Failed(why) => {
                let tries = tries + 1;
                self.stage = if tries < TRIES || self.is_pin && want == safe {
                    Stage::Waiting { intent, want, tries, until: now + RETRY }
                } else {
                    let fresh = if self.lease.is_some() { FRESH_LEASED } else { FRESH_STORED };
                    Stage::GivenUp { want, seen: self.actual, until: now + fresh }
                };
                // What is tried on and on has been told.
                return (tries <= TRIES).then(|| failure(want, tries, why, intent));
            }
        };
        self.stage = Stage::Settled;
        (self.actual, self.ours) = (Some(got), Some(got));
        (self.away, self.complained) = (got != safe, false);
        self.clamped = (got != want).then_some((want, got));
        if let Some(lease) = &mut self.lease {
            lease.said(now);
        }
        let reason = if got == want { "read back".into() } else { took(want) };
        Some(Report { kind: Kind::Result, what: format!("verified {got}"), reason, intent })
    }

    /// What became of saying it again; worth an entry only when it first fails.
    fn renewed(&mut self, now: Duration, want: Want, outcome: &Outcome) -> Option<Report> {
        let same = self.ours.is_some_and(|ours| self.stands(want, ours));
        let lease = self.lease.as_mut().filter(|_| same)?;
        let (Outcome::Failed(why) | Outcome::Postponed(why)) = outcome else {
            lease.said(now);
            return None;
        };
        let reason = format!("could not be said again, tried until the device lets go: {why}");
        let what = format!("not renewed {want}");
        lease.failed(now).then_some(Report { kind: Kind::Alarm, what, reason, intent: None })
    }

    /// Takes what was read. Returns whether somebody else moved it.
    pub(super) fn feedback(&mut self, actual: Option<Want>) -> bool {
        let drifted = self.stage == Stage::Settled
            && matches!((self.ours, self.actual, actual), (Some(ours), Some(was), Some(is))
                if was == ours && is != ours);
        // What was there when we came is what it should be until we move it.
        self.ours = self.ours.or(actual);
        self.actual = actual;
        // What waits to be tried again is told once, however often it is read meanwhile.
        if actual.is_some() && (self.blind.take().is_some() || self.stage == Stage::Settled) {
            self.complained = false;
        }
        drifted
    }

    /// True the first time only, until all is well again.
    const fn complain(&mut self) -> bool {
        !std::mem::replace(&mut self.complained, true)
    }
}

fn took(want: Want) -> String {
    format!("the device took this instead of {want}")
}
