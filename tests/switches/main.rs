//! Registers as switches and as values that are lent: the real daemon as a process of
//! its own, on simulated devices that remember every byte and every write to flash.
//!
//! A test waits for lines of the daemon's log and for nothing else; every wait has
//! a limit. Time is real.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/folder.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod folder;
mod lent;
#[path = "../support/running.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod running;
mod site;
mod switched;
