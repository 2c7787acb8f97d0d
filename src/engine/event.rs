//! What goes into an engine and what comes out of it, as plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::{Decision, OutputId, Policy, Saved, Want};
use crate::clock::Now;
use crate::journal::Entry;
use crate::rules::{Interlock, Memory, RuleSet};

/// Whether the engine acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decides and journals what it would do; touches nothing. New installations start here.
    Observe,
    /// Decides and acts.
    Run,
    /// Keeps every output at its safe level; rules are ignored.
    Safe,
}

impl Mode {
    /// The word used in the journal, the command line and the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Run => "run",
            Self::Safe => "safe",
        }
    }

    /// The mode of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Observe, Self::Run, Self::Safe].into_iter().find(|mode| mode.word() == word)
    }
}

/// What the engine is told besides readings.
#[derive(Clone, Debug)]
pub enum Event {
    /// The journal has an intent on the disk, or could not take it.
    Recorded {
        /// The ticket of [`Effect::Record`].
        ticket: u64,
        /// The storage's own words on failure.
        result: Result<(), String>,
    },
    /// What became of an [`Effect::Apply`].
    Applied {
        /// The output.
        output: OutputId,
        /// What was to be applied.
        want: Want,
        /// What became of it.
        outcome: Outcome,
    },
    /// An output as read back; `None` when it cannot be read any more.
    Feedback {
        /// The output.
        output: OutputId,
        /// What was read.
        actual: Option<Want>,
    },
    /// An operator or the supervisor changes the mode.
    Mode(Mode),
    /// Other rules, checked and bound to the engine's snapshot, replace the present
    /// ones. Unchanged rules keep their memory, removed rules let go.
    Reload(Box<RuleSet>),
    /// A person has seen that this rule is set: a rule with `latch` may clear.
    Acknowledge(String),
    /// A person gives a rule that its errors have disabled another chance.
    Enable(String),
    /// A person has written an output's register: that counts in its budget too.
    Spent(OutputId),
    /// A person wants an output to have something for a while, or no longer.
    Override(Wish),
    /// The process is about to end: outputs go to their `at_exit` level.
    Stop,
}

/// What a person wants of an output, above all rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The output.
    pub output: OutputId,
    /// What it shall have; `None`: the rules decide again.
    pub want: Option<Want>,
    /// Who wants it.
    pub owner: String,
    /// For how long; a day at most.
    pub lasting: Duration,
}

/// What became of an act on an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done, and read back.
    Verified,
    /// The device took this instead: its own limit is closer.
    Took(Want),
    /// Sent and not confirmed, or answered otherwise; the words say why.
    Failed(String),
    /// Nothing was sent to the device; the words say why.
    Postponed(String),
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write an entry into the journal. With a ticket: answer with
    /// [`Event::Recorded`] once it is on the disk.
    Record {
        /// The entry.
        entry: Box<Entry>,
        /// Names the acknowledgement.
        ticket: Option<u64>,
    },
    /// Bring an output to this, read it back, answer with [`Event::Applied`].
    Apply {
        /// The output or set-point.
        output: OutputId,
        /// What it shall have.
        want: Want,
    },
    /// As [`Effect::Apply`], but said to the device even if it has this already:
    /// it would let go otherwise.
    Renew {
        /// The set-point.
        output: OutputId,
        /// What it has and shall keep.
        want: Want,
    },
}

/// What an engine starts with.
pub struct Setup {
    /// The compiled rules.
    pub rules: RuleSet,
    /// What the rules remember from before.
    pub memory: Memory,
    /// One policy an output, in order of configuration.
    pub policies: Vec<Policy>,
    /// What must hold for outputs to be away from safe, whoever asks.
    pub interlocks: Vec<Interlock>,
    /// What the arbiter remembers from before.
    pub saved: Saved,
    /// The mode to start in.
    pub mode: Mode,
    /// The first number for an intent; larger than all in the journal.
    pub first_intent: u64,
}

/// One output as a person is shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputStatus {
    /// The output's name.
    pub name: String,
    /// What was decided in the last step.
    pub decision: Option<Decision>,
    /// What was read back last.
    pub actual: Option<Want>,
    /// What is going on, in a few words; empty when nothing is.
    pub doing: String,
    /// Writes left for today, if they are counted.
    pub writes_left: Option<u32>,
    /// Since when it is decided like this.
    pub since: Option<Now>,
    /// Why somebody must look at it: it does not obey, or cannot be read.
    pub trouble: bool,
    /// How long a person's wish has to go, if there is one.
    pub wish_left: Option<Duration>,
}

impl Effect {
    /// Turns a plain record into one that wants an acknowledgement.
    pub(super) fn ticketed(self, ticket: u64) -> Self {
        match self {
            Self::Record { entry, .. } => Self::Record { entry, ticket: Some(ticket) },
            other @ (Self::Apply { .. } | Self::Renew { .. }) => other,
        }
    }
}
