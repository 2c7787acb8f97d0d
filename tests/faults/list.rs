//! The list of faults and the page that says how each is tested: nothing on the
//! list is missing from the page, and every test that the page names exists.

use std::collections::BTreeMap;
use std::path::Path;

/// Faults by group, as the safety contract lists them.
const FAULTS: [(&str, &str); 10] = [
    (
        "serial",
        "unplug, replug under another number, cables swapped, half frame at every offset, \
         bit noise 1e-4…1e-2 per byte, async HEX at every offset of a block, checksum byte of all \
         256 values, 1 MB without newline, wrong baud, port busy or forbidden, blocked writes",
    ),
    (
        "device",
        "silent at night (declared), only BMV history blocks arriving, old firmware that stops \
         TEXT, error flags, late or foreign answers, clamped value, failed read-back, restart that \
         loses volatile limits, host death while a limit is active, other firmware or product than \
         configured",
    ),
    ("clock", "boot in 1970 then +56 years, −3 days, DST both ways, never synchronised"),
    (
        "storage",
        "disk full, power cuts (≥ 2000 replayed), slow fsync (30 s), corrupt \
         header/page/WAL/zero length at 200 places, read-only, torn config",
    ),
    (
        "process",
        "SIGKILL with the heater on, 500 kills at random, panic, hung step, crash loop, SIGTERM \
         at random",
    ),
    (
        "rules",
        "infinite loops, recursion, bombs, `sleep`, syntax error in one of 20 files, every \
         operator against missing, stale, NaN, opposite requests each step, reload good → bad → \
         good and 100 reloads a second, removal while on, threshold noise for an hour, overflow \
         and division by zero",
    ),
    (
        "outputs",
        "GPIO open fails, welded relay (feedback), active-low board at boot, override with \
         restart, writes demanded every step, load output that feeds the Pi itself",
    ),
    ("network", "broker down 7 days, slow-loris, 1000 connections, 1 GB body"),
    ("config", "unknown key, wrong unit, pin used twice, missing safe state"),
    (
        "security",
        "foreign Host or Origin, GET with side effect, wrong token ×1000, non-loopback without \
         token, path traversal, forbidden HEX through every surface, oversized and negative values",
    ),
];

/// Commas inside of one fault.
const ONE_FAULT: [&str; 1] = ["every operator against missing, stale, NaN"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The page's rows by group: a fault and what proves it.
fn page() -> BTreeMap<String, Vec<(String, String)>> {
    let text = std::fs::read_to_string(root().join("docs/testing.md")).expect("the page");
    let mut rows: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut group = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            group = heading.trim_matches(['#', ' ']).to_owned();
        } else if let Some((fault, proof)) =
            line.strip_prefix("| ").and_then(|row| row.split_once(" | "))
            && fault != "fault"
        {
            let proof = proof.trim_end_matches(['|', ' ']).to_owned();
            rows.entry(group.clone()).or_default().push((fault.to_owned(), proof));
        }
    }
    rows
}

/// The faults of a group, one by one.
fn faults(list: &str) -> Vec<String> {
    let mut list = list.to_owned();
    for whole in ONE_FAULT {
        list = list.replace(whole, &whole.replace(", ", "\u{0}"));
    }
    list.split(", ").map(|fault| fault.replace('\u{0}', ", ")).collect()
}

#[test]
fn every_fault_of_the_list_has_a_row() {
    let page = page();
    let mut missing = Vec::new();
    for (group, list) in FAULTS {
        let rows = page.get(group).map(Vec::as_slice).unwrap_or_default();
        for fault in faults(list) {
            let of_fault: Vec<_> = rows.iter().filter(|(named, _)| *named == fault).collect();
            match of_fault[..] {
                [(_, proof)] if proof.starts_with('`') || proof.starts_with("not yet") => {}
                [] => missing.push(format!("{group}: {fault}: no row")),
                _ => missing.push(format!("{group}: {fault}: {of_fault:?}")),
            }
        }
    }
    assert!(missing.is_empty(), "docs/testing.md:\n{}", missing.join("\n"));
}

#[test]
fn every_test_that_the_page_names_exists() {
    let mut wrong = Vec::new();
    let rows = page().into_values().flatten();
    let words: Vec<String> = rows
        .flat_map(|(_, proof)| proof.split('`').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut named = 0;
    for word in words.iter().filter(|word| word.contains("::")) {
        named += 1;
        let (file, test) = word.split_once("::").expect("just found");
        let Ok(text) = std::fs::read_to_string(root().join(file)) else {
            wrong.push(format!("{word}: no such file"));
            continue;
        };
        match text.find(&format!("fn {test}(")) {
            None => wrong.push(format!("{word}: no such test")),
            Some(at) => {
                let before: Vec<_> = text[..at].lines().rev().take(6).collect();
                if !before.iter().any(|line| line.trim().ends_with("test]")) {
                    wrong.push(format!("{word}: it is no test"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "docs/testing.md names what is not there:\n{}", wrong.join("\n"));
    assert!(named > 50, "the page is not read as it is meant: {named} tests");
}

/// The contract is kept beside the sources, not among them.
#[test]
fn the_list_is_that_of_the_contract() {
    let Ok(contract) = std::fs::read_to_string(root().join("../shared/SAFETY.md")) else {
        println!("SKIPPED: the safety contract is not beside the sources");
        return;
    };
    let (_, section) = contract.split_once("## 3. Faults to inject").expect("its third section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    let listed: Vec<(&str, &str)> = rows
        .filter_map(|row| row.split_once(" | "))
        .filter(|(group, _)| *group != "group")
        .map(|(group, rest)| (group, rest.split(" | ").next().unwrap_or_default()))
        .collect();
    assert_eq!(listed, FAULTS);
}
