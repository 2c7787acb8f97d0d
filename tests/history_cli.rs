//! Looking back from the command line: `history`, `plot`, `export`, `backup`, `db`.
//!
//! Eight days of the simulated site are written once, by its plant in virtual
//! time; every test reads them as a process of its own, or works on a copy.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::OnceLock;
use std::time::Duration;

use assert_cmd::Command;
use sunkeep::daemon::FolderLock;
use sunkeep::sim::past::Past;
use sunkeep::store::{BootInfo, Options, Store};

const CONFIG: &str = "data = 'data'\n[site]\nlatitude = 63.4\nlongitude = -145.7\n\
    timezone = 'America/Anchorage'\n[inputs.soc]\nfrom = 'shunt.soc'\n\
    [outputs.heater]\ngpio = 17\nsafe = 'off'\n\
    [outputs.load_output]\ndevice = 'mppt'\nload_output = true\nsafe = 'on'\n";

/// Two minutes a reading, and nothing heard on the fifth day.
fn past() -> Past {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    Past {
        span: hours(8 * 24),
        every: Duration::from_secs(120),
        silent: std::iter::once(hours(4 * 24)..hours(5 * 24)).collect(),
        ..Past::month()
    }
}

/// A folder with `config.toml` and `data`, shared by all tests that only read.
fn site() -> &'static Path {
    static SITE: OnceLock<tempfile::TempDir> = OnceLock::new();
    SITE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), CONFIG).unwrap();
        let options = Options { zone: Past::zone(), ..Options::default() };
        past().write(&dir.path().join("data"), options).unwrap();
        dir
    })
    .path()
}

/// A site of its own, for tests that change something.
fn copy_of_site() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    for file in ["config.toml", "data/history.db", "data/journal.db"] {
        fs::copy(site().join(file), dir.path().join(file)).unwrap();
    }
    dir
}

/// Runs a command of words; `FOLDER` is the site's.
fn run(site: &Path, words: &str) -> Output {
    let mut command = Command::cargo_bin("sunkeep").unwrap();
    let config = site.join("config.toml");
    command.args(
        words.split_whitespace().map(|word| word.replace("FOLDER", &site.display().to_string())),
    );
    command.arg("--config").arg(config).env("COLUMNS", "80").output().unwrap()
}

#[track_caller]
fn succeed(site: &Path, words: &str) -> String {
    let output = run(site, words);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{words}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn fail(site: &Path, words: &str) -> String {
    let output = run(site, words);
    assert!(!output.status.success(), "{words} should fail");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_table_has_units_local_time_and_the_spans_that_were_asked_for() {
    let text = succeed(site(), "history soc --since 2026-02-16 --until 2026-02-17 --every 6h");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "shunt.soc in %, every 6 h (from quarters of an hour), America/Anchorage",
            "time                  least       mean   greatest       last  readings",
            "2026-02-16 00:00      29.83      29.83      29.83      29.83       180",
            "2026-02-16 06:00      29.83     36.719      61.23      61.23       180",
            "2026-02-16 12:00      61.49     80.235      90.49      79.42       180",
            "2026-02-16 18:00      34.05     54.821      79.19      34.05       180",
        ]
    );
}

#[test]
fn spans_fit_the_range_by_themselves() {
    for (since, title) in [
        ("2026-02-15T23:57", "every reading"),
        ("2026-02-15T22:00", "every 1 min"),
        ("2026-02-15", "every 15 min"),
        ("2026-02-10", "every 1 h"),
        ("2026-01-16", "every 6 h"),
        ("2025-11-16", "every 1 d"),
    ] {
        let text = succeed(site(), &format!("history soc --since {since} --until 2026-02-16"));
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("shunt.soc in %, ") && first.contains(title), "{since}: {first}");
    }
}

#[test]
fn without_points_it_tells_which_there_are() {
    let text = succeed(site(), "history");
    let line = "shunt.soc                  %      2026-02-15 00:44 to 2026-02-23 00:42";
    assert!(text.lines().any(|found| found == line), "{text}");
}

#[test]
fn scripts_get_csv_and_json() {
    let range = "--since 2026-02-16 --until 2026-02-17 --every 12h";
    let text = succeed(site(), &format!("history soc pv_power {range} --csv"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "time,point,unit,min,mean,max,last,count");
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("2026-02-16T00:00:00-09:00,shunt.soc,%,"), "{}", lines[1]);
    assert!(lines[4].starts_with("2026-02-16T12:00:00-09:00,mppt.pv_power,W,0,"), "{}", lines[4]);
    let text = succeed(site(), &format!("history soc {range} --json"));
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&first["unit"], &first["count"], &first["seconds"]),
        (&"%".into(), &360.into(), &43_200.into())
    );
}

#[test]
fn an_unknown_point_gets_the_nearest_right_word() {
    for command in ["history", "plot -o -", "export"] {
        let error = fail(site(), &format!("{command} pv_powr shunt.scc"));
        assert!(
            error.contains("no point `pv_powr` in the history: did you mean `pv_power`?"),
            "{error}"
        );
        assert!(error.contains("did you mean `shunt.soc`?"), "all of them: {error}");
    }
}

#[test]
fn nothing_in_a_range_is_said_with_what_there_is() {
    let text = succeed(site(), "history soc --since 2026-05-01 --until 2026-05-02");
    assert_eq!(
        text,
        "shunt.soc: no readings in this range; shunt.soc was heard from 2026-02-15 00:44 to 2026-02-23 00:42\n"
    );
    let error = fail(site(), "history soc --since 2026-05-02 --until 2026-05-01");
    assert!(error.contains("--since 2026-05-02 is not before --until 2026-05-01"), "{error}");
}

/// Lines of a document that are text, not elements.
fn texts(svg: &str) -> Vec<&str> {
    svg.lines().filter(|line| !line.starts_with('<')).collect()
}

#[test]
fn a_picture_has_axes_outputs_nights_marks_and_the_gap() {
    let svg = succeed(site(), "plot soc pv_power --since 2026-02-15 --until 2026-02-23 -o -");
    let texts = texts(&svg);
    for text in ["%", "W", "heater", "load_output", "journal", "Tue 17", "Feb 2026"] {
        assert!(texts.contains(&text), "{text}: {texts:?}");
    }
    assert!(
        texts.contains(&"15 Feb 2026 00:00 to 23 Feb 2026 00:00, America/Anchorage"),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|text| text.ends_with("alarm shunt silent: no frame for 30 s")),
        "{texts:?}"
    );
    // Of the first line: its sample in the legend, and a part before and after the gap.
    let parts =
        svg.lines().filter(|line| line.starts_with("<polyline") && line.contains("#0072B2"));
    assert_eq!(parts.count(), 3);
    // Eight nights in two bands, and what the last evening has of a ninth.
    let nights = svg.lines().filter(|line| line.starts_with("<rect") && line.contains("#E9ECF2"));
    assert_eq!(nights.count(), 18);
}

#[test]
fn a_state_is_told_in_words() {
    let svg = succeed(site(), "plot mppt.state --since 2026-02-15 --until 2026-02-23 -o -");
    let texts = texts(&svg);
    for word in ["off", "bulk", "absorption", "float"] {
        assert!(texts.contains(&word), "{word}: {texts:?}");
    }
}

#[test]
fn a_picture_is_drawn_again_but_nothing_else_is_replaced() {
    let dir = copy_of_site();
    let words = "plot soc --since 2026-02-16 --until 2026-02-17 -o FOLDER/";
    for _ in 0..2 {
        succeed(dir.path(), &format!("{words}day.svg"));
    }
    assert!(fs::read_to_string(dir.path().join("day.svg")).unwrap().starts_with("<svg "));
    let error = fail(dir.path(), &format!("{words}config.toml"));
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join("config.toml")).unwrap(), CONFIG);
}

#[test]
fn the_terminal_gets_a_picture_of_its_width() {
    let text = succeed(site(), "plot soc heater --since 2026-02-15 --until 2026-02-23 --term");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(
        text.contains("shunt.soc: ") && text.contains("      heater ") && text.contains('⣀'),
        "{text}"
    );
    assert!(!text.contains("load_output"), "only the output that was named: {text}");
}

#[test]
fn an_export_has_every_reading_once() {
    let words = "export soc --since 2026-02-16 --until 2026-02-18";
    let text = succeed(site(), words);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "time,clock,point,value,unit,quality,boot,monotonic_s");
    assert_eq!(lines.len() - 1, 2 * 24 * 30);
    assert!(lines[1].starts_with("2026-02-16T09:00:48.000Z,set,shunt.soc,"), "{}", lines[1]);
    let json = succeed(site(), &format!("{words} --format jsonl"));
    assert_eq!(json.lines().count(), lines.len() - 1);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["quality"], "good");
}

#[test]
fn an_export_makes_a_file_for_each_point_and_replaces_none() {
    let dir = copy_of_site();
    let words = "export soc pv_power --since 2026-02-16 --until 2026-02-17 --folder FOLDER/out";
    succeed(dir.path(), words);
    let mut names: Vec<_> = fs::read_dir(dir.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["mppt.pv_power.csv", "shunt.soc.csv"]);
    let error = fail(dir.path(), words);
    assert!(error.contains("is there already"), "{error}");
    succeed(dir.path(), &format!("{words} --force"));
}

#[test]
fn a_backup_is_whole_and_never_replaced() {
    let dir = copy_of_site();
    let text = succeed(dir.path(), "backup FOLDER/safe");
    assert!(text.contains("history.db") && text.contains("journal.db"), "{text}");
    let names = |folder: &str| fs::read_dir(dir.path().join(folder)).unwrap().count();
    assert_eq!(names("safe"), 2, "no logs, no parts");
    // A folder that is there gets one of its own inside.
    succeed(dir.path(), "backup FOLDER/safe");
    assert_eq!(names("safe"), 3);
    let words = "--since 2026-02-16 --until 2026-02-17";
    let copied = succeed(dir.path(), &format!("history soc {words} --data FOLDER/safe"));
    assert_eq!(copied, succeed(dir.path(), &format!("history soc {words}")));
}

#[test]
fn everything_is_read_while_the_store_is_open_for_writing() {
    let dir = copy_of_site();
    let started = sunkeep::clock::VirtualClock::new(past().end());
    let boot = BootInfo {
        id: "running".to_owned(),
        started: sunkeep::clock::Clock::now(&started),
        version: "test".to_owned(),
    };
    let _store = Store::open(&dir.path().join("data"), boot, Options::default(), |_| {}).unwrap();
    let range = "--since 2026-02-16 --until 2026-02-17";
    for words in ["history soc", "plot soc -o -", "export soc"] {
        succeed(dir.path(), &format!("{words} {range}"));
    }
    for words in ["backup FOLDER/safe", "db info", "db check"] {
        succeed(dir.path(), words);
    }
}

#[test]
fn the_files_tell_what_they_hold() {
    let text = succeed(site(), "db info");
    for line in [
        "  every reading    2026-02-15 00:44 to 2026-02-23 00:42, kept for 90 d",
        "  no daemon runs on this folder",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&succeed(site(), "db info --json")).unwrap();
    assert_eq!((&json["points"], &json["kept"]["minutes"]), (&7.into(), &"366 d".into()));
    assert_eq!(json["readings"], 7 * 7 * 24 * 30);
    assert_eq!(json["runs"].as_array().unwrap().len(), 1);
}

#[test]
fn damage_is_found() {
    let dir = copy_of_site();
    let text = succeed(dir.path(), "db check");
    assert!(text.contains("readings unpacked, every one of them"), "{text}");
    let file = dir.path().join("data/history.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    let output = run(dir.path(), "db check");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("history.db: damaged"));
    let error = fail(dir.path(), "backup FOLDER/safe");
    assert!(error.contains("no backup of"), "{error}");
    assert!(!dir.path().join("safe").exists(), "a damaged copy is no backup");
}

#[test]
fn compacting_waits_for_nobody() {
    let dir = copy_of_site();
    let data = dir.path().join("data");
    {
        let _daemon = FolderLock::take(&data).unwrap();
        let error = fail(dir.path(), "db compact");
        assert!(error.contains("another sunkeep runs"), "{error}");
    }
    let before = succeed(dir.path(), "history soc --since 2026-02-16 --until 2026-02-17");
    assert!(succeed(dir.path(), "db compact").contains("history.db: "));
    assert_eq!(before, succeed(dir.path(), "history soc --since 2026-02-16 --until 2026-02-17"));
}
