//! Outputs that do not obey, are moved by others, or cannot be read.

use super::site::*;

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
fn an_hour_of_noise_about_a_threshold_is_a_handful_of_refusals_with_their_number() {
    for_both(|safe| {
        let verb = if safe == Level::Off { "turn_on" } else { "turn_off" };
        let text = format!(
            "rule(\"r\").{verb}(out).when(soc below 30).lasting(0.sec)\
             .clear_when(soc above 31).lasting(0.sec);"
        );
        let refused = (Mode::Run, 7200, Kind::Refused, 5);
        for (mode, rest, kind, most) in [refused, (Mode::Observe, 0, Kind::Would, 40)] {
            let rest = Duration::from_secs(rest);
            let policy = Policy { min_on: rest, min_off: rest, ..plain(safe) };
            let mut site = Site::with(policy, text.clone(), mode);
            for _ in 0..900 {
                site.pass(2, Some(29.0));
                site.pass(2, Some(32.0));
            }
            let told = site.entries.iter().filter(|entry| entry.kind == kind);
            let told: Vec<&str> = told.map(|entry| entry.reason.as_str()).collect();
            assert!((2..=most).contains(&told.len()), "{told:#?}");
            let counted = |told: &&str| told.contains(" times more since it was told last");
            assert!(told.iter().any(counted), "{told:#?}");
        }
    });
}

#[test]
fn what_is_put_off_again_and_again_is_an_alarm_once() {
    for_both(|safe| {
        let mut site = Site::new(safe, Mode::Run);
        site.puts_off = true;
        for _ in 0..120 {
            site.pass(30, Some(25.0));
            let now = site.now();
            // Its register is read all the while.
            site.engine.handle(now, Event::Feedback { output: OUT, actual: Some(safe) });
        }
        assert!(site.acts.len() > 50, "{} acts", site.acts.len());
        let alarms: Vec<_> = site.entries.iter().filter(|e| e.kind == Kind::Alarm).collect();
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        site.puts_off = false;
        site.pass(60, Some(25.0));
        assert_eq!(site.entries.last().unwrap().what, format!("verified {}", other(safe)));
    });
}
