//! Values that a device lets go of unless they are said again.

use super::site::*;

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
fn observing_does_not_tell_every_step_of_a_value_that_follows_its_input() {
    let mut site = limit(&LIMIT.replace("5.0", "soc"), Mode::Observe);
    site.pass(15, Some(5.0));
    for second in 0..600 {
        site.pass(1, Some(5.0 + f64::from(second % 100) / 10.0));
    }
    let would = site.entries.iter().filter(|entry| entry.kind == Kind::Would).count();
    assert!((2..=4).contains(&would), "{would} entries");
}
