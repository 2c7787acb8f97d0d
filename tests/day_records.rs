//! What a charger remembers of its days, from its registers into `history.db`: the
//! real daemon, a real pty, a simulated charger, compressed time.
//!
//! Nothing sleeps for a guessed time: each wait is for something that was read, or
//! for the virtual clock, and has a limit.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use sunkeep::actuator::gpio::{Backend, Pins};
use sunkeep::clock::{Clock, ScaledClock};
use sunkeep::config;
use sunkeep::daemon::{Daemon, Options};
use sunkeep::engine::Mode;
use sunkeep::sim::device::{Day, Device, Kind, Measured, Options as DeviceOptions};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};
use sunkeep::store::DeviceDay;
use sunkeep::store::query::HistoryReader;

/// Virtual seconds in a real one.
const SPEED: f64 = 600.0;
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);

const SITE: &str = r#"
data = "."
rules = "rules"
[site]
latitude = 48
longitude = 11
timezone = "Europe/Berlin"
[devices.mppt]
port = "ports/mppt"
kind = "mppt"
"#;

/// A charger whose days have these numbers, today first; each yields a hundredth of
/// its number.
fn remembers(charger: &Shared, numbers: impl Iterator<Item = u16>) {
    let day = |sequence: u16| Day {
        sequence,
        yield_kwh: f64::from(sequence) / 100.0,
        time_bulk: f64::from(sequence),
        ..Day::default()
    };
    let mut charger = lock(charger);
    let Measured::Charger(mut measured) = charger.measured().clone() else {
        panic!("a charger is a charger")
    };
    measured.days = numbers.map(day).collect();
    charger.measure(Measured::Charger(measured));
}

/// How often the record of a day was asked for, 0 for today.
fn asked(charger: &Shared, ago: u16) -> usize {
    let [low, high] = (0x1050 + ago).to_le_bytes();
    let get = format!(":7{low:02X}{high:02X}");
    lock(charger).received().windows(get.len()).filter(|part| *part == get.as_bytes()).count()
}

/// Runs a daemon from a time on until the charger was asked so often in all for the
/// fifth day, and for 20 minutes more, in which it might be asked again.
async fn run(folder: &Path, charger: &Shared, from: &str, times: usize) {
    let (mut config, _) = config::load(&folder.join("site.toml")).unwrap();
    config.devices[0].port = folder.join("ports/mppt").display().to_string();
    let rules = config.load_rules().unwrap();
    let clock = Arc::new(ScaledClock::new(from.parse().unwrap(), SPEED));
    let _port = Port::open(&folder.join("ports/mppt"), Arc::clone(charger), clock.clone()).unwrap();
    let daemon = Daemon::start(Options {
        config,
        rules,
        clock: clock.clone(),
        pins: Pins::new(Backend::Simulated),
        pace: SPEED / 10.0,
        record: None,
        mode: Some(Mode::Observe),
        starts: None,
        speed: SPEED,
    })
    .unwrap();
    let wait = async {
        let mut looks = tokio::time::interval(PAUSE);
        let mut heard = None;
        while heard.is_none_or(|at| clock.now().monotonic < at + Duration::from_secs(1200)) {
            looks.tick().await;
            if heard.is_none() && asked(charger, 4) >= times {
                heard = Some(clock.now().monotonic);
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it was not asked");
    assert!(daemon.stop().await.closed);
}

/// Number, date, whether it is over, and yield of the days that are kept.
fn kept(folder: &Path) -> Vec<(u32, String, bool, f64)> {
    let reader = HistoryReader::open(folder).unwrap().in_zone(TimeZone::UTC);
    let told = |day: &DeviceDay| {
        let date = day.date.map_or("?".to_owned(), |date| date.to_string());
        assert_eq!((&*day.device, &*day.serial), ("mppt", "HQ2310SKMP1"));
        (day.sequence, date, day.complete, day.number("yield").unwrap())
    };
    reader.device_days(Some("mppt")).unwrap().iter().map(told).collect()
}

#[tokio::test]
async fn a_charger_is_asked_for_its_days_once_a_day_and_after_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("site.toml"), SITE).unwrap();
    for name in ["ports", "rules"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let options =
        DeviceOptions { period: Duration::from_secs_f64(SPEED / 20.0), ..DeviceOptions::default() };
    let charger: Shared = Arc::new(Mutex::new(Device::new(Kind::Mppt, options)));
    remembers(&charger, (10..=13).rev());

    // Ten in the morning: whose day it is is not clear yet, and asked again at eleven.
    run(folder.path(), &charger, "2026-12-05T09:55:00Z", 2).await;
    let date = |day: u32| format!("2026-12-{day:02}");
    let day = |number: u32, of: u32, over| (number, date(of), over, f64::from(number) / 100.0);
    let first = [day(10, 2, true), day(11, 3, true), day(12, 4, true), day(13, 5, false)];
    assert_eq!(kept(folder.path()), first);

    assert_eq!((0..5).map(|ago| asked(&charger, ago)).collect::<Vec<_>>(), [2; 5]);

    // Three days without sunkeep; then what is missing is asked for, and once.
    remembers(&charger, (10..=16).rev());
    let before: Vec<usize> = (0..6).map(|ago| asked(&charger, ago)).collect();
    run(folder.path(), &charger, "2026-12-08T11:00:00Z", before[4] + 1).await;
    let again: Vec<usize> = (0..6).map(|ago| asked(&charger, ago) - before[ago as usize]).collect();
    assert_eq!(again, [1, 1, 1, 1, 1, 0], "the day before the gap is where it ends");
    let second = [day(13, 5, true), day(14, 6, true), day(15, 7, true), day(16, 8, false)];
    assert_eq!(kept(folder.path()), [&first[..3], &second].concat());

    let conn = rusqlite::Connection::open(folder.path().join("history.db")).unwrap();
    let told: (String, f64, f64, String) = conn
        .query_row(
            "SELECT date, yield_kwh, bulk_min, state FROM device_days ORDER BY date DESC",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(told, (date(8), 0.16, 16.0, "so far".to_owned()));
}
