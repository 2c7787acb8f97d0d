//! A failing script inside the engine: what is journaled, and what the output does.

use std::time::Duration;

use jiff::Timestamp;
use sunkeep::arbiter::{Level, OutputId, Saved, Want};
use sunkeep::clock::Now;
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::journal::{Entry, Kind};
use sunkeep::rules::{Alert, Memory, RuleSet, World};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::Value;

use crate::bench::{source, world};
use crate::policy::unbounded;

/// An engine, its heater, and a driver that obeys.
struct Site {
    engine: Engine,
    snapshot: Snapshot,
    seconds: u64,
    heater: Level,
    entries: Vec<Entry>,
}

impl Site {
    fn new(text: &str) -> Self {
        let repeat = Some(Duration::from_secs(600));
        let alerts = vec![Alert { name: "operator".into(), repeat }];
        let world = World { alerts, ..world() };
        let mut rules = RuleSet::compile(&[source(text)], &world).expect("sound rules");
        let mut snapshot = Snapshot::new();
        rules.bind(&mut snapshot);
        let setup = Setup {
            rules,
            memory: Memory::default(),
            policies: vec![unbounded("heater", Level::Off), unbounded("load_output", Level::On)],
            interlocks: Vec::new(),
            saved: Saved::default(),
            mode: Mode::Run,
            first_intent: 1,
        };
        let mut engine = Engine::new(Duration::ZERO, setup);
        for (index, level) in [Level::Off, Level::On].into_iter().enumerate() {
            let actual = Some(Want::Level(level));
            engine.handle(at(0), Event::Feedback { output: OutputId(index as u16), actual });
        }
        Self { engine, snapshot, seconds: 0, heater: Level::Off, entries: Vec::new() }
    }

    fn second(&mut self) -> Level {
        self.seconds += 1;
        let now = at(self.seconds);
        for _ in 0..8 {
            for effect in self.engine.step(now, &self.snapshot) {
                match effect {
                    Effect::Record { entry, ticket } => {
                        self.entries.push(*entry);
                        if let Some(ticket) = ticket {
                            self.engine.handle(now, Event::Recorded { ticket, result: Ok(()) });
                        }
                    }
                    Effect::Apply { output, want, .. } => {
                        if output == OutputId(0) {
                            self.heater = want.level().expect("a level");
                        }
                        let outcome = Outcome::Verified;
                        self.engine.handle(now, Event::Applied { output, want, outcome });
                    }
                    Effect::Renew { .. } => unreachable!("no output of this site has a lease"),
                }
            }
        }
        self.heater
    }

    /// Lets time pass with a state of charge; `None`: a dead cable.
    fn pass(&mut self, seconds: u64, soc: Option<f64>) {
        for _ in 0..seconds {
            if let (Some(soc), Some(id)) = (soc, self.snapshot.find("shunt.soc")) {
                self.snapshot.set(at(self.seconds + 1), id, Some(Value::Number(soc)));
            }
            self.second();
        }
    }

    /// What the operator was told, in order.
    fn told(&self) -> Vec<&str> {
        let entries = self.entries.iter().filter(|entry| entry.subject == "operator");
        entries.filter(|entry| entry.kind != Kind::Rule).map(|entry| entry.what.as_str()).collect()
    }

    fn alarms(&self) -> Vec<&str> {
        let alarms = self.entries.iter().filter(|entry| entry.kind == Kind::Alarm);
        alarms.map(|entry| entry.what.as_str()).collect()
    }
}

fn at(second: u64) -> Now {
    let monotonic = Duration::from_secs(1000 + second);
    Now { monotonic, wall: Timestamp::UNIX_EPOCH, wall_trusted: false }
}

/// It works at first, then fails in every step.
const TIRED: &str = "rule(\"tired\").decide(|s, mem| {
    mem.n = mem.get(\"n\", 0) + 1; want(heater, on, \"still fresh\");
    if mem.n > 20 { mem.n = [] }
    nothing() });";

#[test]
fn an_error_sends_the_output_to_safe_and_is_journaled() {
    let mut site = Site::new(TIRED);
    let levels: Vec<Level> = (0..12).map(|_| site.second()).collect();
    assert_eq!(levels[0], Level::On, "{:?}", site.entries);
    assert_eq!(levels[11], Level::Off);
    assert_eq!(site.alarms(), ["rule failed", "rule failed", "rule disabled"]);
    let alarm = site.entries.iter().find(|entry| entry.kind == Kind::Alarm).expect("an alarm");
    assert_eq!(alarm.rule.as_deref(), Some("tired"));
    assert!(alarm.reason.starts_with("a.rhai, line 3, column "), "{}", alarm.reason);
}

#[test]
fn a_disabled_rule_leaves_its_output_to_the_others() {
    let other = "rule(\"other\").priority(10).decide(|s, mem| want(heater, on, \"as ever\"));";
    let mut site = Site::new(&format!("{TIRED}{other}"));
    let levels: Vec<Level> = (0..12).map(|_| site.second()).collect();
    assert!(levels.contains(&Level::Off), "an error is safe at first: {levels:?}");
    assert_eq!(levels[11], Level::On, "then the next rule is heard: {levels:?}");
}

#[test]
fn a_person_gives_a_disabled_rule_another_chance_and_the_journal_says_so() {
    let mut site = Site::new(TIRED);
    site.pass(12, None);
    let disabled = site.engine.memory().disabled("tired").expect("a reason");
    assert!(disabled.error.starts_with("a.rhai, line 3, column "), "{disabled:?}");
    assert_eq!(disabled.since(), None, "the clock was not set");
    site.engine.handle(at(13), Event::Enable("tired".into()));
    assert_eq!(site.engine.memory().disabled("tired"), None);
    site.second();
    let enabled = site.entries.iter().find(|entry| entry.what == "rule enabled").expect("an entry");
    assert_eq!(enabled.rule.as_deref(), Some("tired"));
    assert!(
        enabled.reason.starts_with("by a person; it had failed: a.rhai, line 3"),
        "{enabled:?}"
    );
    // It fails again, three times before it is disabled again.
    site.pass(5, None);
    let disabled = site.alarms().iter().filter(|what| **what == "rule disabled").count();
    assert_eq!((disabled, site.alarms().len()), (2, 6), "{:?}", site.alarms());
}

const TELLING: &str = "rule(\"telling\").decide(|s, mem| {
    if s.soc < 30 { alert(operator, `only ${s.soc} %`) }
    if s.soc < 20 { alert(operator, \"nearly empty\") }
    nothing() });";

#[test]
fn a_scripts_alert_is_said_once_again_now_and_then_and_when_it_is_over() {
    let mut site = Site::new(TELLING);
    site.pass(10, Some(50.0));
    site.pass(100, Some(25.0));
    site.pass(100, Some(24.0));
    assert_eq!(site.told(), ["only 25.0 %"], "another number is the same alert");
    site.pass(450, Some(24.0));
    assert_eq!(site.told(), ["only 25.0 %", "only 24.0 %"], "as often as the channel repeats");
    site.pass(10, Some(15.0));
    site.pass(10, Some(25.0));
    assert_eq!(site.told()[2..], ["nearly empty", "over"], "each alert stands by itself");
    site.pass(10, Some(50.0));
    assert_eq!(site.told()[4..], ["over"]);
}

#[test]
fn what_is_unknown_neither_raises_nor_ends_a_scripts_alert() {
    let mut site = Site::new(TELLING);
    site.pass(10, Some(25.0));
    site.pass(100, None);
    site.pass(10, Some(25.0));
    assert_eq!(site.told(), ["only 25.0 %"]);
}
