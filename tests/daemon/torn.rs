//! A torn configuration: the site goes on as it was, and says so.

use rustix::process::Signal;

use super::{OFF, Site};

#[test]
fn a_torn_configuration_runs_as_it_was_and_says_so_until_it_is_right() {
    let site = Site::new();
    let mut first = site.run_in_need();
    let file = site.path("site.toml");
    let whole = std::fs::read_to_string(&file).unwrap();
    // While it runs nothing is read anew but rules.
    std::fs::write(&file, "").unwrap();
    site.say(&["reload"]);
    first.wait_for("reload", &["2 unchanged"]);
    assert_eq!(site.load_mode(), OFF);
    first.end(Signal::KILL);

    let mut second = site.run();
    second.wait_for("alarm", &["configuration", "the last good copy of it runs"]);
    second.wait_for("mode", &["run", "started with 2 rules"]);
    second.wait_for("result", &["heater", "verified on"]);
    let status = site.say(&["status"]);
    let line = status.lines().find(|line| line.starts_with("! configuration: "));
    let says = ["the last good copy runs", " since ", "ends: `sunkeep check`"];
    assert!(line.is_some_and(|line| says.iter().all(|part| line.contains(part))), "{status}");
    assert_eq!(site.load_mode(), OFF);
    assert!(second.end(Signal::TERM).success());

    // Wrong, not torn.
    std::fs::write(&file, whole.replace("safe = \"off\"", "safe = \"of\"")).unwrap();
    let check = site.command(&["check"]).output().unwrap();
    assert!(!check.status.success());
    let mut third = site.run();
    third.wait_for("alarm", &["configuration", "the last good copy of it runs"]);
    third.wait_for("result", &["heater", "verified on"]);
    assert!(third.end(Signal::TERM).success());

    std::fs::write(&file, whole).unwrap();
    let mut fourth = site.run();
    fourth.wait_for("result", &["heater", "verified on"]);
    assert!(!site.say(&["status"]).contains("! configuration"));
}
