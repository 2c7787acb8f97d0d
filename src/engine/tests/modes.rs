//! What modes, persons and the end of the program do to outputs.

use super::site::*;

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
