//! Tidiness as a test: who may import whom, how long a file may be, what no
//! file may contain. A new arrow in the table is a design change: change the
//! picture in `src/lib.rs` in the same commit and say why.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules it may import. The core knows only core, upstream of
/// itself; the edge knows the core; the shell knows all; nobody knows the shell.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // core
    ("units", &[]),
    ("clock", &[]),
    ("problem", &[]),
    ("vedirect", &["units"]),
    ("recording", &[]),
    ("session", &["units", "vedirect"]),
    ("snapshot", &["clock", "units", "vedirect"]),
    ("journal", &["clock"]),
    ("arbiter", &[]),
    // Writes of a day are counted as the arbiter counts those of an output.
    ("wear", &["clock", "arbiter"]),
    ("rules", &["units", "clock", "problem", "vedirect", "snapshot", "journal", "arbiter"]),
    ("engine", &["clock", "units", "snapshot", "journal", "rules", "arbiter"]),
    (
        "trial",
        &[
            "clock", "units", "problem", "vedirect", "snapshot", "journal", "arbiter", "rules",
            "engine",
        ],
    ),
    // edge
    ("whole", &[]),
    // What is declared of pins, probes and the history is said in their own types.
    (
        "config",
        &[
            "units", "clock", "problem", "vedirect", "snapshot", "arbiter", "rules", "trial",
            "actuator", "probe", "store", "whole",
        ],
    ),
    ("probe", &[]),
    ("serial", &["units", "clock", "vedirect", "recording", "session"]),
    ("actuator", &["units", "clock", "vedirect", "session", "arbiter", "engine", "whole"]),
    ("store", &["units", "clock", "vedirect", "snapshot", "journal"]),
    // Beside the store and not in the core: no backtest draws. It takes plain data, so that
    // the command line and a page share it; from the core it has the journal's words
    // for its bands and the rules' sun for its nights.
    ("plot", &["units", "journal", "rules"]),
    (
        "control",
        &["units", "clock", "vedirect", "session", "snapshot", "arbiter", "engine", "journal"],
    ),
];

/// Core modules: no I/O, no threads, no async, no clock.
const CORE: &[&str] = &[
    "units",
    "problem",
    "vedirect",
    "recording",
    "session",
    "snapshot",
    "journal",
    "arbiter",
    "rules",
    "engine",
    "wear",
    "trial",
];

/// Shell modules may import all of the table above; the last of them the others too.
const SHELL: &[&str] = &["sim", "daemon", "cli"];

/// The whole table: module and what it may import.
fn table() -> BTreeMap<&'static str, Vec<&'static str>> {
    let listed = MAY_IMPORT.iter().map(|(module, allowed)| (*module, allowed.to_vec()));
    let mut table: BTreeMap<_, _> = listed.collect();
    let inside: Vec<&str> = MAY_IMPORT.iter().map(|(module, _)| *module).collect();
    for module in SHELL {
        let others: &[&str] = if *module == "cli" { SHELL } else { &[] };
        table.insert(module, [&inside[..], others].concat());
    }
    table
}

/// What no core file may mention outside its tests.
const NOT_IN_CORE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "tokio",
    "rusqlite",
    "rppal",
    "gpiocdev",
    "rustix",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "println!",
    "eprintln!",
    "tracing::",
];

/// Longer than this, tests not counted, a file is split. Pure tables are exempt.
const LINES_MAX: usize = 350;

fn rust_files(root: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(dir) else {
            return;
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root), &mut found);
    assert!(!found.is_empty(), "no Rust files under {root}");
    found
}

/// The part of a file before its tests, without comment lines.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Test modules in files of their own, and the folders they are split into.
fn is_test(path: &Path) -> bool {
    let is = |part: std::path::Component<'_>| {
        part.as_os_str()
            .to_str()
            .is_some_and(|name| name == "tests" || name.trim_end_matches(".rs").ends_with("tests"))
    };
    path.components().rev().take(3).any(is)
}

fn module_of(path: &Path) -> Option<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let inside = path.strip_prefix(src).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    let name = first.trim_end_matches(".rs").trim_end_matches("_tests");
    (!matches!(name, "lib" | "main")).then(|| name.to_owned())
}

/// Names after `crate::`, braces included: `use crate::{clock::Now, units}`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => drop(found.insert(std::mem::take(&mut word))),
                    _ if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.insert(word);
        } else {
            found.insert(rest.to_owned());
        }
    }
    let first_word = |text: &String| {
        let end = text.trim().find(|c: char| !c.is_alphanumeric() && c != '_');
        text.trim()[..end.unwrap_or(text.trim().len())].to_owned()
    };
    found.iter().map(first_word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn imports_follow_the_table() {
    let table = table();
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().filter(|path| !is_test(path)) {
        let Some(module) = module_of(&path) else {
            continue;
        };
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.push(format!("{}: module `{module}` is not in the table", path.display()));
            continue;
        };
        for import in imports(&code(&path)) {
            let known = table.contains_key(import.as_str());
            if known && import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{import}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that are not in the table:\n{}", wrong.join("\n"));
}

#[test]
fn the_core_does_no_io_and_reads_no_clock() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        if !module_of(&path).is_some_and(|module| CORE.contains(&module.as_str())) {
            continue;
        }
        let code = code(&path);
        for word in NOT_IN_CORE.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{}: {word}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "the core must not mention:\n{}", wrong.join("\n"));
}

#[test]
fn the_bootloader_cannot_be_expressed_and_a_restart_only_by_a_person() {
    for path in rust_files("src") {
        let code = code(&path);
        assert!(!code.contains("EnterBoot"), "{}: names the bootloader", path.display());
        let module = module_of(&path).unwrap_or_default();
        let may_restart = ["vedirect", "session", "serial", "cli", "sim"];
        if code.contains("restart_frame") {
            assert!(may_restart.contains(&module.as_str()), "{}: restarts", path.display());
        }
    }
}

#[test]
fn every_file_says_why_it_exists() {
    for root in ["src", "tests", "benches", "examples"] {
        for path in rust_files(root) {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("//!"), "{}: has no header", path.display());
        }
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    let mut long = Vec::new();
    for path in rust_files("src") {
        let text = fs::read_to_string(&path).unwrap();
        let is_table = text.contains("//! Pure table of facts");
        let before_tests = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let lines = before_tests.lines().count();
        if lines > LINES_MAX && !is_table && !is_test(&path) {
            long.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "longer than {LINES_MAX} lines:\n{}", long.join("\n"));
}

#[test]
fn unwraps_outside_tests_carry_a_proof() {
    let mut bare = Vec::new();
    for path in rust_files("src") {
        if is_test(&path) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines: Vec<_> = before_tests.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let calls = line.contains(".unwrap()") || line.contains(".expect(");
            let proven = index > 0 && lines[index - 1].trim_start().starts_with("//");
            if calls && !line.trim_start().starts_with("//") && !proven {
                bare.push(format!("{}:{}", path.display(), index + 1));
            }
        }
    }
    assert!(bare.is_empty(), "unwrap without a proof on the line above:\n{}", bare.join("\n"));
}
