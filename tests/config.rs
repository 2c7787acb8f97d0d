//! Configuration files: the shipped example is clean, and every mistake is told
//! with its place and the right word.

#[path = "config/command.rs"]
mod command;
#[path = "config/derived.rs"]
mod derived;
#[path = "config/mistakes.rs"]
mod mistakes;
#[path = "config/setpoints.rs"]
mod setpoints;
#[path = "config/switches.rs"]
mod switches;
#[path = "config/torn.rs"]
mod torn;

use std::path::Path;
use std::time::Duration;

use sunkeep::actuator::gpio::{Contact, Wiring};
use sunkeep::arbiter::{AtExit, Level};
use sunkeep::config::{Actuator, Config, load, parse};
use sunkeep::problem::{Source, render};

const GOOD: &str = r#"[devices.mppt]
port = "/dev/ttyUSB0"
[devices.shunt]
port = "/dev/ttyUSB1"
[inputs.soc]
from = "shunt.soc"
[outputs.heater]
gpio = 17
active = "high"
safe = "off"
[outputs.load_output]
device = "mppt"
load_output = true
safe = "on"
"#;

fn config(text: &str) -> Result<Config, Vec<String>> {
    let source = Source { name: "site.toml".into(), text: text.into() };
    parse(&source, Path::new("/etc/sunkeep")).map_err(|problems| {
        let drawn = render(&problems, std::slice::from_ref(&source), false);
        let sources = [source];
        let line = |problem: &sunkeep::problem::Problem| {
            let at = problem.locate(&sources);
            assert!(drawn.contains(&format!("site.toml:{}:{}", at.line, at.column)), "{drawn}");
            let help = at.help.map(|help| format!("; {help}")).unwrap_or_default();
            format!("{}:{} {}{help}", at.line, at.column, at.message)
        };
        problems.iter().map(line).collect()
    })
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(config(text).err().unwrap_or_default(), expected, "{text}");
}

/// The good file with one line changed.
#[track_caller]
fn check_change(from: &str, to: &str, expected: &[&str]) {
    assert!(GOOD.contains(from), "{from} is in the good file");
    check(&GOOD.replacen(from, to, 1), expected);
}

#[test]
fn the_shipped_example_and_rules_are_clean() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/site.toml");
    let (config, _) = load(&path).unwrap_or_else(|report| panic!("{report}"));
    let rules = config.load_rules().unwrap_or_else(|report| panic!("{report}"));
    let names: Vec<&str> = rules.rules().iter().map(|rule| &*rule.name).collect();
    for name in ["enclosure heater", "preserve the battery"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let heater = &config.outputs[0];
    let contact = Some(Contact { pin: 27, active_high: true });
    assert_eq!(heater.actuator, Actuator::Gpio(Wiring { contact, ..Wiring::new(17, true) }));
    assert_eq!(config.heartbeat, Some(25));
    assert_eq!(heater.policy.max_on, Duration::from_secs(2 * 3600));
    let load = &config.outputs[1];
    let Actuator::Register(plan) = &load.actuator else { panic!("{load:?}") };
    assert_eq!((&*plan.device, plan.register.id, plan.keeps.as_deref()), ("mppt", 0xEDAB, None));
    assert_eq!((load.policy.safe, load.policy.at_exit), (Level::On.into(), AtExit::Leave));
    assert_eq!(load.policy.max_writes_per_day, Some(12));
    assert_eq!(config.inputs[2].max_age, Duration::from_secs(30));
    assert!(config.site.is_some_and(|site| site.latitude > 63.0));
}

#[test]
fn what_is_left_out_has_a_safe_default() {
    let config = config(GOOD).expect("a good file");
    let policy = &config.outputs[0].policy;
    assert_eq!(
        (policy.default, policy.at_exit),
        (Level::Off.into(), AtExit::Want(Level::Off.into()))
    );
    assert_eq!((policy.min_on.as_secs(), policy.min_off.as_secs()), (60, 180));
    assert_eq!((policy.max_on.as_secs(), policy.max_writes_per_day), (3600, None));
    assert_eq!(config.outputs[1].policy.max_writes_per_day, Some(4));
    assert_eq!(config.inputs[0].max_age.as_secs(), 10);
    assert_eq!(config.inputs[0].grace.as_secs(), 10);
    assert_eq!(config.rules, Path::new("/etc/sunkeep/rules"));
    assert_eq!(config.data, Path::new("/etc/sunkeep/data"));
    let world = config.world();
    assert_eq!((world.devices.len(), world.outputs.len()), (2, 2));
    assert!(world.point("mppt", "pv_power").is_some_and(|point| point.unit.symbol() == "W"));
}

#[test]
fn a_quantity_means_what_its_family_says() {
    let text = GOOD.replacen(
        "[inputs",
        "[devices.inverter]\nport = \"c\"\nkind = \"phoenix_inverter\"\n[inputs",
        1,
    );
    let world = config(&text).expect("a good file").world();
    let name = |device: &str, number: f64| {
        world.point(device, "state").and_then(|point| point.meaning.describe(number))
    };
    assert_eq!(name("mppt", 5.0).as_deref(), Some("float"));
    assert_ne!(name("inverter", 5.0).as_deref(), Some("float"));
    assert_eq!(
        world.point("mppt", "relay_state").map(|point| point.name).as_deref(),
        Some("mppt.relay_state")
    );
    assert_eq!(world.point("mppt", "inverter.state"), None);
    check_change(
        "port = \"/dev/ttyUSB0\"",
        "port = \"a\"\nkind = \"mpt\"",
        &["3:8 `kind` cannot be \"mpt\"; did you mean \"mppt\"?"],
    );
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let found = config("[devices.mppt\nport = 3\n").expect_err("broken");
    assert!(found[0].starts_with("1:14 "), "{found:?}");
    let found = config("data = \n[site]\nlatitude = = 3\n").expect_err("broken");
    assert_eq!(found.len(), 3, "{found:?}");
    let found = config("data = \"a\"\ndata = \"b\"\n").expect_err("twice");
    assert!(found[0].starts_with("2:1 duplicate key"), "{found:?}");
    let found = config("devices = 3\n").expect_err("no table");
    assert_eq!(found, ["1:11 `devices` must be a table; write [devices] on a line"]);
}

#[test]
fn all_problems_come_at_once() {
    check(
        "[devices.mppt]\nprot = \"/dev/ttyUSB0\"\n[inputs.soc]\nfrom = \"shunt.soc\"\n\
         [outputs.heater]\ngpio = 40\nactive = \"hihg\"\n",
        &[
            "1:10 [devices.mppt] has no `port`; for example \"/dev/serial/by-id/usb-VictronEnergy_…\"",
            "2:1 unknown key `prot` in [devices.mppt]; did you mean `port`?",
            "4:8 there is no device `shunt`; declare it: [devices.shunt]",
            "5:10 [outputs.heater] has no `safe`; say which level does no harm: `safe = \"off\"` or \"on\"",
            "6:8 `gpio` must be from 0 to 27",
            "7:10 `active` cannot be \"hihg\"; did you mean \"high\"?",
        ],
    );
}

#[test]
fn folders_and_files_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    let report = load(&path).expect_err("no file");
    assert!(report.to_string().contains("cannot read"), "{report}");
    std::fs::write(&path, format!("rules = \"ruels\"\n{GOOD}")).expect("written");
    let report = load(&path).expect_err("no folder");
    assert_eq!(report.located()[0].line, 1);
    assert!(report.problems[0].message.starts_with("there is no folder"), "{report}");
    std::fs::write(&path, GOOD).expect("written");
    let (config, _) = load(&path).expect("the default folder may be absent");
    assert!(config.load_rules().expect("no rules").rules().is_empty());
    std::fs::create_dir(folder.path().join("rules")).expect("made");
    std::fs::write(folder.path().join("rules/a.rhai"), "rule(\"a\").turn_on(haeter);")
        .expect("written");
    let report = config.load_rules().expect_err("a bad rule");
    let found = &report.located()[0];
    assert_eq!((found.line, found.column), (1, 19));
    assert!(found.file.ends_with("rules/a.rhai"));
}
