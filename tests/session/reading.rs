//! Requests, answers, and frames that answer nothing.

use crate::prelude::*;

#[test]
fn a_register_is_read_in_its_unit() {
    let mut bench = Bench::quiet();
    assert_eq!(bench.perform(Task::Read { register: FLOAT_VOLTAGE }), volts(13.8));
    let refused = Outcome::Read(ReadResult::Refused(Flags::UNKNOWN_ID));
    assert_eq!(bench.perform(Task::Read { register: 0x7777 }), refused);
}

#[test]
fn a_read_is_tried_three_times() {
    for (swallowed, expected) in [(2, volts(13.8)), (3, Outcome::Read(ReadResult::Unanswered))] {
        let mut bench = Bench::quiet();
        bench.run_secs(2);
        bench.peer.faults.swallow = Some((7, FLOAT_VOLTAGE, swallowed));
        assert_eq!(bench.perform(Task::Read { register: FLOAT_VOLTAGE }), expected);
        assert_eq!(bench.gets(FLOAT_VOLTAGE), 3);
        assert_eq!(bench.session.counters().timeouts, u64::from(swallowed));
    }
}

#[test]
fn a_late_answer_is_dropped_and_counted() {
    let mut bench = Bench::quiet();
    bench.run_secs(3);
    let stray = RegisterValue {
        register: FLOAT_VOLTAGE,
        flags: Flags(0),
        value: Payload::new(&[1, 1]).unwrap(),
    };
    bench.peer.say(bench.now, Answer::Get(stray));
    bench.run_secs(1);
    assert_eq!(bench.session.counters().late, 1);
}

#[test]
fn an_answer_about_another_register_or_command_is_not_taken() {
    let mut bench = Bench::quiet();
    bench.run_secs(3);
    bench.peer.faults.delay = Duration::from_millis(300);
    let id = bench.submit(Task::Read { register: FLOAT_VOLTAGE });
    let other = |register| RegisterValue {
        register,
        flags: Flags(0),
        value: Payload::new(&[1, 1]).unwrap(),
    };
    let at = bench.now + Duration::from_millis(100);
    bench.peer.say(at, Answer::Get(other(MAX_CURRENT)));
    bench.peer.say(at, Answer::Set(other(FLOAT_VOLTAGE)));
    bench.run_secs(1);
    assert_eq!(bench.outcome(id), Some(volts(13.8)));
    assert_eq!(bench.session.counters().foreign, 2);
}

#[test]
fn an_unasked_frame_is_a_measurement_even_while_waiting() {
    let mut bench = Bench::quiet();
    bench.run_secs(3);
    bench.peer.faults.delay = Duration::from_millis(300);
    let id = bench.submit(Task::Read { register: FLOAT_VOLTAGE });
    let value = Payload::new(&[0x1A, 0x0D]).unwrap();
    let temperature = RegisterValue { register: 0xEDDB, flags: Flags(0), value };
    bench.peer.say(bench.now + Duration::from_millis(100), Answer::Async(temperature));
    bench.run_secs(1);
    assert_eq!(bench.measured("charger_temperature").len(), 1);
    assert_eq!(bench.outcome(id), Some(volts(13.8)));
}

#[test]
fn one_request_is_in_flight_at_a_time() {
    let mut bench = Bench::quiet();
    bench.run_secs(3);
    bench.peer.faults.delay = Duration::from_millis(200);
    let ids: Vec<_> =
        (0..5).map(|_| bench.submit(Task::Read { register: FLOAT_VOLTAGE })).collect();
    let before = bench.sent.len();
    bench.run_secs(3);
    assert!(ids.iter().all(|id| bench.outcome(*id) == Some(volts(13.8))));
    let times: Vec<_> = bench.sent[before..].iter().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(220)));
}
