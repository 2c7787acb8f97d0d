//! What allocates and what does not: a site runs for years on a small machine.
//!
//! An allocator that counts stands behind everything here. Each claim of "none"
//! has a case beside it that must count some, or the counter itself is broken.

#[allow(dead_code, reason = "the bench is shared with other tests")]
#[path = "rules/bench.rs"]
mod bench;
#[path = "support/policy.rs"]
mod policy;
#[path = "support/stream.rs"]
mod stream;

use std::alloc::System;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bench::{Bench, source};
use policy::unbounded;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use stream::{Device, Hex, Random};
use sunkeep::arbiter::{Level, OutputId, Saved};
use sunkeep::engine::{Engine, Event, Mode, Setup};
use sunkeep::rules::Memory;
use sunkeep::snapshot::Snapshot;
use sunkeep::units::{Unit, Value};
use sunkeep::vedirect::Measurement;
use sunkeep::vedirect::decoder::{Decoder, Frame};
use sunkeep::vedirect::state::Meaning;

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The counter counts for all threads, so one test counts at a time.
static TURN: Mutex<()> = Mutex::new(());

/// The test harness prints now and then: of several tries the quietest counts.
const TRIES: usize = 20;

fn allocations(mut act: impl FnMut()) -> usize {
    let count = |_| {
        let region = Region::new(COUNTER);
        act();
        let change = region.change();
        change.allocations + change.reallocations
    };
    (0..TRIES).map(count).min().unwrap_or_default()
}

const RULES: &str = r#"
rule("a").turn_off(load_output).when(soc below 30).clear_when(soc above 45);
rule("b").turn_on(heater).when(cell_temperature below 2 and (soc above 60 or pv_power * 2 above 80))
    .clear_when(cell_temperature above 6 or soc below 50).priority(60).only(age(soc) below 5.sec);
rule("c").turn_on(load_output).when(avg(pv_power, 10.min) above 500)
    .clear_when(avg(pv_power, 10.min) below 400).priority(70);
"#;

#[test]
fn a_step_in_which_nothing_changes_allocates_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut bench = Bench::with(&[source(RULES)], &bench::world());
    bench.send("shunt.soc", 29.0).send("mppt.pv_power", 100.0);
    bench.send("shunt.battery_temperature", 1.0).pass(900);
    let points: Vec<_> = bench.snapshot.points().map(|(id, _)| id).collect();
    let values = [29.0, 100.0, 1.0];
    let step = |bench: &mut Bench| {
        bench.now.monotonic += Duration::from_secs(1);
        for (&point, value) in points.iter().zip(values) {
            bench.snapshot.set(bench.now, point, Some(Value::Number(value)));
        }
        let Bench { rules, snapshot, memory, now, verdicts, .. } = bench;
        rules.evaluate(*now, snapshot, memory, verdicts);
    };
    assert_eq!(allocations(|| step(&mut bench)), 0);
    let reason = allocations(|| {
        step(&mut bench);
        drop(bench.rules.explain(0, bench.now, &bench.snapshot, &bench.memory));
    });
    assert!(reason > 0, "a written reason must be counted");
}

#[test]
fn an_engine_that_changes_nothing_allocates_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut bench = Bench::with(&[source(RULES)], &bench::world());
    let policies = vec![unbounded("heater", Level::Off), unbounded("load_output", Level::On)];
    let setup = Setup {
        rules: bench.rules.clone(),
        memory: Memory::default(),
        saved: Saved::default(),
        mode: Mode::Run,
        first_intent: 1,
        policies,
        interlocks: Vec::new(),
    };
    let mut engine = Engine::new(Duration::ZERO, setup);
    for (index, level) in [Level::Off, Level::On].into_iter().enumerate() {
        let (output, actual) = (OutputId(index as u16), Some(level.into()));
        engine.handle(bench.now, Event::Feedback { output, actual });
    }
    bench.send("shunt.soc", 90.0).send("mppt.pv_power", 100.0);
    bench.send("shunt.battery_temperature", 10.0).pass(3);
    let step = |engine: &mut Engine| {
        let effects = engine.step(bench.now, &bench.snapshot);
        assert!(effects.is_empty(), "{effects:?}");
    };
    let _ = engine.step(bench.now, &bench.snapshot);
    assert_eq!(allocations(|| step(&mut engine)), 0);
    let status = allocations(|| drop(engine.outputs(Duration::ZERO).collect::<Vec<_>>()));
    assert!(status > 0, "a status must be counted");
}

#[test]
fn a_known_reading_is_taken_without_allocating() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let measured = |name: String| Measurement {
        name: name.into(),
        unit: Unit::Watt,
        meaning: Meaning::Plain,
        value: Some(Value::Number(80.0)),
    };
    let (mut snapshot, mut now) = (Snapshot::new(), bench::Bench::new("").now);
    let max_age = Duration::from_secs(10);
    let known = measured("pv_power".to_owned());
    let mut take = |measurement: &Measurement| {
        now.monotonic += Duration::from_secs(1);
        snapshot.accept(now, "mppt", measurement, max_age);
    };
    take(&known);
    assert_eq!(allocations(|| take(&known)), 0);
    let new: Vec<Measurement> = (0..TRIES).map(|index| measured(format!("new_{index}"))).collect();
    let mut new = new.iter();
    let first = allocations(|| new.next().into_iter().for_each(&mut take));
    assert!(first > 0, "a point that is new must be counted");
}

#[test]
fn the_decoder_allocates_when_it_is_made_and_then_no_more() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = stream::stream(Device::Bmv, Hex::InsideBlock, 50, &mut Random::new(1)).bytes;
    let decode = |decoder: &mut Decoder| {
        let (mut chunk, mut blocks) = (bytes.as_slice(), 0);
        while let Some(frame) = decoder.next(&mut chunk) {
            blocks += usize::from(matches!(frame, Frame::Text(_)));
        }
        blocks
    };
    let mut decoder = Decoder::new();
    assert!(decode(&mut decoder) > 20, "the stream holds blocks");
    assert_eq!(allocations(|| assert!(decode(&mut decoder) > 20)), 0);
    let fresh = allocations(|| assert!(decode(&mut Decoder::new()) > 20));
    assert!(fresh > 0, "a decoder that is made must be counted");
}
