//! Says a thing once, and again only now and then, with how often it came meanwhile.
//!
//! A value that wavers about its threshold asks for the same thing, and is refused it
//! for the same reason, every second for weeks. Each time is true and none is news:
//! it would wear the card and drown whoever reads.

use std::time::Duration;

/// For this long a thing that was said is not said again.
pub(super) const QUIET: Duration = Duration::from_secs(15 * 60);

/// Things that are kept apart; beyond it the oldest is news again.
const KEPT_MAX: usize = 8;

/// What was said about one output.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats(Vec<Said>);

#[derive(Clone, Debug)]
struct Said {
    what: String,
    /// When its time of quiet began.
    at: Duration,
    times: u32,
}

impl Repeats {
    /// Whether to say this now, at most `often` times in a while; then how many times
    /// it was left unsaid before.
    pub(super) fn say(&mut self, now: Duration, what: String, often: u32) -> Option<u32> {
        if let Some(said) = self.0.iter_mut().find(|said| said.what == what) {
            if now.saturating_sub(said.at) < QUIET {
                said.times = said.times.saturating_add(1);
                return (said.times <= often).then_some(0);
            }
            let unsaid = said.times.saturating_sub(often);
            (said.at, said.times) = (now, 1);
            return Some(unsaid);
        }
        if self.0.len() >= KEPT_MAX {
            self.0.remove(0);
        }
        self.0.push(Said { what, at: now, times: 1 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says things at these seconds; what came of each.
    #[track_caller]
    fn check(often: u32, said: &[(u64, &str, Option<u32>)]) {
        let mut repeats = Repeats::default();
        for &(second, what, expected) in said {
            let found = repeats.say(Duration::from_secs(second), what.to_owned(), often);
            assert_eq!(found, expected, "{what} at {second} s");
        }
    }

    #[test]
    fn what_repeats_is_said_again_after_a_while_with_a_count() {
        check(
            1,
            &[
                (0, "a", Some(0)),
                (1, "a", None),
                (2, "b", Some(0)),
                (899, "a", None),
                (900, "a", Some(2)),
                (901, "a", None),
                (902, "b", Some(0)),
            ],
        );
    }

    #[test]
    fn a_few_times_may_be_said_at_once() {
        check(2, &[(0, "a", Some(0)), (1, "a", Some(0)), (2, "a", None), (1000, "a", Some(1))]);
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let mut repeats = Repeats::default();
        for number in 0..100 {
            repeats.say(Duration::ZERO, number.to_string(), 1);
        }
        assert_eq!(repeats.0.len(), KEPT_MAX);
    }
}
