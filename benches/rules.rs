//! Passes per second of ten level-2 rules over 25 inputs, beside a native floor.
//!
//! `cargo bench --bench rules`. Every pass has new readings. Memory is kept, and
//! whenever a rule changes its mind its reason is written out, as the journal
//! would have it. The floor is the same logic written by hand on plain numbers,
//! without names, ages, unknowns or reasons. The allocation profiler shows what
//! a step allocates in which nothing changes: nothing. `tests/allocations.rs` holds
//! that, beside a case that must allocate.

use std::time::Duration;

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher, black_box};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sunkeep::clock::Now;
use sunkeep::problem::{Source, render};
use sunkeep::rules::{Input, Memory, RuleSet, Site, State, Verdict, World};
use sunkeep::snapshot::{PointId, Snapshot};
use sunkeep::units::{Unit, Value};
use sunkeep::vedirect::state::Meaning;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const INPUTS: usize = 25;
const RULES: usize = 10;

/// Steps of one turn of the inputs; each rule sets and clears once in it.
const TURN: usize = 512;

fn main() {
    divan::main();
}

/// Rule `r` asks about five inputs, so that all 25 are asked about twice.
fn text() -> String {
    let rule = |r: usize| {
        let x = |k: usize| format!("x{}", (r * 5 + k) % INPUTS);
        format!(
            "rule(\"rule {r}\").turn_on(out{r})
    .when({} below 30 and ({} above 60 or {} * 2 - {} above 40)).lasting(5.sec)
    .clear_when({} above 45 or {} below 10).lasting(2.sec)
    .only({} above 1).priority(40);\n",
            x(0),
            x(1),
            x(2),
            x(3),
            x(0),
            x(1),
            x(4)
        )
    };
    (0..RULES).map(rule).collect()
}

/// Input `i` at step `t`: a slow wave between 15 and 85, each at its own phase.
fn wave(i: usize, t: usize) -> f64 {
    let angle = (t % TURN) as f64 / TURN as f64 + i as f64 / INPUTS as f64;
    50.0 + 35.0 * (angle * std::f64::consts::TAU).sin()
}

struct Bench {
    rules: RuleSet,
    snapshot: Snapshot,
    points: Vec<PointId>,
    waves: Vec<[f64; INPUTS]>,
    memory: Memory,
    verdicts: Vec<Verdict>,
    states: [State; RULES],
    now: Now,
    step: usize,
    edges: usize,
}

impl Bench {
    fn new(site: Option<Site>) -> Self {
        let input = |i: usize| Input {
            name: format!("x{i}"),
            point: format!("device.x{i}"),
            derived: None,
            max_age: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            unit: Unit::Watt,
            meaning: Meaning::Plain,
            valid: Some((-100.0, 200.0)),
        };
        let world = World {
            inputs: (0..INPUTS).map(input).collect(),
            outputs: (0..RULES).map(|r| format!("out{r}")).collect(),
            site,
            ..World::default()
        };
        let sources = [Source { name: "bench.rhai".into(), text: text() }];
        let mut rules = RuleSet::compile(&sources, &world)
            .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
        let mut snapshot = Snapshot::new();
        rules.bind(&mut snapshot);
        let points =
            (0..INPUTS).map(|i| snapshot.find(&format!("device.x{i}")).expect("bound")).collect();
        let wall = Timestamp::from_second(1_800_000_000).expect("in range");
        let mut bench = Self {
            rules,
            snapshot,
            points,
            waves: (0..TURN).map(|t| std::array::from_fn(|i| wave(i, t))).collect(),
            memory: Memory::default(),
            verdicts: Vec::new(),
            states: [State::Clear; RULES],
            now: Now { monotonic: Duration::ZERO, wall, wall_trusted: true },
            step: 0,
            edges: 0,
        };
        for _ in 0..2 * TURN {
            bench.receive();
            bench.pass();
        }
        assert!(bench.edges >= RULES, "rules that never change show nothing: {}", bench.edges);
        bench
    }

    /// 25 new readings.
    fn receive(&mut self) {
        let values = &self.waves[self.step % TURN];
        for (point, value) in self.points.iter().zip(values) {
            self.snapshot.set(self.now, *point, Some(Value::Number(*value)));
        }
        self.step += 1;
    }

    /// One pass of all rules, with the reasons of those that changed.
    fn pass(&mut self) -> usize {
        self.rules.evaluate(self.now, &self.snapshot, &mut self.memory, &mut self.verdicts);
        for (verdict, state) in self.verdicts.iter().zip(&mut self.states) {
            if verdict.state != *state {
                *state = verdict.state;
                self.edges += 1;
                let why = self.rules.explain(verdict.rule, self.now, &self.snapshot, &self.memory);
                black_box(why);
            }
        }
        self.now.monotonic += Duration::from_secs(1);
        self.now.wall += Duration::from_secs(1);
        self.edges
    }
}

fn site() -> Site {
    Site { latitude: 63.4, longitude: -145.7, zone: TimeZone::fixed(jiff::tz::offset(-9)) }
}

/// The figure: 25 readings stored, ten rules asked, reasons on edges. A sample is
/// two turns of the inputs, so that each holds the same number of edges.
#[divan::bench(sample_size = 1024)]
fn sunkeep_readings_rules_reasons(bencher: Bencher<'_, '_>) {
    let mut bench = Bench::new(None);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        bench.receive();
        bench.pass()
    });
}

/// The same with a site: the local clock and today's counters are kept too.
#[divan::bench(sample_size = 1024)]
fn sunkeep_with_calendar(bencher: Bencher<'_, '_>) {
    let mut bench = Bench::new(Some(site()));
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        bench.receive();
        bench.pass()
    });
}

/// A step in which nothing changes: must not allocate.
#[divan::bench(sample_size = 1024)]
fn sunkeep_quiet_step(bencher: Bencher<'_, '_>) {
    let mut bench = Bench::new(Some(site()));
    let edges = bench.edges;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        // The same readings again at the same instant: no timer runs out.
        bench.step = 0;
        bench.now.monotonic -= Duration::from_secs(1);
        bench.receive();
        bench.pass()
    });
    assert!(bench.edges - edges <= 2 * RULES, "a quiet step changes nothing");
}

/// Ten rules asked about readings that are there already: the rules alone.
#[divan::bench(sample_size = 1024)]
fn sunkeep_rules_alone(bencher: Bencher<'_, '_>) {
    let mut bench = Bench::new(None);
    let now = bench.now;
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        bench.now = now;
        bench.pass()
    });
}

/// The same decisions by hand on plain numbers.
struct Floor {
    waves: Vec<[f64; INPUTS]>,
    values: [f64; INPUTS],
    latched: [bool; RULES],
    when_since: [Option<u64>; RULES],
    clear_since: [Option<u64>; RULES],
    now: u64,
}

impl Floor {
    fn pass(&mut self) -> usize {
        self.values = self.waves[self.now as usize % TURN];
        let mut asked = 0;
        for r in 0..RULES {
            let x = |k: usize| self.values[(r * 5 + k) % INPUTS];
            let when = x(0) < 30.0 && (x(1) > 60.0 || x(2) * 2.0 - x(3) > 40.0);
            let clear = x(0) > 45.0 || x(1) < 10.0;
            let set = held(&mut self.when_since[r], when, self.now, 5);
            if held(&mut self.clear_since[r], clear, self.now, 2) {
                self.latched[r] = false;
            } else if set && !clear {
                self.latched[r] = true;
            }
            asked += usize::from(self.latched[r] && x(4) > 1.0);
        }
        self.now += 1;
        asked
    }
}

fn held(since: &mut Option<u64>, holds: bool, now: u64, lasting: u64) -> bool {
    if !holds {
        *since = None;
        return false;
    }
    now - *since.get_or_insert(now) >= lasting
}

#[divan::bench(sample_size = 1024)]
fn floor_native(bencher: Bencher<'_, '_>) {
    let mut floor = Floor {
        waves: (0..TURN).map(|t| std::array::from_fn(|i| wave(i, t))).collect(),
        values: [0.0; INPUTS],
        latched: [false; RULES],
        when_since: [None; RULES],
        clear_since: [None; RULES],
        now: 0,
    };
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| black_box(&mut floor).pass());
}
