//! The rules that are shipped: all of them load with the shipped site, each holds
//! what its own tests say, and the demo's two stand alone.

use std::path::{Path, PathBuf};

use sunkeep::config::{self, Config};
use sunkeep::problem::Source;
use sunkeep::rules::RuleSet;
use sunkeep::trial;

fn repository(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
}

fn site() -> Config {
    match config::load(&repository("examples/site.toml")) {
        Ok((config, _)) => config,
        Err(report) => panic!("{report}"),
    }
}

fn shipped() -> Vec<Source> {
    site().rule_files().unwrap_or_else(|report| panic!("{report}"))
}

#[test]
fn all_of_them_load_together_and_their_tests_hold() {
    let rules = site().load_rules().unwrap_or_else(|report| panic!("{report}"));
    let files: std::collections::BTreeSet<&str> =
        rules.rules().iter().map(|rule| rule.file.as_str()).collect();
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        assert!(rules.trials().iter().any(|trial| trial.file == file), "{file} proves nothing");
    }
}

/// An owner copies one file, not all of them.
#[test]
fn each_of_them_loads_alone_and_its_tests_hold() {
    let config = site();
    for source in shipped() {
        let sources = [source];
        let rules = RuleSet::compile(&sources, &config.world()).unwrap_or_else(|problems| {
            panic!("{}", sunkeep::problem::render(&problems, &sources, false))
        });
        let outcomes = trial::run(&rules, &config.premises(), &sources, None);
        let problems = trial::problems(&outcomes);
        let report = sunkeep::problem::render(&problems, &sources, false);
        assert!(problems.is_empty(), "{report}");
    }
}

#[test]
fn each_of_them_says_what_it_does_and_when_it_does_nothing() {
    for Source { name, text } in shipped() {
        for words in ["// What it does:", "// When it does nothing:", "is silent:", "->"] {
            assert!(text.contains(words), "{name} does not say `{words}`");
        }
    }
}

#[test]
fn the_demo_loads_its_two_rules_and_nothing_else() {
    let path = repository("src/cli/demo/site.toml");
    let text = std::fs::read_to_string(path).expect("the demo's site");
    let source = Source { name: "site.toml".into(), text };
    let config = config::parse(&source, Path::new(".")).expect("a sound site");
    let files = ["enclosure_heater.rhai", "preserve_battery.rhai"];
    let sources: Vec<Source> =
        shipped().into_iter().filter(|s| files.iter().any(|file| s.name.ends_with(file))).collect();
    assert_eq!(sources.len(), 2);
    let rules = RuleSet::compile(&sources, &config.world()).expect("sound rules");
    let outcomes = trial::run(&rules, &config.premises(), &sources, None);
    assert_eq!(trial::problems(&outcomes), []);
}
