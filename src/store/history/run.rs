//! Readings on one straight piece of the wall clock.
//!
//! While the clock is neither set nor slewed far, one base tells the wall time
//! of every reading. A clock that is set begins a new run; what came before it
//! in the same process can then be given its right place. Pure.

use crate::clock::Now;
use crate::snapshot::Quality;
use crate::units::Value;

use super::super::Sample;
use super::super::journal::millis;
use super::block::{Block, Reading};

/// The wall clock may drift this far from a run's base: an hour of slewing by
/// 28 parts in a million stays below, a set clock does not.
const SLEW_TOLERANCE_MS: i64 = 100;

/// How the wall times of a run came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The wall clock was not set, and nobody knows when it really was.
    NotSet,
    /// The wall clock was right.
    Set,
    /// The wall clock was set later, and the run was moved to its place.
    SetLater,
}

impl Clock {
    /// As it stands in the tables.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::NotSet => 0,
            Self::Set => 1,
            Self::SetLater => 2,
        }
    }

    /// From the tables; what is damaged was not set.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Set,
            2 => Self::SetLater,
            _ => Self::NotSet,
        }
    }
}

/// Where a run begins on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// On the monotonic clock, in milliseconds.
    pub mono_ms: i64,
    /// On the wall clock, in milliseconds.
    pub wall_ms: i64,
    /// Whether that is to be believed.
    pub clock: Clock,
}

impl Base {
    fn of(at: &Now) -> Self {
        let clock = if at.wall_trusted { Clock::Set } else { Clock::NotSet };
        Self { mono_ms: millis(at.monotonic), wall_ms: at.wall.as_millisecond(), clock }
    }

    /// What is added to a monotonic time for the wall time.
    #[must_use]
    pub const fn offset(&self) -> i64 {
        self.wall_ms.saturating_sub(self.mono_ms)
    }

    fn holds(&self, other: &Self) -> bool {
        self.clock == other.clock && (self.offset() - other.offset()).abs() <= SLEW_TOLERANCE_MS
    }
}

/// Readings with their base.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where its times count from.
    pub base: Base,
    /// The readings.
    pub block: Block,
}

/// Appends samples to the runs that there are; `number` names points. Returns how
/// many found no room.
pub fn append(
    runs: &mut Vec<Run>,
    samples: &[Sample],
    mut number: impl FnMut(&Sample) -> Option<u16>,
) -> usize {
    let mut lost = 0;
    for frame in frames(samples) {
        let Some(first) = frame.first() else { continue };
        let at = Base::of(&first.at);
        let mut readings = Vec::with_capacity(frame.len());
        for sample in frame {
            match number(sample) {
                Some(point) => readings.push(Reading {
                    point,
                    value: sample.value.as_ref(),
                    quality: sample.quality,
                }),
                None => lost += 1,
            }
        }
        if readings.is_empty() {
            continue;
        }
        if !runs.last().is_some_and(|run| run.base.holds(&at)) {
            runs.push(Run { base: at, block: Block::default() });
        }
        if let Some(run) = runs.last_mut() {
            lost += run.block.push(at.mono_ms - run.base.mono_ms, &readings);
        }
    }
    lost
}

/// Appends what was read back to the runs that there are, in its order.
pub fn append_block(runs: &mut Vec<Run>, base: Base, block: &Block) {
    if !runs.last().is_some_and(|run| run.base.holds(&base)) {
        runs.push(Run { base, block: Block::default() });
    }
    let Some(run) = runs.last_mut() else { return };
    let shift = base.mono_ms - run.base.mono_ms;
    let mut frame: Vec<(i64, u16, Option<Value>, Quality)> = Vec::new();
    let mut flush = |frame: &mut Vec<(i64, u16, Option<Value>, Quality)>| {
        let readings: Vec<Reading<'_>> = frame
            .iter()
            .map(|(_, point, value, quality)| Reading {
                point: *point,
                value: value.as_ref(),
                quality: *quality,
            })
            .collect();
        if let Some((ms, ..)) = frame.first() {
            run.block.push(ms + shift, &readings);
        }
        frame.clear();
    };
    let mut last = None;
    block.replay_frames(|order, ms, point, value, quality| {
        if last.replace(order) != Some(order) {
            flush(&mut frame);
        }
        frame.push((ms, point, value, quality));
        true
    });
    flush(&mut frame);
}

/// Samples of one instant and device, with no point twice.
fn frames(samples: &[Sample]) -> Vec<&[Sample]> {
    let mut frames = Vec::new();
    let mut start = 0;
    for next in 1..=samples.len() {
        let ends = match samples.get(next) {
            None => true,
            Some(sample) => {
                let frame = &samples[start..next];
                frame[0].at != sample.at
                    || device(frame[0].point.as_ref()) != device(sample.point.as_ref())
                    || frame.iter().any(|other| other.point == sample.point)
            }
        };
        if ends {
            frames.push(&samples[start..next]);
            start = next;
        }
    }
    frames
}

fn device(point: &str) -> &str {
    point.split('.').next().unwrap_or(point)
}

/// Gives runs from before the clock was set their place, once it is known.
pub fn place(runs: &mut [Run]) {
    let Some(offset) = offset(runs) else { return };
    for run in runs.iter_mut().filter(|run| run.base.clock == Clock::NotSet) {
        run.base.wall_ms = run.base.mono_ms.saturating_add(offset);
        run.base.clock = Clock::SetLater;
    }
}

/// What brings monotonic times of this process to the wall clock, if that was ever set.
pub fn offset(runs: &[Run]) -> Option<i64> {
    runs.iter().find(|run| run.base.clock == Clock::Set).map(|run| run.base.offset())
}
