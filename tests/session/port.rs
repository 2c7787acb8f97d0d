//! Lost ports, full queues, compressed time.

use crate::prelude::*;

#[test]
fn a_lost_port_ends_every_task_and_identification_starts_anew() {
    let mut bench = Bench::quiet();
    bench.run_secs(3);
    bench.peer.faults.swallow = Some((7, FLOAT_VOLTAGE, 99));
    let ids = [write(FLOAT_VOLTAGE, 13.5), write(MAX_CURRENT, 10.0)].map(|task| bench.submit(task));
    let read = bench.submit(Task::Read { register: MAX_CURRENT });
    bench.run(Duration::from_millis(200));
    bench.session.disconnected(bench.now);
    assert_eq!(bench.session.deadline(), None);
    bench.run(STEP);
    for id in ids {
        let locked = Outcome::Written(WriteResult::Locked(Lock::NotConnected));
        assert_eq!(bench.outcome(id), Some(locked));
    }
    assert_eq!(bench.outcome(read), Some(Outcome::Read(ReadResult::NotConnected)));
    let sent = bench.sent.len();
    bench.session.connected(bench.now);
    bench.peer.faults.swallow = None;
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    bench.run_secs(2);
    assert_eq!(bench.sent[sent].1, Asked::Request(Request::Ping));
    assert_eq!(bench.outcome(id), Some(Outcome::Written(WriteResult::Done)));
}

#[test]
fn a_closed_port_takes_no_task() {
    let mut session = Session::new(Settings::default());
    let id = session.submit(Duration::ZERO, write(FLOAT_VOLTAGE, 13.5));
    let locked = Outcome::Written(WriteResult::Locked(Lock::NotConnected));
    assert_eq!(session.event(), Some(Event::Done(id, locked)));
    assert_eq!(session.transmit(Duration::ZERO), None);
}

#[test]
fn a_queue_has_an_end() {
    let mut bench = Bench::quiet();
    let ids: Vec<_> =
        (0..100).map(|_| bench.submit(Task::Read { register: FLOAT_VOLTAGE })).collect();
    bench.run_secs(30);
    let full = ids.iter().filter(|id| bench.outcome(**id) == Some(Outcome::QueueFull)).count();
    assert_eq!(full, 36);
    assert!(ids.iter().all(|id| bench.outcome(*id).is_some()));
}

#[test]
fn time_that_is_compressed_changes_no_outcome() {
    let timing = sunkeep::session::Timing::default().scaled(100.0);
    let settings = Settings { timing, ..expecting(SERIAL) };
    let mut bench = Bench::new(settings, Peer::new(MPPT, 0x4161));
    bench.peer.faults.delay = Duration::from_secs(20);
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    bench.run_secs(600);
    assert_eq!(bench.outcome(id), Some(Outcome::Written(WriteResult::Done)));
}

#[test]
fn deadlines_never_lie_in_the_past_without_something_to_send() {
    let mut bench = Bench::new(Settings::default(), Peer::new(MPPT, 0x4161));
    for _ in 0..6000 {
        bench.run(STEP);
        let deadline = bench.session.deadline().expect("a connected session has plans");
        assert!(deadline > bench.now, "would spin at {:?}", bench.now);
    }
}
