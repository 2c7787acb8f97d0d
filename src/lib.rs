//! sunkeep: rule-based energy management for remote, solar-powered sites.

pub mod clock;
pub mod problem;
pub mod recording;
pub mod serial;
pub mod session;
pub mod units;
pub mod vedirect;
