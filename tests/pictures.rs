//! The pictures of the pages are what their commands draw, to the last dot.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Command;

use sunkeep::sim::past::Past;
use sunkeep::store::Options;

/// As `examples/past.rs` writes it.
const CONFIG: &str = "[site]\nlatitude = 63.4\nlongitude = -145.7\n\
    timezone = 'America/Anchorage'\n[inputs.soc]\nfrom = 'shunt.soc'\n\
    [outputs.heater]\ngpio = 17\nsafe = 'off'\n\
    [outputs.load_output]\ndevice = 'mppt'\nload_output = true\nsafe = 'on'\n";

#[test]
fn the_week_of_the_docs_is_drawn_again_to_the_last_dot() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = fs::read_to_string(docs.join("looking-back.md")).unwrap();
    let command = page.lines().find(|line| line.contains("--title")).unwrap();
    let (words, title) = command.split_once(" --title ").unwrap();

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), CONFIG).unwrap();
    let options = Options { zone: Past::zone(), ..Options::default() };
    Past::month().write(&folder.path().join("data"), options).unwrap();
    let folder = folder.path().display().to_string();
    let words = words.split_whitespace().skip(1).map(|word| word.replace("/tmp/month", &folder));
    let drawn = Command::new(env!("CARGO_BIN_EXE_sunkeep"))
        .args(words)
        .args(["--title", title.trim_matches('"')])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let drawn = fs::read_to_string(Path::new(&folder).join("week.svg")).unwrap();
    let kept = fs::read_to_string(docs.join("week.svg")).unwrap();
    let differs = drawn.lines().zip(kept.lines()).find(|(drawn, kept)| drawn != kept);
    assert_eq!(differs, None, "left: drawn now, right: docs/week.svg");
    assert_eq!(drawn.len(), kept.len());
}
