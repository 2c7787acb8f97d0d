//! An axis of values: round numbers around what is shown.

/// Steps that people count in, for one decade.
const ROUND: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

/// A range of values with a label at every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// The value at the bottom.
    pub low: f64,
    /// The value at the top.
    pub high: f64,
    /// From label to label.
    pub step: f64,
    /// How many steps.
    pub intervals: u32,
}

impl Axis {
    /// An axis with so many steps, at least as wide as the values.
    #[must_use]
    pub fn with(extent: (f64, f64), unit: &str, intervals: u32) -> Self {
        let (low, high) = widened(extent, unit);
        // Two at least: zero may be in the middle.
        let intervals = intervals.max(2);
        let count = f64::from(intervals);
        let rough = (high - low) / count;
        let decade = 10f64.powf(rough.log10().floor());
        let decades = [decade, decade * 10.0, decade * 100.0];
        let mut steps = decades.iter().flat_map(|decade| ROUND.map(|round| round * decade));
        let fits = |step: &f64| (low / step).floor() * step + step * count >= high - step * 1e-9;
        // Twice the room is always enough.
        let step = steps.find(fits).unwrap_or(decade * 1000.0);
        let low = (low / step).floor() * step;
        Self { low, high: low + step * count, step, intervals }
    }

    /// An axis with a place for each of so many words, and room around them.
    #[must_use]
    pub fn of_words(count: usize) -> Self {
        // A state has a handful of words.
        let intervals = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        Self { low: -1.0, high: f64::from(intervals) - 1.0, step: 1.0, intervals }
    }

    /// The axis with the least room to spare.
    #[must_use]
    pub fn best(extent: (f64, f64), unit: &str) -> Self {
        let all = [4, 5, 3, 6].map(|intervals| Self::with(extent, unit, intervals));
        let better = |best: Self, next: Self| {
            if next.spare(extent) < best.spare(extent) * 0.95 { next } else { best }
        };
        all.into_iter().reduce(better).unwrap_or(all[0])
    }

    /// How many times as wide as the values it is.
    #[must_use]
    pub fn spare(&self, (low, high): (f64, f64)) -> f64 {
        (self.high - self.low) / (high - low).max(self.step * 1e-6)
    }

    /// Labels from bottom to top.
    pub fn labels(&self) -> impl Iterator<Item = (f64, String)> {
        let (low, step, places) = (self.low, self.step, self.places());
        (0..=self.intervals).map(move |n| {
            let value = low + step * f64::from(n);
            let text = format!("{:.*}", places, value);
            let zero = text.trim_start_matches('-').trim_matches(['0', '.']).is_empty();
            (
                value,
                if zero {
                    text.trim_start_matches('-').to_owned()
                } else {
                    text.replace('-', "−")
                },
            )
        })
    }

    /// Decimal places that the step needs.
    fn places(&self) -> usize {
        let needed = |places: &usize| {
            let scaled = self.step * 10f64.powi(i32::try_from(*places).unwrap_or(0));
            (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0)
        };
        (0..6).find(needed).unwrap_or(6)
    }
}

/// Values that do not differ need room all the same; zero belongs to what is
/// counted from it, and no share is below 0 % or above 100 %.
fn widened(given: (f64, f64), unit: &str) -> (f64, f64) {
    let from_zero = matches!(unit, "W" | "VA" | "%" | "kWh" | "Wh" | "Ah");
    let (mut low, mut high) = given;
    if from_zero && low > 0.0 && low < 0.4 * high {
        low = 0.0;
    }
    if high - low < 1e-9 * high.abs().max(1.0) {
        let room = (high.abs() * 0.05).max(0.5);
        (low, high) = (low - room, high + room);
    }
    if unit == "%" && given.0 >= 0.0 && given.1 <= 100.0 {
        (low, high) = (low.max(0.0), high.min(100.0));
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(extent: (f64, f64), unit: &str, expected: &[&str]) {
        let labels: Vec<String> = Axis::best(extent, unit).labels().map(|label| label.1).collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn labels_are_round_and_around_the_values() {
        check((3.0, 97.0), "%", &["0", "25", "50", "75", "100"]);
        check((12.03, 14.21), "V", &["12.0", "12.5", "13.0", "13.5", "14.0", "14.5"]);
        check((-17.0, 4.0), "°C", &["−20", "−15", "−10", "−5", "0", "5"]);
        check((2.0, 151.0), "W", &["0", "50", "100", "150", "200"]);
        check((0.001, 0.0042), "A", &["0.001", "0.002", "0.003", "0.004", "0.005"]);
    }

    #[test]
    fn one_value_has_room_around_it() {
        check((0.0, 0.0), "A", &["−0.5", "0.0", "0.5", "1.0"]);
        check((100.0, 100.0), "%", &["94", "96", "98", "100"]);
    }

    #[test]
    fn every_axis_holds_its_values() {
        for exponent in -6..9 {
            for (low, high) in [(1.0, 1.0), (1.0, 9.99), (-3.3, 0.1), (0.0, 7.0), (99.0, 101.0)] {
                let scale = 10f64.powi(exponent);
                let extent = (low * scale, high * scale);
                for intervals in 1..8 {
                    let axis = Axis::with(extent, "V", intervals);
                    let room = axis.step * 1e-6;
                    assert!(
                        axis.low <= extent.0 + room && extent.1 <= axis.high + room,
                        "{axis:?} {extent:?}"
                    );
                }
            }
        }
    }
}
