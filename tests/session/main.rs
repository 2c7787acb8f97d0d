//! The conversation with one device, in virtual time, against a scripted peer.
//!
//! The world moves in steps of 10 ms; nothing sleeps.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

mod bench;
mod identity;
mod leave;
mod pace;
mod peer;
mod port;
mod reading;
mod world;
mod writing;

/// What every table needs.
mod prelude {
    pub use std::time::Duration;

    pub use sunkeep::session::{
        Authority, Denied, Event, Link, Lock, Outcome, ReadFailure, ReadResult, Session, Settings,
        Task, TaskId, WriteResult,
    };
    pub use sunkeep::units::Value;
    pub use sunkeep::vedirect::hex::{
        Answer, Asked, Flags, Payload, Raw, RegisterValue, Request, Version,
    };

    pub use crate::bench::*;
    pub use crate::peer::*;
}
