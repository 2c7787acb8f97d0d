//! What a script keeps from step to step, and how much.

use proptest::prelude::*;
use sunkeep::rules::State;

use crate::bench::Bench;
use crate::{expect, rule, wants};

const COUNTER: &str = r#"
    let n = mem.get("count", 0);
    if s.soc < 50 { mem.count = n + 1; mem.share = s.soc / 3.0; mem.label = `n${n}`; }
    if n >= 3 { want(heater, on, `counted ${n}`) } else { nothing() }"#;

#[test]
fn a_script_counts_over_steps_restarts_and_storage() {
    let mut bench = Bench::new(&rule(COUNTER));
    bench.send("shunt.soc", 40.0).pass(4);
    assert_eq!(bench.verdicts[0].state, State::Clear);
    bench.restart().send("shunt.soc", 40.0).pass(2);
    expect(&mut bench, State::Set, "counted 3: soc is 40 % (0 s old)");
}

#[test]
fn a_memory_belongs_to_the_text_and_not_to_its_layout() {
    let text = format!("fn half(x) {{ x / 2.0 }} {}", rule(&format!("half(s.soc); {COUNTER}")));
    let mut bench = Bench::new(&text);
    bench.send("shunt.soc", 40.0).pass(8);
    let state = |text: &str| {
        let mut other = Bench::new(text);
        other.memory = bench.memory.clone();
        other.send("shunt.soc", 60.0).pass(2);
        other.verdicts[0].state
    };
    assert_eq!(state(&format!("// a word\n{}", text.replace('\n', " "))), State::Set);
    assert_eq!(state(&text.replace("n + 1", "n + 2")), State::Clear, "the closure");
    assert_eq!(state(&text.replace("x / 2.0", "x / 3.0")), State::Clear, "a function it uses");
    let other = format!("fn unused(x) {{ x }} {text}");
    assert_eq!(state(&other), State::Set, "a function it does not use");
}

#[test]
fn what_a_step_did_not_finish_is_not_kept() {
    let text = rule(
        "mem.count = mem.get(\"count\", 0) + 1; s.soc;
         if mem.count >= 3 { want(heater, on, \"third\") } else { nothing() }",
    );
    let mut bench = Bench::new(&text);
    bench.pass(10).send("shunt.soc", 40.0).pass(3);
    assert_eq!(bench.verdicts[0].state, State::Clear);
    bench.pass(1);
    assert_eq!(bench.verdicts[0].state, State::Set);
}

#[test]
fn a_memory_is_bounded_and_says_so() {
    let end = "want(heater, on, \"x\")";
    for (body, fault) in [
        ("mem.a = ();", "`mem` keeps numbers, texts and yes or no, not nothing"),
        ("mem.a = [1];", "`mem` keeps numbers, texts and yes or no, not a list"),
        (
            "mem.a = s;",
            "`mem` keeps numbers, texts and yes or no, not all readings (name one, as in `s.soc`)",
        ),
        ("mem.a = heater;", "`mem` keeps numbers, texts and yes or no, not an output"),
        ("for i in 0..40 { mem.set(`k${i}`, i); }", "`mem` keeps 32 names and no more"),
        (
            "let t = \"xxxxxxxx\"; for i in 0..6 { t += t; } mem.a = t;",
            "`mem` keeps texts of 256 bytes, not 512",
        ),
        (
            "let t = \"xxxxxxxx\"; for i in 0..4 { t += t; } mem.set(t, 1);",
            "a name in `mem` has 1 to 64 letters",
        ),
        ("mem.count > 5;", "`mem.count` has no value yet; read it as `mem.get(\"count\", 0)`"),
    ] {
        let mut bench = Bench::new(&rule(&format!("{body} {end}")));
        bench.pass(1);
        let found = bench.verdicts[0].fault().unwrap_or_default().to_owned();
        assert!(found.ends_with(fault), "{body}: {found}");
        let stored = serde_json::to_string(&bench.memory).expect("plain data");
        assert!(!stored.contains("mem"), "{stored}");
    }
}

#[test]
fn names_are_asked_for_and_forgotten() {
    let text = rule(
        "if mem.has(\"seen\") { mem.forget(\"seen\"); want(heater, on, \"x\") }
         else { mem.seen = true; nothing() }",
    );
    let mut bench = Bench::new(&text);
    for expected in [0, 1, 0, 1] {
        bench.pass(1);
        assert_eq!(wants(&bench.verdicts[0]).len(), expected);
    }
}

const PLAY: &str = r#"
    if s.soc < 20 && mem.get("low", 0) > 2 { throw "tired" }
    mem.low = if s.soc < 20 { mem.get("low", 0) + 1 } else { 0 };
    mem.sum = mem.get("sum", 0.0) + s.soc / 7.0;
    if mem.sum > 200 { mem.forget("sum"); want(heater, on, "enough") }
    else if s.pv_power > 50 { want(load_output, off, `sum ${mem.sum}`) } else { nothing() }"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Readings come and go, the rule fails now and then and may be disabled: a
    /// memory that was stored and read back in any step goes on the same.
    #[test]
    fn a_stored_memory_replays_like_the_uninterrupted_run(
        steps in prop::collection::vec((0..100_u8, 0..100_u8, 0..8_u8), 1..80),
        cut in 0..80_usize,
        choice in 0..3_usize,
    ) {
        let word = ["safe", "hold", "clear"][choice];
        let text = rule(PLAY).replace(".decide", &format!(".if_unknown(\"{word}\").decide"));
        let (mut one, mut other) = (Bench::new(&text), Bench::new(&text));
        for (step, (soc, power, lost)) in steps.into_iter().enumerate() {
            if step == cut {
                let stored = serde_json::to_string(&other.memory).expect("plain data");
                other.memory = serde_json::from_str(&stored).expect("what was written");
            }
            for bench in [&mut one, &mut other] {
                bench.send("shunt.soc", f64::from(soc)).send("mppt.pv_power", f64::from(power) + 0.3);
                if lost == 0 {
                    bench.lose("mppt.pv_power").pass(11);
                }
                bench.pass(1);
            }
            prop_assert_eq!(&one.verdicts, &other.verdicts);
        }
        let stored = |bench: &Bench| serde_json::to_string(&bench.memory).expect("plain data");
        prop_assert_eq!(stored(&one), stored(&other));
    }
}
