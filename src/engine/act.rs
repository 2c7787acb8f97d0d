//! What a drive asks of the engine, and what it has to tell of an act.

use crate::arbiter::Want;
use crate::journal::Kind;

/// How often an act is tried. A session repeats an unanswered write by itself;
/// what fails so often is a fault to be looked at, not one to be worn out by.
pub(super) const TRIES: u32 = 3;

/// What the engine must do for an output in this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    None,
    /// Record an intent to leave safe.
    Intend,
    /// Apply it now.
    Apply,
    /// Say again what is there, so that the device does not let go of it.
    Renew,
    /// The device has let go of what could not be said again in time.
    Lapsed,
    /// Journal that this intent came to nothing.
    Withdraw(u64),
    /// The output should be at safe and cannot be reached: say so once.
    Unreachable,
}

/// What to journal about an act that ended.
pub(super) struct Report {
    pub kind: Kind,
    pub what: String,
    pub reason: String,
    pub intent: Option<u64>,
}

/// How an act starts, for the budget and the journal.
pub(super) enum Start {
    /// Its intent has been charged.
    Charged,
    /// Nothing was charged for it yet; `replaced` names the intent it overtakes.
    First { replaced: Option<u64> },
    /// One more try of the same act.
    Again,
}

/// A person is told of the last try; the journal keeps every one.
pub(super) fn failure(want: Want, tries: u32, why: &str, intent: Option<u64>) -> Report {
    let (kind, reason) = match tries {
        0 => (Kind::Alarm, format!("not tried yet: {why}")),
        TRIES.. => (Kind::Alarm, format!("given up after {tries} tries: {why}")),
        _ => (Kind::Result, format!("try {tries}: {why}")),
    };
    Report { kind, what: format!("failed {want}"), reason, intent }
}
