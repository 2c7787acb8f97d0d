//! What is known now: one reading per point, with its age and quality.
//!
//! A *point* is one quantity of one device or probe (`mppt.pv_power`), an alias
//! for one (`soc`), and nothing else. The snapshot never substitutes, averages
//! or guesses: it answers [`View::Known`] with a fresh value or
//! [`View::Unknown`] with the reason. It reads no clock; ages are computed from
//! the `now` it is handed.

mod rate;
mod reason;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rate::Trust;
pub use rate::{FRAMES_AFTER_JUMP, Rates};
pub use reason::Reason;

use crate::clock::Now;
use crate::units::{Unit, Value};
use crate::vedirect::Measurement;
use crate::vedirect::state::Meaning;

/// The most points a snapshot holds. Five devices with their whole register
/// catalogue are about 700; a babbling port must not grow it without end.
pub const POINTS_MAX: usize = 2048;

/// How many frames must arrive after a silence before a value is believed:
/// an 8-bit checksum lets one damaged frame in 256 through.
const FRAMES_TO_TRUST: u8 = 2;

/// A point's place in the snapshot; stable while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PointId(u16);

impl PointId {
    /// Dense index, for tables beside the snapshot.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is declared about a point before any reading arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Full name, `device.quantity`.
    pub name: String,
    /// Unit of its numbers.
    pub unit: Unit,
    /// Names of its numbers, if any.
    pub meaning: Meaning,
    /// Older than this it is stale.
    pub max_age: Duration,
    /// Inclusive; a reading outside is suspect, not a value.
    pub valid: Option<(f64, f64)>,
}

/// How far a reading can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Fresh, in range, confirmed by a second frame.
    Good,
    /// Out of its valid range, or the first frame after a silence.
    Suspect,
    /// Too old.
    Stale,
    /// The device says it has no such value, or never sent one.
    NotAvailable,
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "good",
            Self::Suspect => "suspect",
            Self::Stale => "stale",
            Self::NotAvailable => "not available",
        })
    }
}

/// A point as a decision sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum View<'a> {
    /// A good value and the time since its last frame.
    Known {
        /// The value.
        value: &'a Value,
        /// Time since the last valid frame that carried it.
        age: Duration,
    },
    /// No value to decide on.
    Unknown(Reason),
}

/// One reading as it was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// `None`: the device says *not available*.
    pub value: Option<Value>,
    /// When its frame was accepted.
    pub at: Now,
    /// How far its frames can be trusted.
    trust: Trust,
}

#[derive(Clone, Debug)]
struct Slot {
    point: Point,
    reading: Option<Reading>,
    /// It cannot change by more than this in a second.
    max_rate: Option<f64>,
}

/// All points and their latest readings.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    slots: Vec<Slot>,
    /// By device and quantity, so that a frame finds its points without writing
    /// their names together.
    by_name: BTreeMap<Box<str>, BTreeMap<Box<str>, PointId>>,
    rates: Rates,
}

impl Snapshot {
    /// An empty snapshot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a point, or returns the id it already has; `None` when full.
    pub fn declare(&mut self, point: Point) -> Option<PointId> {
        if let Some(id) = self.find(&point.name) {
            return Some(id);
        }
        if self.slots.len() >= POINTS_MAX {
            return None;
        }
        let id = PointId(u16::try_from(self.slots.len()).ok()?);
        let (device, quantity) = parts(&point.name);
        self.by_name.entry(device.into()).or_default().insert(quantity.into(), id);
        let max_rate = self.rates.of(&point.name, point.unit);
        self.slots.push(Slot { point, reading: None, max_rate });
        Some(id)
    }

    /// Limits how fast values may change: what is faster is suspect.
    pub fn limit_rates(&mut self, rates: Rates) {
        for slot in &mut self.slots {
            slot.max_rate = rates.of(&slot.point.name, slot.point.unit);
        }
        self.rates = rates;
    }

    /// Finds a point by its full name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PointId> {
        let (device, quantity) = parts(name);
        self.of_device(device, quantity)
    }

    fn of_device(&self, device: &str, quantity: &str) -> Option<PointId> {
        self.by_name.get(device)?.get(quantity).copied()
    }

    /// What was declared about a point.
    #[must_use]
    pub fn point(&self, id: PointId) -> &Point {
        &self.slots[id.index()].point
    }

    /// The latest reading, whatever its age.
    #[must_use]
    pub fn reading(&self, id: PointId) -> Option<&Reading> {
        self.slots[id.index()].reading.as_ref()
    }

    /// All points in order of declaration.
    pub fn points(&self) -> impl Iterator<Item = (PointId, &Point)> {
        // Indices fit: `declare` refuses more than POINTS_MAX.
        self.slots.iter().enumerate().map(|(index, slot)| (PointId(index as u16), &slot.point))
    }

    /// Takes what a valid frame of `device` said, declaring the point if it is new.
    /// Returns the point's id, or `None` when the snapshot is full.
    pub fn accept(
        &mut self,
        now: Now,
        device: &str,
        measurement: &Measurement,
        max_age: Duration,
    ) -> Option<PointId> {
        let id = match self.of_device(device, &measurement.name) {
            Some(id) => id,
            None => self.declare(Point {
                name: format!("{device}.{}", measurement.name),
                unit: measurement.unit,
                meaning: measurement.meaning,
                max_age,
                valid: None,
            })?,
        };
        self.set(now, id, measurement.value.clone());
        Some(id)
    }

    /// Stores a reading of a declared point.
    pub fn set(&mut self, now: Now, id: PointId, value: Option<Value>) {
        let Slot { point, reading, max_rate } = &mut self.slots[id.index()];
        // A range is a judgement of its own: what lies outside is no level to jump from.
        let number = value.as_ref().and_then(Value::as_number).filter(|number| {
            point.valid.is_none_or(|(low, high)| low <= *number && *number <= high)
        });
        let reading = reading.get_or_insert(Reading { value: None, at: now, trust: Trust::NONE });
        let continued = reading.value.is_some()
            && value.is_some()
            && now.monotonic.saturating_sub(reading.at.monotonic) <= point.max_age;
        if !continued {
            reading.trust = Trust::NONE;
        }
        if value.is_some() {
            reading.trust.follow(now.monotonic, number, *max_rate);
        }
        reading.at = now;
        // Where a number follows a number, nothing is taken apart.
        match (&mut reading.value, value) {
            (Some(Value::Number(old)), Some(Value::Number(new))) => *old = new,
            (old, new) => *old = new,
        }
    }

    /// Forgets every reading of a device whose port was lost or that restarted:
    /// the next frame counts as the first.
    pub fn forget_device(&mut self, device: &str) {
        for slot in &mut self.slots {
            let of_device = slot.point.name.strip_prefix(device);
            if of_device.is_some_and(|rest| rest.starts_with('.'))
                && let Some(reading) = &mut slot.reading
            {
                reading.trust = Trust::NONE;
            }
        }
    }

    /// The value to decide on, or why there is none.
    #[must_use]
    pub fn view(&self, now: Now, id: PointId) -> View<'_> {
        let slot = &self.slots[id.index()];
        match self.check(now, slot, slot.point.max_age) {
            Ok((value, age)) => View::Known { value, age },
            Err(reason) => View::Unknown(reason),
        }
    }

    /// The number to decide on and its age, with the caller's own limit on age.
    ///
    /// # Errors
    /// Says why there is none.
    pub fn number(
        &self,
        now: Now,
        id: PointId,
        max_age: Duration,
    ) -> Result<(f64, Duration), Reason> {
        let (value, age) = self.check(now, &self.slots[id.index()], max_age)?;
        value.as_number().map(|number| (number, age)).ok_or(Reason::NotANumber)
    }

    /// The number to decide on, without a word about why there is none: what rules
    /// ask for in every step.
    #[must_use]
    #[inline]
    pub fn good_number(&self, now: Duration, id: PointId, max_age: Duration) -> Option<f64> {
        let slot = &self.slots[id.index()];
        let reading = slot.reading.as_ref()?;
        let Some(Value::Number(number)) = reading.value else {
            return None;
        };
        let fresh = now.saturating_sub(reading.at.monotonic) <= max_age;
        let valid = slot.point.valid.is_none_or(|(low, high)| low <= number && number <= high);
        (fresh && valid && reading.trust.is_enough()).then_some(number)
    }

    /// The quality a person is shown.
    #[must_use]
    pub fn quality(&self, now: Now, id: PointId) -> Quality {
        match self.view(now, id) {
            View::Known { .. } => Quality::Good,
            View::Unknown(Reason::Stale { .. }) => Quality::Stale,
            View::Unknown(
                Reason::OutOfRange { .. } | Reason::FirstFrame | Reason::TooFast { .. },
            ) => Quality::Suspect,
            View::Unknown(Reason::NeverSeen | Reason::NotAvailable | Reason::NotANumber) => {
                Quality::NotAvailable
            }
        }
    }

    fn check<'a>(
        &self,
        now: Now,
        slot: &'a Slot,
        max_age: Duration,
    ) -> Result<(&'a Value, Duration), Reason> {
        let reading = slot.reading.as_ref().ok_or(Reason::NeverSeen)?;
        let age = now.monotonic.saturating_sub(reading.at.monotonic);
        if age > max_age {
            return Err(Reason::Stale { age });
        }
        let value = reading.value.as_ref().ok_or(Reason::NotAvailable)?;
        if let (Some(number), Some((low, high))) = (value.as_number(), slot.point.valid)
            && !(low <= number && number <= high)
        {
            return Err(Reason::OutOfRange { value: number });
        }
        if !reading.trust.is_enough() {
            let jump = reading.trust.jump;
            return Err(jump.map_or(Reason::FirstFrame, |rate| Reason::TooFast { rate }));
        }
        Ok((value, age))
    }
}

/// Device and quantity of a point's name; a name without a device is all quantity.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or(("", name))
}

#[cfg(test)]
mod tests;
