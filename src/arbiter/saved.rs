//! The part of the arbiter's memory that survives a restart.
//!
//! Everything is kept as how long it still counts, so that a clock that starts
//! anew needs no translation. The time between two runs is counted only as far as
//! it is proven: budgets then last longer, and a wish whose end may have passed
//! is over.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::budgets::{DAY, HOUR};
use super::policy::Policy;
use super::want::Want;

/// What is remembered of all outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// One an output, by name.
    pub outputs: Vec<SavedOutput>,
}

/// What is remembered of one output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedOutput {
    /// Its name.
    pub name: String,
    /// How long each write still counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<Duration>,
    /// How long each start still counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Duration>,
    /// How long start and end of each time away from safe still count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spells: Vec<(Duration, Duration)>,
    /// How long it has been away from safe in this go.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub away: Duration,
    /// A person's wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<SavedOverride>,
}

/// An override in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedOverride {
    /// What the output shall have.
    pub want: Want,
    /// Who wants it.
    pub owner: String,
    /// How long it has to go.
    pub left: Duration,
}

/// The time between two runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// It was at least this long, proven.
    pub at_least: Duration,
    /// It was at most this long; `None`: nobody knows.
    pub at_most: Option<Duration>,
}

impl Saved {
    /// What to assume when the memory is lost: every budget is used up, the
    /// write back to safe excepted, and nobody wishes anything.
    #[must_use]
    pub fn exhausted<'a>(policies: impl Iterator<Item = &'a Policy>) -> Self {
        let full = |policy: &Policy| SavedOutput {
            name: policy.name.clone(),
            writes: vec![DAY; policy.max_writes_per_day.unwrap_or(0) as usize],
            starts: vec![HOUR; policy.max_starts_per_hour.unwrap_or(0) as usize],
            spells: vec![(DAY.saturating_sub(policy.max_on_per_day), DAY)],
            away: policy.max_on,
            wish: None,
        };
        Self { outputs: policies.map(full).collect() }
    }

    /// The same memory after some time without a run. Returns the names of the
    /// outputs whose override has ended meanwhile, or may have.
    #[must_use]
    pub fn after(mut self, gap: Gap) -> (Self, Vec<String>) {
        let later = |left: &mut Duration| *left = left.saturating_sub(gap.at_least);
        let mut ended = Vec::new();
        for output in &mut self.outputs {
            output.writes.iter_mut().for_each(later);
            output.starts.iter_mut().for_each(later);
            for (from, end) in &mut output.spells {
                later(from);
                later(end);
            }
            if let Some(wish) = &mut output.wish {
                let left = gap.at_most.and_then(|gap| wish.left.checked_sub(gap));
                wish.left = left.unwrap_or_default();
                if wish.left.is_zero() {
                    output.wish = None;
                    ended.push(output.name.clone());
                }
            }
        }
        (self, ended)
    }
}
