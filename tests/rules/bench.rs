//! A rule set with its snapshot, memory and a clock that tests move.

use std::time::Duration;

use jiff::Timestamp;
use sunkeep::clock::Now;
use sunkeep::problem::Source;
use sunkeep::rules::{Input, Memory, Quantity, RuleSet, State, Verdict, World};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::{Unit, Value};
use sunkeep::vedirect::state::{DEVICE_STATE, Meaning};

fn input(name: &str, point: &str, unit: Unit, valid: Option<(f64, f64)>) -> Input {
    let age = Duration::from_secs(10);
    Input {
        name: name.into(),
        point: point.into(),
        derived: None,
        max_age: age,
        grace: Duration::from_secs(30),
        unit,
        meaning: Meaning::Plain,
        valid,
    }
}

pub fn world() -> World {
    let quantity = |name: &str, unit, meaning| Quantity { name: name.into(), unit, meaning };
    World {
        inputs: vec![
            input("soc", "shunt.soc", Unit::Percent, Some((0.0, 100.0))),
            input("pv_power", "mppt.pv_power", Unit::Watt, None),
            input(
                "cell_temperature",
                "shunt.battery_temperature",
                Unit::Celsius,
                Some((-60.0, 90.0)),
            ),
        ],
        devices: vec!["mppt".into(), "shunt".into()],
        quantities: vec![
            quantity("battery_temperature", Unit::Celsius, Meaning::Plain),
            quantity("device_state", Unit::None, Meaning::Enumeration(&DEVICE_STATE)),
            quantity("pv_power", Unit::Watt, Meaning::Plain),
            quantity("serial_number", Unit::None, Meaning::Plain),
            quantity("soc", Unit::Percent, Meaning::Plain),
        ],
        outputs: vec!["heater".into(), "load_output".into()],
        ..World::default()
    }
}

pub fn source(text: &str) -> Source {
    Source { name: "a.rhai".into(), text: text.into() }
}

/// A rule set with its snapshot, memory and clock.
pub struct Bench {
    pub rules: RuleSet,
    pub snapshot: Snapshot,
    pub memory: Memory,
    pub now: Now,
    pub verdicts: Vec<Verdict>,
    /// What every device sends each second.
    sent: Vec<(&'static str, Value)>,
}

impl Bench {
    #[track_caller]
    pub fn new(text: &str) -> Self {
        Self::of(&[source(text)])
    }

    #[track_caller]
    pub fn of(sources: &[Source]) -> Self {
        Self::with(sources, &world())
    }

    #[track_caller]
    pub fn with(sources: &[Source], world: &World) -> Self {
        let mut rules = match RuleSet::compile(sources, world) {
            Ok(rules) => rules,
            Err(problems) => panic!("{}", sunkeep::problem::render(&problems, sources, false)),
        };
        let mut snapshot = Snapshot::new();
        rules.bind(&mut snapshot);
        let now =
            Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH, wall_trusted: false };
        Self { rules, snapshot, memory: Memory::default(), now, verdicts: vec![], sent: vec![] }
    }

    pub fn send(&mut self, point: &'static str, value: f64) -> &mut Self {
        self.send_value(point, Value::Number(value))
    }

    pub fn send_value(&mut self, point: &'static str, value: Value) -> &mut Self {
        self.sent.retain(|(name, _)| *name != point);
        self.sent.push((point, value));
        self
    }

    pub fn lose(&mut self, point: &str) -> &mut Self {
        self.sent.retain(|(name, _)| *name != point);
        self
    }

    pub fn pass(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            for (point, value) in &self.sent {
                let id = self.snapshot.find(point).expect("a bound point");
                self.snapshot.set(self.now, id, Some(value.clone()));
            }
            self.rules.evaluate(self.now, &self.snapshot, &mut self.memory, &mut self.verdicts);
            self.now.monotonic += Duration::from_secs(1);
            self.now.wall += Duration::from_secs(1);
        }
        self
    }

    #[track_caller]
    pub fn expect(&mut self, state: State) -> &mut Self {
        let text = self.rules.explain(0, self.now, &self.snapshot, &self.memory).text;
        assert_eq!(self.verdicts[0].state, state, "at {:?}: {text}", self.now.monotonic);
        assert_eq!(self.verdicts[0].request.is_some(), state == State::Set);
        assert_eq!(self.verdicts[0].to_safe, state == State::Unknown);
        self
    }

    /// Stores the memory and starts again, as after a power cut.
    pub fn restart(&mut self) -> &mut Self {
        let stored = serde_json::to_string(&self.memory).expect("plain data");
        let memory: Memory = serde_json::from_str(&stored).expect("what was written");
        assert_eq!(serde_json::to_string(&memory).expect("plain data"), stored);
        self.memory = memory.after_restart();
        self.snapshot = Snapshot::new();
        self.rules.bind(&mut self.snapshot);
        self.now.monotonic = Duration::ZERO;
        self
    }

    /// The first rule's reason, as it was in the last step.
    pub fn why(&mut self) -> String {
        let now = Now { monotonic: self.now.monotonic - Duration::from_secs(1), ..self.now };
        self.rules.explain(0, now, &self.snapshot, &self.memory).text
    }
}
