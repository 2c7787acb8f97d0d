//! What a year of the shipped rules writes to the flash of a charger.
//!
//! A winter site in numbers (`sim::plant`) and the engine, in virtual time: what is
//! asked for is done at once, and the next seconds show it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sunkeep::arbiter::{Level, OutputId, Saved, Want};
use sunkeep::clock::{Clock, Now, SystemClock};
use sunkeep::config::{self, Config};
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::problem::Source;
use sunkeep::rules::Memory;
use sunkeep::sim::plant::{Controls, Plant, Site, State};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::Value;

use crate::Plan;
use crate::table::Table;

/// How often the site is looked at; the example's readings are good for 10 s.
const STEP: Duration = Duration::from_secs(5);

/// 2026-11-02T00:00:00Z, when clocks are believed.
const BEGIN: i64 = 1_793_577_600;

/// An engine whose hands are quick and whose journal is instant.
struct World {
    engine: Engine,
    snapshot: Snapshot,
    plant: Plant,
    names: Vec<String>,
    now: Duration,
    is: BTreeMap<String, Want>,
    /// Edges of each output, away from safe and back.
    edges: BTreeMap<String, u64>,
}

fn example() -> (Config, sunkeep::rules::RuleSet) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("examples/site.toml")).unwrap();
    let source = Source { name: "site.toml".to_owned(), text };
    let config = config::parse(&source, root).unwrap_or_else(|_| panic!("the example is sound"));
    let rules = config.load_rules().unwrap_or_else(|report| panic!("{}", report.render(false)));
    (config, rules)
}

impl World {
    fn new(seed: u64) -> Self {
        let (config, mut rules) = example();
        let mut snapshot = Snapshot::new();
        snapshot.limit_rates(config.rates.clone());
        rules.bind(&mut snapshot);
        let policies: Vec<_> = config.policies().cloned().collect();
        let names: Vec<_> = policies.iter().map(|policy| policy.name.clone()).collect();
        let is = policies.iter().map(|policy| (policy.name.clone(), policy.safe)).collect();
        let setup = Setup {
            rules: rules.without_trials(),
            memory: Memory::default(),
            policies,
            interlocks: config.interlocks.clone(),
            saved: Saved::default(),
            mode: Mode::Run,
            first_intent: 1,
        };
        let engine = Engine::new(Duration::ZERO, setup);
        let plant = Plant::new(Site::default(), seed);
        let (now, edges) = (Duration::ZERO, BTreeMap::new());
        Self { engine, snapshot, plant, names, now, is, edges }
    }

    fn has(&self, output: &str, level: Level) -> bool {
        self.is.get(output) == Some(&Want::Level(level))
    }

    fn pass(&mut self) {
        self.now += STEP;
        let controls = Controls {
            load_on: self.has("load_output", Level::On),
            heater_on: self.has("heater", Level::On),
            charge_limit: match self.is.get("charge_limit") {
                Some(Want::Number(limit)) => *limit,
                _ => f64::INFINITY,
            },
        };
        let state = self.plant.step(STEP, controls).clone();
        let seconds = i64::try_from(self.now.as_secs()).unwrap();
        let wall = Timestamp::from_second(BEGIN + seconds).unwrap();
        let now = Now { monotonic: self.now, wall, wall_trusted: true };
        self.show(now, &state);
        loop {
            for (index, name) in self.names.iter().enumerate() {
                let output = OutputId(u16::try_from(index).unwrap());
                let actual = self.is.get(name).copied();
                self.engine.handle(now, Event::Feedback { output, actual });
            }
            let effects = self.engine.step(now, &self.snapshot);
            if effects.is_empty() {
                return;
            }
            effects.into_iter().for_each(|effect| self.perform(now, effect));
        }
    }

    fn show(&mut self, now: Now, state: &State) {
        let values = [
            ("shunt.soc", state.state_of_charge),
            ("shunt.battery_voltage", state.flow.voltage),
            ("shunt.battery_temperature", state.cells),
            ("shunt.time_since_full_charge", state.ledger.since_full),
            ("mppt.pv_power", state.flow.panel),
            ("mppt.battery_voltage", state.flow.voltage),
            ("mppt.state", f64::from(state.flow.stage.number())),
        ];
        for (name, value) in values {
            if let Some(id) = self.snapshot.find(name) {
                self.snapshot.set(now, id, Value::number(value));
            }
        }
    }

    fn perform(&mut self, now: Now, effect: Effect) {
        match effect {
            Effect::Record { ticket: Some(ticket), .. } => {
                self.engine.handle(now, Event::Recorded { ticket, result: Ok(()) });
            }
            Effect::Record { ticket: None, .. } | Effect::Renew { .. } => {}
            Effect::Apply { output, want } => {
                let name = self.names[output.index()].clone();
                self.is.insert(name.clone(), want);
                *self.edges.entry(name).or_default() += 1;
                let outcome = Outcome::Verified;
                self.engine.handle(now, Event::Applied { output, want, outcome });
            }
        }
    }
}

/// A year of the example site.
pub fn measure(plan: Plan, table: &mut Table) {
    let clock = SystemClock::new();
    let mut world = World::new(1);
    let end = Duration::from_secs(plan.days * 86_400);
    while world.now < end {
        world.pass();
    }
    let took = clock.now().monotonic;
    let writes = world.edges.get("load_output").copied().unwrap_or(0);
    let days = plan.days;
    table.add(
        "writes to a charger's flash, shipped rules",
        format!("{writes} in {days} virtual days ({took:.0?})"),
    );
    let edges: Vec<_> = world.edges.iter().map(|(name, count)| format!("{name} {count}")).collect();
    table.add("acts of every output in that time", edges.join(", "));
}
