//! What the demo did, read back from the journal it left.

use std::fmt::Write;
use std::path::Path;

use super::run::Outcome;
use crate::journal::Kind;
use crate::store::Filter;
use crate::store::query::JournalReader;

/// A demo of hours writes some thousands.
const ENTRIES_MAX: u32 = 100_000;

/// The last words of a demo.
///
/// # Errors
/// When the journal it has just written cannot be read.
pub(super) fn text(folder: &Path, outcome: &Outcome) -> anyhow::Result<String> {
    let all = Filter { since: None, subject: None, limit: ENTRIES_MAX };
    let entries = JournalReader::open(folder)?.entries(&all)?;
    let hours = outcome.simulated.as_secs_f64() / 3600.0;
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(text, "\n{hours:.1} simulated hours, {} steps", outcome.summary.steps);
    let mut outputs: Vec<&str> = Vec::new();
    for recorded in &entries {
        let subject = recorded.entry.subject.as_str();
        if recorded.entry.kind == Kind::Result && !outputs.contains(&subject) {
            outputs.push(subject);
        }
    }
    for output in outputs {
        let count = |what: &str| {
            let verified = entries.iter().filter(|recorded| {
                let entry = &recorded.entry;
                entry.kind == Kind::Result && entry.subject == output && entry.what == what
            });
            verified.count()
        };
        let (off, on) = (count("verified off"), count("verified on"));
        let _ =
            writeln!(text, "  {output:14} switched off {off} times, on {on} times, each read back");
    }
    let alarms = entries.iter().filter(|recorded| recorded.entry.kind == Kind::Alarm).count();
    let _ = writeln!(text, "  {} journal entries, {alarms} alarms", entries.len());
    let counters = outcome.summary.counters;
    let _ = writeln!(
        text,
        "  {} readings kept, {} dropped",
        counters.samples_written,
        counters.samples_dropped + outcome.summary.dropped
    );
    let _ = writeln!(text, "left in {}:", folder.display());
    let _ = writeln!(text, "  journal.db, history.db    what was done and what was seen");
    let _ = writeln!(
        text,
        "  site.toml, rules/         what it ran with; change them and run the demo again with --data"
    );
    Ok(text)
}
