//! Readings → least, mean, greatest, last and count of a span of time.
//!
//! Pure arithmetic on blocks. Values that were out of their valid range are
//! left out, texts and gaps are no numbers. Two parts of one span are joined by
//! [`Sum::join`], so it does not matter where a block happened to end.

use std::collections::BTreeMap;

use super::block::Block;
use super::column::Column;

/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds of a quarter of an hour.
pub const QUARTER: i64 = 15 * MINUTE;

/// What became of the numbers of one span.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The sum, for the mean.
    pub total: f64,
    /// How many.
    pub count: u32,
    /// When the first one came, in milliseconds.
    pub first_ms: i64,
    /// When the last one came, in milliseconds.
    pub last_ms: i64,
    /// The last one.
    pub last: f64,
}

impl Sum {
    /// Of one number.
    #[must_use]
    pub const fn one(ms: i64, number: f64) -> Self {
        Self {
            min: number,
            max: number,
            total: number,
            count: 1,
            first_ms: ms,
            last_ms: ms,
            last: number,
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.total / f64::from(self.count)
    }

    /// Takes one more number in.
    #[inline]
    pub fn add(&mut self, ms: i64, number: f64) {
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        self.total += number;
        self.count = self.count.saturating_add(1);
        self.first_ms = self.first_ms.min(ms);
        if ms >= self.last_ms {
            (self.last_ms, self.last) = (ms, number);
        }
    }

    /// Takes another part of the same span in.
    pub fn join(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.total += other.total;
        self.count = self.count.saturating_add(other.count);
        self.first_ms = self.first_ms.min(other.first_ms);
        if other.last_ms >= self.last_ms {
            (self.last_ms, self.last) = (other.last_ms, other.last);
        }
    }
}

/// Sums by the start of their span and point.
pub type Sums = BTreeMap<(i64, u16), Sum>;

/// Sums up one column in spans of `step` milliseconds of the wall clock.
///
/// `offset` brings the times of the column to the wall clock.
pub fn sum_up(
    times: &[i64],
    column: &Column,
    offset: i64,
    step: i64,
    mut each: impl FnMut(i64, Sum),
) {
    let mut open: Option<(i64, Sum)> = None;
    column.believed(|place, number| {
        let Some(ms) = times.get(place).map(|ms| ms.wrapping_add(offset)) else {
            return;
        };
        match &mut open {
            Some((start, sum)) if (0..step).contains(&ms.wrapping_sub(*start)) => {
                sum.add(ms, number)
            }
            _ => {
                let next = (ms.div_euclid(step) * step, Sum::one(ms, number));
                if let Some((start, sum)) = open.replace(next) {
                    each(start, sum);
                }
            }
        }
    });
    if let Some((start, sum)) = open {
        each(start, sum);
    }
}

/// Sums up all points of a block.
#[must_use]
pub fn of_block(block: &Block, offset: i64, step: i64) -> Sums {
    let mut sums = Sums::new();
    for stream in &block.streams {
        for (point, column) in stream.points.iter().zip(&stream.columns) {
            sum_up(&stream.times, column, offset, step, |start, sum| {
                join(&mut sums, (start, *point), &sum)
            });
        }
    }
    sums
}

/// Joins a sum to the others of its span and point.
pub fn join<K: Ord>(sums: &mut BTreeMap<K, Sum>, key: K, sum: &Sum) {
    sums.entry(key).and_modify(|known| known.join(sum)).or_insert(*sum);
}

/// Joins spans to longer ones: minutes to quarters, quarters to days.
#[must_use]
pub fn coarser(sums: &Sums, start_of: impl Fn(i64) -> i64) -> Sums {
    let mut longer = Sums::new();
    for ((start, point), sum) in sums {
        join(&mut longer, (start_of(*start), *point), sum);
    }
    longer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Quality;
    use crate::store::history::block::Reading;
    use crate::units::Value;

    /// Sums of one point's readings at seconds, in minutes.
    fn minutes(readings: &[(i64, f64)]) -> Sums {
        let mut block = Block::default();
        for (second, number) in readings {
            let value = Value::number(*number);
            let reading = Reading { point: 1, value: value.as_ref(), quality: Quality::Good };
            block.push(second * 1000, &[reading]);
        }
        of_block(&block, 0, MINUTE)
    }

    #[test]
    fn a_minute_has_its_least_mean_greatest_and_last() {
        let sums = minutes(&[(0, 3.0), (20, 1.0), (59, 2.0), (60, 9.0)]);
        let first = &sums[&(0, 1)];
        assert_eq!((first.min, first.mean(), first.max, first.last), (1.0, 2.0, 3.0, 2.0));
        assert_eq!((first.count, sums[&(MINUTE, 1)].count), (3, 1));
    }

    #[test]
    fn two_parts_of_a_minute_are_the_minute() {
        let all = [(0, 3.0), (20, 1.0), (40, -7.0), (59, 2.0)];
        let mut parts = minutes(&all[..2]);
        for (key, sum) in minutes(&all[2..]) {
            join(&mut parts, key, &sum);
        }
        assert_eq!(parts, minutes(&all));
    }

    #[test]
    fn times_before_1970_have_spans_too() {
        assert_eq!(minutes(&[(-30, 1.0)]).keys().next(), Some(&(-MINUTE, 1)));
    }

    #[test]
    fn quarters_are_made_of_minutes() {
        let sums = minutes(&[(0, 1.0), (870, 5.0), (900, 2.0)]);
        let quarters = coarser(&sums, |start| start.div_euclid(QUARTER) * QUARTER);
        assert_eq!(quarters.len(), 2);
        assert_eq!(quarters[&(0, 1)].max, 5.0);
    }
}
