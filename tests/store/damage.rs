//! Files damaged at 200 places: none of them stops the store.
//!
//! What is damaged is set aside under a name with the boot id and a new file is
//! started, or the damage is nowhere that matters. Either way the store opens soon,
//! takes what comes, and what it goes on with is whole.

use std::fs::{self, File};
use std::path::PathBuf;

use super::faults::{damage, written};
use super::*;
use rusqlite::Connection;
use sunkeep::clock::{Clock, SystemClock};

/// The longest that a start may take.
const START_MAX: Duration = Duration::from_secs(5);

/// One or two bytes of each field of <https://www.sqlite.org/fileformat.html>, 1.3.
const HEADER: [u64; 26] = [
    0, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 27, 31, 35, 39, 43, 44, 47, 51, 55, 59, 60, 63, 67,
    95, 99,
];

/// Lengths at which files are cut off: nothing, less than a header, less than a page,
/// in the middle of pages and between them.
const LENGTHS: [u64; 12] = [0, 1, 50, 99, 100, 511, 512, 4095, 4096, 4097, 8192, 20_000];

/// Places in pages, evenly over the file.
const PAGES: u64 = 50;

/// Places in the log of what is not copied back yet.
const LOG: u64 = 12;

/// What happens to a file.
#[derive(Clone, Copy, Debug)]
enum Harm {
    /// A byte becomes another.
    Byte(u64),
    /// 64 bytes are overwritten, at so many parts of the length.
    Page(u64, u64),
    /// The rest is gone.
    Cut(u64),
}

impl Harm {
    fn apply(self, file: &Path) {
        let length = fs::metadata(file).unwrap().len();
        match self {
            Self::Byte(at) => {
                let was = fs::read(file).unwrap()[usize::try_from(at).unwrap()];
                damage(file, at, &[was ^ 0x5A]);
            }
            Self::Page(part, parts) => {
                damage(file, (length - 64) * part / (parts - 1), &[0xA5; 64])
            }
            Self::Cut(at) => {
                File::options().write(true).open(file).unwrap().set_len(at.min(length)).unwrap();
            }
        }
    }
}

/// Every file with every harm.
fn places() -> Vec<(String, Harm)> {
    let mut places = Vec::new();
    for file in ["journal.db", "history.db"] {
        let harms = HEADER.map(Harm::Byte).into_iter().chain(LENGTHS.map(Harm::Cut));
        let harms = harms.chain((0..PAGES).map(|part| Harm::Page(part, PAGES)));
        places.extend(harms.map(|harm| (file.to_owned(), harm)));
        places.extend((0..LOG).map(|part| (format!("{file}-wal"), Harm::Page(part, LOG))));
    }
    places
}

/// Files as an orderly end leaves them.
fn closed(dir: &Path) -> Vec<PathBuf> {
    written(dir);
    ["journal.db", "history.db"].map(|name| dir.join(name)).to_vec()
}

/// Files as a crash leaves them: with both logs, and what is only there.
fn crashed(dir: &Path) -> Vec<PathBuf> {
    let at_work = tempfile::tempdir().unwrap();
    written(at_work.path());
    let bench = Bench::open(at_work.path());
    for n in 1000..1020 {
        bench.record(n, entry(n, Kind::Would, "on")).unwrap();
        bench.sample((0..20).map(|p| number(&format!("p{p}"), 2.5, n)).collect());
        bench.store.flush().unwrap();
    }
    let copy = |name: &str| {
        fs::copy(at_work.path().join(name), dir.join(name)).unwrap();
        dir.join(name)
    };
    ["journal.db", "journal.db-wal", "history.db", "history.db-wal"].map(copy).to_vec()
}

/// Opens what is left as the next run does, and proves that it works and is whole.
/// Returns how long the start took and whether files were set aside.
fn survive(dir: &Path, harmed: &str) -> (Duration, bool) {
    let clock = SystemClock::new();
    let (tell, reports) = mpsc::channel();
    let report = move |report| drop(tell.send(report));
    let store = Store::open(dir, boot("run-2"), options(), report).unwrap();
    let started = clock.now().monotonic;
    let bench = Bench { store, reports };
    let mut aside = false;
    for report in bench.reports.try_iter() {
        let Report::Notice(Notice::SetAside { file, aside: to, why: Why::Damaged }) = report else {
            panic!("{report:?}")
        };
        assert!(harmed.starts_with(file), "{file} is not what was harmed");
        assert_eq!(to.file_name().unwrap().to_str().unwrap(), format!("{file}.broken-run-2"));
        assert!(to.exists());
        aside = true;
    }
    // Rules run on: an act is recorded before it happens, readings are kept.
    bench.record(7, entry(5000, Kind::Intent, "after")).unwrap();
    bench.sample(vec![number("after", 2.0, 5001)]);
    bench.store.flush().unwrap();
    assert_eq!(words(dir).last().unwrap(), "after");
    assert_eq!(values(dir, "after"), [Value::number(2.0)]);
    assert_eq!(bench.store.state("armed").is_none(), aside && harmed.starts_with("journal"));
    assert!(bench.store.close());
    for name in ["journal.db", "history.db"] {
        let conn = Connection::open(dir.join(name)).unwrap();
        let verdict: String = conn.query_row("PRAGMA quick_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{name}");
    }
    (started, aside)
}

#[test]
fn files_damaged_at_200_places_are_set_aside_or_go_on_whole() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (closed, crashed) = (closed(one.path()), crashed(other.path()));
    let (mut set_aside, mut slowest, mut all) = (0, Duration::ZERO, Duration::ZERO);
    let places = places();
    assert_eq!(places.len(), 200);
    for (name, harm) in &places {
        let dir = tempfile::tempdir().unwrap();
        for file in if name.ends_with("-wal") { &crashed } else { &closed } {
            fs::copy(file, dir.path().join(file.file_name().unwrap())).unwrap();
        }
        // Shown when it fails.
        println!("{name} {harm:?}");
        harm.apply(&dir.path().join(name));
        let (started, aside) = survive(dir.path(), name);
        let cut = matches!(harm, Harm::Cut(at) if *at < 512);
        assert!(aside || !cut, "less than a page is no database");
        set_aside += usize::from(aside);
        slowest = slowest.max(started);
        all += started;
    }
    println!(
        "{0} of {0} damaged places survived: {set_aside} files set aside, {1} harmless; \
         slowest start {slowest:.1?}",
        places.len(),
        places.len() - set_aside
    );
    // A machine that does other things meanwhile may be late once.
    assert!(all / u32::try_from(places.len()).unwrap() < START_MAX, "{all:?}");
    assert!(set_aside >= 60, "only {set_aside} were noticed");
}
