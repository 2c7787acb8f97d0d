//! What the child does while it is recorded.

use std::fmt;
use std::path::Path;
use std::sync::mpsc::Receiver;

use super::super::*;
use super::{mark, recorded};
use sunkeep::clock::{Clock, SystemClock};

/// What the child tells the replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// This entry was acknowledged.
    Acknowledged(String),
    /// The readings of this second were handed to the store.
    Sampled(u64),
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged(what) => write!(f, "ack {what}"),
            Self::Sampled(second) => write!(f, "sampled {second}"),
        }
    }
}

impl Mark {
    /// Reads a line.
    pub fn parse(line: &str) -> Option<Self> {
        match line.split_once(' ')? {
            ("ack", what) => Some(Self::Acknowledged(what.to_owned())),
            ("sampled", second) => Some(Self::Sampled(second.parse().ok()?)),
            _ => None,
        }
    }
}

/// The readings of one second: two devices.
fn second(store: &Store, second: u64) {
    let (ms, level) = (second * 1000, (second % 77) as f64 / 100.0);
    store.send(Command::Samples(vec![number("a.v", 12.0 + level, ms), number("a.i", level, ms)]));
    store.send(Command::Samples(vec![number("b.v", 13.0 - level, ms + 400)]));
}

fn open(dir: &Path) -> (Store, Receiver<Report>) {
    let (tell, reports) = mpsc::channel();
    let report = move |report| drop(tell.send(report));
    (Store::open(dir, boot("run-1"), options(), report).unwrap(), reports)
}

/// Records an entry and waits for the answer.
fn record(store: &Store, reports: &Receiver<Report>, what: &str, ms: u64) -> bool {
    let entry = entry(ms, Kind::Intent, what);
    if !store.send(Command::Journal { ticket: 1, entry, durable: true }) {
        return false;
    }
    loop {
        if let Report::Ack(ack) = reports.recv().unwrap() {
            return ack.result.is_ok();
        }
    }
}

/// Three hours of readings and acts, on a virtual clock.
pub fn three_hours(dir: &Path) {
    let (store, reports) = open(dir);
    let behind = 3 * sunkeep::store::FLUSH_EVERY.as_secs() + 3;
    for now in 0..3 * 3600 {
        mark(dir, &Mark::Sampled(now));
        second(&store, now);
        if now % 30 == 0 {
            let what = format!("act {now}");
            let (key, json) = ("budget".to_owned(), now.to_string());
            assert!(store.send(Command::SaveState { key, json, durable: false }));
            assert!(record(&store, &reports, &what, now * 1000));
            mark(dir, &Mark::Acknowledged(what));
        }
        // The virtual clock waits for the writer where a real one would be slower.
        while store.counters().samples_written + behind < (now + 1) * 3 {
            std::thread::yield_now();
        }
    }
    assert!(store.close());
}

fn order(dir: &Path, text: &str) {
    std::fs::write(dir.join("control"), text).unwrap();
}

/// A short life of a store; what was acknowledged, and whether all went well.
fn short_life(dir: &Path) -> (Vec<String>, u64) {
    let (store, reports) = open(dir);
    let mut acknowledged = Vec::new();
    for now in 0..12_u64 {
        // Each is the batch of another hour, so that hours are sealed too.
        second(&store, now * 1200);
        let what = format!("act {now}");
        if record(&store, &reports, &what, now * 1_200_000) {
            acknowledged.push(what);
        }
        // A batch that fails is kept and comes with the next.
        let _ = store.flush();
    }
    let _ = store.flush();
    let dropped = store.counters().samples_dropped;
    assert!(store.close());
    (acknowledged, dropped)
}

/// Lets each call of a short life fail once, with each error a disk has, and for good
/// a few calls long.
pub fn fail_everywhere(home: &Path) {
    const EIO: i32 = 5;
    const ENOSPC: i32 = 28;
    order(home, "fail 1000000000 0 5");
    let clean = home.join("clean");
    std::fs::create_dir(&clean).unwrap();
    short_life(&clean);
    order(home, "count");
    let log = std::env::var_os("RECORD_LOG").unwrap();
    let records = recorded::read(Path::new(&log));
    let calls = records.iter().rev().find_map(|record| match record.deed {
        recorded::Deed::Calls(calls) => Some(calls),
        _ => None,
    });
    let calls = calls.unwrap();
    assert!(calls > 100, "only {calls} calls were counted");
    for (errno, length) in [(EIO, 0), (ENOSPC, 5)] {
        for at in 0..calls {
            let dir = home.join(format!("{errno}-{at}"));
            std::fs::create_dir(&dir).unwrap();
            order(home, &format!("fail {at} {length} {errno}"));
            let (acknowledged, dropped) = short_life(&dir);
            order(home, "fail 1000000000 0 5");
            let place = format!("call {at} of {calls} failed with error {errno}");
            // The next start finds every act, in this file or in one set aside.
            let (store, _reports) = open(&dir);
            assert!(store.close());
            let there = words_anywhere(&dir);
            for what in &acknowledged {
                assert!(there.contains(what), "{place}: {what} is lost");
            }
            assert!(acknowledged.len() >= 8, "{place}: only {} were taken", acknowledged.len());
            assert!(dropped == 0, "{place}: {dropped} readings dropped");
            std::fs::remove_dir_all(&dir).unwrap();
        }
    }
}

/// The entries of the journal and of journals that were set aside.
fn words_anywhere(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("journal.db") && !name.ends_with("-wal") && !name.ends_with("-shm") {
            let conn = rusqlite::Connection::open(&path).unwrap();
            let Ok(mut select) = conn.prepare("SELECT what FROM entry") else { continue };
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            found.extend(rows.flatten());
        }
    }
    found
}

/// While every sync takes two seconds nobody who sends has to wait.
pub fn slow(dir: &Path) {
    let (store, reports) = open(dir);
    order(dir, "slow 400");
    let clock = SystemClock::new();
    let mut longest = Duration::ZERO;
    let mut now = 0;
    // Until three acts have gone through six slow syncs.
    let mut acknowledged = 0;
    while acknowledged < 3 {
        let before = clock.now().monotonic;
        second(&store, now);
        let entry = entry(now, Kind::Safe, "off");
        if now % 1000 == 0 {
            store.send(Command::Journal { ticket: now, entry, durable: true });
        }
        longest = longest.max(clock.now().monotonic - before);
        acknowledged += reports.try_iter().filter(|r| matches!(r, Report::Ack(_))).count();
        now += 1;
        std::thread::yield_now();
    }
    order(dir, "slow 0");
    println!("longest wait of a sender: {longest:?}");
    assert!(longest < Duration::from_millis(250), "{longest:?}");
}
