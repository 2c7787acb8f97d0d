//! The whole decision, in virtual time: readings in, effects out, acts answered
//! by a make-believe driver. Every fact holds for an output that is safe when
//! off and for one that is safe when on.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::arbiter::{AtExit, Level, Policy};
use crate::journal::{Entry, Kind};
use crate::problem::Source;
use crate::rules::{Alert, Input, Setpoint, World};
use crate::snapshot::PointId;
use crate::units::{Unit, Value};
use crate::vedirect::state::Meaning;

const OUT: OutputId = OutputId(0);
const MAX_AGE: Duration = Duration::from_secs(10);

/// A site with one input and one output, and a driver that obeys.
struct Site {
    engine: Engine,
    snapshot: Snapshot,
    soc: PointId,
    seconds: u64,
    /// Acts in order: what the output was brought to, `Renew` included.
    acts: Vec<Want>,
    /// Journal in order.
    entries: Vec<Entry>,
    journal_works: bool,
    output_works: bool,
    /// What the device takes instead of what it is given.
    took: Option<Want>,
}

fn other(safe: Want) -> Want {
    safe.level().unwrap().opposite().into()
}

/// Half a minute each way, no limits.
fn plain(safe: Want) -> Policy {
    Policy {
        name: "out".into(),
        always_driven: false,
        safe,
        default: safe,
        at_exit: AtExit::Want(safe),
        min_on: Duration::from_secs(30),
        min_off: Duration::from_secs(30),
        max_on: Duration::ZERO,
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
        max_writes_per_day: None,
        lease: None,
    }
}

/// A rule that takes the output away from safe.
fn below_30(safe: Want) -> String {
    let verb = if safe == Level::Off { "turn_on" } else { "turn_off" };
    format!(
        "rule(\"r\").{verb}(out).when(soc below 30).lasting(10.sec)\
         .clear_when(soc above 45).lasting(10.sec);"
    )
}

impl Site {
    /// A rule takes the output away from safe below 30 % and back above 45 %.
    fn new(safe: Want, mode: Mode) -> Self {
        Self::with(plain(safe), below_30(safe), mode)
    }

    /// Any rule over `soc`, with one output or set-point `out` and a channel `owner`.
    fn with(policy: Policy, text: String, mode: Mode) -> Self {
        let safe = policy.safe;
        let mut snapshot = Snapshot::new();
        let is_switch = safe.level().is_some();
        let world = World {
            inputs: vec![Input {
                name: "soc".into(),
                point: "shunt.soc".into(),
                derived: None,
                max_age: MAX_AGE,
                grace: MAX_AGE,
                unit: Unit::Percent,
                meaning: Meaning::Plain,
                valid: None,
            }],
            outputs: is_switch.then(|| "out".into()).into_iter().collect(),
            setpoints: (!is_switch)
                .then(|| Setpoint {
                    name: "out".into(),
                    output: OUT,
                    unit: Unit::Percent,
                    range: (0.0, 15.0),
                    step: 0.1,
                })
                .into_iter()
                .collect(),
            alerts: vec![Alert { name: "owner".into(), repeat: Some(Duration::from_secs(600)) }],
            ..World::default()
        };
        let source = Source { name: "r.rhai".into(), text };
        let mut rules = RuleSet::compile(&[source], &world).unwrap();
        rules.bind(&mut snapshot);
        let soc = snapshot.find("shunt.soc").unwrap();
        let setup = Setup {
            rules,
            memory: Memory::default(),
            policies: vec![policy],
            interlocks: Vec::new(),
            saved: Saved::default(),
            mode,
            first_intent: 1,
        };
        let mut site = Self {
            engine: Engine::new(Duration::ZERO, setup),
            snapshot,
            soc,
            seconds: 0,
            acts: Vec::new(),
            entries: Vec::new(),
            journal_works: true,
            output_works: true,
            took: None,
        };
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(safe) });
        site
    }

    fn now(&self) -> Now {
        let monotonic = Duration::from_secs(self.seconds);
        Now { monotonic, wall: Timestamp::UNIX_EPOCH + monotonic, wall_trusted: true }
    }

    /// Lets `seconds` pass with a reading each second; `None`: a dead cable.
    fn pass(&mut self, seconds: u64, soc: Option<f64>) {
        for _ in 0..seconds {
            self.seconds += 1;
            if let Some(soc) = soc {
                self.snapshot.set(self.now(), self.soc, Some(Value::Number(soc)));
            }
            self.settle();
        }
    }

    /// Steps until the engine wants nothing more.
    fn settle(&mut self) {
        for _ in 0..10 {
            let effects = self.engine.step(self.now(), &self.snapshot);
            if effects.is_empty() {
                return;
            }
            effects.into_iter().for_each(|effect| self.perform(effect));
        }
        panic!("the engine does not come to rest");
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Record { entry, ticket } => {
                self.entries.push(*entry);
                if let Some(ticket) = ticket {
                    let result =
                        if self.journal_works { Ok(()) } else { Err("disk full".to_owned()) };
                    self.engine.handle(self.now(), Event::Recorded { ticket, result });
                }
            }
            Effect::Apply { output, want } | Effect::Renew { output, want } => {
                self.acts.push(want);
                let outcome = match self.took {
                    _ if !self.output_works => Outcome::Failed("stuck".into()),
                    Some(took) => Outcome::Took(took),
                    None => Outcome::Verified,
                };
                self.engine.handle(self.now(), Event::Applied { output, want, outcome });
            }
        }
    }

    fn kinds(&self) -> Vec<Kind> {
        self.entries.iter().map(|entry| entry.kind).collect()
    }
}

fn for_both(fact: impl Fn(Want)) {
    fact(Level::Off.into());
    fact(Level::On.into());
}

#[test]
fn an_edge_away_from_safe_is_journaled_applied_and_verified_in_that_order() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        assert_eq!(site.acts, [other(safe)]);
        let kinds = site.kinds();
        let tail = &kinds[kinds.len() - 2..];
        assert_eq!(tail, [Kind::Intent, Kind::Result], "{:?}", site.entries);
        let intent = &site.entries[kinds.len() - 2];
        assert_eq!(intent.rule.as_deref(), Some("r"));
        assert!(intent.used.iter().any(|used| used.input == "soc"), "{intent:?}");
        assert_eq!(intent.intent, site.entries[kinds.len() - 1].intent);
    });
}

#[test]
fn what_cannot_be_journaled_is_not_done() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.journal_works = false;
        site.pass(1200, Some(25.0));
        assert!(site.acts.is_empty(), "{:?}", site.acts);
        let intents = site.kinds().iter().filter(|kind| **kind == Kind::Intent).count();
        assert!((20..60).contains(&intents), "asked again now and then: {intents}");
        site.journal_works = true;
        site.pass(60, Some(25.0));
        assert_eq!(site.acts, [other(safe)]);
    });
}

#[test]
fn what_the_journal_refused_costs_neither_start_nor_write() {
    let policy = |safe: Want| Policy {
        max_starts_per_hour: Some(2),
        max_writes_per_day: Some(4),
        ..plain(safe)
    };
    for_both(|safe| {
        let mut site = Site::with(policy(safe), below_30(safe), Mode::Run);
        site.journal_works = false;
        site.pass(600, Some(25.0));
        site.journal_works = true;
        site.pass(60, Some(25.0));
        assert_eq!(site.acts, [other(safe)]);
    });
}

#[test]
fn a_person_is_obeyed_until_the_time_is_over_and_everything_is_journaled() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(40, Some(60.0));
        let lasting = Duration::from_secs(120);
        let (want, owner) = (Some(other(safe)), "peter".to_owned());
        let wish = Wish { output: OUT, want, owner, lasting };
        site.engine.handle(site.now(), Event::Override(wish));
        site.pass(119, None);
        assert_eq!(site.acts, [other(safe)], "a dead cable does not matter to a person");
        site.pass(2, None);
        assert_eq!(site.acts, [other(safe), safe]);
        let told: Vec<_> = site.entries.iter().filter(|e| e.kind == Kind::Override).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].what.ends_with("for 2 min"), "{told:?}");
        assert!(told[1].reason.contains("peter"), "{told:?}");
        let intent = site.entries.iter().find(|entry| entry.kind == Kind::Intent).unwrap();
        assert!(intent.reason.contains("overridden by peter"), "{intent:?}");
    });
}

#[test]
fn another_mode_ends_every_override() {
    for mode in [Mode::Observe, Mode::Safe] {
        let mut site = Site::new(Level::Off.into(), Mode::Run);
        site.pass(40, Some(60.0));
        let wish = |want: Level| Wish {
            output: OUT,
            want: Some(want.into()),
            owner: "peter".into(),
            lasting: Duration::from_secs(7200),
        };
        site.engine.handle(site.now(), Event::Override(wish(Level::On)));
        site.pass(10, Some(60.0));
        site.engine.handle(site.now(), Event::Mode(mode));
        site.engine.handle(site.now(), Event::Override(wish(Level::On)));
        site.pass(100, Some(60.0));
        site.engine.handle(site.now(), Event::Mode(Mode::Run));
        site.pass(100, Some(60.0));
        assert_eq!(site.acts, [Want::from(Level::On), Level::Off.into()], "{mode:?}");
    }
}

#[test]
fn the_way_to_safe_does_not_wait_for_the_journal() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        site.journal_works = false;
        site.pass(20, Some(50.0));
        assert_eq!(site.acts, [other(safe), safe]);
        let back = site.entries.iter().find(|entry| entry.kind == Kind::Safe).unwrap();
        assert_eq!(back.rule.as_deref(), Some("r"), "the rule that let go is named");
        assert!(back.reason.contains("above 45"), "{back:?}");
    });
}

#[test]
fn a_dead_cable_brings_the_output_to_safe_and_the_journal_says_why() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        site.pass(12, None);
        assert_eq!(site.acts, [other(safe), safe]);
        let entry = site.entries.iter().find(|entry| entry.kind == Kind::Safe).unwrap();
        assert!(entry.reason.contains("stale"), "{entry:?}");
        assert_eq!(entry.rule.as_deref(), Some("r"));
    });
}

#[test]
fn one_frame_after_a_silence_moves_nothing() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(40, None);
        site.pass(1, Some(25.0));
        site.pass(9, None);
        assert!(site.acts.is_empty(), "{:?}", site.acts);
    });
}

#[test]
fn observing_journals_what_would_be_done_and_touches_nothing() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Observe);
        site.pass(60, Some(25.0));
        site.pass(60, Some(50.0));
        assert!(site.acts.is_empty(), "{:?}", site.acts);
        let would: Vec<_> = site
            .entries
            .iter()
            .filter(|entry| entry.kind == Kind::Would)
            .map(|entry| entry.what.clone())
            .collect();
        assert_eq!(would, [other(safe).to_string(), safe.to_string()]);
    });
}

#[test]
fn disarming_brings_back_what_was_moved() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        site.engine.handle(site.now(), Event::Mode(Mode::Observe));
        site.pass(5, Some(25.0));
        assert_eq!(site.acts, [other(safe), safe]);
    });
}

#[test]
fn stopping_leaves_every_output_at_its_exit_level() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        site.engine.handle(site.now(), Event::Stop);
        site.settle();
        assert_eq!(site.acts, [other(safe), safe]);
        assert!(site.engine.settled());
    });
}

#[test]
fn an_output_that_does_not_obey_is_reported_once_and_not_hammered() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.output_works = false;
        site.pass(3000, Some(25.0));
        assert_eq!(site.acts.len(), 3, "three tries, then no more for long");
        let alarms = site.kinds().iter().filter(|kind| **kind == Kind::Alarm).count();
        assert_eq!(alarms, 1);
        site.output_works = true;
        site.pass(1000, Some(25.0));
        assert_eq!(site.acts.len(), 4, "an hour later it heals by itself");
    });
}

#[test]
fn the_last_start_and_the_last_write_are_not_held_by_their_own_charge() {
    let limits = [
        (|safe| Policy { max_starts_per_hour: Some(1), ..plain(safe) }) as fn(Want) -> Policy,
        |safe| Policy { max_writes_per_day: Some(2), ..plain(safe) },
    ];
    for limit in limits {
        for_both(|safe| {
            let verb = if safe == Level::Off { "turn_on" } else { "turn_off" };
            let rule = "(out).when(soc below 30).clear_when(soc above 45);";
            let mut site = Site::with(limit(safe), format!("rule(\"r\").{verb}{rule}"), Mode::Run);
            site.pass(120, Some(25.0));
            assert_eq!(site.acts, [other(safe)]);
            let intents = site.kinds().iter().filter(|kind| **kind == Kind::Intent).count();
            assert_eq!(intents, 1, "{:?}", site.kinds());
        });
    }
}

#[test]
fn a_pin_that_does_not_go_to_safe_is_tried_on_and_on_and_told_once() {
    for_both(|safe| {
        let policy = Policy { always_driven: true, ..plain(safe) };
        let verb = if safe == Level::Off { "turn_on" } else { "turn_off" };
        let text = format!("rule(\"r\").{verb}(out).when(soc below 30).clear_when(soc above 45);");
        let mut site = Site::with(policy, text, Mode::Run);
        site.pass(120, Some(25.0));
        assert_eq!(site.acts, [other(safe)]);
        site.output_works = false;
        site.pass(7200, Some(50.0));
        let alarms = site.kinds().iter().filter(|kind| **kind == Kind::Alarm).count();
        assert_eq!((alarms, site.acts.len() > 200), (1, true), "{} acts", site.acts.len());
        site.output_works = true;
        site.pass(31, Some(50.0));
        let last = site.entries.last().unwrap();
        assert_eq!((last.kind, last.what.clone()), (Kind::Result, format!("verified {safe}")));
    });
}

#[test]
fn drift_is_an_alarm_and_is_restored() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        site.pass(20, Some(50.0));
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(other(safe)) });
        site.pass(1, Some(50.0));
        assert_eq!(site.acts.last(), Some(&safe));
        assert!(site.kinds().contains(&Kind::Alarm));
    });
}

#[test]
fn observing_stops_without_touching_what_it_never_moved() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Observe);
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(other(safe)) });
        site.pass(60, Some(50.0));
        site.engine.handle(site.now(), Event::Stop);
        site.settle();
        assert!(site.acts.is_empty(), "{:?}", site.acts);
    });
}

#[test]
fn an_output_that_is_never_read_back_is_an_alarm_once() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: None });
        site.pass(600, Some(50.0));
        let alarms: Vec<_> = site.entries.iter().filter(|e| e.kind == Kind::Alarm).collect();
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        assert!(alarms[0].what.contains("unreachable"), "{alarms:?}");
    });
}

#[test]
fn a_level_that_cannot_be_read_is_no_reason_to_write() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: None });
        site.pass(60, Some(25.0));
        assert!(site.acts.is_empty(), "{:?}", site.acts);
    });
}

#[test]
fn a_quiet_step_wants_nothing() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(60.0));
        let before = site.entries.len();
        site.pass(600, Some(60.0));
        assert_eq!(site.entries.len(), before);
    });
}

/// A current limit that the device lets go of after a minute.
fn limit(text: &str, mode: Mode) -> Site {
    let policy = Policy {
        name: "out".into(),
        always_driven: false,
        safe: Want::Release,
        default: Want::Release,
        at_exit: AtExit::Want(Want::Release),
        min_on: Duration::from_secs(30),
        min_off: Duration::from_secs(30),
        max_on: Duration::ZERO,
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
        max_writes_per_day: None,
        lease: Some(crate::arbiter::Lease {
            repeat: Duration::from_secs(30),
            lapse: Duration::from_secs(60),
        }),
    };
    Site::with(policy, text.to_owned(), mode)
}

const LIMIT: &str = "rule(\"r\").set(out, 5.0).when(soc below 30).lasting(10.sec)\
                     .clear_when(soc above 45).lasting(10.sec);";

#[test]
fn a_leased_value_is_said_again_and_journaled_once() {
    let mut site = limit(LIMIT, Mode::Run);
    site.pass(40, Some(25.0));
    assert_eq!(site.acts, [Want::Number(5.0)]);
    let entries = site.entries.len();
    site.pass(300, Some(25.0));
    assert_eq!(site.acts.len(), 11, "every 30 s");
    assert_eq!(site.entries.len(), entries, "{:?}", site.entries);
    site.pass(20, Some(50.0));
    assert_eq!(site.acts.last(), Some(&Want::Release));
    let acts = site.acts.len();
    site.pass(300, Some(50.0));
    assert_eq!(site.acts.len(), acts, "what is released is not said again");
}

#[test]
fn a_lease_that_cannot_be_renewed_is_an_alarm_and_counts_as_released() {
    let mut site = limit(LIMIT, Mode::Run);
    site.pass(40, Some(25.0));
    site.output_works = false;
    site.pass(100, Some(25.0));
    let alarms: Vec<_> =
        site.entries.iter().filter(|e| e.kind == Kind::Alarm).map(|e| e.what.as_str()).collect();
    assert_eq!(alarms, ["not renewed 5", "lapsed to released"]);
    site.output_works = true;
    site.pass(700, Some(25.0));
    let last = site.entries.last().unwrap();
    assert_eq!((last.kind, last.what.as_str()), (Kind::Result, "verified 5"), "it heals");
}

#[test]
fn a_device_that_forgot_its_limit_is_told_once_more() {
    let mut site = limit(LIMIT, Mode::Run);
    site.pass(40, Some(25.0));
    let now = site.now();
    site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(Want::Release) });
    site.pass(5, Some(25.0));
    assert_eq!(site.acts.len(), 1, "not before its minimum time");
    site.pass(60, Some(25.0));
    assert_eq!(site.acts[..2], [Want::Number(5.0); 2]);
}

#[test]
fn a_value_that_the_device_cut_is_not_written_again() {
    let mut site = limit(LIMIT, Mode::Run);
    site.pass(12, Some(25.0));
    site.output_works = true;
    site.took = Some(Want::Number(4.0));
    site.pass(48, Some(25.0));
    let now = site.now();
    site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(Want::Number(4.0)) });
    site.pass(20, Some(25.0));
    let written = site.entries.iter().filter(|entry| entry.kind == Kind::Intent).count();
    assert_eq!(written, 1, "{:?}", site.entries);
    assert!(site.entries.iter().any(|entry| entry.what == "verified 4"));
}

#[test]
fn a_value_follows_its_input_within_the_range_and_is_released_without_it() {
    let text = LIMIT.replace("5.0", "soc");
    let mut site = limit(&text, Mode::Run);
    site.pass(45, Some(12.04));
    assert_eq!(site.acts, [Want::Number(12.0)]);
    site.pass(40, Some(25.0));
    assert_eq!(site.acts.last(), Some(&Want::Number(15.0)), "cut to the range");
    site.pass(12, None);
    assert_eq!(site.acts.last(), Some(&Want::Release));
}

#[test]
fn an_alert_is_said_when_it_sets_and_then_as_often_as_its_channel_says() {
    let text = LIMIT.replace("set(out, 5.0)", "alert(owner, \"low: {soc}!\")");
    for mode in [Mode::Run, Mode::Observe] {
        let mut site = limit(&text, mode);
        let said = |site: &Site| -> Vec<String> {
            let alarms = site.entries.iter().filter(|entry| entry.kind != Kind::Rule);
            let of = alarms.filter(|entry| entry.subject == "owner");
            of.map(|entry| format!("{}: {}", entry.kind, entry.what)).collect()
        };
        site.pass(30, Some(25.0));
        assert_eq!(said(&site), ["alarm: low: 25 %!"]);
        site.pass(60, None);
        site.pass(520, Some(24.0));
        assert_eq!(said(&site).len(), 1, "silence neither ends nor repeats it");
        site.pass(20, Some(24.0));
        assert_eq!(said(&site)[1..], ["alarm: low: 24 %!"]);
        site.pass(20, Some(50.0));
        assert_eq!(said(&site)[2..], ["result: over"]);
        assert!(site.acts.is_empty(), "{:?}", site.acts);
    }
}
