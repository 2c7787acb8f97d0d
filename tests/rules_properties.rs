//! What holds for any rules and any weather: seeded, and each failure prints the
//! seed with the one command that repeats it.

#[path = "rules/bench.rs"]
#[allow(dead_code, reason = "only the world is needed here")]
mod bench;
#[path = "support/policy.rs"]
mod policy;

use std::time::Duration;

use bench::world;
use jiff::Timestamp;
use policy::unbounded;
use sunkeep::arbiter::{Level, Policy, Saved};
use sunkeep::clock::Now;
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::problem::{Source, render};
use sunkeep::rules::{Memory, RuleSet, State};
use sunkeep::snapshot::{Quality, Snapshot};
use sunkeep::units::Value;

const RULES: [(&str, &str); 7] = [
    ("a.rhai", "rule(\"preserve\").turn_off(load_output).when(soc below 30).lasting(20.sec)
        .clear_when(soc above 45).lasting(20.sec);"),
    ("b.rhai", "rule(\"heat\").turn_on(heater).when(cell_temperature below 2 and soc above 20)
        .lasting(10.sec).clear_when(cell_temperature above 6 or soc below 15).lasting(5.sec);"),
    ("c.rhai", "rule(\"spare\").turn_off(heater).when(soc below 25).lasting(5.sec)
        .clear_when(soc above 35).priority(60).if_unknown(\"hold\");"),
    ("d.rhai", "rule(\"sun\").turn_on(load_output).when(pv_power above 80).lasting(15.sec)
        .clear_when(pv_power below 40).priority(70).if_unknown(\"clear\");"),
    ("e.rhai", "rule(\"float\").turn_on(heater).when(mppt.device_state equals \"float\")
        .lasting(0.sec).clear_when(mppt.device_state equals \"bulk\").only(soc above 50).priority(30);"),
    ("f.rhai", "rule(\"cold\").turn_off(load_output).when(not(cell_temperature above -10))
        .clear_when(cell_temperature above -5).priority(80);"),
    ("g.rhai", "rule(\"trend\").turn_on(load_output).priority(75)
        .when(avg(pv_power, 1.min) above 60 and rate(soc, 2.min) above -900).lasting(5.sec)
        .clear_when(max(pv_power, 30.sec) below 60 or min(soc, 5.min) below 20).lasting(5.sec);"),
];

const POINTS: [(&str, f64, f64); 4] = [
    ("shunt.soc", 0.0, 100.0),
    ("mppt.pv_power", 0.0, 150.0),
    ("shunt.battery_temperature", -15.0, 12.0),
    ("mppt.device_state", 3.0, 6.0),
];

/// A small generator whose numbers a seed repeats (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}

/// One thing that happens in a second.
#[derive(Clone, Debug)]
enum Happening {
    Reading(usize, Option<f64>),
    Silence(usize),
    WallJump(i64),
}

/// Seconds of weather: values drift, cables drop out, sensors lie, clocks jump.
fn weather(seed: u64, seconds: usize) -> Vec<Vec<Happening>> {
    let mut dice = Dice::new(seed);
    let mut values = POINTS.map(|(_, low, high)| low + (high - low) * 0.4);
    let mut second = || {
        let mut happens = Vec::new();
        for (index, (_, low, high)) in POINTS.into_iter().enumerate() {
            let step = (high - low) * (dice.below(21) as f64 - 10.0) / 100.0;
            values[index] = (values[index] + step).clamp(low, high);
            happens.push(match dice.below(60) {
                0 => Happening::Silence(index),
                1 => Happening::Reading(index, None),
                2 => Happening::Reading(index, Some(1e6)),
                3 => Happening::Reading(index, Some(f64::NAN)),
                _ => Happening::Reading(index, Some(values[index].round())),
            });
        }
        if dice.below(200) == 0 {
            happens.push(Happening::WallJump(dice.below(400_000_000) as i64 - 200_000_000));
        }
        happens
    };
    (0..seconds).map(|_| second()).collect()
}

fn sources(order: &[usize]) -> Vec<Source> {
    let file = |&at: &usize| Source { name: RULES[at].0.into(), text: RULES[at].1.into() };
    order.iter().map(file).collect()
}

fn compiled(sources: &[Source]) -> RuleSet {
    RuleSet::compile(sources, &world())
        .unwrap_or_else(|problems| panic!("{}", render(&problems, sources, false)))
}

/// A site with all rules, stepped once a second.
struct Site {
    snapshot: Snapshot,
    now: Now,
    /// Points that send nothing until this second.
    silent: [u64; POINTS.len()],
    second: u64,
}

impl Site {
    fn new() -> Self {
        let wall = Timestamp::UNIX_EPOCH;
        let now = Now { monotonic: Duration::from_secs(100_000), wall, wall_trusted: true };
        Self { snapshot: Snapshot::new(), now, silent: [0; POINTS.len()], second: 0 }
    }

    fn happen(&mut self, happenings: &[Happening]) {
        self.second += 1;
        self.now.monotonic += Duration::from_secs(1);
        self.now.wall = self.now.wall.checked_add(Duration::from_secs(1)).unwrap_or_default();
        for happening in happenings {
            match *happening {
                Happening::Silence(point) => self.silent[point] = self.second + 25,
                Happening::WallJump(by) => {
                    self.now.wall = Timestamp::from_second(by.abs()).expect("in range");
                }
                Happening::Reading(point, _) if self.silent[point] > self.second => {}
                Happening::Reading(point, value) => {
                    let Some(id) = self.snapshot.find(POINTS[point].0) else { continue };
                    self.snapshot.set(self.now, id, value.and_then(Value::number));
                }
            }
        }
    }
}

fn policies() -> Vec<Policy> {
    let policy = |name: &str, safe: Level| Policy {
        min_on: Duration::from_secs(30),
        min_off: Duration::from_secs(30),
        max_on: Duration::from_secs(600),
        max_writes_per_day: Some(400),
        ..unbounded(name, safe)
    };
    vec![policy("heater", Level::Off), policy("load_output", Level::On)]
}

/// Everything that an engine with these files does in this weather.
fn effects(order: &[usize], weather: &[Vec<Happening>]) -> Vec<String> {
    let mut site = Site::new();
    let mut rules = compiled(&sources(order));
    rules.bind(&mut site.snapshot);
    let setup = Setup {
        rules,
        memory: Memory::default(),
        policies: policies(),
        interlocks: Vec::new(),
        saved: Saved::default(),
        mode: Mode::Run,
        first_intent: 1,
    };
    let mut engine = Engine::new(Duration::ZERO, setup);
    for (index, policy) in policies().into_iter().enumerate() {
        let output = sunkeep::arbiter::OutputId(index as u16);
        engine.handle(site.now, Event::Feedback { output, actual: Some(policy.safe) });
    }
    let mut done = Vec::new();
    for happenings in weather {
        site.happen(happenings);
        for _ in 0..8 {
            let effects = engine.step(site.now, &site.snapshot);
            if effects.is_empty() {
                break;
            }
            for effect in effects {
                done.push(format!("{:?} {effect:?}", site.now.monotonic));
                match effect {
                    Effect::Record { ticket: Some(ticket), .. } => {
                        engine.handle(site.now, Event::Recorded { ticket, result: Ok(()) });
                    }
                    Effect::Apply { output, want } => {
                        let outcome = Outcome::Verified;
                        engine.handle(site.now, Event::Applied { output, want, outcome });
                    }
                    _ => {}
                }
            }
        }
    }
    done
}

/// The seeds of this run: one when `SUNKEEP_SEED` names it, else 1 to `count`.
fn seeds(count: u64) -> std::ops::RangeInclusive<u64> {
    match std::env::var("SUNKEEP_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..=seed,
        None => 1..=count,
    }
}

fn again(test: &str, seed: u64) -> String {
    format!("repeat with: SUNKEEP_SEED={seed} cargo test --test rules_properties {test}")
}

#[test]
fn the_order_of_files_changes_nothing() {
    for seed in seeds(1000) {
        let mut dice = Dice::new(seed);
        let mut order: Vec<usize> = (0..RULES.len()).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, dice.below(at as u64 + 1) as usize);
        }
        // 20 sorts of weather, 50 orders each.
        let weather = weather(seed % 20, 180);
        let straight: Vec<usize> = (0..RULES.len()).collect();
        let hint = again("the_order_of_files_changes_nothing", seed);
        assert_eq!(effects(&order, &weather), effects(&straight, &weather), "{hint}");
    }
}

#[test]
fn no_rule_asks_for_anything_on_a_value_that_is_not_good() {
    let straight: Vec<usize> = (0..RULES.len()).collect();
    for seed in seeds(30) {
        let mut site = Site::new();
        let mut rules = compiled(&sources(&straight));
        rules.bind(&mut site.snapshot);
        let (mut memory, mut verdicts) = (Memory::default(), Vec::new());
        let hint = again("no_rule_asks_for_anything_on_a_value_that_is_not_good", seed);
        for happenings in weather(seed, 600) {
            site.happen(&happenings);
            rules.evaluate(site.now, &site.snapshot, &mut memory, &mut verdicts);
            for verdict in &verdicts {
                let rule = &rules.rules()[verdict.rule];
                let conditions = rules.conditions(verdict.rule, site.now, &site.snapshot, &memory);
                let mut leaves = Vec::new();
                let mut open: Vec<_> = conditions.iter().collect();
                while let Some(branch) = open.pop() {
                    if branch.parts.is_empty() {
                        leaves.push(branch);
                    }
                    open.extend(&branch.parts);
                }
                for leaf in leaves {
                    let word = leaf.text.split(' ').next().unwrap_or_default();
                    let good = rules.inputs().find(|input| input.name == word).map(|input| {
                        let id = site.snapshot.find(&input.point).expect("a bound point");
                        site.snapshot.quality(site.now, id) == Quality::Good
                    });
                    if good == Some(false) {
                        assert_eq!(leaf.answer, "unknown", "{}: {leaf:?}; {hint}", rule.name);
                    }
                }
                // `hold` may go on for its grace, as it says.
                let asks = verdict.state == State::Set && rule.name.as_ref() != "spare";
                let decided = [verdict.when, verdict.clear_when, verdict.only]
                    .iter()
                    .all(|truth| truth.word() != "unknown");
                assert!(!asks || decided, "{} asks on {conditions:?}; {hint}", rule.name);
            }
        }
    }
}

#[test]
fn a_memory_read_back_goes_on_as_if_nothing_had_been() {
    let straight: Vec<usize> = (0..RULES.len()).collect();
    for seed in seeds(20) {
        let hint = again("a_memory_read_back_goes_on_as_if_nothing_had_been", seed);
        let mut site = Site::new();
        let mut rules = compiled(&sources(&straight));
        rules.bind(&mut site.snapshot);
        let (mut whole, mut verdicts) = (Memory::default(), Vec::new());
        let (mut broken, mut others) = (Memory::default(), Vec::new());
        let mut dice = Dice::new(seed);
        for happenings in weather(seed, 400) {
            site.happen(&happenings);
            if dice.below(7) == 0 {
                let stored = serde_json::to_string(&broken).expect("plain data");
                broken = serde_json::from_str(&stored).expect("what was written");
            }
            rules.evaluate(site.now, &site.snapshot, &mut whole, &mut verdicts);
            rules.evaluate(site.now, &site.snapshot, &mut broken, &mut others);
            assert_eq!(verdicts, others, "at {:?}; {hint}", site.now.monotonic);
        }
    }
}

#[test]
fn a_jump_of_the_wall_clock_moves_nothing() {
    let straight: Vec<usize> = (0..RULES.len()).collect();
    for seed in seeds(20) {
        let jumpy = weather(seed, 400);
        let calm: Vec<Vec<Happening>> = jumpy
            .iter()
            .map(|second| {
                let keep = |h: &&Happening| !matches!(h, Happening::WallJump(_));
                second.iter().filter(keep).cloned().collect()
            })
            .collect();
        let acts = |weather: &[Vec<Happening>]| -> Vec<String> {
            let done = effects(&straight, weather);
            done.into_iter().filter(|line| line.contains("Apply")).collect()
        };
        let hint = again("a_jump_of_the_wall_clock_moves_nothing", seed);
        assert_eq!(acts(&jumpy), acts(&calm), "{hint}");
    }
}
