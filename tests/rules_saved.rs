//! What rules remember is on the disk within a minute, edges or not: a counter
//! that moves nothing survives all but the last minute before a power cut.
//!
//! The real daemon on a clock that runs faster than life, without any device.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use sunkeep::actuator::gpio::{Backend, Pins};
use sunkeep::clock::ScaledClock;
use sunkeep::config;
use sunkeep::daemon::{Daemon, Options};
use sunkeep::journal::Kind;
use sunkeep::store::Filter;
use sunkeep::store::query::JournalReader;

/// A minute takes 0.6 s, a step 10 ms.
const SPEED: f64 = 100.0;

/// How long a test waits for what takes two seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const SITE: &str = "
[devices.shunt]
port = \"nothing-there\"
[outputs.heater]
gpio = 17
active = \"high\"
safe = \"off\"
";

const COUNTER: &str = "rule(\"counter\").decide(|s, mem| {
    mem.steps = mem.get(\"steps\", 0) + 1;
    if false { want(heater, on, \"never\") } else { nothing() }
});";

/// The counter as it was saved last.
fn saved(journal: &JournalReader) -> Option<u64> {
    let memory: serde_json::Value =
        serde_json::from_str(&journal.state("rule memory").unwrap()?).unwrap();
    memory["entries"][0]["script"]["mem"]["steps"].as_u64()
}

#[tokio::test]
async fn a_counter_without_any_edge_is_saved_once_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("rules")).unwrap();
    std::fs::write(path("site.toml"), SITE).unwrap();
    std::fs::write(path("rules/counter.rhai"), COUNTER).unwrap();
    let (config, _) = config::load(&path("site.toml")).unwrap();
    let rules = config.load_rules().unwrap();
    let daemon = Daemon::start(Options {
        config,
        rules,
        clock: Arc::new(ScaledClock::new(jiff::Timestamp::UNIX_EPOCH, SPEED)),
        pins: Pins::new(Backend::Simulated),
        pace: 1.0,
        record: None,
        mode: None,
        starts: None,
        // Storage keeps to the engine's clock here: its minute is a minute.
        speed: 1.0,
    })
    .unwrap();
    let journal = JournalReader::open(&path("data")).unwrap();
    let mut seen = Vec::new();
    let wait = async {
        // Looked at without a pause, the daemon that it waits for would starve.
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while seen.len() < 3 {
            looks.tick().await;
            let steps = saved(&journal).unwrap_or(0);
            // The first step is saved with the start.
            if steps > 1 && seen.last() != Some(&steps) {
                seen.push(steps);
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "no third save: {seen:?} {:?}", journal.state("rule memory"));
    let all = Filter { since: None, subject: None, limit: 100 };
    let entries = journal.entries(&all).unwrap();
    assert!(entries.iter().all(|recorded| recorded.entry.kind != Kind::Rule), "no edge of a rule");
    // Saved with every step, two saves would be one apart.
    let apart: Vec<u64> = seen.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|steps| *steps >= 10), "{seen:?}");
    daemon.stop().await;
}
