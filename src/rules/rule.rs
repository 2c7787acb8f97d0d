//! One rule: a latch that is set by `when`, cleared by `clear_when`, and asks for
//! a level of one output while it is set.
//!
//! ```text
//!            when held for `lasting`, clear_when not
//!   Clear ──────────────────────────────────────────► Set: request
//!     ▲    clear_when held for `lasting`                │
//!     └─────────────────────────────────────────────────┘
//!   either condition unknown: no request, the output goes to its safe state;
//!   the latch is kept (`safe`, `hold`) or dropped (`clear`)
//! ```
//!
//! It is level-evaluated in every step: what is true at the start counts.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::condition::{Condition, Truth};
use super::memory::Cell;

/// How long a condition must hold where a rule does not say: a dip while a
/// compressor starts is not an empty battery.
pub const LASTING: Duration = Duration::from_secs(60);

/// The priority of a rule that does not say.
pub const PRIORITY: u8 = 50;

/// What a rule does when it cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfUnknown {
    /// Asks for nothing and sends its output to the safe state; goes on where it
    /// was when the values are back.
    Safe,
    /// Goes on asking for the inputs' grace, then as [`IfUnknown::Safe`].
    Hold,
    /// Asks for nothing and forgets that it was set.
    Clear,
}

/// A condition and how long it must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// The condition.
    pub condition: Arc<Condition>,
    /// How long without a break.
    pub lasting: Duration,
}

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: Arc<str>,
    /// The file it stands in.
    pub file: String,
    /// Where its name stands in the file, in bytes.
    pub span: Range<usize>,
    /// What it asks for while it is set.
    pub action: Action,
    /// 0 to 100; the higher wins.
    pub priority: u8,
    /// Sets it.
    pub when: Timed,
    /// Clears it.
    pub clear_when: Timed,
    /// Its request counts only while this holds.
    pub only: Option<Arc<Condition>>,
    /// What it does when it cannot tell.
    pub if_unknown: IfUnknown,
    /// How long `hold` may last: the shortest grace of its inputs.
    pub grace: Duration,
    /// How long it may ask in one go; afterwards `when` must fail once.
    pub for_at_most: Option<Duration>,
    /// It clears only once a person has acknowledged it.
    pub latch: bool,
}

/// What a rule wants in this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It asks for its level.
    Set,
    /// It asks for nothing.
    Clear,
    /// It cannot tell: its output goes to the safe state.
    Unknown,
    /// It failed too often and is not asked any more: its output goes to the safe
    /// state unless another rule asks for something.
    Disabled,
}

impl State {
    /// The word shown to people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Clear => "clear",
            Self::Unknown => "unknown",
            Self::Disabled => "disabled",
        }
    }
}

/// The answers to a rule's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// To `when`.
    pub when: Truth,
    /// To `clear_when`.
    pub clear_when: Truth,
    /// To `only`; yes when the rule has none.
    pub only: Truth,
    /// Whether a second frame of all its inputs agrees with `when`.
    pub confirmed: bool,
}

impl Rule {
    /// One step of the latch.
    pub(super) fn step(&self, now: Duration, answers: Answers, cell: &mut Cell) -> State {
        let Answers { when, clear_when, only, confirmed } = answers;
        let set = held(&mut cell.when_since, when, now, self.when.lasting) && confirmed;
        let cleared = held(&mut cell.clear_since, clear_when, now, self.clear_when.lasting);
        if when == Truth::No {
            cell.spent = false;
        }
        if cleared {
            self.clear(cell);
        } else if set && clear_when == Truth::No && !cell.spent {
            // While both hold, clearing wins: nothing may switch to and fro.
            cell.latched = true;
        }
        self.limit(now, cell);
        if undecided(cell.latched, answers) {
            return self.unknown(now, cell);
        }
        let returning = cell.unknown_since.is_some() || !cell.known;
        if returning && clear_when == Truth::Yes {
            // The values that come back say that it is over: nothing is switched for
            // a wish from before the silence.
            self.clear(cell);
        }
        cell.unknown_since = None;
        cell.known = true;
        if cell.latched && only == Truth::Yes { State::Set } else { State::Clear }
    }

    /// Lets go, unless a person must see it first.
    const fn clear(&self, cell: &mut Cell) {
        if !self.latch || cell.acknowledged {
            (cell.latched, cell.acknowledged) = (false, false);
        }
    }

    /// Ends what has lasted as long as `for_at_most` allows.
    fn limit(&self, now: Duration, cell: &mut Cell) {
        let Some(limit) = self.for_at_most else {
            return;
        };
        if !cell.latched {
            cell.set_since = None;
        } else if now.saturating_sub(*cell.set_since.get_or_insert(now)) >= limit {
            (cell.latched, cell.set_since, cell.spent) = (false, None, true);
        }
    }

    fn unknown(&self, now: Duration, cell: &mut Cell) -> State {
        let since = *cell.unknown_since.get_or_insert(now);
        match self.if_unknown {
            IfUnknown::Safe => State::Unknown,
            IfUnknown::Clear => {
                self.clear(cell);
                if cell.latched { State::Unknown } else { State::Clear }
            }
            // Holding on needs something to hold: after a restart nothing was known yet.
            IfUnknown::Hold if cell.known && now.saturating_sub(since) < self.grace => {
                if cell.latched { State::Set } else { State::Clear }
            }
            IfUnknown::Hold => {
                cell.known = false;
                State::Unknown
            }
        }
    }
}

/// Keeps a timer and says whether its time is up.
fn held(since: &mut Option<Duration>, truth: Truth, now: Duration, lasting: Duration) -> bool {
    if truth != Truth::Yes {
        *since = None;
        return false;
    }
    now.saturating_sub(*since.get_or_insert(now)) >= lasting
}

/// Whether a missing value leaves open what the rule wants.
///
/// A set rule needs both its conditions: it must not keep an output away from
/// safe on half of what it was told to watch.
fn undecided(latched: bool, answers: Answers) -> bool {
    let Answers { when, clear_when, only, .. } = answers;
    if only == Truth::No {
        return false;
    }
    if latched {
        return [when, clear_when, only].contains(&Truth::Unknown);
    }
    match when {
        Truth::Yes => clear_when == Truth::Unknown,
        Truth::No => false,
        Truth::Unknown => clear_when != Truth::Yes,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Truth::{No, Unknown, Yes};
    use super::*;
    use crate::rules::condition::Ask;
    use crate::rules::condition::{Leaf, Word};

    fn rule(if_unknown: IfUnknown) -> Rule {
        let leaf = Leaf { name: "x".into(), ask: Ask::Word(Word::Never) };
        let condition = Arc::new(Condition::Leaf(leaf));
        let timed = |seconds| Timed {
            condition: Arc::clone(&condition),
            lasting: Duration::from_secs(seconds),
        };
        Rule {
            name: "r".into(),
            file: "f".into(),
            span: 0..0,
            action: Action::Switch(crate::arbiter::OutputId(0), crate::arbiter::Level::On),
            priority: PRIORITY,
            when: timed(3),
            clear_when: timed(2),
            only: None,
            if_unknown,
            grace: Duration::from_secs(4),
            for_at_most: None,
            latch: false,
        }
    }

    fn truth() -> impl Strategy<Value = Truth> {
        prop_oneof![Just(Yes), Just(No), Just(Unknown)]
    }

    fn steps() -> impl Strategy<Value = Vec<(Truth, Truth, Truth)>> {
        // Mostly `only` yes, and long enough for `lasting` to run out now and then.
        let only = prop_oneof![8 => Just(Yes), 1 => Just(No), 1 => Just(Unknown)];
        prop::collection::vec((truth(), truth(), only), 0..60)
    }

    proptest! {
        #[test]
        fn nothing_is_asked_for_on_half_the_answers(steps in steps()) {
            let (rule, mut cell) = (rule(IfUnknown::Safe), Cell::default());
            let mut held = 0;
            for (second, (when, clear_when, only)) in steps.into_iter().enumerate() {
                let was = cell.latched;
                let now = Duration::from_secs(second as u64);
                let state = rule.step(now, Answers { when, clear_when, only, confirmed: true }, &mut cell);
                held = if when == Yes { held + 1 } else { 0 };
                if state == State::Set {
                    prop_assert!(when != Unknown && clear_when != Unknown && only == Yes);
                }
                if cell.latched && !was {
                    prop_assert!(held > 3 && clear_when == No, "held {held}");
                }
            }
        }

        #[test]
        fn a_memory_read_back_goes_on_the_same(steps in steps(), cut in 0..60_usize) {
            for if_unknown in [IfUnknown::Safe, IfUnknown::Hold, IfUnknown::Clear] {
                let (rule, mut one) = (rule(if_unknown), Cell::default());
                let mut other = one;
                for (second, (when, clear_when, only)) in steps.iter().copied().enumerate() {
                    if second == cut {
                        let text = serde_json::to_string(&other).expect("plain data");
                        other = serde_json::from_str(&text).expect("what was written");
                    }
                    let (now, answers) =
                        (Duration::from_secs(second as u64), Answers { when, clear_when, only, confirmed: true });
                    let expected = rule.step(now, answers, &mut one);
                    prop_assert_eq!(rule.step(now, answers, &mut other), expected);
                }
            }
        }
    }
}
