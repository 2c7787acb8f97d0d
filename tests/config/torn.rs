//! A configuration that a power cut has torn, at every byte, or that is wrong: `run`
//! goes on with the last good copy, and nobody else does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use sunkeep::config::Config;
use sunkeep::config::last_good::{FILE, folder, keep, load_or_last_good, load_whole};

const SITE: &str = r#"# A site.
data = "kept"

[devices.mppt]
port = "/dev/serial/by-id/mppt"   # the charger
serial_number = "HQ1"

[outputs.heater]
gpio = 17
active = "high"
safe = "off"
min_on = "5min"

# The end.
"#;

/// A folder with a site that has run well once.
fn site() -> (tempfile::TempDir, PathBuf, Config) {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("site.toml");
    fs::create_dir(root.path().join("kept")).unwrap();
    fs::write(&file, SITE).unwrap();
    let (config, source) = load_or_last_good(&file).unwrap();
    assert_eq!(config.instead, "");
    keep(&config, &file, &source).unwrap();
    (root, file, config)
}

/// The file has become this: what is run, and why.
fn run(file: &Path, text: &[u8]) -> Config {
    fs::write(file, text).unwrap();
    let (config, _) = load_or_last_good(file).unwrap();
    config
}

#[test]
fn a_file_that_is_cut_off_anywhere_runs_as_it_was() {
    let (root, file, whole) = site();
    // The data folder cannot be read from less: then it must be where data always is.
    fs::create_dir(root.path().join("data")).unwrap();
    fs::copy(root.path().join("kept").join(FILE), root.path().join("data").join(FILE)).unwrap();
    for end in 0..SITE.len() {
        let mut config = run(&file, &SITE.as_bytes()[..end]);
        let why = std::mem::take(&mut config.instead);
        assert_eq!(config, whole, "cut at {end}");
        let missing = SITE.find("\n\n# The end.").unwrap();
        assert_eq!(why.is_empty(), end >= missing, "cut at {end}: {why}");
        assert_eq!(load_whole(&file).is_ok(), end >= missing, "`check` says the same at {end}");
        assert_eq!(fs::read(&file).unwrap(), &SITE.as_bytes()[..end], "it is never written");
    }
}

#[test]
fn zeros_junk_mistakes_and_no_file_run_as_it_was_and_check_refuses_them() {
    let (_root, file, mut whole) = site();
    let mistake = SITE.replace("safe = \"off\"", "save = \"off\"");
    let head = "data = \"kept\"\n".as_bytes();
    let zeros = [head, &[0; 200]].concat();
    let junk = [head, &[0xFF, 0xFE, b'\n']].concat();
    for text in [mistake.as_bytes(), &zeros, &junk] {
        let config = run(&file, text);
        assert!(config.instead.contains("cannot be used: "), "{}", config.instead);
        whole.instead.clone_from(&config.instead);
        assert_eq!(config, whole);
        assert!(load_whole(&file).is_err(), "what is wrong is wrong for `check`");
    }
}

#[test]
fn an_edited_file_that_is_right_is_the_one_that_runs() {
    let (_root, file, _) = site();
    let edited = SITE.replace("gpio = 17", "gpio = 27");
    assert_eq!(run(&file, edited.as_bytes()).instead, "");
    // Shorter on purpose, and said so.
    let shorter = format!("{}# that is all\n", &SITE[..SITE.find("[outputs").unwrap()]);
    let config = run(&file, shorter.as_bytes());
    assert_eq!((config.instead.as_str(), config.outputs.len()), ("", 0));
}

#[test]
fn the_copy_of_another_site_is_no_help() {
    let (root, file, _) = site();
    let other = root.path().join("other.toml");
    fs::write(&other, "data = \"kept\"\n[outputs.x]\n").unwrap();
    assert!(load_or_last_good(&other).is_err());
    assert_eq!((folder(&other), folder(&file).is_some()), (None, true));
}
