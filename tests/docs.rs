//! What the pages say is true: their commands run, their rules compile, their
//! tables name every key with its real default.
//!
//! Commands run against the program just built, in a temporary folder that
//! stands for the machine: its ports are simulated, its /etc and /tmp are
//! inside. A command that nobody has mapped fails the test.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/pages.rs"]
mod pages;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "support/running.rs"]
mod running;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use running::Running;
use sunkeep::clock::{Clock, SystemClock};
use sunkeep::config::{self, Config};
use sunkeep::problem::{Source, render};
use sunkeep::recording;
use sunkeep::sim::device::{Device, Kind, Options};
use sunkeep::sim::past::Past;
use sunkeep::sim::pty::Port;

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A machine in a folder: the way a reader of the pages has it.
struct Machine {
    folder: tempfile::TempDir,
    _cables: Vec<Port>,
    daemon: Option<Running>,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        for name in ["dev", "etc/sunkeep", "tmp", "home"] {
            std::fs::create_dir_all(dir.join(name)).unwrap();
        }
        for name in ["examples", "rules"] {
            let link = dir.join("home").join(name);
            std::os::unix::fs::symlink(Path::new(REPOSITORY).join(name), link).unwrap();
        }
        let plug = |kind, port: &str, serial: &str| {
            let options = Options { serial_number: Some(serial.to_owned()), ..Options::default() };
            let device = Arc::new(Mutex::new(Device::new(kind, options)));
            Port::open(&dir.join("dev").join(port), device, Arc::new(SystemClock::new())).unwrap()
        };
        // The serial numbers are those of examples/site.toml.
        let cables = vec![
            plug(Kind::Mppt, "ttyUSB0", "HQ9999OTHER"),
            plug(Kind::Mppt, "mppt", "HQ1234ABCDE"),
            plug(Kind::SmartShunt, "shunt", "HQ5678FGHIJ"),
        ];
        let machine = Self { folder, _cables: cables, daemon: None };
        let yesterday = SystemClock::new().now().wall - Duration::from_secs(86_400);
        have_a_past(&machine.path("etc/sunkeep"), yesterday);
        // The reader copies the example there.
        std::fs::remove_file(machine.path("etc/sunkeep/config.toml")).unwrap();
        machine
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// A word with the machine's folders in place of the real ones.
    fn word(&self, word: &str) -> String {
        let root = self.folder.path().display().to_string();
        let folders = ["/dev/", "/etc/", "/tmp/"];
        match folders.iter().find(|folder| word.starts_with(**folder)) {
            Some(_) => format!("{root}{word}"),
            None if word == "/etc/sunkeep" => format!("{root}{word}"),
            None => word.to_owned(),
        }
    }

    /// Runs one command of a page.
    fn run(&mut self, command: &str) -> Result<(), String> {
        let words: Vec<String> =
            pages::words(command)?.iter().map(|word| self.word(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["sunkeep", rest @ ..] | ["cargo", "run", "--release", "--", rest @ ..] => {
                self.sunkeep(rest)
            }
            ["cargo", "run", "--release", "--example", "past", "--", folder] => {
                have_a_past(Path::new(folder), Past::month().start);
                Ok(())
            }
            // These would build; that they name what exists is all that is looked at.
            ["cargo", "test"] | ["cargo", "install", "--path", "."] => Ok(()),
            ["sudo", "install", "-d", "-o", "$USER", folder] => {
                self.finish(Command::new("mkdir").arg("-p").arg(folder))
            }
            ["cp", ..] => {
                self.finish(Command::new("cp").args(&words[1..]))?;
                self.put_own_ports_in();
                Ok(())
            }
            // These need a Raspberry Pi's own systemd and packages: that they name
            // what we ship is all that is looked at.
            ["sudo", "apt", "install", package] if package.starts_with("./sunkeep_") => Ok(()),
            ["sudo", "apt", "remove", "sunkeep"] | ["journalctl", "-u", "sunkeep", "-e"] => Ok(()),
            ["sudo", "systemctl", "restart" | "edit", "sunkeep"] => Ok(()),
            ["deploy/build-debs", "arm64", "armhf"] => self
                .finish(Command::new("bash").arg("-n").arg(Path::new(REPOSITORY).join(words[0]))),
            ["sudo", "sunkeep", rest @ ..] => self.sunkeep(rest),
            ["sqlite3", ..] if !exists("sqlite3") => {
                println!("SKIPPED, there is no sqlite3 here: {command}");
                Ok(())
            }
            ["sqlite3", ..] => self.finish(Command::new("sqlite3").args(&words[1..])),
            _ => Err("nobody has mapped this command: add it to tests/docs.rs".to_owned()),
        }
    }

    fn sunkeep(&mut self, words: &[&str]) -> Result<(), String> {
        let config = self.path("etc/sunkeep/config.toml").display().to_string();
        let data = self.path("tmp/demo").display().to_string();
        let scanned = self.path("dev/ttyUSB0").display().to_string();
        let with_config: &[&str] =
            if words.contains(&"--config") { &[] } else { &["--config", &config] };
        let on_port = words.contains(&"--port");
        let more: &[&str] = match words[0] {
            "demo" => &["--headless", "--for", "2s", "--data", &data],
            "scan" => &["--port", &scanned],
            "watch" | "sim" => &["--for", "1s"],
            "registers" | "decode" | "test" => &[],
            "rules" | "safe-outputs" | "check" => with_config,
            "doctor" => return self.doctor(&config),
            "run" => {
                self.daemon = None;
                &["--simulate-pins", "--for", "2s"]
            }
            "get" | "device" if on_port => &[],
            "set" if on_port => &["--yes"],
            "set" => &["--yes", "--config", &config],
            "get" | "arm" | "disarm" | "status" | "journal" | "why" | "reload" | "history"
            | "plot" | "export" | "backup" | "db" => with_config,
            _ => return Err("nobody has mapped this subcommand: see tests/docs.rs".to_owned()),
        };
        if words == ["db", "compact"] {
            self.daemon = None;
        } else if more.contains(&config.as_str()) || words[0] == "journal" {
            self.have_a_daemon();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        self.finish(command.args(words).args(more))
    }

    /// Whatever it finds on the machine of the test, it says so in order.
    fn doctor(&self, config: &str) -> Result<(), String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        let output = command.args(["doctor", "--json", "--config", config]).output();
        let output = output.map_err(|error| error.to_string())?;
        let findings: Vec<serde_json::Value> =
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        let well = findings.iter().all(|finding| finding["mend"] == "");
        if findings.len() > 8 && well == output.status.success() {
            return Ok(());
        }
        Err(format!("{}: {findings:#?}", output.status))
    }

    /// Runs a program in the reader's folder and expects it to succeed.
    fn finish(&self, command: &mut Command) -> Result<(), String> {
        command.current_dir(self.path("home")).stdin(Stdio::null());
        let output = command.output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Err(format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
    }

    /// What a reader does by hand after copying the example.
    fn put_own_ports_in(&self) {
        let file = self.path("etc/sunkeep/config.toml");
        let Ok(text) = std::fs::read_to_string(&file) else { return };
        let text = text
            .replace(&own_port("VE41ABCD"), &self.path("dev/mppt").display().to_string())
            .replace(&own_port("VE42WXYZ"), &self.path("dev/shunt").display().to_string())
            .replace("\"../rules\"", "\"rules\"");
        assert!(!text.contains("by-id/"), "the example has a port that this test does not know");
        std::fs::write(file, text).unwrap();
    }

    fn have_a_daemon(&mut self) {
        if self.daemon.is_some() {
            return;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        command.args(["run", "--simulate-pins", "--config"]);
        let mut daemon = Running::start({
            command.arg(self.path("etc/sunkeep/config.toml"));
            command
        });
        for device in ["mppt", "shunt"] {
            daemon.wait_for("device", &[device, "health", "TEXT alive, HEX alive"]);
        }
        self.daemon = Some(daemon);
    }
}

/// What a day leaves in a data folder, and the configuration beside it.
fn have_a_past(folder: &Path, start: Timestamp) {
    let day = Duration::from_secs(86_400);
    let past = Past { start, span: day, every: Duration::from_secs(120), ..Past::month() };
    past.write(&folder.join("data"), sunkeep::store::Options::default()).unwrap();
    let config = folder.join("config.toml");
    if !config.exists() {
        std::fs::write(config, "[inputs.soc]\nfrom = 'shunt.soc'\n").unwrap();
    }
}

fn own_port(cable: &str) -> String {
    format!("/dev/serial/by-id/usb-VictronEnergy_BV_VE_Direct_cable_{cable}-if00-port0")
}

fn exists(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn every_command_of_the_pages_runs() {
    let mut machine = Machine::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for page in pages::all() {
        for (line, command) in page.commands() {
            count += 1;
            if let Err(why) = machine.run(&command) {
                failures.push(format!("{}:{line}: {command}\n{why}", page.name));
            }
        }
    }
    assert!(count > 20, "only {count} commands were found");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_command_that_nobody_mapped_fails() {
    let mut machine = Machine::new();
    for command in ["sunkeep fly", "rm -rf /", "cargo build", "sqlite3 'open"] {
        assert!(machine.run(command).is_err(), "{command}");
    }
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    for page in pages::all() {
        for link in page.links() {
            assert!(page.folder().join(&link).exists(), "{}: {link}", page.name);
        }
    }
}

/// The world of the example and of the page on configuration: what the pages'
/// rules talk about.
fn example() -> Config {
    let page = pages::read("docs/configuration.md");
    let more: String = page.blocks("toml").into_iter().map(|(_, text)| text).collect();
    parse(&format!("{}\n{more}", pages::read("examples/site.toml").text))
}

/// Expects a rule to compile and the tests beside it to hold.
#[track_caller]
fn compiles(name: &str, rule: &str) {
    let source = Source { name: name.to_owned(), text: rule.to_owned() };
    if let Err(report) = example().prove(vec![source]) {
        panic!("{report}");
    }
}

#[test]
fn every_rule_of_the_pages_compiles_and_its_tests_hold() {
    let mut count = 0;
    for page in pages::all() {
        for (line, rule) in page.blocks("rhai") {
            count += 1;
            compiles(&format!("{}:{line}", page.name), &rule);
        }
    }
    assert!(count >= 3, "only {count} rules were found");
}

#[test]
fn every_condition_in_the_table_of_conditions_compiles() {
    let page = pages::read("docs/rules.md");
    let words = ["below", "above", "between", "equals"];
    let conditions: Vec<String> = page.first_columns("## Conditions");
    let conditions = conditions.iter().filter(|text| words.iter().any(|word| text.contains(word)));
    let mut count = 0;
    for condition in conditions {
        count += 1;
        let clear = "cell_temperature above 80";
        let rule = format!("rule(\"r\").turn_on(heater).when({condition}).clear_when({clear});");
        compiles(condition, &rule);
    }
    assert!(count >= 5, "only {count} conditions were found");
}

#[test]
fn the_reference_has_every_word_of_the_language_and_no_other() {
    let page = pages::read("docs/rules.md");
    let mut told = page.first_columns("## Reference");
    let mut known: Vec<String> =
        sunkeep::rules::VOCABULARY.iter().map(|entry| entry.name.to_owned()).collect();
    told.sort();
    known.sort();
    assert_eq!(told, known, "left: docs/rules.md, right: src/rules/language/vocabulary.rs");
    for entry in sunkeep::rules::VOCABULARY {
        let row = format!("| `{}` | `{}` | {} |", entry.name, entry.declaration, entry.meaning);
        assert!(page.has_line(&row), "docs/rules.md says something else than: {row}");
    }
}

#[test]
fn every_key_of_the_configuration_is_documented_and_no_other() {
    let page = pages::read("docs/configuration.md");
    let mut documented = page.first_columns("## ");
    let mut known = pages::keys_of_the_reader();
    for keys in [&mut documented, &mut known] {
        keys.sort();
        keys.dedup();
    }
    assert_eq!(documented, known, "left: docs/configuration.md, right: src/config");
}

const SMALL_SITE: &str = "[site]\nlatitude = 1\nlongitude = 1\n[devices.mppt]\nport = 'p'\n\
    serial_number = 'HQ1'\n\
    [probes.cell]\nsysfs = '/sys/temp'\n\
    [inputs.soc]\nfrom = 'mppt.battery_voltage'\n\
    [outputs.load]\ndevice = 'mppt'\nload_output = true\nsafe = 'on'\n\
    [setpoints.limit]\ndevice = 'mppt'\nregister = 'charge_current_limit'\n\
    range = [0, 15]\nsafe = 'release'\n\
    [store]\n[log.site]\npoints = ['mppt.*']\nevery = '1min'\n";

fn parse(text: &str) -> Config {
    let source = Source { name: "site.toml".to_owned(), text: text.to_owned() };
    match config::parse(&source, Path::new("")) {
        Ok(config) => config,
        Err(problems) => panic!("{}", render(&problems, &[source], false)),
    }
}

#[test]
fn documented_defaults_are_the_real_ones() {
    let page = pages::read("docs/configuration.md");
    let mut count = 0;
    for (table, key, default) in page.defaults() {
        count += 1;
        let line = format!("{key} = {default}\n");
        let place = (!table.is_empty()).then(|| SMALL_SITE.find(&format!("[{table}")));
        let said = match place.flatten() {
            Some(at) => {
                let (before, after) = SMALL_SITE.split_at(at);
                let (header, rest) = after.split_once('\n').unwrap();
                format!("{before}{header}\n{line}{rest}")
            }
            None => format!("{line}{SMALL_SITE}"),
        };
        assert_eq!(parse(&said), parse(SMALL_SITE), "{table}: {line}");
    }
    assert!(count >= 7, "only {count} defaults were found");
}

#[test]
fn the_recording_in_its_page_is_one() {
    let page = pages::read("docs/recording.md");
    let (_, text) = page.blocks("text").into_iter().next().unwrap();
    assert!(recording::is_recording(text.as_bytes()));
    for line in text.lines().skip(1) {
        recording::parse_line(line).unwrap();
    }
}
