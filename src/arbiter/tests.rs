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
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
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
                arbiter.charge(secs(at), OUT, decision.want);
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
    arbiter.charge(secs(5), OUT, Level::On.into());
    let saved = arbiter.save(secs(10));
    let mut restarted = Arbiter::new(secs(0), vec![policy]);
    restarted.restore(secs(0), &saved);
    let decision = restarted.decide(secs(1), OUT, &[want(Level::On, 50, "r")], None);
    assert!(matches!(decision.held, Some(Held::WriteBudget(_))), "{decision:?}");
}

#[test]
fn a_lost_budget_starts_exhausted() {
    let policy = Policy { max_writes_per_day: Some(4), min_off: secs(0), ..heater() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.restore(secs(0), &Saved::exhausted([policy].iter()));
    let decision = arbiter.decide(secs(1), OUT, &[want(Level::On, 50, "r")], None);
    assert!(matches!(decision.held, Some(Held::WriteBudget(_))), "{decision:?}");
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
        max_on_per_day: Duration::ZERO,
        max_starts_per_hour: None,
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

/// Limits alone: no minimum times.
fn quick(limit: impl Fn(&mut Policy)) -> Policy {
    let mut policy = Policy { min_on: secs(0), min_off: secs(0), max_on: secs(0), ..heater() };
    limit(&mut policy);
    policy
}

#[test]
fn starts_within_an_hour_are_counted_away_from_safe_only() {
    let policy = quick(|policy| policy.max_starts_per_hour = Some(2));
    check(
        policy,
        &[
            (10, '+', true),
            (20, '-', false),
            (30, '+', true),
            (40, '-', false),
            (50, '+', false),
            (3609, '+', false),
            (3610, '+', true),
            (3620, '-', false),
            (3625, '+', false),
            (3630, '+', true),
        ],
    );
}

#[test]
fn staying_away_is_one_start() {
    let policy = quick(|policy| policy.max_starts_per_hour = Some(1));
    check(policy, &[(10, '+', true), (20, '+', true), (3000, '+', true), (3001, '-', false)]);
}

#[test]
fn time_away_within_a_day_is_counted_over_several_stretches() {
    let policy = quick(|policy| policy.max_on_per_day = secs(1000));
    check(
        policy,
        &[
            (0, '+', true),
            (600, '-', false),
            (1000, '+', true),
            (1399, '+', true),
            (1400, '+', false),
            (5000, '+', false),
            // A tenth of the day's time must have come back.
            (86_499, '+', false),
            (86_501, '+', true),
        ],
    );
}

#[test]
fn time_per_day_moves_with_the_clock_of_the_engine_and_not_in_jumps() {
    let policy = quick(|policy| policy.max_on_per_day = secs(1000));
    check(
        policy,
        &[
            (0, '+', true),
            (1000, '+', false),
            (86_400, '+', false),
            (86_600, '+', true),
            (86_700, '+', true),
        ],
    );
}

/// What a policy does with what is left of it after a restart.
fn restarted(policy: &Policy, before: &Arbiter, at: u64, gap: Gap) -> (Arbiter, Vec<String>) {
    let json = serde_json::to_string(&before.save(secs(at))).unwrap();
    let (saved, ended) = serde_json::from_str::<Saved>(&json).unwrap().after(gap);
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.restore(secs(0), &saved);
    (arbiter, ended)
}

const UNPROVEN: Gap = Gap { at_least: Duration::ZERO, at_most: None };

#[test]
fn starts_and_time_per_day_outlive_a_restart_for_both_safe_states() {
    let limited = quick(|policy| {
        policy.max_starts_per_hour = Some(2);
        policy.max_on_per_day = secs(1000);
    });
    for policy in [limited.clone(), mirrored(limited)] {
        let safe = policy.safe;
        let away = Want::Level(safe.level().unwrap().opposite());
        let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
        arbiter.moved(secs(0), OUT, safe);
        arbiter.charge(secs(10), OUT, away);
        arbiter.moved(secs(10), OUT, away);
        let decide = |arbiter: &Arbiter, at: u64| {
            arbiter.decide(secs(at), OUT, &[want(away, 50, "r")], None).held
        };
        // Killed while away, for 990 s so far.
        let (mut cold, _) = restarted(&policy, &arbiter, 1000, UNPROVEN);
        cold.moved(secs(0), OUT, safe);
        assert_eq!(decide(&cold, 1), Some(Held::DayTime), "safe {safe}");
        // The same with a known pause of almost a day.
        let gap = Gap { at_least: secs(86_000), at_most: Some(secs(86_000)) };
        let (mut known, _) = restarted(&policy, &arbiter, 1000, gap);
        known.moved(secs(0), OUT, safe);
        assert_eq!(decide(&known, 1), None, "safe {safe}");
        assert_eq!(decide(&known, 0), None);
    }
}

#[test]
fn a_time_away_goes_on_over_a_restart_that_finds_it_away() {
    let policy = Policy { max_on: secs(600), ..limit() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.moved(secs(0), OUT, Want::Release);
    arbiter.moved(secs(100), OUT, Want::Number(5.0));
    let (mut again, _) = restarted(&policy, &arbiter, 500, UNPROVEN);
    again.moved(secs(1), OUT, Want::Number(5.0));
    let wish = [want(Want::Number(5.0), 50, "r")];
    assert_eq!(again.decide(secs(200), OUT, &wish, None).held, None);
    assert_eq!(again.decide(secs(201), OUT, &wish, None).held, Some(Held::LongestTime));
}

#[test]
fn a_time_away_outlives_a_run_that_never_read_the_output() {
    let policy = Policy { max_on: secs(600), ..limit() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    arbiter.moved(secs(0), OUT, Want::Release);
    arbiter.moved(secs(100), OUT, Want::Number(5.0));
    // A run that is killed before the device has answered.
    let (blind, _) = restarted(&policy, &arbiter, 500, UNPROVEN);
    let (mut again, _) = restarted(&policy, &blind, 1, UNPROVEN);
    again.moved(secs(1), OUT, Want::Number(5.0));
    let wish = [want(Want::Number(5.0), 50, "r")];
    assert_eq!(again.decide(secs(201), OUT, &wish, None).held, Some(Held::LongestTime));
}

#[test]
fn lost_counters_start_exhausted() {
    let limited = quick(|policy| {
        policy.max_starts_per_hour = Some(10);
        policy.max_on_per_day = secs(3600);
    });
    let mut arbiter = Arbiter::new(secs(0), vec![limited.clone()]);
    arbiter.restore(secs(0), &Saved::exhausted([limited].iter()));
    let held = |at| arbiter.decide(secs(at), OUT, &[want(Level::On, 50, "r")], None).held;
    assert_eq!(held(1), Some(Held::DayTime));
    assert_eq!(held(86_400 - 3600), Some(Held::DayTime));
    assert_eq!(held(86_400 - 3600 + 361), None, "a tenth of it has come back");
}

fn wish(arbiter: &mut Arbiter, at: u64, level: Level, lasting: u64) {
    let wish = Override::new(secs(at), level.into(), "peter", secs(lasting));
    arbiter.set_wish(OUT, Some(wish));
}

#[test]
fn an_override_beats_rules_and_what_they_cannot_decide_but_nothing_else() {
    let policy = quick(|_| {});
    let mut arbiter = Arbiter::new(secs(0), vec![policy]);
    arbiter.moved(secs(0), OUT, Level::Off.into());
    wish(&mut arbiter, 10, Level::On, 600);
    let rule = [want(Level::Off, 100, "never")];
    let decide = |demand| arbiter.decide(secs(20), OUT, &rule, demand);
    let over = decide(None);
    assert_eq!((over.want, over.winner), (Level::On.into(), Winner::Override("peter".into())));
    let never = Loser { rule: Some("never".into()), want: Level::Off.into() };
    assert_eq!(over.loser, Some(never));
    assert_eq!(decide(Some(Demand::Unknown("r".into()))).want, Level::On);
    for demand in [Demand::Mode, Demand::Interlock("soc below 20".into())] {
        let decision = decide(Some(demand.clone()));
        assert_eq!(decision.want, Level::Off, "{demand:?}");
        assert_eq!(decision.loser, Some(Loser { rule: None, want: Level::On.into() }));
    }
}

#[test]
fn an_override_obeys_minimum_times_longest_times_and_budgets() {
    let policy = Policy { max_on: secs(300), max_starts_per_hour: Some(1), ..heater() };
    let mut arbiter = Arbiter::new(secs(0), vec![policy]);
    arbiter.moved(secs(0), OUT, Level::Off.into());
    wish(&mut arbiter, 10, Level::On, 6000);
    let held = |arbiter: &Arbiter, at| arbiter.decide(secs(at), OUT, &[], None).held;
    assert_eq!(held(&arbiter, 20), Some(Held::MinimumTime(secs(160))));
    arbiter.charge(secs(180), OUT, Level::On.into());
    arbiter.moved(secs(180), OUT, Level::On.into());
    assert_eq!(held(&arbiter, 480), Some(Held::LongestTime));
    arbiter.moved(secs(480), OUT, Level::Off.into());
    assert_eq!(held(&arbiter, 1000), Some(Held::Starts(secs(2780))));
}

#[test]
fn an_override_ends_by_itself_and_never_lasts_longer_than_a_day() {
    let mut arbiter = Arbiter::new(secs(0), vec![quick(|_| {})]);
    arbiter.moved(secs(0), OUT, Level::Off.into());
    wish(&mut arbiter, 10, Level::On, 1_000_000);
    let on = |arbiter: &Arbiter, at| arbiter.decide(secs(at), OUT, &[], None).want == Level::On;
    assert!(on(&arbiter, 86_409));
    assert!(!on(&arbiter, 86_410));
    assert_eq!(arbiter.ended_wishes(secs(86_409)).len(), 0);
    assert_eq!(arbiter.ended_wishes(secs(86_410)).len(), 1);
    assert_eq!(arbiter.ended_wishes(secs(86_411)).len(), 0);
}

#[test]
fn an_override_does_not_outlive_its_end_over_a_restart() {
    let policy = quick(|_| {});
    let mut arbiter = Arbiter::new(secs(0), vec![policy.clone()]);
    wish(&mut arbiter, 0, Level::On, 1800);
    let at_most = |secs_| Gap { at_least: Duration::ZERO, at_most: Some(secs(secs_)) };
    for (gap, left) in [(at_most(100), Some(1600)), (at_most(1700), None), (UNPROVEN, None)] {
        let (again, ended) = restarted(&policy, &arbiter, 100, gap);
        let wish = again.wish(secs(0), OUT).and_then(|wish| wish.left(secs(0)));
        assert_eq!(wish, left.map(secs), "{gap:?}");
        assert_eq!(ended.is_empty(), left.is_some(), "{gap:?}");
    }
}

#[test]
fn the_strongest_rule_that_lost_is_named() {
    let arbiter = Arbiter::new(secs(0), vec![heater()]);
    let requests = [
        want(Level::On, 60, "high"),
        want(Level::Off, 40, "low"),
        want(Level::Off, 50, "middle"),
        want(Level::On, 20, "same"),
    ];
    let decision = arbiter.decide(secs(999), OUT, &requests, None);
    assert_eq!(
        decision.loser,
        Some(Loser { rule: Some("middle".into()), want: Level::Off.into() })
    );
    let demand = arbiter.decide(secs(999), OUT, &requests, Some(Demand::Mode));
    assert_eq!(demand.loser, Some(Loser { rule: Some("high".into()), want: Level::On.into() }));
}
