//! Whether the two languages of a port are alive, each by itself.
//!
//! TEXT comes unasked and HEX only in answer, so one can work without the
//! other: a receive-only cable and a device whose port function was changed
//! both look like "TEXT alive, HEX deaf". Nothing here sends anything.

use std::fmt;
use std::time::Duration;

use super::timing::Timing;

/// The state of one language on a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// Nothing has been heard since the port was opened.
    #[default]
    Never,
    /// Heard recently.
    Alive,
    /// Heard before, not any more.
    Silent,
    /// HEX alone: TEXT arrives, but nothing is answered.
    Deaf,
}

impl Link {
    /// The word shown to people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Never => "never heard",
            Self::Alive => "alive",
            Self::Silent => "silent",
            Self::Deaf => "deaf",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Both languages of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Blocks sent unasked.
    pub text: Link,
    /// Answers to requests.
    pub hex: Link,
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TEXT {}, HEX {}", self.text, self.hex)
    }
}

/// What was heard when.
#[derive(Clone, Debug, Default)]
pub(super) struct Pulse {
    last_text: Option<Duration>,
    /// The latest moment at which TEXT had an excuse to be absent.
    excused: Option<Duration>,
    ever_answered: bool,
    unanswered: u8,
}

impl Pulse {
    /// A block was accepted.
    pub fn text(&mut self, now: Duration) {
        self.last_text = Some(now);
    }

    /// Old firmware spoke HEX: TEXT pauses for a while.
    pub fn excuse_text(&mut self, now: Duration) {
        self.excused = Some(now);
    }

    /// Any answer to a request of ours.
    pub fn answered(&mut self) {
        self.ever_answered = true;
        self.unanswered = 0;
    }

    /// A request timed out.
    pub fn unanswered(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// Whether requests have gone unanswered too often to go on polling.
    pub fn gave_up(&self, timing: &Timing) -> bool {
        self.unanswered >= timing.unanswered_max
    }

    /// When TEXT turns silent, if nothing more comes.
    pub fn text_deadline(&self, timing: &Timing) -> Option<Duration> {
        let heard = self.last_text?;
        Some(heard.max(self.excused.unwrap_or_default()) + timing.text_silent_after)
    }

    /// Both states now.
    pub fn health(&self, now: Duration, timing: &Timing) -> Health {
        let text = match self.text_deadline(timing) {
            None => Link::Never,
            Some(deadline) if now < deadline => Link::Alive,
            Some(_) => Link::Silent,
        };
        let hex = match (self.gave_up(timing), self.ever_answered) {
            (true, _) if text == Link::Alive => Link::Deaf,
            (true, true) => Link::Silent,
            (false, true) => Link::Alive,
            (_, false) => Link::Never,
        };
        Health { text, hex }
    }
}
