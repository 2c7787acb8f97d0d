//! Recordings of our own simulated devices, as `watch --record` wrote them: they
//! decode to what was sent, and to readings under the names that rules use.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sunkeep::recording::{Direction, parse_line};
use sunkeep::vedirect::decoder::{Decoder, Frame};
use sunkeep::vedirect::text;

/// What a recording holds: blocks, answers, and points with a value.
fn read(name: &str) -> (usize, usize, Vec<String>) {
    let path = format!("{}/tests/fixtures/{name}.rec", env!("CARGO_MANIFEST_DIR"));
    let recorded = std::fs::read_to_string(path).unwrap();
    let (mut decoder, mut blocks, mut answers) = (Decoder::new(), 0, 0);
    let (mut measured, mut points) = (Vec::new(), Vec::new());
    for chunk in recorded.lines().skip(1).filter_map(|line| parse_line(line).unwrap()) {
        let mut bytes = chunk.bytes.as_slice();
        if chunk.direction == Direction::ToDevice {
            continue;
        }
        while let Some(frame) = decoder.next(&mut bytes) {
            match frame {
                Frame::Text(block) => {
                    blocks += 1;
                    text::measure(&block, &mut measured);
                }
                Frame::Hex(_) => answers += 1,
            }
        }
    }
    points.extend(measured.iter().filter(|m| m.value.is_some()).map(|m| m.name.to_string()));
    points.sort();
    points.dedup();
    (blocks, answers, points)
}

#[track_caller]
fn check(name: &str, blocks: usize, answers: usize, points: &[&str]) {
    let (seen_blocks, seen_answers, seen_points) = read(name);
    assert_eq!((seen_blocks, seen_answers), (blocks, answers), "{name}");
    for point in points {
        assert!(seen_points.iter().any(|seen| seen == point), "no {point} in {seen_points:?}");
    }
}

#[test]
fn a_solar_charger_with_load_output() {
    check("mppt", 9, 48, &["battery_voltage", "pv_power", "load_output_state", "yield_today"]);
}

#[test]
fn a_battery_monitor_with_its_two_blocks() {
    check("bmv", 18, 20, &["soc", "battery_current", "deepest_discharge"]);
}

#[test]
fn a_shunt_with_a_temperature_sensor() {
    check("smartshunt", 18, 20, &["soc", "battery_temperature"]);
}

#[test]
fn an_inverter() {
    check("phoenix", 9, 20, &["battery_voltage", "ac_output_voltage"]);
}
