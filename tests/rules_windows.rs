//! Windows over restarts: what is kept, what a sleep does to it, what it weighs.

#[allow(dead_code, reason = "the bench is shared with other tests")]
#[path = "rules/bench.rs"]
mod bench;

use std::time::Duration;

use bench::{Bench, source};
use sunkeep::rules::{Memory, Truth};

/// A site with a clock that can be believed, and ten minutes of 100 W.
fn sunny() -> Bench {
    let rule = "rule(\"r\").turn_on(heater).when(avg(pv_power, 10.min) above 80).lasting(0.sec)
        .clear_when(soc above 99);";
    let mut bench = Bench::with(&[source(rule)], &bench::world());
    bench.now.wall_trusted = true;
    bench.send("shunt.soc", 50.0).send("mppt.pv_power", 100.0).pass(700);
    assert_eq!(bench.verdicts[0].when, Truth::Yes);
    bench
}

/// Stops, sleeps and starts; the machine starts too, so its own time begins anew.
fn sleep(bench: &mut Bench, seconds: i64) {
    bench.restart();
    bench.now.wall += Duration::from_secs(seconds.unsigned_abs()) * 2 * u32::from(seconds > 0);
    bench.now.wall -= Duration::from_secs(seconds.unsigned_abs());
}

#[test]
fn a_short_sleep_is_a_gap() {
    let mut bench = sunny();
    sleep(&mut bench, 60);
    bench.pass(3);
    assert_eq!(bench.verdicts[0].when, Truth::Yes, "nine of ten minutes are covered");
    // What was seen before has its place: as new values come, old ones leave.
    bench.send("mppt.pv_power", 0.0).pass(150);
    assert_eq!(bench.verdicts[0].when, Truth::No);
}

#[test]
fn a_long_sleep_leaves_too_little() {
    let mut bench = sunny();
    sleep(&mut bench, 200);
    bench.pass(60);
    assert_eq!(bench.verdicts[0].when, Truth::Unknown);
    sleep(&mut bench, 3600);
    bench.pass(470);
    assert_eq!(bench.verdicts[0].when, Truth::Unknown, "an hour ago counts for nothing");
    bench.pass(30);
    assert_eq!(bench.verdicts[0].when, Truth::Yes);
}

#[test]
fn a_clock_that_went_back_or_is_not_set_says_nothing_about_a_sleep() {
    let mut bench = sunny();
    sleep(&mut bench, -30);
    bench.pass(100);
    assert_eq!(bench.verdicts[0].when, Truth::Unknown);
    let mut bench = sunny();
    sleep(&mut bench, 30);
    bench.now.wall_trusted = false;
    bench.pass(100);
    assert_eq!(bench.verdicts[0].when, Truth::Unknown);
    // It is set at last: now the old values have a place, beside the new ones.
    bench.now.wall_trusted = true;
    bench.pass(3);
    assert_eq!(bench.verdicts[0].when, Truth::Yes);
}

#[test]
fn a_second_restart_before_the_clock_is_set_forgets_nothing() {
    let mut bench = sunny();
    sleep(&mut bench, 30);
    bench.now.wall_trusted = false;
    bench.pass(5);
    sleep(&mut bench, 10);
    bench.pass(5);
    bench.now.wall_trusted = true;
    bench.pass(3);
    assert_eq!(bench.verdicts[0].when, Truth::Yes);
}

/// Bytes of a memory with this rule after readings at uneven times.
fn weight(when: &str) -> usize {
    let text = format!(
        "rule(\"r\").turn_on(heater).when({when} above 80).lasting(0.sec).clear_when(soc above 99);"
    );
    let mut bench = Bench::with(&[source(&text)], &bench::world());
    bench.now.wall_trusted = true;
    for step in 0_u32..3000 {
        bench.send("mppt.pv_power", f64::from(step * 7919 % 40_000) / 100.0).pass(1);
        bench.now.monotonic += Duration::from_nanos(u64::from(step) * 104_729 % 1_000_000_000);
    }
    let stored = serde_json::to_string(&bench.memory).expect("plain data");
    let read: Memory = serde_json::from_str(&stored).expect("what was written");
    assert_eq!(serde_json::to_string(&read).expect("plain data"), stored);
    stored.len()
}

#[test]
fn a_window_is_stored_in_two_and_a_half_kilobytes_whatever_its_length() {
    let without = weight("pv_power");
    for span in ["30.sec", "10.min", "1.hour"] {
        let window = weight(&format!("avg(pv_power, {span})")) - without;
        println!("{span}: {window} bytes");
        assert!((1000..2560).contains(&window), "{span}: {window} bytes");
    }
}

#[test]
fn what_no_window_would_have_stored_is_an_empty_window() {
    let bench = sunny();
    let stored = serde_json::to_string(&bench.memory).expect("plain data");
    for (from, to) in [("\"at\":", "\"at\":99"), ("\"buckets\":[[", "\"buckets\":[[1,1,1,1],[")] {
        assert!(stored.contains(from), "{stored}");
        let broken: Memory = serde_json::from_str(&stored.replacen(from, to, 1)).expect("plain");
        let mut other = sunny();
        other.memory = broken;
        other.pass(3);
        assert_eq!(other.verdicts[0].when, Truth::Unknown, "{to}");
    }
}
