//! What only a host can do wrong, and how much a script may remember of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Now;
use crate::problem::Source;
use crate::rules::{Memory, RuleSet, State, World};
use crate::snapshot::Snapshot;

#[test]
fn a_panic_in_a_word_of_the_host_concerns_one_rule_only() {
    let text = "rule(\"a\").decide(|s, mem| { mem.x = 1; round(1); want(heater, on, \"x\") });
        rule(\"b\").decide(|s, mem| want(heater, on, \"x\"));";
    let source = Source { name: "a.rhai".into(), text: text.into() };
    let world = World { outputs: vec!["heater".into()], ..World::default() };
    let mut rules = RuleSet::compile(&[source], &world).expect("a sound file");
    let scripts = rules.scripts.as_mut().and_then(Arc::get_mut).expect("nobody else has it");
    let host = Arc::clone(&scripts.host);
    scripts.engine.register_fn("round", move |_: i64| -> i64 {
        let _held = host.lock();
        panic!("as the test wants it")
    });
    let (mut memory, mut verdicts) = (Memory::default(), Vec::new());
    for second in 1..=4 {
        let now = Now {
            monotonic: Duration::from_secs(second),
            wall: Timestamp::UNIX_EPOCH,
            wall_trusted: false,
        };
        rules.evaluate(now, &Snapshot::new(), &mut memory, &mut verdicts);
        let expected = if second < 3 { State::Unknown } else { State::Disabled };
        assert_eq!((verdicts[0].state, verdicts[1].state), (expected, State::Set));
        let fault = "a.rhai, line 1, column 11: a word of the host panicked";
        let said = verdicts[0].fault().unwrap_or(fault);
        assert!(said.ends_with(fault), "{said}");
    }
}
