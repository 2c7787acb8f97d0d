//! Every way a write can end, and what it never does.

use crate::prelude::*;

#[test]
fn a_write_is_read_compared_set_and_read_back() {
    let mut bench = Bench::quiet();
    bench.run_secs(1);
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), WriteResult::Done);
    assert_eq!(bench.peer.sets, [(FLOAT_VOLTAGE, vec![0x46, 0x05])]);
    assert_eq!(bench.gets(FLOAT_VOLTAGE), 2);
}

#[test]
fn an_equal_value_is_not_written() {
    let mut bench = Bench::quiet();
    bench.check_write(write(FLOAT_VOLTAGE, 13.8), WriteResult::Unchanged);
    assert!(bench.peer.sets.is_empty());
}

#[test]
fn a_failed_read_never_leads_to_a_write() {
    let mut bench = Bench::quiet();
    bench.run_secs(1);
    bench.peer.faults.swallow = Some((7, FLOAT_VOLTAGE, 99));
    let failed = WriteResult::ReadFailed(ReadFailure::Unanswered);
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), failed);
    bench.peer.faults.swallow = None;
    bench.run_secs(10);
    bench.peer.faults.refuse_reads.insert(MAX_CURRENT, 0x01);
    let failed = WriteResult::ReadFailed(ReadFailure::Refused(Flags::UNKNOWN_ID));
    bench.check_write(write(MAX_CURRENT, 10.0), failed);
    bench.peer.registers.insert(0xEDE6, vec![1]);
    let failed = WriteResult::ReadFailed(ReadFailure::Malformed);
    bench.check_write(write(0xEDE6, 10.0), failed);
    assert!(bench.peer.sets.is_empty());
}

#[test]
fn a_clamped_value_is_a_result_and_not_rewritten() {
    let mut bench = Bench::quiet();
    bench.peer.faults.clamp.insert(MAX_CURRENT, vec![0xC8, 0x00]);
    let expected =
        WriteResult::Clamped { asked: Value::Number(25.0), got: Some(Value::Number(20.0)) };
    bench.check_write(write(MAX_CURRENT, 25.0), expected);
    assert_eq!(bench.peer.sets.len(), 1);
}

#[test]
fn a_refusal_carries_its_flags() {
    let mut bench = Bench::quiet();
    bench.peer.faults.refuse.insert(FLOAT_VOLTAGE, 0x04);
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), WriteResult::Refused(Flags::PARAMETER_ERROR));
    assert_eq!(bench.peer.sets.len(), 1);
}

#[test]
fn a_set_whose_answer_is_lost_is_looked_at_before_it_is_repeated() {
    // Swallowed on the way there: the second try does it.
    let mut bench = Bench::quiet();
    bench.peer.faults.swallow = Some((8, FLOAT_VOLTAGE, 1));
    bench.check_write(write(FLOAT_VOLTAGE, 13.5), WriteResult::Done);
    assert_eq!(bench.peer.sets.len(), 1);
    // Swallowed for good: three tries, the old value stays.
    bench.peer.faults.swallow = Some((8, FLOAT_VOLTAGE, 99));
    bench.check_write(write(FLOAT_VOLTAGE, 13.2), WriteResult::Unanswered);
    let set = |asked: &Asked| matches!(asked, Asked::Request(Request::Set { value, .. }) if value[..] == [0x28, 0x05]);
    assert_eq!(bench.sent.iter().filter(|(_, asked)| set(asked)).count(), 3);
}

#[test]
fn the_load_output_mode_keeps_the_timer_bits() {
    let mut bench = Bench::quiet();
    bench.check_write(write(LOAD_CONTROL, 4.0), WriteResult::Unchanged);
    bench.check_write(write(LOAD_CONTROL, 0.0), WriteResult::Done);
    assert_eq!(bench.peer.sets, [(LOAD_CONTROL, vec![0x80])]);
    assert_eq!(bench.peer.registers[&LOAD_CONTROL], [0x80]);
}

#[test]
fn values_that_do_not_fit_are_refused_here() {
    let mut bench = Bench::quiet();
    for (register, value) in [(FLOAT_VOLTAGE, -1.0), (FLOAT_VOLTAGE, 1e9), (LOAD_CONTROL, 200.0)] {
        let outcome = bench.perform(write(register, value));
        assert!(matches!(outcome, Outcome::Written(WriteResult::BadValue(_))), "{outcome:?}");
    }
    assert!(bench.peer.sets.is_empty());
}

#[test]
fn the_deny_list_needs_a_human_who_says_so() {
    let denied = WriteResult::Denied(Denied::Register);
    let mut bench = Bench::quiet();
    bench.check_write(write(0xEDF1, 2.0), denied.clone());
    bench.check_write(write_as(0xEDF1, 2.0, Authority::Human), denied.clone());
    for authority in [Authority::Rule, Authority::Human] {
        for register in [0x0004, 0x1030] {
            bench.check_write(Task::Trigger { register, authority }, denied.clone());
        }
    }
    bench.check_write(write(0x200E, 9.0), WriteResult::Denied(Denied::Value));
    bench.check_write(write(0xEDE8, 1.0), WriteResult::Denied(Denied::Value));
    assert!(bench.peer.sets.is_empty());
    let allowed = write_as(0xEDF1, 2.0, Authority::HumanAllowingDenied);
    bench.check_write(allowed, WriteResult::Done);
    assert_eq!(bench.peer.sets, [(0xEDF1, vec![2])]);
}

#[test]
fn an_action_is_sent_once_and_not_read_back() {
    let mut bench = Bench::quiet();
    let clear = Task::Trigger { register: 0x1030, authority: Authority::HumanAllowingDenied };
    bench.check_write(clear.clone(), WriteResult::Done);
    assert_eq!(bench.peer.sets, [(0x1030, vec![])]);
    bench.peer.faults.swallow = Some((8, 0x1030, 99));
    bench.check_write(clear, WriteResult::Unanswered);
    assert_eq!(bench.peer.sets.len(), 1);
    assert_eq!(bench.gets(0x1030), 0);
}

#[test]
fn only_a_human_restarts_a_device() {
    let mut bench = Bench::quiet();
    bench.run_secs(2);
    bench.check_write(
        Task::Restart { authority: Authority::Rule },
        WriteResult::Denied(Denied::HumanOnly),
    );
    assert!(!bench.peer.received.windows(5).any(|bytes| bytes == b":64F\n"));
    let outcome = bench.perform(Task::Restart { authority: Authority::Human });
    assert_eq!(outcome, Outcome::RestartSent);
    assert!(bench.peer.received.windows(5).any(|bytes| bytes == b":64F\n"));
    assert!(bench.has(|event| *event == Event::Restarted));
}
