//! What an input did lately: average, extremes and slope over a length of time.
//!
//! A window is a ring of buckets of fixed number, whatever its length, so its
//! memory is bounded and a step costs the same for ten minutes and a week. Each
//! value counts for the time it stood. Time without a good value is not covered,
//! and a window that is not covered well enough answers nothing.
//!
//! It is stored whole (about 2 KB of JSON) and goes on where it was. After a
//! restart its times mean nothing any more; [`Window::after`] brings them into the
//! present once somebody can say how long the sleep was.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How finely a window slides: a sixtieth of its length is dropped at once.
const BUCKETS: usize = 60;

/// Times are counted from so long before the start of the machine: what happened
/// before it, within the longest window, must not lie before zero.
const EPOCH: Duration = Duration::from_secs(62 * 86_400);

/// How much of a window must have had good values. Less would let an hour's
/// average be made of the last minutes; more would let one lost cable blind a
/// whole day.
pub const COVERED: f64 = 0.8;

/// What a window is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The average over the time that is covered.
    Average,
    /// The lowest value.
    Least,
    /// The highest value.
    Most,
    /// The change per hour, from its oldest bucket to its newest.
    Rate,
}

/// What a window watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Pane {
    /// Index into the rule set's inputs.
    pub input: usize,
    /// The input's name, which stays the same when rules are loaded again.
    pub name: String,
    /// Its length.
    pub span: Duration,
    /// A value that nobody renewed counts no longer than this.
    pub max_age: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, f64, f64, f64)", into = "(f64, f64, f64, f64)")]
struct Bucket {
    /// Seconds with a value.
    covered: f64,
    /// Value times seconds.
    sum: f64,
    least: f64,
    most: f64,
}

impl Bucket {
    fn add(&mut self, value: f64, seconds: f64) {
        // A sum beyond all numbers could not be stored.
        let sum = (value * seconds).clamp(f64::MIN, f64::MAX);
        let one = Self { covered: seconds, sum, least: value, most: value };
        self.join(&one);
    }

    /// Leaves out digits that mean nothing: a full bucket is stored many times.
    fn close(&mut self) {
        self.covered = (self.covered * 1e3).round() / 1e3;
        let sum = (self.sum * 1e6).round() / 1e6;
        self.sum = if sum.is_finite() { sum } else { self.sum };
    }

    fn join(&mut self, other: &Self) {
        if other.covered <= 0.0 {
            return;
        }
        if self.covered <= 0.0 {
            *self = *other;
            return;
        }
        self.covered += other.covered;
        self.sum = (self.sum + other.sum).clamp(f64::MIN, f64::MAX);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }
}

impl From<Bucket> for (f64, f64, f64, f64) {
    fn from(Bucket { covered, sum, least, most }: Bucket) -> Self {
        (covered, sum, least, most)
    }
}

impl From<(f64, f64, f64, f64)> for Bucket {
    fn from((covered, sum, least, most): (f64, f64, f64, f64)) -> Self {
        Self { covered, sum, least, most }
    }
}

/// The recent past of one input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Window {
    pane: Pane,
    buckets: Vec<Bucket>,
    /// The bucket that is being filled.
    at: usize,
    /// When it began.
    start: Duration,
    /// The value that stands, and since when it has been counted.
    last: Option<(Duration, f64)>,
    /// All buckets but the current one, joined.
    closed: Bucket,
}

impl Window {
    /// An empty window.
    #[must_use]
    pub fn new(pane: Pane) -> Self {
        let buckets = vec![Bucket::default(); BUCKETS];
        let (start, closed) = (Duration::ZERO, Bucket::default());
        Self { pane, buckets, at: 0, start, last: None, closed }
    }

    /// The window in a run that began after a sleep: what happened at `then` on its
    /// clock lies `ago` before `now`. What this run has seen by itself stays.
    #[must_use]
    pub fn after(mut self, then: Duration, ago: Duration, now: Duration, seen: &Self) -> Self {
        let (then, now) = (then + EPOCH, now + EPOCH);
        let age = then.saturating_sub(self.start) + ago;
        if age >= self.pane.span {
            return seen.clone();
        }
        self.start = now.saturating_sub(age);
        for step in 1..=BUCKETS {
            let bucket = &seen.buckets[(seen.at + step) % BUCKETS];
            let age = seen.width() * (BUCKETS - step) as u32;
            if bucket.covered > 0.0 {
                self.slide(seen.start.saturating_sub(age));
                self.buckets[self.at].join(bucket);
            }
        }
        self.slide(now);
        Self { pane: seen.pane.clone(), last: seen.last, ..self }
    }

    /// Whether it watches the same as a pane, perhaps of another rule set.
    #[must_use]
    pub fn is_of(&self, pane: &Pane) -> bool {
        self.pane.name == pane.name && self.pane.span == pane.span
    }

    /// Whether two windows watch the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_of(&other.pane)
    }

    /// The same window in another rule set.
    #[must_use]
    pub fn moved(self, pane: &Pane) -> Self {
        Self { pane: pane.clone(), ..self }
    }

    fn width(&self) -> Duration {
        // No window is shorter than a second: the words see to that.
        (self.pane.span / BUCKETS as u32).max(Duration::from_millis(1))
    }

    /// Takes the value of this step; NaN: there is none.
    pub fn feed(&mut self, now: Duration, value: f64) {
        let now = now + EPOCH;
        if let Some((since, held)) = self.last {
            let until = now.min(since + self.pane.max_age);
            self.fill(since, until, held);
        }
        self.slide(now);
        self.last = (!value.is_nan()).then_some((now, value));
    }

    /// Counts a value for the time it stood.
    fn fill(&mut self, mut from: Duration, until: Duration, value: f64) {
        self.slide(from);
        while from < until {
            let end = (self.start + self.width()).min(until);
            self.buckets[self.at].add(value, (end - from).as_secs_f64());
            from = end;
            self.slide(from);
        }
    }

    /// Makes the bucket of this instant the current one.
    fn slide(&mut self, now: Duration) {
        let width = self.width();
        if now < self.start + width {
            return;
        }
        if now >= self.start + width * (BUCKETS as u32 + 1) {
            self.buckets.fill(Bucket::default());
            self.start = now;
        }
        while now >= self.start + width {
            self.buckets[self.at].close();
            self.at = (self.at + 1) % BUCKETS;
            self.buckets[self.at] = Bucket::default();
            self.start += width;
        }
        self.join_closed();
    }

    fn join_closed(&mut self) {
        self.closed = Bucket::default();
        for (index, bucket) in self.buckets.iter().enumerate() {
            if index != self.at {
                self.closed.join(bucket);
            }
        }
    }

    fn total(&self) -> Bucket {
        let mut total = self.closed;
        total.join(&self.buckets[self.at]);
        total
    }

    /// How much of the window had good values, 0 to 1.
    #[must_use]
    pub fn covered(&self) -> f64 {
        (self.total().covered / self.pane.span.as_secs_f64()).min(1.0)
    }

    /// The answer, or NaN while too little is covered.
    #[must_use]
    pub fn answer(&self, fold: Fold) -> f64 {
        let total = self.total();
        // Not `<`: a length of zero must not pass.
        let enough = total.covered >= COVERED * self.pane.span.as_secs_f64();
        if !enough || total.covered <= 0.0 {
            return f64::NAN;
        }
        let answer = match fold {
            Fold::Average => total.sum / total.covered,
            Fold::Least => total.least,
            Fold::Most => total.most,
            Fold::Rate => self.rate(),
        };
        // An infinity would pass every `above`.
        if answer.is_finite() { answer } else { f64::NAN }
    }

    fn rate(&self) -> f64 {
        let width = self.width().as_secs_f64();
        // From the oldest bucket to the newest, with the middle of what each covers.
        let mut points = (1..=BUCKETS).filter_map(|step| {
            let bucket = &self.buckets[(self.at + step) % BUCKETS];
            let middle = step as f64 * width + bucket.covered / 2.0;
            (bucket.covered > 0.0).then(|| (middle, bucket.sum / bucket.covered))
        });
        let (Some((from, first)), Some((to, last))) = (points.next(), points.next_back()) else {
            return f64::NAN;
        };
        (last - first) / (to - from) * 3600.0
    }
}

/// A window as it is stored; its pane is found again by name and length.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    name: String,
    span: Duration,
    buckets: Vec<Bucket>,
    at: usize,
    start: Duration,
    last: Option<(Duration, f64)>,
}

impl From<Window> for Stored {
    fn from(Window { pane, buckets, at, start, last, .. }: Window) -> Self {
        Self { name: pane.name, span: pane.span, buckets, at, start, last }
    }
}

impl From<Stored> for Window {
    /// What no window would have stored becomes an empty one.
    fn from(Stored { name, span, buckets, at, start, last }: Stored) -> Self {
        // Only [`Window::moved`] knows the input and its age.
        let empty = Self::new(Pane { input: 0, name, span, max_age: Duration::ZERO });
        if buckets.len() != BUCKETS || at >= BUCKETS {
            return empty;
        }
        let mut window = Self { buckets, at, start, last, ..empty };
        window.join_closed();
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn window(seconds: u64) -> Window {
        let max_age = Duration::from_secs(10);
        Window::new(Pane {
            input: 0,
            name: "x".into(),
            span: Duration::from_secs(seconds),
            max_age,
        })
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 + expected.abs() * 1e-3, "{found}, {expected}");
    }

    fn run(window: &mut Window, seconds: std::ops::Range<u64>, value: impl Fn(u64) -> f64) {
        for second in seconds {
            window.feed(Duration::from_secs(second), value(second));
        }
    }

    #[test]
    fn a_window_is_unknown_until_most_of_it_is_covered() {
        let mut window = window(600);
        run(&mut window, 0..480, |_| 5.0);
        assert!(window.answer(Fold::Average).is_nan());
        run(&mut window, 480..482, |_| 5.0);
        near(window.answer(Fold::Average), 5.0);
    }

    #[test]
    fn values_count_for_the_time_they_stand() {
        let mut window = window(600);
        run(&mut window, 0..300, |_| 0.0);
        run(&mut window, 300..600, |_| 10.0);
        assert!((window.answer(Fold::Average) - 5.0).abs() < 0.05);
        near(window.answer(Fold::Least), 0.0);
        near(window.answer(Fold::Most), 10.0);
        run(&mut window, 600..910, |_| 10.0);
        near(window.answer(Fold::Least), 10.0);
    }

    #[test]
    fn a_slope_is_told_per_hour() {
        let mut window = window(600);
        run(&mut window, 0..900, |second| second as f64 / 360.0);
        near(window.answer(Fold::Rate), 10.0);
    }

    #[test]
    fn a_gap_is_not_covered_and_a_value_does_not_outlive_its_age() {
        let mut window = window(100);
        run(&mut window, 0..101, |_| 1.0);
        assert!(window.covered() > 0.97, "all but the bucket that is being filled");
        run(&mut window, 101..151, |_| f64::NAN);
        assert!(window.answer(Fold::Most).is_nan());
        window.feed(MINUTE * 4, 2.0);
        window.feed(MINUTE * 5, 2.0);
        near(window.covered(), 0.1);
    }

    #[test]
    fn values_beyond_reason_come_to_no_infinity_and_can_be_stored() {
        let mut window = window(100);
        run(&mut window, 0..150, |second| if second < 100 { f64::MIN } else { f64::MAX });
        for fold in [Fold::Average, Fold::Least, Fold::Most, Fold::Rate] {
            assert!(!window.answer(fold).is_infinite(), "{fold:?}");
        }
        let stored = serde_json::to_string(&window).expect("plain data");
        let read: Window = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(read.buckets, window.buckets);
    }

    #[test]
    fn long_steps_fill_all_the_buckets_they_span() {
        let mut window =
            Window::new(Pane { input: 0, name: "x".into(), span: MINUTE * 10, max_age: MINUTE });
        for minute in 0..30 {
            window.feed(MINUTE * minute, f64::from(minute));
        }
        // Values 19 to 28 stood for a minute each.
        assert!((window.answer(Fold::Average) - 23.5).abs() < 0.6);
        // A stair of minutes seen through ten of them.
        assert!((window.answer(Fold::Rate) - 60.0).abs() < 5.0);
    }
}
