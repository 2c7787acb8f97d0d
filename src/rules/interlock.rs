//! What must hold for an output to be away from its safe state, whoever asks.
//!
//! Declared with the output, in the words of the rules. Nothing switches it off: no
//! rule and no person. What cannot be told does not hold.

use std::fmt;

use crate::arbiter::OutputId;

use super::clause::Clause;
use super::condition::Truth;

/// One condition over one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Interlock {
    /// The output that it guards.
    pub output: OutputId,
    /// Whether the condition must hold or must not.
    pub sense: Sense,
    /// The condition.
    pub clause: Clause,
}

/// How an interlock is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// The condition must hold.
    Requires,
    /// The condition must not hold.
    Forbids,
}

impl Sense {
    /// The key in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requires => "requires",
            Self::Forbids => "forbids",
        }
    }

    /// Whether an answer lets the output leave its safe state. Unknown never does.
    #[must_use]
    pub fn allows(self, answer: Truth) -> bool {
        match self {
            Self::Requires => answer == Truth::Yes,
            Self::Forbids => answer == Truth::No,
        }
    }
}

impl fmt::Display for Interlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sense.word(), self.clause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_allows_nothing() {
        for (sense, yes, no) in [(Sense::Requires, true, false), (Sense::Forbids, false, true)] {
            let allows = [Truth::Yes, Truth::No, Truth::Unknown].map(|truth| sense.allows(truth));
            assert_eq!(allows, [yes, no, false], "{sense:?}");
        }
    }
}
