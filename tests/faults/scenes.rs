//! Single faults in virtual time, each with what must come of it. The judge of
//! [`crate::judge`] looks on in all of them.

use std::time::Duration;

use sunkeep::engine::Mode;

use crate::judge::{CHARGE_LIMIT, LOAD_OUTPUT_CONTROL};
use crate::site::{LOAD_WRITES, MPPT, RELAYS, SHUNT};
use crate::world::{Truth, World};

/// Seconds of noise about a threshold.
const NOISY: u64 = 3600;

const HEATER: usize = 0;
const MODEM: usize = 1;
const FAN: usize = 2;
const PUMP: usize = 3;

/// Little charge, cold cells, a high voltage: every output is wanted away from safe.
const NEED: Truth = Truth { soc: 20.0, cells: -5.0, voltage: 14.3 };
/// Nothing is wanted.
const PLENTY: Truth = Truth { soc: 80.0, cells: 15.0, voltage: 13.0 };

/// A site on which all that may leave its safe state has.
fn in_need() -> World {
    let mut world = World::armed(1);
    world.show(NEED);
    world.pass_secs(420);
    assert_eq!(away(&world), [true; RELAYS.len()]);
    assert_eq!((load(&world), limit(&world)), (0, 50));
    world
}

fn away(world: &World) -> [bool; RELAYS.len()] {
    std::array::from_fn(|relay| !world.board.is_safe(relay))
}

fn load(world: &World) -> u8 {
    world.devices[MPPT].register(LOAD_OUTPUT_CONTROL).expect("a load output")[0] & 0x0F
}

fn limit(world: &World) -> u16 {
    let raw = world.devices[MPPT].register(CHARGE_LIMIT).expect("a limit");
    u16::from_le_bytes([raw[0], raw[1]])
}

/// Edges away from safe, by relay.
fn edges(world: &World) -> [usize; RELAYS.len()] {
    std::array::from_fn(|relay| {
        let away = !RELAYS[relay].safe_high;
        world.judge.moves.iter().filter(|(_, of, high)| (*of, *high) == (relay, away)).count()
    })
}

#[test]
fn a_bmv_that_sends_only_its_history_is_not_a_battery_that_is_known() {
    let mut world = in_need();
    world.cables[SHUNT].history_only = true;
    world.cables[SHUNT].deaf = true;
    world.pass_secs(13);
    assert_eq!(away(&world), [false, false, true, false], "the fan hangs on the charger");
    let life = world.life.as_ref().expect("it lives");
    let now = world.wall(world.now - life.born);
    let quality = |point: &str| {
        let id = life.snapshot.find(point).unwrap_or_else(|| panic!("no {point}"));
        life.snapshot.quality(now, id).to_string()
    };
    assert_eq!(quality("shunt.soc"), "stale");
    assert_eq!(quality("shunt.deepest_discharge"), "good", "each reading has its own age");
}

#[test]
fn a_charger_that_sleeps_at_night_is_missed_once_and_wakes_in_order() {
    let mut world = in_need();
    world.devices[MPPT].faults_mut().silent = true;
    world.pass_secs(60);
    assert!(!away(&world)[FAN]);
    let (alarms, bytes) = (world.disk.alarms, world.judge.figures.bytes);
    world.pass_secs(2 * 3600);
    assert!(world.disk.alarms - alarms <= 6, "{} alarms in a night", world.disk.alarms - alarms);
    // The shunt is polled all night; the sleeper is called once a minute.
    let sent = world.judge.figures.bytes - bytes;
    assert!(sent < 2 * 3600 * 20, "{sent} bytes in a night");
    world.devices[MPPT].faults_mut().silent = false;
    world.pass_secs(600);
    assert!(edges(&world)[FAN] >= 2, "{:?}", world.judge.moves);
}

#[test]
fn when_the_host_dies_a_limit_ends_by_itself_and_the_next_life_sets_it_once() {
    let mut world = in_need();
    world.kill();
    world.board.all_safe(crate::board::Mover::Guard);
    world.pass_secs(25);
    assert_eq!(limit(&world), 50, "nobody was left to release it");
    world.pass_secs(40);
    assert_eq!(limit(&world), 0xFFFF);
    let limits = world.judge.figures.limits;
    world.begin();
    world.pass_secs(300);
    assert_eq!(limit(&world), 50);
    assert_eq!(world.judge.figures.limits, limits + 1);
}

#[test]
fn a_charger_that_restarts_is_told_its_limit_once_more() {
    let mut world = in_need();
    let limits = world.judge.figures.limits;
    world.devices[MPPT].restart(world.now);
    assert_eq!(limit(&world), 0xFFFF);
    world.pass_secs(300);
    assert_eq!(limit(&world), 50);
    assert!(world.judge.figures.limits <= limits + 1);
}

/// With values that cross their thresholds every second, for a while.
fn check_noise(rules: usize) {
    let mut world = World::armed(1);
    world.reload(rules);
    for second in 0..NOISY {
        let up = second % 2 == 0;
        world.show(Truth {
            soc: if up { 31.0 } else { 24.0 },
            cells: if up { 1.0 } else { 3.0 },
            voltage: if up { 14.1 } else { 13.8 },
        });
        world.pass_secs(1);
    }
    for (relay, count) in RELAYS.iter().zip(edges(&world)) {
        let most = NOISY / relay.rest.as_secs() + 1;
        assert!(
            count as u64 <= most,
            "{}: {count} edges away from safe, {most} at most",
            relay.name
        );
    }
    assert!(world.judge.figures.load_writes <= LOAD_WRITES as u64);
    let entries = world.disk.entries;
    assert!(entries <= NOISY, "{entries} entries of the journal");
}

#[test]
fn noise_about_a_threshold_for_an_hour_moves_no_relay_faster_than_its_times() {
    check_noise(0);
}

#[test]
fn rules_without_hysteresis_move_no_relay_faster_than_its_times() {
    check_noise(2);
}

#[test]
fn what_is_wanted_for_ever_ends_at_its_longest_time_and_rests() {
    let mut world = in_need();
    world.pass_secs(100 * 60);
    for (relay, count) in RELAYS.iter().zip(edges(&world)) {
        let cycle = relay.away_max + relay.rest;
        let fits = 100 * 60 / cycle.as_secs() as usize;
        assert!((fits..=fits + 2).contains(&count), "{}: {count} of {fits} edges", relay.name);
    }
}

#[test]
fn writes_demanded_without_end_keep_to_the_budget_and_leave_the_load_on() {
    let mut world = World::armed(1);
    // As often as its minimum times allow, the load shall go and come back.
    for phase in 0..30 {
        world.show(if phase % 2 == 0 { NEED } else { PLENTY });
        world.pass_secs(340);
    }
    let writes = world.judge.figures.load_writes;
    check_writes(writes);
    assert_eq!(load(&world), 1, "the way back is always free");
}

#[test]
fn a_load_that_feeds_the_pi_itself_is_not_switched_to_and_fro_for_ever() {
    let mut world = World::armed(1);
    world.show(NEED);
    for _ in 0..16 {
        // Ten minutes of life at most; with the load goes the Pi.
        for _ in 0..600 {
            world.pass_secs(1);
            if load(&world) == 0 {
                world.kill();
                world.board.all_safe(crate::board::Mover::Guard);
                break;
            }
        }
        if world.life.is_none() {
            // Somebody comes and presses the button.
            world.pass_secs(60);
            world.foreign_load();
            world.begin();
        }
    }
    let writes = world.judge.figures.load_writes;
    check_writes(writes);
}

/// The budget is used but for what is kept for the way back, or was charged and
/// not needed.
#[track_caller]
fn check_writes(writes: u64) {
    let budget = LOAD_WRITES as u64;
    assert!((budget - 3..=budget).contains(&writes), "{writes} writes of {budget}");
}

/// All moves of pins, with the wall clock doing as `jump` says.
fn moves(jump: impl Fn(&mut World, u64)) -> Vec<(Duration, usize, bool)> {
    let mut world = World::armed(3);
    for minute in 0..45 {
        jump(&mut world, minute);
        world.show(if minute % 20 < 10 { NEED } else { PLENTY });
        world.pass_secs(60);
    }
    world.judge.moves
}

#[test]
fn a_wall_clock_that_jumps_moves_no_relay_sooner_or_later() {
    let steady = moves(|_, _| {});
    assert!(steady.len() > 10, "{steady:?}");
    let born_in_1970 = moves(|world, minute| {
        (world.wall_ahead, world.wall_trusted) =
            if minute < 20 { (0, false) } else { (1_793_500_000, true) };
    });
    assert_eq!(born_in_1970, steady, "56 years ahead");
    let back = moves(|world, minute| {
        if minute == 20 {
            world.wall_ahead -= 3 * 86_400;
        }
    });
    assert_eq!(back, steady, "three days back");
    let never = moves(|world, _| (world.wall_ahead, world.wall_trusted) = (0, false));
    assert_eq!(never, steady, "never set");
}

#[test]
fn a_disk_that_takes_thirty_seconds_delays_leaving_safe_and_not_the_way_back() {
    let mut world = World::armed(1);
    world.disk.latency = Duration::from_secs(30);
    let steps = world.life.as_ref().map_or(0, |life| life.steps);
    world.show(NEED);
    world.pass_secs(400);
    assert!(away(&world)[HEATER] && away(&world)[MODEM]);
    world.show(PLENTY);
    world.pass_secs(15);
    assert_eq!(away(&world), [false; RELAYS.len()]);
    let steps = world.life.as_ref().map_or(0, |life| life.steps) - steps;
    assert!(steps >= 415, "a step a second at least: {steps}");
}

#[test]
fn a_disk_that_is_gone_keeps_every_output_at_safe() {
    let mut world = World::armed(1);
    world.pass_secs(5);
    world.disk.broken = true;
    world.show(NEED);
    world.pass_secs(1800);
    assert_eq!(edges(&world), [0; RELAYS.len()]);
    assert_eq!(load(&world), 1);
    world.disk.broken = false;
    world.pass_secs(120);
    assert!(away(&world)[PUMP] && away(&world)[HEATER], "it goes on when the disk is back");
}

#[test]
fn an_engine_that_hangs_loses_its_lease_in_two_seconds() {
    let mut world = in_need();
    world.hung_until = world.now + Duration::from_secs(20);
    world.pass_secs(3);
    assert_eq!(away(&world), [false; RELAYS.len()]);
    world.pass_secs(17 + 60);
    assert!(!away(&world)[HEATER], "its time off begins again");
    world.pass_secs(180);
    assert!(away(&world)[HEATER]);
}

#[test]
fn a_pulled_cable_is_safe_in_twelve_seconds_whatever_is_safe() {
    let mut world = in_need();
    world.cables[SHUNT].to = None;
    world.pass_secs(12);
    assert_eq!(away(&world), [false, false, true, false]);
    world.cables[MPPT].to = None;
    world.pass_secs(12);
    assert_eq!(away(&world), [false; RELAYS.len()]);
}

#[test]
fn disarmed_every_output_comes_back_and_nothing_leaves() {
    let mut world = in_need();
    world.mode(Mode::Observe);
    world.pass_secs(60);
    assert_eq!(away(&world), [false; RELAYS.len()]);
    assert_eq!((load(&world), limit(&world)), (1, 0xFFFF));
    let before = edges(&world);
    world.pass_secs(3600);
    assert_eq!(edges(&world), before);
}
