//! sunkeep: rule-based energy management for remote, solar-powered sites.

pub mod clock;
pub mod problem;
pub mod units;
