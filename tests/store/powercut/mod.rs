//! Power cuts, and disks that fail at every single call.
//!
//! A child runs the real store on real files, with a small C library in front of
//! the C library that records every write and sync, or makes one of them fail. The
//! cuts are then replayed from the record: what was synced is there, of the rest
//! any part. `SUNKEEP_CUTS` says how many cuts, `SUNKEEP_SEED` repeats a run.

mod migration;
mod recorded;
mod replay;
mod work;

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use super::*;
use recorded::Record;
use replay::{Disk, Found};
use work::Mark;

/// Cuts of a plain `cargo test`; CI makes 2000.
const CUTS: usize = 300;

/// The most of the readings that a cut may take.
const LOST_MAX: Duration = Duration::from_secs(60);

/// Builds the recorder; `None`, loudly, where there is no C compiler.
fn recorder(dir: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/powercut/recorder.c");
    let library = dir.join("recorder.so");
    let built = Process::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-ldl", "-lpthread"])
        .status();
    match built {
        Ok(status) if status.success() => Some(library),
        Ok(status) => panic!("the recorder does not build: {status}"),
        Err(_) => {
            eprintln!("SKIPPED: there is no C compiler on this machine");
            None
        }
    }
}

/// A folder whose syncs cost nothing, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Runs one of the ignored tests below as a child under the recorder.
fn child(library: &Path, home: &Path, job: &str) {
    child_with(library, home, job, &[]);
}

/// The same, with variables of its environment.
fn child_with(library: &Path, home: &Path, job: &str, variables: &[(&str, String)]) {
    let data = home.join("data");
    std::fs::create_dir(&data).unwrap();
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("powercut::{job}"), "--ignored", "--nocapture"])
        .env("LD_PRELOAD", library)
        .env("RECORD_DIR", &data)
        .env("RECORD_LOG", home.join("log"))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{job}:\n{said}\n{error}");
}

/// The folder a child works in; `None` when it was not started by [`child`].
fn home() -> Option<PathBuf> {
    std::env::var_os("RECORD_DIR").map(PathBuf::from)
}

#[test]
#[ignore = "runs as a child under the recorder"]
fn a_day_at_work() {
    work::three_hours(&home().unwrap());
}

#[test]
fn after_any_power_cut_every_act_is_there_and_a_minute_is_lost_at_most() {
    let home = folder();
    let Some(library) = recorder(home.path()) else { return };
    child(&library, home.path(), "a_day_at_work");
    let records = recorded::read(&home.path().join("log"));
    let number = |name, default: usize| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (cuts, seed) = (number("SUNKEEP_CUTS", CUTS), number("SUNKEEP_SEED", 1) as u64);
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let found = std::thread::scope(|scope| {
        let share = |worker| {
            let records = &records;
            scope.spawn(move || cut_often(records, worker, workers, cuts, seed))
        };
        let workers: Vec<_> = (0..workers).map(share).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).fold(Tally::default(), Tally::and)
    });
    println!(
        "{} cuts in {} writes and syncs: {} corrupt, {} acts lost, at most {:.1} s of readings lost",
        found.cuts,
        records.len(),
        found.corrupt,
        found.acts_lost,
        found.lost.as_secs_f64()
    );
    assert_eq!(found.cuts, cuts);
    assert_eq!((found.corrupt, found.acts_lost), (0, 0), "repeat with SUNKEEP_SEED={seed}");
    assert!(found.lost <= LOST_MAX, "{:?}: repeat with SUNKEEP_SEED={seed}", found.lost);
}

/// What came of many cuts.
#[derive(Default)]
struct Tally {
    cuts: usize,
    corrupt: usize,
    acts_lost: usize,
    lost: Duration,
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self {
            cuts: self.cuts + other.cuts,
            corrupt: self.corrupt + other.corrupt,
            acts_lost: self.acts_lost + other.acts_lost,
            lost: self.lost.max(other.lost),
        }
    }
}

/// The cuts of one worker, evenly over the record.
fn cut_often(records: &[Record], worker: usize, workers: usize, cuts: usize, seed: u64) -> Tally {
    let mut tally = Tally::default();
    let mut disk = Disk::default();
    let mut done = 0;
    for cut in (worker..cuts).step_by(workers) {
        let place = (cut + 1) * records.len() / cuts;
        records[done..place].iter().for_each(|record| disk.apply(record));
        done = place;
        let dir = folder();
        disk.after_cut(dir.path(), seed.wrapping_mul(1_000_003) + cut as u64);
        let Found { corrupt, acts_lost, lost } = replay::check(dir.path(), &disk.marks());
        if corrupt || acts_lost > 0 || lost > LOST_MAX {
            eprintln!("cut {cut} at {place}: corrupt {corrupt}, acts {acts_lost}, {lost:?}");
        }
        tally = tally.and(Tally { cuts: 1, corrupt: usize::from(corrupt), acts_lost, lost });
    }
    tally
}

#[test]
#[ignore = "runs as a child under the recorder"]
fn a_call_that_fails() {
    work::fail_everywhere(&home().unwrap());
}

#[test]
fn no_single_failing_call_loses_an_act_or_stops_the_store() {
    let home = folder();
    let Some(library) = recorder(home.path()) else { return };
    child(&library, home.path(), "a_call_that_fails");
}

#[test]
#[ignore = "runs as a child under the recorder"]
fn a_disk_that_takes_its_time() {
    work::slow(&home().unwrap());
}

#[test]
fn nobody_waits_for_a_disk_that_takes_its_time() {
    let home = folder();
    let Some(library) = recorder(home.path()) else { return };
    child(&library, home.path(), "a_disk_that_takes_its_time");
}

/// What a child tells, as the replay reads it back.
fn mark(dir: &Path, mark: &Mark) {
    use std::io::Write;
    let mut file = std::fs::File::options().append(true).create(true).open(dir.join("marks"));
    file.as_mut().unwrap().write_all(format!("{mark}\n").as_bytes()).unwrap();
}
