//! The real program as a process of its own, and what the world does to it:
//! kills, signals, cables, noise. Devices stand on pseudo-terminals, pins belong
//! to a witness that survives.
//!
//! Nothing sleeps. Waiting ends with a line of the log, a death, or a limit; a
//! "random moment" is a number of questions to the witness or a span for which
//! the log is read. `SUNKEEP_KILLS` sets how many, `SUNKEEP_SEED` which, and
//! `SUNKEEP_BINARY` whom.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

#[path = "../support/site.rs"]
mod common;
#[path = "../support/folder.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod folder;
mod hangs;
mod kills;
mod line;
mod ports;
#[path = "../support/running.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod running;
mod site;
#[path = "../support/witness.rs"]
#[allow(dead_code, reason = "the figures use more of it")]
mod witness;
