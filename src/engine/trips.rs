//! The first cause of a trip, kept until a person has seen it.
//!
//! A fault seldom comes alone: the cable that broke first makes rules undecided,
//! a limit end, a lease lapse. What a person needs is what came first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Now;

/// Why an output was taken to safe, or did not obey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// What happened first, in a sentence.
    pub cause: String,
    /// When, by the wall clock: milliseconds since 1970.
    pub wall_ms: i64,
    /// Whether that time could be believed.
    pub wall_trusted: bool,
    /// How many times something happened since, this one not counted.
    pub since: u32,
}

/// The trips nobody has acknowledged, by output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trips(BTreeMap<String, Trip>);

impl Trips {
    /// Something happened to an output. Returns whether it is the first.
    pub(super) fn add(&mut self, now: Now, output: &str, cause: &str) -> bool {
        if let Some(trip) = self.0.get_mut(output) {
            trip.since = trip.since.saturating_add(1);
            return false;
        }
        let (wall_ms, wall_trusted) = (now.wall.as_millisecond(), now.wall_trusted);
        let trip = Trip { cause: cause.to_owned(), wall_ms, wall_trusted, since: 0 };
        self.0.insert(output.to_owned(), trip);
        true
    }

    /// A person has seen it. Returns it if there was one.
    pub(super) fn acknowledge(&mut self, output: &str) -> Option<Trip> {
        self.0.remove(output)
    }

    /// What is kept for an output.
    #[must_use]
    pub fn of(&self, output: &str) -> Option<&Trip> {
        self.0.get(output)
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
