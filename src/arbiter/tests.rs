//! One output through requests, demands and time.

use super::*;

const OUT: OutputId = OutputId(0);

fn heater() -> Policy {
    Policy {
        name: "heater".into(),
        always_driven: false,
        safe: Want::Level(Level::Off),
        default: Want::Level(Level::Off),
        at_exit: AtExit::Want(Want::Level(Level::Off)),
        min_on: secs(60),
        min_off: secs(180),
        max_on: secs(3600),
        max_writes_per_day: None,
        lease: None,
    }
}

/// The same policy, upside down: every fact must hold for both.
fn mirrored(policy: Policy) -> Policy {
    let flip = |want: Want| want.level().unwrap().opposite().into();
    Policy {
        safe: flip(policy.safe),
        default: flip(policy.default),
        min_on: policy.min_off,
        min_off: policy.min_on,
        ..policy
    }
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn want(want: impl Into<Want>, priority: u8, rule: &str) -> Request {
    Request { output: OUT, want: want.into(), priority, rule: rule.into() }
}

/// Runs one script for a safe-off and a safe-on output. `+` wants away from
/// safe, `-` wants safe, `.` wants nothing, `?` is a demand for safe.
#[track_caller]
fn check(policy: Policy, script: &[(u64, char, bool)]) {
    for policy in [policy.clone(), mirrored(policy)] {
        let safe = policy.safe;
        let away = Want::Level(safe.level().unwrap().opposite());
        let mut arbiter = Arbiter::new(secs(0), vec![policy]);
        arbiter.moved(secs(0), OUT, safe);
        for &(at, what, expect_away) in script {
            let requests = match what {
                '+' => vec![want(away, 50, "r")],
                '-' => vec![want(safe, 50, "r")],
                _ => vec![],
            };
            let demand = (what == '?').then_some(Demand::Mode);
            let decision = arbiter.decide(secs(at), OUT, &requests, demand);
            let expected = if expect_away { away } else { safe };
            assert_eq!(decision.want, expected, "at {at} s, safe {safe}: {decision:?}");
            if arbiter.actual(OUT) != Some(decision.want) {
                arbiter.charge(secs(at), OUT);
            }
            arbiter.moved(secs(at), OUT, decision.want);
        }
    }
}

#[test]
fn leaving_safe_waits_for_the_minimum_time_from_the_start() {
    check(heater(), &[(0, '+', false), (179, '+', false), (180, '+', true)]);
}

#[test]
fn going_back_to_safe_never_waits() {
    check(heater(), &[(180, '+', true), (181, '-', false)]);
    check(heater(), &[(180, '+', true), (181, '.', false)]);
    check(heater(), &[(180, '+', true), (181, '?', false)]);
}

#[test]
fn after_a_return_the_minimum_time_starts_again() {
    check(heater(), &[(180, '+', true), (181, '-', false), (360, '+', false), (361, '+', true)]);
}

#[test]
fn a_demand_for_safe_beats_every_rule() {
    check(heater(), &[(500, '?', false)]);
}

#[test]
fn the_longest_time_ends_in_safe_until_the_wish_is_withdrawn() {
    check(heater(), &[(200, '+', true), (3799, '+', true), (3800, '+', false), (3801, '.', false)]);
}

#[test]
fn after_the_longest_time_a_rest_is_enough_to_start_again() {
    check(heater(), &[(200, '+', true), (3800, '+', false), (3979, '+', false), (3980, '+', true)]);
}

#[test]
fn a_budget_keeps_one_write_for_the_way_back() {
    let policy = Policy { max_writes_per_day: Some(3), min_off: secs(1), ..heater() };
    check(policy, &[(10, '+', true), (20, '-', false), (30, '+', false), (86_411, '+', true)]);
}

#[test]
fn a_budget_outlives_a_restart() {
    let policy = Policy { max_writes_per_day: Some(2), min_off: secs(0), ..heater() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.charge(secs(5), OUT);
    let saved = arbiter.save(secs(10));
    let mut restarted = Arbiter::new(secs(0), vec![policy]);
    restarted.restore(secs(0), &saved);
    let decision = restarted.decide(secs(1), OUT, &[want(Level::On, 50, "r")], None);
    assert_eq!(decision.held, Some(Held::WriteBudget));
}

#[test]
fn a_lost_budget_starts_exhausted() {
    let policy = Policy { max_writes_per_day: Some(4), min_off: secs(0), ..heater() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.restore(secs(0), &Saved::exhausted([policy].iter()));
    let decision = arbiter.decide(secs(1), OUT, &[want(Level::On, 50, "r")], None);
    assert_eq!(decision.held, Some(Held::WriteBudget));
    let back = arbiter.decide(secs(1), OUT, &[], Some(Demand::Mode));
    assert_eq!((back.want, back.held), (Level::Off.into(), None), "the way to safe is free");
}

#[test]
fn the_higher_priority_wins_whatever_the_order() {
    let requests = [want(Level::On, 60, "high"), want(Level::Off, 40, "low")];
    for requests in [requests.to_vec(), requests.iter().rev().cloned().collect()] {
        let arbiter = Arbiter::new(secs(0), vec![heater()]);
        let decision = arbiter.decide(secs(999), OUT, &requests, None);
        assert_eq!(decision.winner, Winner::Rule("high".into()));
    }
}

#[test]
fn equal_opposites_fall_to_safe_and_both_are_named() {
    let requests = [want(Level::On, 50, "b"), want(Level::Off, 50, "a")];
    for requests in [requests.to_vec(), requests.iter().rev().cloned().collect()] {
        let arbiter = Arbiter::new(secs(0), vec![heater()]);
        let decision = arbiter.decide(secs(999), OUT, &requests, None);
        assert_eq!(decision.want, Level::Off);
        assert_eq!(decision.winner, Winner::Conflict("a".into(), "b".into()));
    }
}

/// A current limit: given back when nobody asks, a minute between two values.
fn limit() -> Policy {
    Policy {
        name: "limit".into(),
        always_driven: false,
        safe: Want::Release,
        default: Want::Release,
        at_exit: AtExit::Want(Want::Release),
        min_on: secs(60),
        min_off: secs(60),
        max_on: Duration::ZERO,
        max_writes_per_day: None,
        lease: None,
    }
}

/// A limit that took 5 A at 100 s.
fn limited() -> Arbiter {
    let mut arbiter = Arbiter::new(secs(0), vec![limit()]);
    arbiter.moved(secs(0), OUT, Want::Release);
    arbiter.moved(secs(100), OUT, Want::Number(5.0));
    arbiter
}

#[test]
fn a_set_point_keeps_its_value_until_it_may_take_the_next() {
    let arbiter = limited();
    let other = [want(Want::Number(6.0), 50, "r")];
    for (at, expected) in [(101, 5.0), (159, 5.0), (160, 6.0)] {
        assert_eq!(arbiter.decide(secs(at), OUT, &other, None).want, Want::Number(expected));
    }
    assert_eq!(arbiter.decide(secs(101), OUT, &[], None).want, Want::Release, "safe never waits");
}

#[test]
fn equal_priorities_with_different_values_give_the_set_point_back() {
    let arbiter = limited();
    let mut requests = vec![want(Want::Number(5.0), 50, "a"), want(Want::Number(5.0), 50, "b")];
    assert_eq!(arbiter.decide(secs(200), OUT, &requests, None).want, Want::Number(5.0));
    requests.push(want(Want::Number(7.0), 50, "c"));
    assert_eq!(arbiter.decide(secs(200), OUT, &requests, None).want, Want::Release);
    requests.push(want(Want::Number(8.0), 60, "d"));
    assert_eq!(arbiter.decide(secs(200), OUT, &requests, None).want, Want::Number(8.0));
}

#[test]
fn the_longest_time_counts_from_leaving_safe_not_from_the_last_value() {
    let mut arbiter = Arbiter::new(secs(0), vec![Policy { max_on: secs(600), ..limit() }]);
    arbiter.moved(secs(0), OUT, Want::Release);
    arbiter.moved(secs(100), OUT, Want::Number(5.0));
    arbiter.moved(secs(600), OUT, Want::Number(6.0));
    let decision = arbiter.decide(secs(700), OUT, &[want(Want::Number(6.0), 50, "r")], None);
    assert_eq!((decision.want, decision.held), (Want::Release, Some(Held::LongestTime)));
}
