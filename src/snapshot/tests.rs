//! When a value is known, and why it is not.

use jiff::Timestamp;

use super::*;

const MAX_AGE: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Now {
    let monotonic = Duration::from_secs(seconds);
    Now { monotonic, wall: Timestamp::UNIX_EPOCH + monotonic, wall_trusted: true }
}

fn point(name: &str, valid: Option<(f64, f64)>) -> Point {
    Point {
        name: name.to_owned(),
        unit: Unit::Percent,
        meaning: Meaning::Plain,
        max_age: MAX_AGE,
        valid,
    }
}

/// Feeds `(second, value)` pairs (`None`: not available) and looks at `when`.
#[track_caller]
fn check(readings: &[(u64, Option<f64>)], when: u64, expected: Result<f64, Reason>) {
    let mut snapshot = Snapshot::new();
    let id = snapshot.declare(point("shunt.soc", Some((0.0, 100.0)))).unwrap();
    for &(second, value) in readings {
        snapshot.set(at(second), id, value.map(Value::Number));
    }
    let seen = snapshot.number(at(when), id, MAX_AGE).map(|(number, _)| number);
    assert_eq!(seen, expected);
}

#[test]
fn nothing_arrived_is_never_seen() {
    check(&[], 5, Err(Reason::NeverSeen));
}

#[test]
fn the_first_frame_is_not_believed_the_second_is() {
    check(&[(1, Some(50.0))], 1, Err(Reason::FirstFrame));
    check(&[(1, Some(50.0)), (2, Some(51.0))], 2, Ok(51.0));
}

#[test]
fn a_value_is_known_up_to_its_age_and_stale_after() {
    let readings = [(1, Some(50.0)), (2, Some(51.0))];
    check(&readings, 12, Ok(51.0));
    check(&readings, 13, Err(Reason::Stale { age: Duration::from_secs(11) }));
}

#[test]
fn after_a_silence_two_frames_are_needed_again() {
    let readings = [(1, Some(50.0)), (2, Some(50.0)), (30, Some(50.0))];
    check(&readings, 30, Err(Reason::FirstFrame));
    check(&[&readings[..], &[(31, Some(50.0))]].concat(), 31, Ok(50.0));
}

#[test]
fn not_available_is_no_number_and_breaks_the_row_of_frames() {
    let readings = [(1, Some(50.0)), (2, Some(50.0)), (3, None)];
    check(&readings, 3, Err(Reason::NotAvailable));
    check(&[&readings[..], &[(4, Some(50.0))]].concat(), 4, Err(Reason::FirstFrame));
}

#[test]
fn a_value_out_of_its_range_is_suspect_not_clamped() {
    let readings = [(1, Some(150.0)), (2, Some(150.0))];
    check(&readings, 2, Err(Reason::OutOfRange { value: 150.0 }));
}

#[test]
fn a_text_is_not_a_number() {
    let mut snapshot = Snapshot::new();
    let id = snapshot.declare(point("mppt.model", None)).unwrap();
    for second in [1, 2] {
        snapshot.set(at(second), id, Some(Value::Text("MPPT".into())));
    }
    assert_eq!(snapshot.number(at(2), id, MAX_AGE), Err(Reason::NotANumber));
    assert!(matches!(snapshot.view(at(2), id), View::Known { .. }));
}

#[test]
fn a_forgotten_device_must_convince_again_and_others_need_not() {
    let mut snapshot = Snapshot::new();
    let of = |snapshot: &mut Snapshot, name| snapshot.declare(point(name, None)).unwrap();
    let (mine, other) = (of(&mut snapshot, "mppt.soc"), of(&mut snapshot, "mppt2.soc"));
    for (second, id) in [(1, mine), (1, other), (2, mine), (2, other)] {
        snapshot.set(at(second), id, Some(Value::Number(1.0)));
    }
    snapshot.forget_device("mppt");
    assert_eq!(snapshot.quality(at(2), mine), Quality::Suspect);
    assert_eq!(snapshot.quality(at(2), other), Quality::Good);
}

#[test]
fn a_babbling_port_cannot_grow_the_snapshot_without_end() {
    let mut snapshot = Snapshot::new();
    for index in 0..POINTS_MAX {
        assert!(snapshot.declare(point(&format!("x.{index}"), None)).is_some());
    }
    assert_eq!(snapshot.declare(point("x.more", None)), None);
    assert!(snapshot.declare(point("x.0", None)).is_some(), "known points stay");
}

#[test]
fn a_measurement_of_an_undeclared_point_declares_it_with_its_unit() {
    let mut snapshot = Snapshot::new();
    let measurement = Measurement {
        name: "pv_power".into(),
        unit: Unit::Watt,
        meaning: Meaning::Plain,
        value: Some(Value::Number(80.0)),
    };
    let id = snapshot.accept(at(1), "mppt", &measurement, MAX_AGE).unwrap();
    assert_eq!(snapshot.point(id).name, "mppt.pv_power");
    assert_eq!(snapshot.point(id).unit, Unit::Watt);
}

/// Feeds one reading a second to a temperature that may change by 5 °C a second.
/// `x` in the answer: too fast, `.`: not believed yet, `=`: good.
#[track_caller]
fn check_rate(values: &[f64], expected: &str) {
    let mut snapshot = Snapshot::new();
    snapshot.limit_rates(Rates { by_unit: true, ..Rates::default() });
    let cells = Point { unit: Unit::Celsius, ..point("shunt.battery_temperature", None) };
    let id = snapshot.declare(cells).unwrap();
    let mut seen = String::new();
    for (second, value) in values.iter().enumerate() {
        let now = at(second as u64);
        snapshot.set(now, id, Value::number(*value));
        seen.push(match snapshot.number(now, id, MAX_AGE) {
            Ok(_) => '=',
            Err(Reason::TooFast { .. }) => 'x',
            Err(_) => '.',
        });
        let suspect = snapshot.quality(now, id) == Quality::Suspect;
        assert_eq!(suspect, !seen.ends_with('='), "{values:?} at {second}");
        let good = snapshot.good_number(now.monotonic, id, MAX_AGE).is_some();
        assert_eq!(good, seen.ends_with('='), "{values:?} at {second}");
    }
    assert_eq!(seen, expected, "{values:?}");
}

#[test]
fn a_wild_value_is_passed_over_and_a_lasting_one_is_believed() {
    check_rate(&[5.0, 5.0, 9.0, 5.0], ".===");
    check_rate(&[5.0, 5.0, 85.0, 5.0, 5.0], ".=x==");
    check_rate(&[5.0, 5.0, 85.0, 85.0, 85.0, 85.0, 85.0, 85.0, 85.0], ".=xxxxx==");
    check_rate(&[5.0, 5.0, 85.0, -40.0, 85.0, -40.0, 6.0], ".=xxxx=");
}

#[test]
fn a_limit_of_the_owner_counts_and_may_be_none() {
    let rates = |limit: Option<f64>| Rates {
        named: [("shunt.soc".to_owned(), limit)].into(),
        by_unit: true,
    };
    for (limit, good) in [(Some(1.0), false), (Some(50.0), true), (None, true)] {
        let mut snapshot = Snapshot::new();
        let id = snapshot.declare(point("shunt.soc", None)).unwrap();
        snapshot.limit_rates(rates(limit));
        for (second, value) in [50.0, 50.0, 80.0].into_iter().enumerate() {
            snapshot.set(at(second as u64), id, Value::number(value));
        }
        let seen = snapshot.number(at(3), id, MAX_AGE);
        assert_eq!(seen.is_ok(), good, "{limit:?}");
    }
}
