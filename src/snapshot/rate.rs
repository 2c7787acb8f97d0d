//! Whether a value can have changed as fast as it seems.
//!
//! A probe whose wire breaks, or a frame that a checksum let through, jumps; a
//! battery's temperature does not. One wild value is passed over. A new level that
//! stays is believed after some frames: it was real after all, as when a probe is
//! moved.

use std::collections::BTreeMap;
use std::time::Duration;

use super::FRAMES_TO_TRUST;
use crate::units::Unit;

/// Frames that a new level must last to be believed.
pub const FRAMES_AFTER_JUMP: u8 = 6;

/// No temperature of a battery, an enclosure or a charger changes faster, in °C a second.
const CELSIUS: f64 = 5.0;

/// Frames come about once a second: two in the same moment are no proof of a jump.
const SHORTEST: Duration = Duration::from_secs(1);

/// How fast the values of points may change, in their unit a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rates {
    /// By name of point; `None`: as fast as it likes.
    pub named: BTreeMap<String, Option<f64>>,
    /// Whether temperatures have a limit without being named. A state of charge has
    /// none: a monitor that synchronises sets it anew, and that is no fault.
    pub by_unit: bool,
}

impl Rates {
    pub(super) fn of(&self, name: &str, unit: Unit) -> Option<f64> {
        match (self.named.get(name), unit) {
            (Some(named), _) => *named,
            (None, Unit::Celsius) if self.by_unit => Some(CELSIUS),
            _ => None,
        }
    }
}

/// How far a point's frames can be trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trust {
    /// Frames accepted since it was last stale or jumped, saturating.
    frames: u8,
    /// How many it takes.
    needs: u8,
    /// How fast it jumped, if it did.
    pub jump: Option<f64>,
    /// The last value that was believed, and when it arrived.
    believed: Option<(f64, Duration)>,
}

impl Trust {
    /// Nothing is trusted yet.
    pub const NONE: Self = Self { frames: 0, needs: FRAMES_TO_TRUST, jump: None, believed: None };

    #[inline]
    pub const fn is_enough(&self) -> bool {
        self.frames >= self.needs
    }

    /// One more frame that follows the last one in time.
    #[inline]
    pub fn follow(&mut self, now: Duration, number: Option<f64>, max_rate: Option<f64>) {
        self.frames = self.frames.saturating_add(1);
        if let (Some(number), Some(limit)) = (number, max_rate) {
            self.judge(now, number, limit);
        }
    }

    fn judge(&mut self, now: Duration, number: f64, limit: f64) {
        if let Some((before, at)) = self.believed {
            let rate = (number - before).abs() / now.saturating_sub(at).max(SHORTEST).as_secs_f64();
            // Written so that what is no number is too fast.
            if rate <= limit {
                (self.needs, self.jump) = (FRAMES_TO_TRUST, None);
                self.frames = self.frames.max(FRAMES_TO_TRUST);
            } else if self.jump.is_none() {
                (self.frames, self.needs, self.jump) = (1, FRAMES_AFTER_JUMP, Some(rate));
            }
        }
        if self.is_enough() {
            (self.jump, self.needs) = (None, FRAMES_TO_TRUST);
            self.believed = Some((number, now));
        }
    }
}
