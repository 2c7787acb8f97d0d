//! What is installed fits together: the unit, and the program it starts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sunkeep::config;
use sunkeep::problem::{Source, render};

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The values of a key of the unit.
fn unit(key: &str) -> Vec<String> {
    let text = read("deploy/sunkeep.service");
    let values = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.map(str::to_owned).collect()
}

/// The words of the one command of a key, without what systemd alone understands.
fn command(key: &str) -> Vec<String> {
    let lines = unit(key);
    assert_eq!(lines.len(), 1, "{key}: {lines:?}");
    let line = lines[0].trim_start_matches('-');
    line.split_whitespace().map(str::to_owned).collect()
}

fn after<'a>(words: &'a [String], option: &str) -> &'a str {
    let at = words.iter().position(|word| word == option).unwrap();
    &words[at + 1]
}

#[test]
fn whoever_makes_pins_safe_reads_what_the_daemon_writes() {
    let daemon = command("ExecStart");
    for helper in ["ExecStartPre", "ExecStopPost"] {
        let helper = command(helper);
        assert_eq!(helper[1], "safe-outputs");
        for option in ["--pins", "--config"] {
            assert_eq!(after(&helper, option), after(&daemon, option));
        }
    }
    let table = after(&daemon, "--pins").to_owned();
    let folder = format!("/run/{}/", unit("RuntimeDirectory")[0]);
    assert!(table.starts_with(&folder), "{table} is not in {folder}");
    assert_eq!(unit("RuntimeDirectoryPreserve"), ["yes"], "a restart needs the table too");
}

#[test]
fn only_the_end_of_the_daemon_may_be_in_order() {
    assert!(command("ExecStopPost").iter().any(|word| word == "--after-stop"));
    assert!(!command("ExecStartPre").iter().any(|word| word == "--after-stop"));
}

#[test]
fn the_program_understands_every_command_of_the_unit() {
    for key in ["ExecStartPre", "ExecStart", "ExecReload", "ExecStopPost"] {
        let words = command(key);
        assert_eq!(words[0], "/usr/bin/sunkeep");
        let mut program = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
        let output = program.args(&words[1..]).arg("--help").output().unwrap();
        assert!(output.status.success(), "{key}: {output:?}");
    }
}

#[test]
fn pins_are_taken_to_safe_without_configuration_rules_or_database() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("pins");
    std::fs::write(&table, "17 low auto heater\n22 high auto modem\n2 pins\n").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
    let program = program.args(["safe-outputs", "--simulate-pins", "--config", "/nowhere"]);
    let output = program.arg("--pins").arg(&table).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "GPIO 17 is low: heater is safe\nGPIO 22 is high: modem is safe\n");
}

/// The shipped configuration with every example line in force.
fn config_in_force() -> String {
    let text = read("deploy/config.toml");
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.contains(" = ") => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn the_shipped_configuration_is_sound_as_it_is_and_with_everything_in_force() {
    let mut counts = Vec::new();
    for text in [read("deploy/config.toml"), config_in_force()] {
        let source = Source { name: "config.toml".to_owned(), text };
        match config::parse(&source, Path::new("/etc/sunkeep")) {
            Ok(config) => {
                assert_eq!(config.data, Path::new("/var/lib/sunkeep"));
                assert_eq!(config.rules, Path::new("/etc/sunkeep/rules"));
                counts.push((config.devices.len(), config.inputs.len(), config.outputs.len()));
            }
            Err(problems) => panic!("{}", render(&problems, &[source], false)),
        }
    }
    assert_eq!(counts, [(0, 0, 0), (2, 3, 2)], "devices, inputs with probes, outputs");
}

#[test]
fn the_rules_of_the_readme_fit_the_shipped_configuration() {
    let source = Source { name: "config.toml".to_owned(), text: config_in_force() };
    let config = config::parse(&source, Path::new("/etc/sunkeep")).unwrap();
    for rule in ["rules/preserve_battery.rhai", "rules/enclosure_heater.rhai"] {
        let source = Source { name: rule.to_owned(), text: read(rule) };
        config.prove(vec![source]).unwrap_or_else(|report| panic!("{report}"));
    }
}

#[test]
fn the_unit_and_the_configuration_agree_on_folders_and_user() {
    assert_eq!(unit("StateDirectory"), ["sunkeep"]);
    let user = unit("User")[0].clone();
    // A group that does not exist keeps systemd from starting the service.
    for group in unit("SupplementaryGroups")[0].split(' ') {
        let made = format!("g {group} -");
        assert!(read("deploy/sysusers.d/sunkeep.conf").contains(&made), "no {made}");
    }
    assert!(read("deploy/sysusers.d/sunkeep.conf").contains(&format!("u {user} ")));
    assert!(read("deploy/tmpfiles.d/sunkeep.conf").contains("/etc/sunkeep 0750 root sunkeep"));
}

#[test]
fn everything_that_is_packaged_is_there() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let assets = &manifest["package"]["metadata"]["deb"]["assets"];
    let sources = assets.as_array().unwrap().iter().map(|asset| asset[0].as_str().unwrap());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in sources.filter(|source| !source.starts_with("target/")) {
        let there = folder.join(source.trim_end_matches('*')).exists();
        assert!(there, "{source} is packaged and is not there");
    }
}

/// The shipped configuration on this machine, as a command that runs it for a while.
fn as_installed(folder: &Path, lasting: &str) -> Command {
    std::fs::create_dir(folder.join("rules")).unwrap();
    let text = read("deploy/config.toml").replace("\"/var/lib/sunkeep\"", "\"data\"");
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
    program.args(["run", "--for", lasting, "--config"]).arg(folder.join("config.toml"));
    program
}

/// How long a loaded machine may take for what takes a second.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn systemd_is_told_of_ready_watchdog_status_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let heard = UnixDatagram::bind(&socket).unwrap();
    heard.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut program = as_installed(folder.path(), "3s");
    program.env("NOTIFY_SOCKET", &socket).stderr(Stdio::null());
    let mut daemon = program.spawn().unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while !said.contains("STOPPING=1") {
        let length = heard.recv(&mut buffer).unwrap_or_else(|error| panic!("{error} after {said}"));
        said += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(daemon.wait().unwrap().success());
    assert!(said.starts_with("READY=1\n"), "{said}");
    for word in ["WATCHDOG=1", "STATUS=mode observe"] {
        assert!(said.contains(word), "no {word} in {said}");
    }
}

#[test]
fn lines_for_journald_carry_their_priority() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = as_installed(folder.path(), "100ms");
    let output = program.env("JOURNAL_STREAM", "8:1").env_remove("RUST_LOG").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("<6>stopped"), "{said}");
    assert!(said.lines().all(|line| line.starts_with('<')), "{said}");
}
