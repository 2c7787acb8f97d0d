//! A site on a bench for faults: real configuration, rules and engine; made-up
//! readings, hardware that sticks, a journal that fails, a process that is killed
//! between any two of its acts.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sunkeep::arbiter::{Gap, OutputId, Policy, Saved, Want, Winner};
use sunkeep::clock::Now;
use sunkeep::config::{self, Config};
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup, Wish};
use sunkeep::problem::{Source, render};
use sunkeep::rules::{Interlock, Memory, RuleSet};
use sunkeep::snapshot::{Quality, Snapshot};
use sunkeep::units::Value;

use super::judge::Judge;

pub const SITE: &str = include_str!("site.toml");
pub const RULES: &str = include_str!("rules.rhai");

/// Names of points and where their values lie.
pub const POINTS: [(&str, f64, f64); 2] =
    [("shunt.soc", 0.0, 100.0), ("shunt.battery_temperature", -15.0, 12.0)];

/// The points that the rules about each output ask for.
const RESTS_ON: [&[usize]; 4] = [&[0, 1], &[0], &[0], &[1]];

/// What is saved now and then although nothing happens.
const SAVE_EVERY: Duration = Duration::from_secs(60);

pub fn loaded() -> (Config, RuleSet) {
    let source = Source { name: "site.toml".into(), text: SITE.into() };
    let config = config::parse(&source, Path::new("")).unwrap_or_else(|problems| {
        panic!("{}", render(&problems, std::slice::from_ref(&source), false))
    });
    let files = [Source { name: "rules.rhai".into(), text: RULES.into() }];
    let rules = RuleSet::compile(&files, &config.world())
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &files, false)));
    (config, rules)
}

/// An act on its way to a device.
#[derive(Clone, Debug)]
struct Act {
    output: OutputId,
    want: Want,
    due: Duration,
    outcome: Outcome,
}

/// What the daemon keeps on the disk.
#[derive(Clone, Default)]
struct Disk {
    arbiter: String,
    memory: String,
    intent: u64,
}

pub struct Site {
    rules: RuleSet,
    interlocks: Vec<Interlock>,
    pub policies: Vec<Policy>,
    pub engine: Engine,
    pub snapshot: Snapshot,
    pub now: Now,
    /// Time that is proven to have passed since the first start.
    pub proven: Duration,
    /// Time that has really passed.
    pub real: Duration,
    pub hardware: Vec<Want>,
    acts: VecDeque<Act>,
    disk: Disk,
    saved: Duration,
    pub journal_works: bool,
    /// What becomes of the next acts away from safe.
    pub next: Outcome,
    /// Registers answer after this time.
    pub delay: Duration,
    /// The process dies when this many more effects are performed.
    pub dies_after: Option<u32>,
    pub judge: Judge,
}

impl Site {
    pub fn new(seed: u64) -> Self {
        let (config, rules) = loaded();
        let policies: Vec<Policy> = config.policies().cloned().collect();
        let wall = Timestamp::UNIX_EPOCH;
        let now = Now { monotonic: Duration::ZERO, wall, wall_trusted: true };
        let hardware: Vec<Want> = policies.iter().map(|policy| policy.safe).collect();
        let interlocks = config.interlocks.clone();
        let disk = Disk::default();
        let (engine, snapshot) = started(&rules, &policies, &interlocks, &disk, Saved::default());
        let judge = Judge::new(seed, &policies);
        let mut site = Self {
            rules,
            interlocks,
            policies,
            engine,
            snapshot,
            now,
            proven: Duration::ZERO,
            real: Duration::ZERO,
            hardware,
            acts: VecDeque::new(),
            disk: Disk::default(),
            saved: Duration::ZERO,
            journal_works: true,
            next: Outcome::Verified,
            delay: Duration::ZERO,
            dies_after: None,
            judge,
        };
        site.judge.start(site.proven);
        site
    }

    pub fn outputs(&self) -> impl Iterator<Item = OutputId> + use<> {
        (0..self.policies.len()).map(|index| OutputId(index as u16))
    }

    /// Time goes on by this much, then everything that is due happens.
    pub fn pass(&mut self, span: Duration) {
        self.now.monotonic += span;
        self.now.wall = self.now.wall.checked_add(span).unwrap_or_default();
        self.proven += span;
        self.real += span;
        self.judge.pass(span, &self.hardware, &self.policies);
    }

    pub fn read(&mut self, point: usize, value: Option<f64>) {
        let Some(id) = self.snapshot.find(POINTS[point].0) else { return };
        self.snapshot.set(self.now, id, value.and_then(Value::number));
    }

    pub fn is_good(&self, point: usize) -> bool {
        let id = self.snapshot.find(POINTS[point].0);
        id.is_some_and(|id| self.snapshot.quality(self.now, id) == Quality::Good)
    }

    /// Whether all inputs that decide over an output can be believed.
    pub fn rests_on_good(&self, output: OutputId) -> bool {
        RESTS_ON[output.index()].iter().all(|point| self.is_good(*point))
    }

    /// Whether the interlocks of an output hold, as anybody can see from the readings:
    /// the heater's is `cell_temperature below 8`, the load's `soc above 25`.
    pub fn interlocked(&self, output: OutputId) -> bool {
        let number = |point: usize| {
            let id = self.snapshot.find(POINTS[point].0).filter(|_| self.is_good(point))?;
            self.snapshot.reading(id)?.value.as_ref()?.as_number()
        };
        match output.index() {
            0 => number(1).is_none_or(|cells| cells >= 8.0),
            2 => number(0).is_none_or(|soc| soc < 10.0),
            _ => false,
        }
    }

    /// Whether a person decides over an output now.
    pub fn is_overridden(&self, output: OutputId) -> bool {
        let status = self.engine.outputs(self.now.monotonic).nth(output.index());
        let decision = status.and_then(|status| status.decision);
        decision.is_some_and(|decision| matches!(decision.winner, Winner::Override(_)))
    }

    /// The engine until it wants nothing more. `false`: the process died.
    pub fn settle(&mut self) -> bool {
        for output in self.outputs() {
            let actual = Some(self.hardware[output.index()]);
            self.engine.handle(self.now, Event::Feedback { output, actual });
        }
        self.answer_due();
        for _ in 0..8 {
            let effects = self.engine.step(self.now, &self.snapshot);
            if effects.is_empty() {
                break;
            }
            self.save();
            for effect in effects {
                if self.dies_after == Some(0) {
                    self.dies_after = None;
                    return false;
                }
                self.dies_after = self.dies_after.map(|left| left - 1);
                self.perform(effect);
            }
        }
        if self.engine.is_counting() && self.proven >= self.saved + SAVE_EVERY {
            self.save();
        }
        true
    }

    fn save(&mut self) {
        let (memory, saved) = self.engine.save(self.now.monotonic);
        self.disk.memory = serde_json::to_string(memory).expect("plain data");
        self.disk.arbiter = serde_json::to_string(&saved).expect("plain data");
        self.saved = self.proven;
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Record { entry, ticket } => {
                let Some(ticket) = ticket else { return };
                let result = if self.journal_works { Ok(()) } else { Err("full".to_owned()) };
                if result.is_ok() {
                    self.disk.intent = ticket;
                    self.judge.intended(&entry);
                }
                self.engine.handle(self.now, Event::Recorded { ticket, result });
            }
            Effect::Apply { output, want } => {
                let safe = self.policies[output.index()].safe;
                let outcome = if want == safe { Outcome::Verified } else { self.next.clone() };
                let good = self.rests_on_good(output);
                let sent = !matches!(outcome, Outcome::Postponed(_));
                let at = self.hardware[output.index()];
                let by_person = self.is_overridden(output);
                let mode = self.engine.mode();
                assert!(
                    want == safe || !self.interlocked(output),
                    "{output:?} {want} against its interlock; {}",
                    self.judge.again
                );
                self.judge.act(
                    output,
                    want,
                    at,
                    sent,
                    good,
                    by_person,
                    mode,
                    self.proven,
                    self.real,
                );
                self.act(output, want, outcome);
            }
            Effect::Renew { output, want } => self.act(output, want, Outcome::Verified),
        }
    }

    /// Pins answer at once, registers when they like.
    fn act(&mut self, output: OutputId, want: Want, outcome: Outcome) {
        let pin = self.policies[output.index()].always_driven;
        let due = if pin { self.now.monotonic } else { self.now.monotonic + self.delay };
        self.acts.push_back(Act { output, want, due, outcome });
        self.answer_due();
    }

    fn answer_due(&mut self) {
        while let Some(act) = self.acts.front().filter(|act| act.due <= self.now.monotonic) {
            let Act { output, want, outcome, .. } = act.clone();
            self.acts.pop_front();
            if outcome == Outcome::Verified {
                self.hardware[output.index()] = want;
                self.judge.moved(output, want, self.proven);
            }
            self.engine.handle(self.now, Event::Applied { output, want, outcome });
        }
    }

    /// A person wants something: it is on the disk before he is told so.
    pub fn wish(&mut self, wish: Wish) {
        self.judge.wished(wish.output, self.real + wish.lasting);
        self.engine.handle(self.now, Event::Override(wish));
        self.save();
    }

    /// Somebody else moves a register.
    pub fn drift(&mut self, output: OutputId, want: Want) {
        if !self.policies[output.index()].always_driven {
            self.hardware[output.index()] = want;
            self.judge.moved(output, want, self.proven);
        }
    }

    /// The process was killed; helpers take pins to safe, and some time later the
    /// next one starts on what the disk has.
    pub fn restart(&mut self, gap: Gap, downtime: Duration, lost: bool) {
        let since_saved = self.proven.saturating_sub(self.saved);
        for (hardware, policy) in self.hardware.iter_mut().zip(&self.policies) {
            let lapsed = policy.lease.is_some_and(|lease| downtime >= lease.lapse);
            if policy.always_driven || lapsed {
                *hardware = policy.safe;
            }
        }
        self.acts.clear();
        self.real += downtime;
        // A proven gap counts from the last save, as the stamp beside it does.
        self.proven += gap.at_least;
        let gap = match gap.at_least.is_zero() {
            true => Gap { at_most: gap.at_most.map(|at_most| at_most + since_saved), ..gap },
            false => Gap {
                at_least: gap.at_least + since_saved,
                at_most: gap.at_most.map(|at_most| at_most + since_saved),
            },
        };
        let saved = match self.disk.arbiter.as_str() {
            "" => Saved::default(),
            _ if lost => Saved::exhausted(self.policies.iter()),
            json => serde_json::from_str::<Saved>(json).expect("what was saved").after(gap).0,
        };
        let (engine, snapshot) =
            started(&self.rules, &self.policies, &self.interlocks, &self.disk, saved);
        (self.engine, self.snapshot) = (engine, snapshot);
        self.now.monotonic = Duration::ZERO;
        self.dies_after = None;
        self.judge.restart(self.proven, &self.hardware, &self.policies);
    }
}

fn started(
    rules: &RuleSet,
    policies: &[Policy],
    interlocks: &[Interlock],
    disk: &Disk,
    saved: Saved,
) -> (Engine, Snapshot) {
    let mut snapshot = Snapshot::new();
    let mut rules = rules.clone();
    rules.bind(&mut snapshot);
    let memory = serde_json::from_str::<Memory>(&disk.memory).unwrap_or_default().after_restart();
    let setup = Setup {
        rules,
        memory,
        policies: policies.to_vec(),
        interlocks: interlocks.to_vec(),
        saved,
        mode: Mode::Run,
        first_intent: disk.intent + 1,
    };
    (Engine::new(Duration::ZERO, setup), snapshot)
}
