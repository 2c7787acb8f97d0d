//! sunkeep: rule-based energy management for remote, solar-powered sites.

pub mod actuator;
pub mod arbiter;
pub mod clock;
pub mod config;
pub mod control;
pub mod engine;
pub mod journal;
pub mod problem;
pub mod recording;
pub mod rules;
pub mod serial;
pub mod session;
pub mod sim;
pub mod snapshot;
pub mod store;
pub mod trial;
pub mod units;
pub mod vedirect;
