//! Faults of every kind, in virtual time, and the page that lists them.

#![allow(clippy::expect_used, reason = "a helper that fails fails its test")]

mod board;
mod disk;
mod judge;
mod life;
mod list;
mod scenes;
mod site;
mod storm;
mod world;
