//! What the journal says about outputs and people, as bands and marks.
//!
//! A band is what was read back, not what was asked for: it begins with a
//! `verified` entry. Before an output's first one in a run it was the other way
//! round, for only differences are commanded. Between two runs nothing is known.

use std::ops::Range;

use jiff::Timestamp;

use super::{Lane, Mark};
use crate::journal::{Entry, Kind};

/// An entry with the run that wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// The run.
    pub boot: &'a str,
    /// The entry.
    pub entry: &'a Entry,
}

/// One run of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// Its name.
    pub boot: String,
    /// From its first entry to the last sign of life.
    pub range: Range<Timestamp>,
}

/// An output whose bands are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// What it is driven to when a run begins, if it is.
    pub at_start: Option<bool>,
}

/// The bands of an output, from entries about it, oldest first. Entries of a clock
/// that was not set have no place in a picture.
#[must_use]
pub fn lane(
    wanted: &Wanted,
    entries: &[Happened<'_>],
    runs: &[Ran],
    range: &Range<Timestamp>,
) -> Lane {
    let mut lane = Lane { name: wanted.name.clone(), ..Lane::default() };
    for run in runs {
        let states: Vec<(Timestamp, bool)> = entries
            .iter()
            .filter(|one| one.boot == run.boot && one.entry.subject == wanted.name)
            .filter(|one| one.entry.at.wall_trusted)
            .filter_map(|one| Some((one.entry.at.wall, read_back(one.entry)?)))
            .collect();
        let before = states.first().map(|(_, on)| !on).or(wanted.at_start);
        let start = before.map(|on| (run.range.start, on));
        let all: Vec<_> = start.into_iter().chain(states).collect();
        for (at, (from, on)) in all.iter().enumerate() {
            let until = all.get(at + 1).map_or(run.range.end, |next| next.0);
            lane.push(*on, *from..until, range);
        }
    }
    lane
}

/// What an entry says an output was found to be.
fn read_back(entry: &Entry) -> Option<bool> {
    let word = entry.what.strip_prefix("verified ").filter(|_| entry.kind == Kind::Result)?;
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

impl Lane {
    /// What of it lies within these spans, oldest first: outside nobody knows.
    #[must_use]
    pub fn within(&self, spans: &[Range<Timestamp>]) -> Self {
        let mut lane = Self { name: self.name.clone(), ..Self::default() };
        for (bands, on) in [(&self.off, false), (&self.on, true)] {
            for band in bands {
                spans.iter().for_each(|span| lane.push(on, band.clone(), span));
            }
        }
        lane
    }

    fn push(&mut self, on: bool, band: Range<Timestamp>, range: &Range<Timestamp>) {
        let band = band.start.max(range.start)..band.end.min(range.end);
        if band.start >= band.end {
            return;
        }
        let bands = if on { &mut self.on } else { &mut self.off };
        match bands.last_mut() {
            Some(last) if last.end == band.start => last.end = band.end,
            _ => bands.push(band),
        }
    }
}

/// What a person would want to see beside the values: alarms, modes, their own acts.
#[must_use]
pub fn marks(entries: &[Happened<'_>], range: &Range<Timestamp>) -> Vec<Mark> {
    let inside = entries.iter().filter(|one| range.contains(&one.entry.at.wall));
    inside
        .filter(|one| {
            matches!(one.entry.kind, Kind::Alarm | Kind::Mode | Kind::Manual | Kind::Reload)
        })
        .map(|one| Mark {
            at: one.entry.at.wall,
            alarm: one.entry.kind == Kind::Alarm,
            text: text(one.entry),
        })
        .collect()
}

fn text(entry: &Entry) -> String {
    let words = [entry.kind.word(), &*entry.subject, &*entry.what];
    let said: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    match entry.reason.as_str() {
        "" => said.join(" "),
        reason => format!("{}: {reason}", said.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Now;

    /// `minute kind subject what`, run by run.
    fn entries(runs: &[&[&str]]) -> Vec<(String, Entry)> {
        let entry = |boot: usize, line: &str| {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let kind = match words[1] {
                "mode" => Kind::Mode,
                "result" => Kind::Result,
                "alarm" => Kind::Alarm,
                _ => Kind::Safe,
            };
            let at = Now {
                monotonic: Duration::ZERO,
                wall: minute(words[0].parse().unwrap()),
                wall_trusted: true,
            };
            let subject = words[2].trim_matches('-').to_owned();
            let (rule, used, conditions) = (None, Vec::new(), Vec::new());
            let what = words[3].to_owned();
            let reason = String::new();
            (
                boot.to_string(),
                Entry { at, kind, subject, what, rule, reason, used, conditions, intent: None },
            )
        };
        runs.iter()
            .enumerate()
            .flat_map(|(boot, run)| run.iter().map(move |line| entry(boot, line)))
            .collect()
    }

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).unwrap()
    }

    /// Runs are from their first to their last entry.
    fn ran(entries: &[(String, Entry)]) -> Vec<Ran> {
        let all = entries.chunk_by(|a, b| a.0 == b.0);
        let one = |run: &[(String, Entry)]| Ran {
            boot: run[0].0.clone(),
            range: run[0].1.at.wall..run[run.len() - 1].1.at.wall,
        };
        all.map(one).collect()
    }

    #[track_caller]
    fn check(runs: &[&[&str]], at_start: Option<bool>, on: &[(i64, i64)], off: &[(i64, i64)]) {
        let entries = entries(runs);
        let all: Vec<_> = entries.iter().map(|(boot, entry)| Happened { boot, entry }).collect();
        let range = minute(10)..minute(100);
        let wanted = Wanted { name: "heater".to_owned(), at_start };
        let found = lane(&wanted, &all, &ran(&entries), &range);
        let band = |(from, until): &(i64, i64)| minute(*from)..minute(*until);
        assert_eq!(found.on, on.iter().map(band).collect::<Vec<_>>(), "on");
        assert_eq!(found.off, off.iter().map(band).collect::<Vec<_>>(), "off");
    }

    #[test]
    fn bands_are_what_was_read_back() {
        let run = [
            "0 mode - run",
            "20 result heater verified on",
            "40 safe heater off",
            "41 result heater verified off",
            "200 alarm shunt silent",
        ];
        check(&[&run], None, &[(20, 41)], &[(10, 20), (41, 100)]);
    }

    #[test]
    fn between_two_runs_nothing_is_known() {
        let first = ["0 mode - run", "20 result heater verified on", "50 mode - stopping"];
        let second = ["70 mode - run", "80 result heater verified on", "200 mode - stopping"];
        check(&[&first, &second], None, &[(20, 50), (80, 100)], &[(10, 20), (70, 80)]);
    }

    #[test]
    fn a_pin_that_never_moved_is_where_the_run_put_it() {
        let run = ["20 mode - run", "90 alarm shunt silent"];
        check(&[&run], Some(false), &[], &[(20, 90)]);
        check(&[&run], None, &[], &[]);
    }

    #[test]
    fn a_register_is_known_while_its_device_is_heard() {
        let lane = Lane {
            name: "load".to_owned(),
            on: vec![minute(20)..minute(50)],
            off: std::iter::once(minute(50)..minute(90)).collect(),
        };
        let heard = [(10, 30), (30, 40), (60, 70)].map(|(a, b)| minute(a)..minute(b));
        let found = lane.within(&heard);
        assert_eq!(found.on, [minute(20)..minute(40)]);
        assert_eq!(found.off, [minute(60)..minute(70)]);
    }

    #[test]
    fn marks_are_alarms_and_modes() {
        let entries =
            entries(&[&["5 mode - run", "20 alarm shunt silent", "30 result heater verified on"]]);
        let all: Vec<_> = entries.iter().map(|(boot, entry)| Happened { boot, entry }).collect();
        let found = marks(&all, &(minute(10)..minute(100)));
        assert_eq!(
            found,
            [Mark { at: minute(20), alarm: true, text: "alarm shunt silent".to_owned() }]
        );
    }
}
