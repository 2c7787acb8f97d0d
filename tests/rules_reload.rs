//! Other rules while the engine runs: what keeps its memory, what lets go, what
//! the journal says; and what `why` reads from it afterwards.

#[path = "rules/bench.rs"]
#[allow(dead_code, reason = "only the world is needed here")]
mod bench;
#[path = "support/policy.rs"]
mod policy;

use std::time::Duration;

use bench::{source, world};
use jiff::Timestamp;
use policy::unbounded;
use sunkeep::arbiter::{Level, OutputId, Saved, Want};
use sunkeep::clock::Now;
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::journal::{Entry, Kind};
use sunkeep::problem::render;
use sunkeep::rules::{Memory, RuleSet};
use sunkeep::snapshot::Snapshot;
use sunkeep::units::Value;

const LOAD: OutputId = OutputId(1);
const PRESERVE: &str =
    "rule(\"preserve\").turn_off(load_output).when(soc below 30).clear_when(soc above 45);";
const HEAT: &str = "rule(\"heat\").turn_on(heater).when(cell_temperature below 2).clear_when(cell_temperature above 6);";

struct Site {
    engine: Engine,
    snapshot: Snapshot,
    now: Now,
    acts: Vec<(OutputId, Want)>,
    entries: Vec<Entry>,
}

fn rules(text: &str, snapshot: &mut Snapshot) -> RuleSet {
    let sources = [source(text)];
    let mut rules = RuleSet::compile(&sources, &world())
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    rules.bind(snapshot);
    rules
}

impl Site {
    fn new(text: &str) -> Self {
        let mut snapshot = Snapshot::new();
        let rules = rules(text, &mut snapshot);
        let setup = Setup {
            rules,
            memory: Memory::default(),
            policies: vec![unbounded("heater", Level::Off), unbounded("load_output", Level::On)],
            interlocks: Vec::new(),
            saved: Saved::default(),
            mode: Mode::Run,
            first_intent: 1,
        };
        let now =
            Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH, wall_trusted: true };
        let mut engine = Engine::new(Duration::ZERO, setup);
        for (index, level) in [Level::Off, Level::On].into_iter().enumerate() {
            let output = OutputId(index as u16);
            engine.handle(now, Event::Feedback { output, actual: Some(level.into()) });
        }
        Self { engine, snapshot, now, acts: Vec::new(), entries: Vec::new() }
    }

    fn pass(&mut self, seconds: u64, soc: Option<f64>) {
        for _ in 0..seconds {
            self.now.monotonic += Duration::from_secs(1);
            if let (Some(soc), Some(id)) = (soc, self.snapshot.find("shunt.soc")) {
                self.snapshot.set(self.now, id, Some(Value::Number(soc)));
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        loop {
            let effects = self.engine.step(self.now, &self.snapshot);
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Record { entry, ticket } => {
                        self.entries.push(*entry);
                        if let Some(ticket) = ticket {
                            let event = Event::Recorded { ticket, result: Ok(()) };
                            self.engine.handle(self.now, event);
                        }
                    }
                    Effect::Apply { output, want } => {
                        self.acts.push((output, want));
                        let event = Event::Applied { output, want, outcome: Outcome::Verified };
                        self.engine.handle(self.now, event);
                    }
                    Effect::Renew { .. } => {}
                }
            }
        }
    }

    fn reload(&mut self, text: &str) {
        let rules = rules(text, &mut self.snapshot);
        self.engine.handle(self.now, Event::Reload(Box::new(rules)));
        self.settle();
    }

    fn last(&self, kind: Kind) -> &Entry {
        self.entries.iter().rev().find(|entry| entry.kind == kind).expect("such an entry")
    }
}

#[test]
fn an_unchanged_rule_keeps_its_memory_and_moves_nothing() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    assert_eq!(site.acts, [(LOAD, Level::Off.into())]);
    site.pass(10, Some(40.0));
    // Other layout and a comment: the same rule.
    let same = format!("// spring\n{}\n{HEAT}", PRESERVE.replace(".when", "\n  .when"));
    site.reload(&same);
    site.pass(10, Some(40.0));
    assert_eq!(site.acts.len(), 1, "between 30 and 45 it still stays off");
    assert_eq!(site.last(Kind::Reload).reason, "added \"heat\"; 1 unchanged");
}

#[test]
fn a_timer_goes_on_over_a_reload() {
    let mut site = Site::new(PRESERVE);
    site.pass(50, Some(25.0));
    site.reload(&format!("{HEAT}{PRESERVE}"));
    site.pass(12, Some(25.0));
    assert_eq!(site.acts, [(LOAD, Level::Off.into())]);
}

#[test]
fn a_changed_rule_starts_afresh() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    site.pass(10, Some(40.0));
    site.reload(&PRESERVE.replace("below 30", "below 31"));
    site.pass(1, Some(40.0));
    assert_eq!(site.acts.last(), Some(&(LOAD, Level::On.into())), "40 is not below 31");
    assert_eq!(site.last(Kind::Reload).reason, "changed \"preserve\"; 0 unchanged");
}

#[test]
fn a_removed_rule_lets_go_and_the_journal_says_so() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    site.reload(HEAT);
    assert_eq!(site.acts.last(), Some(&(LOAD, Level::On.into())));
    let entry = site.last(Kind::Safe);
    assert_eq!(entry.reason, "no longer asked for: the rule is no longer there");
    assert_eq!(site.last(Kind::Reload).reason, "added \"heat\"; removed \"preserve\"; 0 unchanged");
}

#[test]
fn a_hundred_reloads_of_the_same_rules_move_nothing() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    let acts = site.acts.len();
    for _ in 0..100 {
        site.reload(PRESERVE);
    }
    site.pass(60, Some(40.0));
    assert_eq!(site.acts.len(), acts);
}

#[test]
fn a_change_of_a_rule_is_recorded_with_its_whole_tree() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    let entry = site.last(Kind::Rule);
    assert_eq!((&*entry.subject, &*entry.what), ("load_output", "set"));
    let told: Vec<(&str, &str, &str)> = entry
        .conditions
        .iter()
        .map(|branch| (&*branch.role, &*branch.text, &*branch.answer))
        .collect();
    assert_eq!(
        told,
        [
            ("when", "soc below 30, lasting 60 s", "yes"),
            ("clear_when", "soc above 45, lasting 60 s", "no")
        ]
    );
    let leaf = &entry.conditions[0].parts[0];
    assert_eq!(leaf.value.as_deref(), Some("soc is 25 % (0 s old)"));
    assert_eq!((leaf.age_s, &*leaf.answer), (Some(0.0), "yes"));
    assert!(!site.last(Kind::Intent).conditions.is_empty(), "the output's entry has it too");
}

#[test]
fn a_rule_that_never_rests_does_not_fill_the_journal() {
    let mut site = Site::new(PRESERVE);
    site.pass(70, Some(25.0));
    for _ in 0..300 {
        // Silence, then a value, then silence: set, unknown, set.
        site.pass(11, None);
        site.pass(3, Some(25.0));
    }
    let told = site.entries.iter().filter(|entry| entry.kind == Kind::Rule);
    let (told, hours) = (told.collect::<Vec<_>>(), site.now.monotonic.as_secs() / 3600 + 1);
    assert!(told.len() as u64 <= 60 * hours, "{} entries in {hours} hours", told.len());
    assert!(told.iter().any(|entry| entry.reason.contains("changes too often")));
}
