//! Cables that are pulled, swapped, taken by others, or that carry nonsense.

use std::time::Duration;

use sunkeep::clock::{Clock, SystemClock};
use sunkeep::sim::lock;
use sunkeep::sim::random::Random;

use crate::common::sets;
use crate::line::Line;
use crate::running::Running;
use crate::site::Site;

/// A share of one processor that a fault may cost; a loop that spins takes all.
const BUSY_MAX: f64 = 0.6;

/// Runs `fault` until its outputs are safe; says what share of a processor the
/// daemon used meanwhile.
fn busy(daemon: &mut Running, fault: impl FnOnce(&mut Running)) -> f64 {
    let (clock, before) = (SystemClock::new(), daemon.processor_time());
    fault(daemon);
    let used = daemon.processor_time().saturating_sub(before);
    used.as_secs_f64() / clock.now().monotonic.as_secs_f64()
}

fn wait_for_safe(daemon: &mut Running) {
    daemon.wait_for("result", &["heater", "verified off"]);
    daemon.wait_for("result", &["modem", "verified on"]);
}

#[test]
fn a_pulled_cable_hangs_up_and_nothing_spins() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let share = busy(&mut daemon, |daemon| {
        site.shunt_cable.unplug();
        daemon.wait_for("device", &["shunt", "port closed"]);
        wait_for_safe(daemon);
    });
    assert!(share < BUSY_MAX, "{share} of a processor");
    assert!(site.pins_are_safe());
}

#[test]
fn a_cable_that_comes_back_under_another_number_is_found_by_its_name() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let link = site.path("ports/shunt");
    let before = link.canonicalize().unwrap();
    site.shunt_cable.unplug();
    wait_for_safe(&mut daemon);
    // Others take numbers until the one that has become free is taken.
    let mut others = Vec::new();
    while !before.exists() {
        assert!(others.len() < 64, "{} stays free", before.display());
        others.push(Line::plug(&site.path(&format!("ports/other{}", others.len()))));
    }
    site.shunt_cable.plug().unwrap();
    assert_ne!(link.canonicalize().unwrap(), before);
    daemon.wait_for("result", &["heater", "verified on"]);
}

#[test]
fn swapped_cables_are_an_alarm_and_write_to_no_device() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    let writes = sets(&site.mppt).len();
    site.mppt_cable.unplug();
    site.shunt_cable.unplug();
    daemon.wait_for("device", &["mppt", "port closed"]);
    daemon.wait_for("device", &["shunt", "port closed"]);
    for (port, plug) in [("mppt", "shunt"), ("shunt", "mppt")] {
        let port = site.path("ports").join(port);
        std::fs::remove_file(&port).unwrap();
        std::os::unix::fs::symlink(site.path("plugs").join(plug), &port).unwrap();
    }
    site.mppt_cable.plug().unwrap();
    site.shunt_cable.plug().unwrap();
    wait_for_safe(&mut daemon);
    daemon.wait_for("alarm", &["mppt", "wrong device", "HQ2310SKSH1 is connected"]);
    daemon.wait_for("alarm", &["shunt", "wrong device", "HQ2310SKMP1 is connected"]);
    assert_eq!(sets(&site.mppt).len(), writes, "{:?}", sets(&site.mppt));
    assert_eq!(sets(&site.shunt), Vec::<String>::new());
    assert!(site.pins_are_safe(), "readings of the wrong device decide nothing");
}

#[test]
fn a_port_in_use_is_named_and_taken_when_it_is_free() {
    let site = Site::new();
    let other = sunkeep::serial::direct::Direct::open(
        &site.path("ports/shunt"),
        sunkeep::session::Settings::default(),
        None,
    )
    .unwrap();
    site.soc(20.0);
    let mut daemon = site.run_armed();
    daemon.wait_for("device", &["shunt", "port closed", "in use by another program"]);
    assert!(site.pins_are_safe());
    drop(other);
    daemon.wait_for("result", &["heater", "verified on"]);
}

/// A shunt's line says `words` again and again: outputs are safe, nothing grows.
#[track_caller]
fn check_nonsense(name: &str, words: &[u8]) {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    site.shunt_cable.unplug();
    let line = Line::plug(&site.path("ports/shunt"));
    daemon.wait_for("device", &["shunt", "port closed"]);
    daemon.wait_for("device", &["shunt", "port open"]);
    for _ in 0..1 + (1 << 20) / words.len() {
        line.say(words);
    }
    wait_for_safe(&mut daemon);
    assert!(site.pins_are_safe(), "{name}");
    assert_eq!(sets(&site.shunt), Vec::<String>::new());
    // The charger has gone on talking, and control listens.
    let status = site.say(&["status"]);
    assert!(status.contains("load_output"), "{name}: {status}");
    // It ends here, and its memory is looked at.
    drop(daemon);
}

#[test]
fn a_megabyte_without_a_line_end_costs_no_memory() {
    check_nonsense("no newline", &[b'x'; 4096]);
}

#[test]
fn another_rate_is_noise_and_decides_nothing() {
    let mut dice = Random::new(7);
    let noise: Vec<u8> = (0..4096).map(|_| dice.bits() as u8).collect();
    check_nonsense("noise", &noise);
}

#[test]
fn a_port_that_takes_no_bytes_is_closed_and_its_readings_grow_old() {
    let site = Site::new();
    let mut daemon = site.run_in_need();
    site.shunt_cable.unplug();
    let line = Line::plug(&site.path("ports/shunt"));
    daemon.wait_for("device", &["shunt", "port closed"]);
    daemon.wait_for("device", &["shunt", "port open"]);
    // Opening has emptied it.
    line.clog();
    let share = busy(&mut daemon, |daemon| {
        daemon.wait_for("device", &["shunt", "port closed", "takes no bytes"]);
        wait_for_safe(daemon);
    });
    assert!(share < BUSY_MAX, "{share} of a processor");
}

#[test]
fn noise_on_the_line_of_a_live_device_is_survived() {
    let site = Site::new();
    lock(&site.shunt).faults_mut().noise = 1e-3;
    lock(&site.mppt).faults_mut().noise = 1e-3;
    let mut daemon = site.run_in_need();
    site.soc(60.0);
    wait_for_safe(&mut daemon);
    daemon.wait_for("result", &["load_output", "verified on"]);
    assert!(daemon.lives_on(Duration::from_millis(1)));
}
