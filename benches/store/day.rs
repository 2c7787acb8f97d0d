//! A day of a site on a real disk, beside two ways of keeping it that come to mind first.
//!
//! 75 points a second for a day are sent as fast as the store takes them; bytes are
//! counted by the kernel (`write_bytes` of `/proc/self/io`), syncs are real.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use sunkeep::clock::{Clock, Now, SystemClock};
use sunkeep::journal::{Entry, Kind};
use sunkeep::sim::plant::{Controls, Plant, Site};
use sunkeep::sim::random::Random;
use sunkeep::snapshot::Quality;
use sunkeep::store::query::HistoryReader;
use sunkeep::store::{BootInfo, Command, Options, Sample, SnapshotRow, Store};
use sunkeep::units::{Unit, Value};
use sunkeep::vedirect::decoder::{Decoder, Frame};
use sunkeep::vedirect::text;

/// Points a second: three devices with 25 each.
const POINTS: usize = 75;
pub const SECONDS: u64 = 86_400;

/// Runs everything and prints a table.
pub fn report() {
    println!("history: a day of {POINTS} points a second\n");
    let dir = home("day");
    let day = a_day(&dir);
    print_day(&dir, &day);
    print_recorded();
    print_baseline("one row a sample, each its own commit", &rows_of_samples());
    print_baseline("one wide row a second, WAL", &wide_rows());
    println!();
}

/// A folder on the disk that holds the build, not in memory.
pub fn home(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{name}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a folder below target");
    dir
}

pub fn at(ms: u64) -> Now {
    let monotonic = Duration::from_millis(ms);
    let start: Timestamp = "2026-12-01T00:00:00Z".parse().expect("a time");
    Now { monotonic, wall: start + monotonic, wall_trusted: true }
}

/// Bytes this process had written to a disk.
fn written() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// Values as devices send them: a plant, noise, and the steps of each register.
struct Signals {
    plant: Plant,
    random: Random,
    walks: Vec<f64>,
}

impl Signals {
    fn new() -> Self {
        let plant = Plant::new(Site::default(), 7);
        Self { plant, random: Random::new(7), walks: vec![0.0; POINTS] }
    }

    /// The next second, one number a point.
    fn next(&mut self) -> Vec<f64> {
        let state = self.plant.step(Duration::from_secs(1), Controls::default());
        let base = [
            (state.flow.voltage, 0.01),
            (state.flow.charger, 0.1),
            (state.flow.battery, 0.001),
            (state.flow.panel, 1.0),
            (state.panel_voltage, 0.01),
            (state.state_of_charge, 0.1),
            (state.consumed, 0.1),
            (state.cells, 0.01),
            (state.outside, 0.01),
            (state.load_demand, 0.1),
        ];
        (0..POINTS)
            .map(|n| {
                let (level, step) = base[n % base.len()];
                let walk = &mut self.walks[n];
                *walk = (*walk + self.random.between(-1.0, 1.0)).clamp(-50.0, 50.0);
                let noise = self.random.between(-1.0, 1.0) + self.random.between(-1.0, 1.0);
                ((level / step + *walk + noise).round() * step * 1000.0).round() / 1000.0
            })
            .collect()
    }
}

fn names() -> Vec<Arc<str>> {
    let device = |n: usize| ["mppt", "shunt", "inverter"][n / 25];
    (0..POINTS).map(|n| Arc::from(format!("{}.point_{n}", device(n)))).collect()
}

pub fn frames(
    names: &[Arc<str>],
    values: &[f64],
    ms: u64,
    random: &mut Random,
) -> Vec<Vec<Sample>> {
    let frame = |(names, values): (&[Arc<str>], &[f64])| {
        // A block comes about once a second, by the device's own clock.
        let at = at(ms + random.bits() % 30);
        let sample = |(name, value): (&Arc<str>, &f64)| Sample {
            point: name.clone(),
            unit: Unit::Volt,
            value: Value::number(*value),
            quality: Quality::Good,
            at,
        };
        names.iter().zip(values).map(sample).collect()
    };
    names.chunks(25).zip(values.chunks(25)).map(frame).collect()
}

pub fn open(dir: &Path, options: Options) -> Store {
    let boot = BootInfo { id: "bench".to_owned(), started: at(0), version: "0".to_owned() };
    Store::open(dir, boot, options, |_| {}).expect("a new store")
}

struct Day {
    written: u64,
    seconds: f64,
}

/// A day of readings, snapshots, acts and state, as the daemon sends them.
fn a_day(dir: &Path) -> Day {
    let clock = SystemClock::new();
    let before = written();
    let store = open(dir, Options::default());
    let (mut signals, mut random, names) = (Signals::new(), Random::new(1), names());
    for second in 0..SECONDS {
        let values = signals.next();
        for frame in frames(&names, &values, second * 1000, &mut random) {
            store.send(Command::Samples(frame));
        }
        if second % 10 == 0 {
            store.send(Command::Snapshot(snapshot(&names, &values, second * 1000)));
        }
        // A site that counts on-times or averages saves them once a minute.
        if second % 60 == 0 {
            let json = format!("{{\"memory\":\"{}\"}}", "x".repeat(1500 + second as usize % 50));
            store.send(Command::SaveState { key: "rules".to_owned(), json, durable: true });
        }
        if second % 300 == 0 {
            let entry = act(second * 1000);
            store.send(Command::Journal { ticket: 1, entry, durable: true });
        }
        // The writer would have an hour for what is sent here in a second.
        while store.counters().samples_written + 60 * POINTS as u64 <= second * POINTS as u64 {
            std::thread::yield_now();
        }
    }
    assert!(store.close());
    Day { written: written() - before, seconds: clock.now().monotonic.as_secs_f64() }
}

fn snapshot(names: &[Arc<str>], values: &[f64], ms: u64) -> Vec<SnapshotRow> {
    let row = |(name, value): (&Arc<str>, &f64)| SnapshotRow {
        point: name.clone(),
        value: Value::number(*value),
        text: None,
        unit: Unit::Volt,
        quality: Quality::Good,
        at: Some(at(ms)),
        age: Some(Duration::from_millis(300)),
    };
    names.iter().zip(values).map(row).collect()
}

fn act(ms: u64) -> Entry {
    Entry {
        at: at(ms),
        kind: Kind::Intent,
        subject: "heater".to_owned(),
        what: "on".to_owned(),
        rule: Some("enclosure heater".to_owned()),
        reason: "cell_temperature below 2 for 2 min".to_owned(),
        used: Vec::new(),
        conditions: Vec::new(),
        intent: Some(ms),
    }
}

fn print_day(dir: &Path, day: &Day) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let readings = SECONDS * POINTS as u64;
    let conn = Connection::open(dir.join("history.db")).expect("the history");
    let pages = |table: &str| -> u64 {
        let sql = "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = ?1";
        conn.query_row(sql, [table], |row| row.get::<_, i64>(0)).unwrap_or(0).unsigned_abs()
    };
    let full = pages("chunk") + pages("frames") + pages("segment");
    println!(
        "  sunkeep                      {:8.1} MB written in {:.0} s",
        mb(day.written),
        day.seconds
    );
    println!("    at rest: every reading     {:8.3} byte a reading", full as f64 / readings as f64);
    for table in ["chunk", "frames", "minute", "quarter", "day", "counter", "tail", "snapshot"] {
        println!("    {table:<26} {:8.2} MB", mb(pages(table)));
    }
    let size = |name: &str| std::fs::metadata(dir.join(name)).map_or(0, |file| file.len());
    println!("    history.db                 {:8.2} MB", mb(size("history.db")));
    println!("    journal.db                 {:8.2} MB", mb(size("journal.db")));
}

/// Bytes a reading of real devices, where recordings are at hand.
fn print_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures/ullman-velog");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let dir = home("recorded");
        let options = Options { flush_every: Duration::from_secs(3600), ..Options::default() };
        let store = open(&dir, options);
        let mut decoder = Decoder::new();
        let (mut second, mut readings) = (0_u64, 0);
        let mut rest = bytes.as_slice();
        while let Some(frame) = decoder.next(&mut rest) {
            let Frame::Text(block) = frame else { continue };
            second += 1;
            let at = at(second * 1000 + second * 7919 % 30);
            let sample = |measured: &sunkeep::vedirect::Measurement| Sample {
                point: format!("device.{}", measured.name).into(),
                unit: measured.unit,
                value: measured.value.clone(),
                quality: Quality::Good,
                at,
            };
            let mut measured = Vec::new();
            text::measure(&block, &mut measured);
            let samples: Vec<Sample> = measured.iter().map(sample).collect();
            readings += samples.len();
            store.send(Command::Samples(samples));
        }
        assert!(store.close());
        let packed = HistoryReader::open(&dir).and_then(|reader| reader.info());
        let packed = packed.map_or(0, |info| info.readings_bytes);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!(
            "    recorded, {:<40} {:.3} byte a reading ({readings})",
            name,
            packed as f64 / readings.max(1) as f64
        );
    }
}

struct Baseline {
    written: f64,
    at_rest: f64,
}

fn print_baseline(name: &str, baseline: &Baseline) {
    println!(
        "  {name:<40} {:10.1} MB written, {:.1} byte a reading",
        baseline.written / 1e6,
        baseline.at_rest
    );
}

/// A part of the day only: the whole would take a day.
fn rows_of_samples() -> Baseline {
    const PART: u64 = 40;
    let dir = home("rows");
    let conn = Connection::open(dir.join("rows.db")).expect("a file");
    conn.execute_batch("CREATE TABLE reading (time REAL, point TEXT, value REAL)").expect("SQL");
    let (mut signals, names) = (Signals::new(), names());
    let before = written();
    for second in 0..PART {
        for (name, value) in names.iter().zip(signals.next()) {
            conn.prepare_cached("INSERT INTO reading VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute((second as f64, &**name, value)))
                .expect("a row");
        }
    }
    let scale = SECONDS as f64 / PART as f64;
    let size = std::fs::metadata(dir.join("rows.db")).map_or(0, |file| file.len());
    let readings = PART * POINTS as u64;
    Baseline {
        written: (written() - before) as f64 * scale,
        at_rest: size as f64 / readings as f64,
    }
}

fn wide_rows() -> Baseline {
    let dir = home("wide");
    let conn = Connection::open(dir.join("wide.db")).expect("a file");
    let columns: Vec<String> = (0..POINTS).map(|n| format!("p{n} REAL")).collect();
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE wide (time INTEGER PRIMARY KEY, {})",
        columns.join(", ")
    ))
    .expect("SQL");
    let places: Vec<String> = (0..POINTS).map(|n| format!("?{}", n + 2)).collect();
    let insert = format!("INSERT INTO wide VALUES (?1, {})", places.join(", "));
    let part = SECONDS / 8;
    let mut signals = Signals::new();
    let before = written();
    for second in 0..part {
        let mut row = vec![second as f64];
        row.extend(signals.next());
        conn.prepare_cached(&insert)
            .and_then(|mut insert| insert.execute(rusqlite::params_from_iter(row)))
            .expect("a row");
    }
    let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    let size = std::fs::metadata(dir.join("wide.db")).map_or(0, |file| file.len());
    Baseline {
        written: (written() - before) as f64 * 8.0,
        at_rest: size as f64 / (part * POINTS as u64) as f64,
    }
}
