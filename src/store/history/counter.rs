//! Power over time is energy, current over time is charge.
//!
//! Each reading counts until the next one, but no longer than a gap that may be
//! bridged: what nobody measured is not counted. Positive and negative amounts
//! are kept apart, so that a battery's monitor tells what went in and what came
//! out. Pure.

use std::collections::BTreeMap;

use super::run::{Base, Clock, Run};

/// A reading counts at most this long: slow HEX polls come every 30 s.
const BRIDGED_MS: i64 = 60_000;

/// Milliseconds of an hour.
const HOUR: f64 = 3_600_000.0;

/// Wh or Ah by the start of the day and point: positive and negative, both as
/// positive numbers.
pub type Counts = BTreeMap<(i64, u16), (f64, f64)>;

/// The last reading of each point, from one run to the next.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    last: BTreeMap<u16, (i64, f64)>,
}

impl Meter {
    /// Counts one run; `counted` says which points are powers or currents.
    pub fn count(
        &mut self,
        run: &Run,
        counted: impl Fn(u16) -> bool,
        day_of: impl Fn(i64) -> i64,
    ) -> Counts {
        let mut counts = Counts::new();
        if run.base.clock == Clock::NotSet {
            return counts;
        }
        let Base { mono_ms, wall_ms, .. } = run.base;
        for stream in &run.block.streams {
            for (point, column) in stream.points.iter().zip(&stream.columns) {
                if !counted(*point) {
                    continue;
                }
                let mut last = self.last.get(point).copied();
                // Days are looked up once a minute, not for every reading.
                let mut day = (i64::MIN, 0);
                column.believed(|place, number| {
                    let ms = stream.times.get(place).copied().unwrap_or_default();
                    if let Some((before, amount)) = last {
                        let span = (mono_ms + ms).saturating_sub(before);
                        if (1..=BRIDGED_MS).contains(&span) {
                            let minute = (wall_ms + ms).div_euclid(BRIDGED_MS);
                            if day.0 != minute {
                                day = (minute, day_of(wall_ms + ms));
                            }
                            let count = counts.entry((day.1, *point)).or_insert((0.0, 0.0));
                            let amount = amount * span as f64 / HOUR;
                            count.0 += amount.max(0.0);
                            count.1 += (-amount).max(0.0);
                        }
                    }
                    last = Some((mono_ms + ms, number));
                });
                if let Some(last) = last {
                    self.last.insert(*point, last);
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Quality;
    use crate::store::history::block::{Block, Reading};
    use crate::units::Value;

    /// Wh of one point's readings at seconds.
    fn counted(readings: &[(i64, f64)], cut: usize) -> (f64, f64) {
        let run = |readings: &[(i64, f64)]| {
            let mut block = Block::default();
            for (second, number) in readings {
                let value = Value::number(*number);
                let reading = Reading { point: 7, value: value.as_ref(), quality: Quality::Good };
                block.push(second * 1000, &[reading]);
            }
            Run { base: Base { mono_ms: 0, wall_ms: 0, clock: Clock::Set }, block }
        };
        let mut meter = Meter::default();
        let mut sum = (0.0, 0.0);
        for part in [&readings[..cut], &readings[cut..]] {
            for (positive, negative) in meter.count(&run(part), |_| true, |_| 0).values() {
                sum = (sum.0 + positive, sum.1 + negative);
            }
        }
        sum
    }

    #[test]
    fn an_hour_of_60_watts_is_60_watt_hours_wherever_it_is_cut() {
        let hour: Vec<_> = (0..=3600).map(|second| (second, 60.0)).collect();
        for cut in [0, 1, 1800, 3601] {
            let (positive, negative) = counted(&hour, cut);
            assert!((positive - 60.0).abs() < 1e-9, "{positive}");
            assert_eq!(negative, 0.0);
        }
    }

    #[test]
    fn what_goes_out_is_kept_apart() {
        let (positive, negative) = counted(&[(0, 36.0), (10, -72.0), (20, 0.0)], 0);
        assert!((positive - 0.1).abs() < 1e-9 && (negative - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_gap_is_not_counted() {
        assert_eq!(counted(&[(0, 1000.0), (3600, 1000.0)], 0), (0.0, 0.0));
    }
}
