//! `sunkeep check` as a script calls it: exit code and JSON.

use std::path::Path;
use std::process::{Command, Output};

use crate::GOOD;

fn check(config: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sunkeep"));
    command.arg("check").arg("--config").arg(config).args(more);
    command.output().expect("the program runs")
}

#[test]
fn a_clean_site_exits_with_zero() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/site.toml");
    let output = check(&example, &[]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("all well: 2 devices, 5 inputs, 5 outputs, "), "{said}");
    assert_eq!(check(&example, &["--json"]).stdout, b"[]\n");
}

#[test]
fn problems_exit_with_two_and_are_an_array() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("site.toml");
    std::fs::write(&path, GOOD.replace("gpio = 17", "gpio = 99")).expect("written");
    let output = check(&path, &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("site.toml:8:8") && said.contains("1 problem"), "{said}");
    let output = check(&path, &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found[0]["line"], 8);
    assert_eq!(found[0]["column"], 8);
    assert_eq!(found[0]["message"], "`gpio` must be from 0 to 27");
    assert!(found[0]["file"].as_str().is_some_and(|file| file.ends_with("site.toml")));
}

#[test]
fn what_nothing_uses_is_a_warning_and_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("site.toml");
    let more = "[inputs.spare]\nfrom = \"mppt.pv_power\"\n[outputs.fan]\ngpio = 22\nactive = \"high\"\nsafe = \"off\"\n";
    std::fs::write(&path, format!("{GOOD}\n{more}")).expect("written");
    let output = check(&path, &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("warning: no rule asks for `spare`"), "{told}");
    assert!(told.contains("warning: no rule drives `fan`: it keeps its default"), "{told}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("fit to run, with "));
    let found: serde_json::Value =
        serde_json::from_slice(&check(&path, &["--json"]).stdout).expect("JSON");
    assert!(found.as_array().is_some_and(|all| all.iter().all(|one| one["severity"] == "warning")));
}

#[test]
fn a_device_that_is_written_should_say_who_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("site.toml");
    let warning = "`mppt` is written, and has no `serial_number`";
    let known = GOOD.replacen("[devices.mppt]", "[devices.mppt]\nserial_number = \"HQ1\"", 1);
    for (text, warned) in [(GOOD, true), (known.as_str(), false)] {
        std::fs::write(&path, text).expect("written");
        let told = String::from_utf8_lossy(&check(&path, &[]).stderr).into_owned();
        assert_eq!(told.contains(warning), warned, "{told}");
        assert!(!told.contains("`shunt` is written"), "{told}");
    }
}
