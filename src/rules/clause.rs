//! Conditions of the configuration, answered beside the rules.
//!
//! An output's interlock is none of the rules' business, yet it asks the same
//! questions: the same inputs, windows and counters, from the same memory. So a
//! rule set answers it, in the step in which it was evaluated. What follows from
//! the answer is decided elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Now;
use crate::snapshot::Snapshot;

use super::condition::{Condition, Truth};
use super::explain::{self, Explanation};
use super::look::Look;
use super::{Memory, RuleSet};

/// A condition of the configuration. Every rule set that is compiled for the same
/// world can answer it.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    pub(super) condition: Arc<Condition>,
    /// The inputs that must be seen again before it counts.
    pub(super) rests: Vec<usize>,
}

impl fmt::Display for Clause {
    /// In the spelling of the rules.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl RuleSet {
    /// The answer to a condition of the configuration, in the step for which
    /// [`RuleSet::evaluate`] was called last with this memory; unknown before the
    /// first.
    #[must_use]
    pub fn answer(&self, clause: &Clause, now: Now, snapshot: &Snapshot, memory: &Memory) -> Truth {
        let look = self.look(now, snapshot, memory);
        look.map_or(Truth::Unknown, |look| clause.condition.evaluate(&look))
    }

    /// Whether every reading that a condition rests on has arrived again after an
    /// instant. An output leaves its safe state only on two agreeing frames.
    #[must_use]
    pub fn confirmed(
        &self,
        clause: &Clause,
        since: Duration,
        now: Now,
        snapshot: &Snapshot,
        memory: &Memory,
    ) -> bool {
        let look = self.look(now, snapshot, memory);
        look.is_some_and(|look| look.confirmed(&clause.rests, Some(since)))
    }

    /// Why a condition of the configuration has the answer that it has.
    #[must_use]
    pub fn explain_clause(
        &self,
        clause: &Clause,
        now: Now,
        snapshot: &Snapshot,
        memory: &Memory,
    ) -> Explanation {
        let values = self.numbers(now, snapshot, memory);
        let look =
            Look { now, snapshot, inputs: &self.inputs, values: &values, facts: &memory.facts };
        explain::condition(self, &clause.condition, &look)
    }
}
