//! What an edge goes through: the journal first, then the act, then the read-back.

use super::site::*;
use crate::units::Value;

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
fn a_quiet_step_wants_nothing() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(60.0));
        let before = site.entries.len();
        site.pass(600, Some(60.0));
        assert_eq!(site.entries.len(), before);
    });
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

#[test]
fn what_is_about_to_clear_is_no_reason_to_leave_safe_again() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.pass(60, Some(25.0));
        assert_eq!(site.acts, [other(safe)]);
        // The lease has ended in a hang, and the battery was charged before its end.
        let now = site.now();
        site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(safe) });
        for _ in 0..40 {
            site.seconds += 1;
            site.snapshot.set(site.now(), site.soc, Some(Value::Number(60.0)));
        }
        site.pass(60, Some(60.0));
        assert_eq!(site.acts, [other(safe)], "{:?}", site.entries);
    });
}
