//! Where a line is interrupted.
//!
//! Values further apart than they usually are have a gap between them. What is
//! usual is taken from the line itself: a register that is asked every five
//! minutes is not broken in sums of one minute.

use super::{Dot, Line};

/// Values that come up to this many times as slowly as usual are still one line.
const SLOWER: f64 = 3.5;

/// The parts of a line without gaps, oldest first.
#[must_use]
pub fn runs(line: &Line) -> Vec<&[Dot]> {
    let gap = gap_ms(line);
    line.dots.chunk_by(|a, b| b.at - a.at <= gap).collect()
}

fn gap_ms(line: &Line) -> i64 {
    let mut apart: Vec<i64> = line.dots.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    apart.sort_unstable();
    let usual = apart.get(apart.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    // Daily spans may be an hour longer or shorter than a day.
    let next = line.step_ms + line.step_ms / 2;
    // Milliseconds of years: far within an f64.
    let slow = if usual > line.step_ms { (usual as f64 * SLOWER) as i64 } else { 0 };
    let full_rate = if line.step_ms <= 1000 { 10_000 } else { 0 };
    next.max(slow).max(full_rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(step_s: i64, at_s: &[i64], expected: &[usize]) {
        let dot = |at: &i64| Dot { at: at * 1000, min: 0.0, value: 0.0, max: 0.0 };
        let dots = at_s.iter().map(dot).collect();
        let line = Line {
            name: String::new(),
            unit: String::new(),
            step_ms: step_s * 1000,
            steps: false,
            names: Vec::new(),
            dots,
        };
        let found: Vec<usize> = runs(&line).iter().map(|run| run.len()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_missing_span_is_a_gap() {
        check(60, &[0, 60, 120, 240, 300], &[3, 2]);
        check(900, &[0, 900, 1800, 90_000], &[3, 1]);
        check(60, &[], &[]);
    }

    #[test]
    fn slow_points_are_not_broken_in_fine_spans() {
        check(60, &[0, 300, 600, 1200, 1500, 9000], &[5, 1]);
        check(1, &[0, 1, 2, 4, 6, 30], &[5, 1]);
    }
}
