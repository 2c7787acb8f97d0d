//! How often and how long an output may be away from safe, within a moving window.
//!
//! Each event is kept as the time at which it is forgotten: no event is older
//! than the engine, whose clock starts at zero, and a restart needs no more than
//! how long each still counts. What cannot be proven to have passed has not.

use std::collections::VecDeque;
use std::time::Duration;

/// Writes and time away from safe count for this long.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);
/// Starts count for this long.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Events and stretches that are kept at most; the oldest two become one. A
/// thousand starts a day are none that this program would grant.
const KEPT_MAX: usize = 1024;

/// Events within a window that moves with time.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    span: Duration,
    /// When each is forgotten, oldest first.
    forget: VecDeque<Duration>,
}

impl Recent {
    pub(crate) const fn over(span: Duration) -> Self {
        Self { span, forget: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, now: Duration) {
        self.forget.retain(|&until| now < until);
        if self.forget.len() < KEPT_MAX {
            self.forget.push_back(now + self.span);
        }
    }

    pub(crate) fn take_back(&mut self) {
        self.forget.pop_back();
    }

    pub(crate) fn count(&self, now: Duration) -> u32 {
        let recent = self.forget.iter().filter(|&&until| now < until).count();
        u32::try_from(recent).unwrap_or(u32::MAX)
    }

    /// How long until no more than `allowed` of them count.
    pub(crate) fn until_at_most(&self, now: Duration, allowed: u32) -> Duration {
        let excess = self.count(now).saturating_sub(allowed) as usize;
        let recent = self.forget.iter().filter(|&&until| now < until);
        let last = excess.checked_sub(1).and_then(|index| recent.copied().nth(index));
        last.map_or(Duration::ZERO, |until| until - now)
    }

    /// How long ago the latest of them was.
    pub(crate) fn newest(&self, now: Duration) -> Option<Duration> {
        let until = self.forget.iter().filter(|&&until| now < until).max()?;
        Some(self.span.saturating_sub(*until - now))
    }

    /// How long each still counts.
    pub(crate) fn left(&self, now: Duration) -> Vec<Duration> {
        let left = self.forget.iter().map(|&until| until.saturating_sub(now));
        left.filter(|left| !left.is_zero()).collect()
    }

    /// Takes what [`Recent::left`] gave.
    pub(crate) fn restore(&mut self, now: Duration, left: &[Duration]) {
        let until = |&left: &Duration| now + left.min(self.span);
        self.forget = left.iter().take(KEPT_MAX).map(until).collect();
    }
}

/// Time away from safe within the last day.
#[derive(Clone, Debug, Default)]
pub(super) struct Spells {
    /// Start and end of each stretch, as the times at which they are forgotten.
    past: VecDeque<(Duration, Duration)>,
    /// When the present stretch began.
    open: Option<Duration>,
}

impl Spells {
    pub(super) fn begin(&mut self, now: Duration) {
        self.open.get_or_insert(now);
    }

    pub(super) fn end(&mut self, now: Duration) {
        let Some(from) = self.open.take() else { return };
        self.past.retain(|&(_, end)| now < end);
        if self.past.len() >= KEPT_MAX
            && let (Some(first), Some(second)) = (self.past.pop_front(), self.past.pop_front())
        {
            // The pause between them counts too: to the safe side.
            self.past.push_front((first.0, second.1));
        }
        self.past.push_back((from + DAY, now + DAY));
    }

    /// The time away from safe within the last day.
    pub(super) fn used(&self, now: Duration) -> Duration {
        let past = self.past.iter().map(|&(from, end)| end.max(now) - from.max(now));
        let open = self.open.map_or(Duration::ZERO, |from| now.saturating_sub(from).min(DAY));
        past.sum::<Duration>() + open
    }

    /// How long start and end of each stretch still count; the present one too.
    pub(super) fn left(&self, now: Duration) -> Vec<(Duration, Duration)> {
        let mut closed = self.clone();
        closed.end(now);
        let left = |&(from, end): &(Duration, Duration)| {
            (from.saturating_sub(now), end.saturating_sub(now))
        };
        closed.past.iter().map(left).filter(|(_, end)| !end.is_zero()).collect()
    }

    /// Takes what [`Spells::left`] gave.
    pub(super) fn restore(&mut self, now: Duration, left: &[(Duration, Duration)]) {
        let ordered = left.iter().filter(|(from, end)| from <= end && *end <= DAY);
        let until = |&(from, end): &(Duration, Duration)| (now + from, now + end);
        self.past = ordered.take(KEPT_MAX).map(until).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn events_are_forgotten_one_after_the_other() {
        let mut starts = Recent::over(HOUR);
        for at in [0, 100, 200] {
            starts.add(secs(at));
        }
        for (now, count, until_two) in [(200, 3, 3400), (3599, 3, 1), (3600, 2, 0), (3700, 1, 0)] {
            assert_eq!(starts.count(secs(now)), count, "at {now}");
            assert_eq!(starts.until_at_most(secs(now), 2), secs(until_two), "at {now}");
        }
    }

    #[test]
    fn time_away_slides_out_of_the_day_as_it_came() {
        let mut spells = Spells::default();
        for (from, end) in [(100, 200), (1000, 1500)] {
            spells.begin(secs(from));
            spells.end(secs(end));
        }
        let day = DAY.as_secs();
        for (now, used) in [(1500, 600), (day + 150, 550), (day + 500, 500), (day + 1500, 0)] {
            assert_eq!(spells.used(secs(now)), secs(used), "at {now}");
        }
    }

    #[test]
    fn a_restart_counts_the_present_stretch_and_no_time_that_is_not_proven() {
        let mut spells = Spells::default();
        spells.begin(secs(100));
        let left = spells.left(secs(400));
        let mut restarted = Spells::default();
        restarted.restore(secs(0), &left);
        assert_eq!(restarted.used(secs(0)), secs(300));
        assert_eq!(restarted.used(DAY - secs(300)), secs(300));
        assert_eq!(restarted.used(DAY), secs(0));
    }

    #[test]
    fn many_stretches_become_fewer_and_never_shorter() {
        let mut spells = Spells::default();
        for at in (0..KEPT_MAX as u64 + 100).map(|n| n * 10) {
            spells.begin(secs(at));
            spells.end(secs(at + 1));
        }
        assert!(spells.past.len() <= KEPT_MAX);
        assert!(spells.used(secs(20_000)) >= secs(KEPT_MAX as u64 + 100));
    }
}
