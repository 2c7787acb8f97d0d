//! What is done about what is not known.

use sunkeep::rules::{State, Truth};

use crate::bench::Bench;
use crate::{PRESERVE, preserve};

#[test]
fn a_dead_cable_withdraws_the_request() {
    let mut bench = Bench::new(PRESERVE);
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set);
    bench.lose("shunt.soc").pass(10).expect(State::Set).pass(1).expect(State::Unknown);
    assert_eq!(bench.why(), "soc is unknown: stale, 11 s old");
    bench.pass(3600).expect(State::Unknown);
    // Back within the dead band: it goes on where it was.
    bench.send("shunt.soc", 40.0).pass(1).expect(State::Unknown).pass(1).expect(State::Set);
}

#[test]
fn an_unset_rule_that_cannot_tell_is_unknown() {
    let mut bench = Bench::new(PRESERVE);
    bench.pass(1).expect(State::Unknown);
    assert_eq!(bench.why(), "soc is unknown: never seen");
    bench.send("shunt.soc", 50.0).pass(2).expect(State::Clear);
}

#[test]
fn hold_goes_on_for_the_grace_and_no_longer() {
    let mut bench = preserve(".if_unknown(\"hold\")");
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set).lose("shunt.soc");
    // 10 s until stale, 30 s of grace.
    bench
        .pass(40)
        .expect(State::Set)
        .pass(1)
        .expect(State::Unknown)
        .pass(999)
        .expect(State::Unknown);
    bench.send("shunt.soc", 40.0).pass(2).expect(State::Set);
}

#[test]
fn hold_has_nothing_to_hold_after_a_restart() {
    let mut bench = preserve(".if_unknown(\"hold\")");
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set).restart();
    bench.lose("shunt.soc").pass(1).expect(State::Unknown);
}

#[test]
fn clear_forgets_that_the_rule_was_set() {
    let mut bench = preserve(".if_unknown(\"clear\")");
    bench.send("shunt.soc", 29.0).pass(100).expect(State::Set);
    bench.lose("shunt.soc").pass(11).expect(State::Clear);
    bench.send("shunt.soc", 40.0).pass(500).expect(State::Clear);
}

/// Every word against known and missing values; `?` stands for a value that is
/// stale, never seen, out of range, refused by the device or seen only once.
#[test]
fn every_word_is_three_valued() {
    use Truth::{No, Unknown, Yes};
    let cases = [
        ("soc below 30", [Yes, No, Unknown]),
        ("soc above 30", [No, Yes, Unknown]),
        ("soc between [10, 30]", [Yes, No, Unknown]),
        ("soc equals 20", [Yes, No, Unknown]),
        ("not(soc below 30)", [No, Yes, Unknown]),
        ("soc below 30 and pv_power above 5", [Yes, No, Unknown]),
        ("soc below 30 and pv_power below 5", [No, No, No]),
        ("soc below 30 or pv_power above 5", [Yes, Yes, Yes]),
        ("soc below 30 or pv_power below 5", [Yes, No, Unknown]),
        ("not(soc below 30 and pv_power above 5)", [No, Yes, Unknown]),
        ("not(soc below 30 or pv_power below 5)", [No, Yes, Unknown]),
    ];
    for (condition, expected) in cases {
        let text = format!(
            "rule(\"r\").turn_on(heater).when({condition}).clear_when(shunt.soc equals 99);"
        );
        for (missing, expected) in [("known 20", expected[0]), ("known 50", expected[1])]
            .into_iter()
            .chain(MISSING.map(|missing| (missing, expected[2])))
        {
            let mut bench = Bench::new(&text);
            bench.send("mppt.pv_power", 10.0).pass(3);
            supply(&mut bench, missing);
            assert_eq!(bench.verdicts[0].when, expected, "{condition}, soc {missing}");
        }
    }
}

const MISSING: [&str; 5] = ["never seen", "stale", "not available", "out of range", "first frame"];

fn supply(bench: &mut Bench, case: &str) {
    match case {
        "known 20" => bench.send("shunt.soc", 20.0).pass(2),
        "known 50" => bench.send("shunt.soc", 50.0).pass(2),
        "stale" => bench.send("shunt.soc", 20.0).pass(2).lose("shunt.soc").pass(11),
        "not available" => {
            bench.send("shunt.soc", 20.0).pass(2).lose("shunt.soc");
            let soc = bench.snapshot.find("shunt.soc").expect("bound");
            bench.snapshot.set(bench.now, soc, None);
            bench.pass(1)
        }
        "out of range" => bench.send("shunt.soc", 120.0).pass(2),
        "first frame" => bench.send("shunt.soc", 20.0).pass(1),
        _ => bench.pass(2),
    };
}
