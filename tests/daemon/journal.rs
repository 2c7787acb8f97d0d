//! `sunkeep journal`: what it is asked for, and nothing else.

use rustix::process::Signal;

use super::{Site, all};

/// The subjects of the lines that a command prints.
fn subjects(site: &Site, words: &[&str]) -> Vec<String> {
    let printed = site.say(&[&["journal", "--json"], words].concat());
    let subject = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["subject"].as_str().unwrap().to_owned()
    };
    printed.lines().map(subject).collect()
}

#[test]
fn the_journal_is_shown_by_time_and_by_what_it_is_about() {
    let site = Site::new();
    let daemon = site.run_in_need();
    assert!(daemon.end(Signal::TERM).success());
    let everything = subjects(&site, &[]);
    for name in ["heater", "mppt", "load_output", ""] {
        assert!(everything.iter().any(|subject| subject == name), "{name}: {everything:?}");
    }
    for name in ["heater", "mppt"] {
        let about = subjects(&site, &["--output", name]);
        let expected = everything.iter().filter(|subject| *subject == name).count();
        assert_eq!((about.len(), about.iter().all(|subject| subject == name)), (expected, true));
    }
    for since in ["1h", "90min", "2w", "yesterday", "2020-01-31", "2020-01-31 06:00"] {
        assert_eq!(subjects(&site, &["--since", since]).len(), everything.len(), "{since}");
    }
    assert_eq!(subjects(&site, &["--since", "0s"]), Vec::<String>::new());
    assert_eq!(subjects(&site, &["--limit", "3"]), everything[everything.len() - 3..]);
    let both = subjects(&site, &["--since", "1h", "--output", "heater", "--limit", "1"]);
    assert_eq!(both, ["heater"]);
    let wrong = site.command(&["journal", "--since", "soon"]).output().unwrap();
    assert!(all(&wrong).contains("`soon` is no time"), "{}", all(&wrong));
    let nobody = site.command(&["journal", "--output", "nobody"]).output().unwrap();
    assert!(all(&nobody).contains("no such entries"), "{}", all(&nobody));
}
