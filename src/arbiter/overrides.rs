//! A person's wish: it beats every rule, obeys every interlock, limit and budget,
//! and ends by itself.

use std::sync::Arc;
use std::time::Duration;

use super::want::Want;

/// How long an override lasts unless its owner says otherwise.
pub const OVERRIDE_DEFAULT: Duration = Duration::from_secs(30 * 60);

/// The longest an override may last: a wish that nobody renews for a day has been
/// forgotten.
pub const OVERRIDE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A wish in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// What the output shall have.
    pub want: Want,
    /// Who wants it.
    pub owner: Arc<str>,
    /// When it ends.
    pub until: Duration,
}

impl Override {
    /// A wish from now on, for `lasting` or the longest allowed.
    #[must_use]
    pub fn new(now: Duration, want: Want, owner: &str, lasting: Duration) -> Self {
        Self { want, owner: owner.into(), until: now + lasting.min(OVERRIDE_MAX) }
    }

    /// How long it has to go; `None`: it is over.
    #[must_use]
    pub fn left(&self, now: Duration) -> Option<Duration> {
        self.until.checked_sub(now).filter(|left| !left.is_zero())
    }
}
