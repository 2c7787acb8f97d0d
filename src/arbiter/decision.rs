//! What is asked of an output, and the answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::policy::OutputId;
use super::want::Want;

/// What a rule wants of an output in this step.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The output it is about.
    pub output: OutputId,
    /// What is wanted of it.
    pub want: Want,
    /// 0 to 100; the higher wins. 50 unless the rule says otherwise.
    pub priority: u8,
    /// The rule's name.
    pub rule: Arc<str>,
}

/// Why an output must be at its safe level, whatever rules ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The engine is in mode `safe`, or stopping.
    Mode,
    /// An interlock of the output does not hold, or cannot be told; as declared.
    Interlock(Arc<str>),
    /// A rule that drives it cannot be decided.
    Unknown(Arc<str>),
}

impl Demand {
    /// Whether a person may override it. A rule that cannot be decided has no
    /// opinion: that is what overrides are for. What protects the output from
    /// people and rules alike is an interlock.
    #[must_use]
    pub const fn yields_to_people(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// A demand for safe.
    Safe(Demand),
    /// A person, by name.
    Override(Arc<str>),
    /// A rule, by name.
    Rule(Arc<str>),
    /// Two rules of one priority want opposites: safe wins.
    Conflict(Arc<str>, Arc<str>),
    /// Nobody: the engine stops and leaves the output as `at_exit` says.
    Exit,
    /// Nobody: observing, nothing is kept away from safe.
    Observing,
    /// Nobody asked.
    Default,
}

/// The strongest of those who asked for something else, in vain.
#[derive(Clone, Debug, PartialEq)]
pub struct Loser {
    /// A rule's name; `None`: a person.
    pub rule: Option<Arc<str>>,
    /// What was asked for.
    pub want: Want,
}

/// Why an output stays at safe although somebody wants it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Its minimum time has this long to go.
    MinimumTime(Duration),
    /// It has been away from safe for its longest time.
    LongestTime,
    /// Its time away from safe within 24 hours is used up.
    DayTime,
    /// Its starts within an hour are used up; the next is allowed after this time.
    Starts(Duration),
    /// Its writes of 24 hours are used up; the next is allowed after this time.
    WriteBudget(Duration),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MinimumTime(left) => {
                write!(f, "held by its minimum time for another {} s", left.as_secs())
            }
            Self::LongestTime => {
                f.write_str("its longest time away from safe is over; a rest ends this")
            }
            Self::DayTime => f.write_str(
                "its time away from safe within 24 hours is used up; it comes back as hours pass",
            ),
            Self::Starts(left) => {
                write!(f, "its starts within an hour are used up; next in {} s", left.as_secs())
            }
            Self::WriteBudget(left) => {
                let minutes = left.as_secs().div_ceil(60);
                write!(f, "its writes for 24 hours are used up; next in {minutes} min")
            }
        }
    }
}

impl Held {
    /// The word in the journal.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::MinimumTime(_) => "minimum time",
            Self::LongestTime => "longest time",
            Self::DayTime => "time per day",
            Self::Starts(_) => "starts per hour",
            Self::WriteBudget(_) => "write budget",
        }
    }

    /// Whether a set-point keeps its value meanwhile, instead of falling to safe.
    pub(super) const fn keeps_present(&self) -> bool {
        matches!(self, Self::MinimumTime(_) | Self::WriteBudget(_))
    }
}

impl Decision {
    /// Whether a fault brought it to safe, not somebody's wish: a person should look.
    #[must_use]
    pub const fn is_trip(&self) -> bool {
        let fault = matches!(
            self.winner,
            Winner::Safe(Demand::Interlock(_) | Demand::Unknown(_)) | Winner::Conflict(..)
        );
        fault || matches!(self.held, Some(Held::LongestTime))
    }

    /// Whether this is the same answer for the same kind of reason; times that pass
    /// meanwhile do not count.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let held = |decision: &Self| decision.held.as_ref().map(Held::word);
        self.want == other.want && self.winner == other.winner && held(self) == held(other)
    }
}

/// The one answer for one output in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What it should have now.
    pub want: Want,
    /// What the winner asked for; the same unless it is held.
    pub asked: Want,
    /// Who wants that.
    pub winner: Winner,
    /// Who wanted something else.
    pub loser: Option<Loser>,
    /// Set when the winner may not have what it asked for yet.
    pub held: Option<Held>,
}
