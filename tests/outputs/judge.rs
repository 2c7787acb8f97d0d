//! What must never happen, checked at every act and every second, from the outside:
//! it knows times and levels, and nothing of how the engine came to them.

use std::collections::VecDeque;
use std::time::Duration;

use sunkeep::arbiter::{OutputId, Policy, Want};
use sunkeep::engine::Mode;
use sunkeep::journal::Entry;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Time between two steps at most, and what is saved only now and then.
const SLACK: Duration = Duration::from_secs(25);
const SAVED_EVERY: Duration = Duration::from_secs(85);

struct Line {
    policy: Policy,
    /// What the last recorded intent leads to.
    intent: Option<Want>,
    /// When it was last seen to come to what it has, in this run at the earliest.
    since: Duration,
    /// When it left safe, if it is away and nobody has tried to bring it back.
    away: Option<Duration>,
    starts: VecDeque<Duration>,
    writes: VecDeque<Duration>,
    spells: VecDeque<(Duration, Duration)>,
    crashes: VecDeque<Duration>,
    /// Until when, in real time, a person's wish may last.
    pub wished: Duration,
    at: Want,
}

pub struct Judge {
    pub again: String,
    lines: Vec<Line>,
    now: Duration,
    /// Acts away from safe that were seen: a test that sees none proves nothing.
    pub away: u32,
    pub by_people: u32,
}

impl Judge {
    pub fn new(seed: u64, policies: &[Policy]) -> Self {
        let line = |policy: &Policy| Line {
            policy: policy.clone(),
            intent: None,
            since: Duration::ZERO,
            away: None,
            starts: VecDeque::new(),
            writes: VecDeque::new(),
            spells: VecDeque::new(),
            crashes: VecDeque::new(),
            wished: Duration::ZERO,
            at: policy.safe,
        };
        let again = format!(
            "repeat with: SUNKEEP_SEED={seed} cargo test --test outputs_faults nothing_that_must_never"
        );
        let lines = policies.iter().map(line).collect();
        Self { again, lines, now: Duration::ZERO, away: 0, by_people: 0 }
    }

    pub fn start(&mut self, now: Duration) {
        self.now = now;
        self.lines.iter_mut().for_each(|line| line.since = now);
    }

    pub fn restart(&mut self, now: Duration, hardware: &[Want], policies: &[Policy]) {
        self.start(now);
        for ((line, at), policy) in self.lines.iter_mut().zip(hardware).zip(policies) {
            line.at = *at;
            line.intent = None;
            line.away = (*at != policy.safe).then_some(now);
            line.crashes.push_back(now);
        }
    }

    pub fn wished(&mut self, output: OutputId, until: Duration) {
        self.lines[output.index()].wished = until;
    }

    pub fn wish_ends(&self, output: OutputId) -> Duration {
        self.lines[output.index()].wished
    }

    /// An intent is on the disk.
    pub fn intended(&mut self, entry: &Entry) {
        let line = self.lines.iter_mut().find(|line| line.policy.name == entry.subject);
        let line = line.expect("an intent is about an output");
        let want = match entry.what.as_str() {
            "on" => sunkeep::arbiter::Level::On.into(),
            "off" => sunkeep::arbiter::Level::Off.into(),
            number => Want::Number(number.parse().expect("a set-point takes numbers")),
        };
        line.intent = Some(want);
    }

    /// An output is about to be moved.
    #[allow(clippy::too_many_arguments, reason = "a witness states all it has seen")]
    pub fn act(
        &mut self,
        output: OutputId,
        want: Want,
        at: Want,
        sent: bool,
        good: bool,
        by_person: bool,
        mode: Mode,
        now: Duration,
        real: Duration,
    ) {
        self.now = now;
        let line = &mut self.lines[output.index()];
        let (name, again) = (&line.policy.name, &self.again);
        let safe = line.policy.safe;
        if want == safe {
            (line.away, line.intent) = (None, None);
            line.writes.push_back(now);
            return;
        }
        assert_eq!(line.intent, Some(want), "{name}: not what was intended; {again}");
        assert_eq!(mode, Mode::Run, "{name}: {want} in this mode; {again}");
        assert!(good || by_person, "{name}: {want} on a value that is not good; {again}");
        assert!(!by_person || real <= line.wished, "{name}: an override outlives its end; {again}");
        let lasted = now.saturating_sub(line.since);
        assert!(lasted >= line.policy.rest(), "{name}: {want} after {lasted:?}; {again}");
        if !sent {
            return;
        }
        let recent = |events: &VecDeque<Duration>, span| {
            events.iter().filter(|&&event| now.saturating_sub(event) < span).count()
        };
        line.writes.push_back(now);
        if at == safe {
            line.starts.push_back(now);
            let starts = recent(&line.starts, HOUR);
            let limit = line.policy.max_starts_per_hour.expect("limited") as usize;
            assert!(starts <= limit, "{name}: {starts} starts in an hour; {again}");
        }
        let writes = recent(&line.writes, DAY);
        let limit = line.policy.max_writes_per_day.map_or(usize::MAX, |limit| limit as usize);
        assert!(writes < limit, "{name}: {writes} writes in a day, none left for safe; {again}");
        self.away += 1;
        self.by_people += u32::from(by_person);
    }

    /// An output has moved, by us or by somebody else.
    pub fn moved(&mut self, output: OutputId, at: Want, now: Duration) {
        let line = &mut self.lines[output.index()];
        if line.at == at {
            return;
        }
        let safe = line.policy.safe;
        if line.at == safe {
            line.away = Some(now);
        }
        (line.at, line.since) = (at, now);
    }

    /// Time passes with the hardware as it is.
    pub fn pass(&mut self, span: Duration, hardware: &[Want], policies: &[Policy]) {
        let before = self.now;
        self.now += span;
        for ((line, at), policy) in self.lines.iter_mut().zip(hardware).zip(policies) {
            let name = &policy.name;
            if *at == policy.safe {
                continue;
            }
            if let Some(left) = line.away {
                let away = self.now.saturating_sub(left);
                let limit = policy.max_on + SLACK;
                assert!(
                    away <= limit,
                    "{name}: away for {away:?}, not called back; {}",
                    self.again
                );
            }
            if policy.always_driven {
                line.spells.push_back((before, self.now));
                line.spells.retain(|(_, end)| self.now.saturating_sub(*end) < DAY);
                line.crashes.retain(|at| self.now.saturating_sub(*at) < DAY);
                let day: Duration = line.spells.iter().map(|(from, end)| *end - *from).sum();
                // A crash loses what was not saved yet.
                let lost = SAVED_EVERY * u32::try_from(line.crashes.len()).unwrap_or(u32::MAX);
                let limit = policy.max_on_per_day + SLACK + lost;
                assert!(day <= limit, "{name}: away {day:?} within a day; {}", self.again);
            }
        }
    }
}
