//! The names under which the daemon remembers things from run to run.

/// Key of the saved mode.
pub(super) const KEY_MODE: &str = "mode";
/// Key of what rules remember.
pub(super) const KEY_RULES: &str = "rule memory";
/// Key of what the last run was.
pub(super) const KEY_RAN: &str = "ran";
/// Key of what tripped first.
pub(super) const KEY_TRIPS: &str = "trips";
/// Key of the values that registers had before we wrote to them.
pub(super) const KEY_ORIGINALS: &str = "originals";
/// Key of who devices were when they could last be written.
pub(super) const KEY_IDENTITIES: &str = "identities";
/// Key of what the arbiter remembers.
pub(super) const KEY_ARBITER: &str = "arbiter memory";
