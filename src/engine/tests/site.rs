//! A site with one input and one output, and a driver that obeys or does not.

pub(super) use std::time::Duration;

use jiff::Timestamp;

pub(super) use super::super::*;
pub(super) use crate::arbiter::{AtExit, Level, Policy};
pub(super) use crate::journal::{Entry, Kind};
use crate::problem::Source;
use crate::rules::{Alert, Input, Setpoint, World};
use crate::snapshot::PointId;
use crate::units::{Unit, Value};
use crate::vedirect::state::Meaning;

pub(super) const OUT: OutputId = OutputId(0);
pub(super) const MAX_AGE: Duration = Duration::from_secs(10);

/// A site with one input and one output, and a driver that obeys.
pub(super) struct Site {
    pub(super) engine: Engine,
    pub(super) snapshot: Snapshot,
    pub(super) soc: PointId,
    pub(super) seconds: u64,
    /// Acts in order: what the output was brought to, `Renew` included.
    pub(super) acts: Vec<Want>,
    /// Journal in order.
    pub(super) entries: Vec<Entry>,
    pub(super) journal_works: bool,
    pub(super) output_works: bool,
    /// Every act is answered with "not now".
    pub(super) puts_off: bool,
    /// What the device takes instead of what it is given.
    pub(super) took: Option<Want>,
}

pub(super) fn other(safe: Want) -> Want {
    safe.level().unwrap().opposite().into()
}

/// Half a minute each way, no limits.
pub(super) fn plain(safe: Want) -> Policy {
    Policy {
        name: "out".into(),
        always_driven: false,
        safe,
        default: safe,
        at_exit: AtExit::Want(safe),
        min_on: Duration::from_secs(30),
        min_off: Duration::from_secs(30),
        max_on: Duration::ZERO,
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
        max_writes_per_day: None,
        lease: None,
    }
}

/// A rule that takes the output away from safe.
pub(super) fn below_30(safe: Want) -> String {
    let verb = if safe == Level::Off { "turn_on" } else { "turn_off" };
    format!(
        "rule(\"r\").{verb}(out).when(soc below 30).lasting(10.sec)\
         .clear_when(soc above 45).lasting(10.sec);"
    )
}

impl Site {
    /// A rule takes the output away from safe below 30 % and back above 45 %.
    pub(super) fn new(safe: Want, mode: Mode) -> Self {
        Self::with(plain(safe), below_30(safe), mode)
    }

    /// Any rule over `soc`, with one output or set-point `out` and a channel `owner`.
    pub(super) fn with(policy: Policy, text: String, mode: Mode) -> Self {
        let safe = policy.safe;
        let mut snapshot = Snapshot::new();
        let is_switch = safe.level().is_some();
        let world = World {
            inputs: vec![Input {
                name: "soc".into(),
                point: "shunt.soc".into(),
                derived: None,
                max_age: MAX_AGE,
                grace: MAX_AGE,
                unit: Unit::Percent,
                meaning: Meaning::Plain,
                valid: None,
            }],
            outputs: is_switch.then(|| "out".into()).into_iter().collect(),
            setpoints: (!is_switch)
                .then(|| Setpoint {
                    name: "out".into(),
                    output: OUT,
                    unit: Unit::Percent,
                    range: (0.0, 15.0),
                    step: 0.1,
                })
                .into_iter()
                .collect(),
            alerts: vec![Alert { name: "owner".into(), repeat: Some(Duration::from_secs(600)) }],
            ..World::default()
        };
        let source = Source { name: "r.rhai".into(), text };
        let mut rules = RuleSet::compile(&[source], &world).unwrap();
        rules.bind(&mut snapshot);
        let soc = snapshot.find("shunt.soc").unwrap();
        let setup = Setup {
            rules,
            memory: Memory::default(),
            policies: vec![policy],
            interlocks: Vec::new(),
            saved: Saved::default(),
            mode,
            first_intent: 1,
        };
        let mut site = Self {
            engine: Engine::new(Duration::ZERO, setup),
            snapshot,
            soc,
            seconds: 0,
            acts: Vec::new(),
            entries: Vec::new(),
            journal_works: true,
            output_works: true,
            puts_off: false,
            took: None,
        };
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(safe) });
        site
    }

    pub(super) fn now(&self) -> Now {
        let monotonic = Duration::from_secs(self.seconds);
        Now { monotonic, wall: Timestamp::UNIX_EPOCH + monotonic, wall_trusted: true }
    }

    /// Lets `seconds` pass with a reading each second; `None`: a dead cable.
    pub(super) fn pass(&mut self, seconds: u64, soc: Option<f64>) {
        for _ in 0..seconds {
            self.seconds += 1;
            if let Some(soc) = soc {
                self.snapshot.set(self.now(), self.soc, Some(Value::Number(soc)));
            }
            self.settle();
        }
    }

    /// Steps until the engine wants nothing more.
    pub(super) fn settle(&mut self) {
        for _ in 0..10 {
            let effects = self.engine.step(self.now(), &self.snapshot);
            if effects.is_empty() {
                return;
            }
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
        panic!("the engine does not come to rest");
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Record { entry, ticket } => {
                self.entries.push(*entry);
                if let Some(ticket) = ticket {
                    let result =
                        if self.journal_works { Ok(()) } else { Err("disk full".to_owned()) };
                    self.engine.handle(self.now(), Event::Recorded { ticket, result });
                }
            }
            Effect::Apply { output, want } | Effect::Renew { output, want } => {
                self.acts.push(want);
                let outcome = match self.took {
                    _ if !self.output_works => Outcome::Failed("stuck".into()),
                    _ if self.puts_off => Outcome::Postponed("locked".into()),
                    Some(took) => Outcome::Took(took),
                    None => Outcome::Verified,
                };
                self.engine.handle(self.now(), Event::Applied { output, want, outcome });
            }
        }
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.entries.iter().map(|entry| entry.kind).collect()
    }
}

pub(super) fn for_both(fact: impl Fn(Want)) {
    fact(Level::Off.into());
    fact(Level::On.into());
}

/// A current limit that the device lets go of after a minute.
pub(super) fn limit(text: &str, mode: Mode) -> Site {
    let (repeat, lapse) = (Duration::from_secs(30), Duration::from_secs(60));
    let lease = Some(crate::arbiter::Lease { repeat, lapse });
    let policy = Policy { lease, ..plain(Want::Release) };
    Site::with(policy, text.to_owned(), mode)
}

pub(super) const LIMIT: &str = "rule(\"r\").set(out, 5.0).when(soc below 30).lasting(10.sec)\
                     .clear_when(soc above 45).lasting(10.sec);";
