//! Writes that somebody watches: no SET leaves before it may.

use sunkeep::session::Departure;
use sunkeep::vedirect::register::Wear;

use crate::prelude::*;

fn watched() -> Bench {
    let settings = Settings { watched: true, ..expecting(SERIAL) };
    let mut bench = Bench::new(settings, Peer::new(MPPT, 0x4161));
    bench.run_secs(1);
    bench
}

fn departures(bench: &Bench) -> Vec<&Departure> {
    let mut found = Vec::new();
    for (_, event) in &bench.events {
        if let Event::Leaving(_, departure) = event {
            found.push(departure);
        }
    }
    found
}

#[test]
fn a_set_waits_until_it_may_leave_and_says_who_is_there() {
    let mut bench = watched();
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    bench.run_secs(20);
    assert!(bench.peer.sets.is_empty(), "nobody let it leave");
    let [departure] = departures(&bench)[..] else { panic!("asked more than once") };
    assert_eq!((departure.register, departure.wear), (FLOAT_VOLTAGE, Wear::Stored));
    assert_eq!((departure.authority, departure.again), (Authority::Rule, false));
    assert_eq!(departure.identity.serial_number.as_deref(), Some(SERIAL));
    assert_eq!(departure.identity.firmware, Some(Version(0x4161)));
    bench.session.permit(bench.now, id, Ok(()));
    bench.run_secs(2);
    assert_eq!(bench.outcome(id), Some(Outcome::Written(WriteResult::Done)));
    assert_eq!(bench.peer.sets.len(), 1);
}

#[test]
fn a_set_that_may_not_leave_does_not() {
    let mut bench = watched();
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    bench.run_secs(1);
    bench.session.permit(bench.now, id, Err("too often".to_owned()));
    bench.run_secs(1);
    let withheld = WriteResult::Withheld("too often".to_owned());
    assert_eq!(bench.outcome(id), Some(Outcome::Written(withheld)));
    assert!(bench.peer.sets.is_empty());
    // The next task has its turn.
    bench.check_write(write(FLOAT_VOLTAGE, 13.8), WriteResult::Unchanged);
}

#[test]
fn what_is_not_written_asks_nobody() {
    let mut bench = watched();
    bench.check_write(write(FLOAT_VOLTAGE, 13.8), WriteResult::Unchanged);
    assert_eq!(bench.perform(Task::Read { register: FLOAT_VOLTAGE }), volts(13.8));
    assert!(departures(&bench).is_empty());
}

#[test]
fn every_try_of_a_write_asks_anew() {
    let mut bench = watched();
    bench.peer.faults.swallow = Some((8, FLOAT_VOLTAGE, 99));
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    for _ in 0..60 {
        bench.run_secs(1);
        // An answer that was not asked for lets nothing leave.
        bench.session.permit(bench.now, id, Ok(()));
    }
    assert_eq!(bench.outcome(id), Some(Outcome::Written(WriteResult::Unanswered)));
    let again: Vec<bool> = departures(&bench).iter().map(|departure| departure.again).collect();
    assert_eq!(again, [false, true, true]);
}

#[test]
fn a_permission_is_for_the_device_that_was_there() {
    let mut bench = watched();
    let id = bench.submit(write(FLOAT_VOLTAGE, 13.5));
    bench.run_secs(1);
    assert_eq!(departures(&bench).len(), 1);
    bench.session.disconnected(bench.now);
    bench.session.connected(bench.now);
    bench.session.permit(bench.now, id, Ok(()));
    bench.run_secs(5);
    assert_eq!(bench.outcome(id), Some(Outcome::Written(WriteResult::Locked(Lock::NotConnected))));
    assert!(bench.peer.sets.is_empty());
}
