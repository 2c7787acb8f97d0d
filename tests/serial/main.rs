//! The serial edge on real ptys: opening, hang-up, slow receivers, recording.
//!
//! Waiting is bounded by time-outs; nothing sleeps for a guessed time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

mod daemon;
mod direct;
mod peer;
