//! What a step costs with rules at level 3: ten closures over three readings each,
//! readings that change in every step, wishes and reasons included.
//!
//! The aim is 40 µs a pass. `cargo bench --bench scripts`

use std::time::Duration;

use divan::Bencher;
use jiff::Timestamp;
use sunkeep::clock::Now;
use sunkeep::problem::Source;
use sunkeep::rules::{Input, Memory, RuleSet, World};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::{Unit, Value};
use sunkeep::vedirect::state::Meaning;

fn main() {
    divan::main();
}

fn input(index: usize) -> Input {
    Input {
        name: format!("input{index}"),
        point: format!("device.input{index}"),
        derived: None,
        max_age: Duration::from_secs(10),
        grace: Duration::from_secs(10),
        unit: Unit::Watt,
        meaning: Meaning::Plain,
        valid: None,
    }
}

fn rule(index: usize, body: &str) -> String {
    let name = |offset: usize| format!("s.input{}", (index * 3 + offset) % 25);
    let body = body.replace("A", &name(0)).replace("B", &name(1)).replace("C", &name(2));
    format!("rule(\"rule {index}\").decide(|s, mem| {{ {body} }});\n")
}

const DECISION: &str = "if A < 2.0 && B > 40.0 { want(heater, on, \"cold cells\") }
    else if C > 90.0 { want(heater, on, \"sun\") } else { nothing() }";

const COUNTER: &str = "mem.count = mem.get(\"count\", 0) + 1;
    if A < 2.0 && mem.count > 5 { want(heater, on, \"cold for long\") } else { nothing() }";

fn pass(bencher: Bencher, count: usize, body: &str) {
    let text: String = (0..count).map(|index| rule(index, body)).collect();
    let world = World {
        inputs: (0..25).map(input).collect(),
        outputs: vec!["heater".into()],
        ..World::default()
    };
    let source = Source { name: "a.rhai".into(), text };
    let mut rules = RuleSet::compile(&[source], &world).expect("sound rules");
    let mut snapshot = Snapshot::new();
    rules.bind(&mut snapshot);
    let points: Vec<_> = snapshot.points().map(|(id, _)| id).collect();
    let (mut memory, mut verdicts) = (Memory::default(), Vec::new());
    let mut step = 0_u32;
    bencher.bench_local(|| {
        step += 1;
        let now = Now {
            monotonic: Duration::from_secs(u64::from(step)),
            wall: Timestamp::UNIX_EPOCH,
            wall_trusted: true,
        };
        for (index, &point) in points.iter().enumerate() {
            let value = f64::from((step * 7 + index as u32 * 13) % 100);
            snapshot.set(now, point, Some(Value::Number(value)));
        }
        rules.evaluate(now, &snapshot, &mut memory, &mut verdicts);
    });
}

#[divan::bench]
fn no_closure(bencher: Bencher) {
    pass(bencher, 0, "");
}

#[divan::bench]
fn ten_closures(bencher: Bencher) {
    pass(bencher, 10, DECISION);
}

#[divan::bench]
fn ten_closures_with_memory(bencher: Bencher) {
    pass(bencher, 10, COUNTER);
}
