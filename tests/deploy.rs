//! What is installed fits together: the unit, and the program it starts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;

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
