//! `sunkeep journal`: what was done, when and why.
//!
//! Reads the file, so it works while the daemon runs and when it does not. It
//! changes nothing, and it escapes control characters: the journal holds texts
//! from devices and rules.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::site::ConfigArgs;
use super::when;

use crate::clock::{Clock, SystemClock};
use crate::journal::Used;
use crate::store::query::JournalReader;
use crate::store::{Filter, Recorded};

/// The most entries printed unless told otherwise: more than anyone reads.
const LIMIT: u32 = 1000;

/// Show what was done, when and why.
#[derive(Debug, Args)]
pub struct Journal {
    #[command(flatten)]
    config: ConfigArgs,
    /// The data folder, instead of the one that the configuration names.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// From when: `90min`, `1h` or `7d` ago, `yesterday`, `2026-01-15`, `2026-01-15 06:00`.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries about this output or device.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// At most this many, the newest.
    #[arg(long, value_name = "COUNT", default_value_t = LIMIT)]
    limit: u32,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Journal {
    /// Prints the entries, oldest first.
    ///
    /// # Errors
    /// When the configuration or the journal cannot be read.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let dir = self.directory()?;
        let filter = Filter {
            since: self.start(SystemClock::new().now().wall)?,
            subject: self.output.clone(),
            limit: self.limit,
        };
        let found = JournalReader::open(&dir)
            .and_then(|reader| reader.entries(&filter))
            .with_context(|| format!("cannot read the journal in {}", dir.display()))?;
        if found.is_empty() {
            eprintln!("no such entries in {}", dir.join("journal.db").display());
        }
        match print(&found, self.json) {
            // `| head` has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            result => result?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn directory(&self) -> anyhow::Result<PathBuf> {
        match &self.data {
            Some(dir) => Ok(dir.clone()),
            None => self.config.data(),
        }
    }

    fn start(&self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let instant = |text: &String| when::instant(text, now, &TimeZone::system());
        self.since.as_ref().map(instant).transpose().context("--since")
    }
}

fn print(found: &[Recorded], json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for recorded in found {
        if json {
            writeln!(out, "{}", to_json(recorded))?;
        } else {
            writeln!(out, "{}", line(recorded, &TimeZone::system()))?;
        }
    }
    out.flush()
}

/// `2026-12-01 04:10:02  intent   load_output  off  — soc below 30 (rule …; soc 29 %, 2 s old)`
fn line(recorded: &Recorded, zone: &TimeZone) -> String {
    let entry = &recorded.entry;
    let time =
        entry.at.wall.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let clock = clock(recorded);
    let mut text = format!("{time}{clock}  {:<7}", entry.kind);
    for word in [&entry.subject, &entry.what] {
        if !word.is_empty() {
            text.push_str("  ");
            text.push_str(word);
        }
    }
    if !entry.reason.is_empty() {
        text.push_str(": ");
        text.push_str(&entry.reason);
    }
    let rule = entry.rule.iter().map(|rule| format!("rule \"{rule}\""));
    let details: Vec<String> = rule.chain(entry.used.iter().map(used)).collect();
    if !details.is_empty() {
        text.push_str(&format!(" ({})", details.join("; ")));
    }
    printable(&text)
}

/// What must be said about the time of an entry.
fn clock(recorded: &Recorded) -> &'static str {
    match (recorded.entry.at.wall_trusted, recorded.set_later) {
        (true, false) => "",
        (true, true) => " (clock set later)",
        (false, _) => " (clock not set)",
    }
}

fn used(used: &Used) -> String {
    match used.age {
        Some(age) => format!("{} {}, {} s old", used.input, used.value, age.as_secs()),
        None => format!("{} {}", used.input, used.value),
    }
}

pub(super) fn to_json(recorded: &Recorded) -> serde_json::Value {
    let Recorded { id, boot, entry, set_later } = recorded;
    let used: Vec<_> = entry
        .used
        .iter()
        .map(|used| {
            let age = used.age.map(|age| age.as_secs_f64());
            serde_json::json!({ "input": used.input, "value": used.value, "age_s": age })
        })
        .collect();
    serde_json::json!({
        "id": id,
        "time": entry.at.wall.to_string(),
        "clock_set": entry.at.wall_trusted,
        "clock_set_later": set_later,
        "boot": boot,
        "monotonic_s": entry.at.monotonic.as_secs_f64(),
        "kind": entry.kind,
        "subject": entry.subject,
        "what": entry.what,
        "rule": entry.rule,
        "reason": entry.reason,
        "used": used,
        "conditions": entry.conditions,
        "intent": entry.intent,
    })
}

/// Shows control characters instead of obeying them.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::journal::{Entry, Kind};
    use std::time::Duration;

    fn entry() -> Entry {
        Entry {
            at: Now {
                monotonic: Duration::from_millis(1500),
                wall: "2026-12-01T04:10:02Z".parse().unwrap(),
                wall_trusted: true,
            },
            kind: Kind::Intent,
            subject: "load_output".to_owned(),
            what: "off".to_owned(),
            rule: Some("preserve the battery".to_owned()),
            reason: "soc below 30".to_owned(),
            used: vec![Used {
                input: "soc".to_owned(),
                value: "29 %".to_owned(),
                age: Some(Duration::from_secs(2)),
            }],
            conditions: Vec::new(),
            intent: Some(7),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Recorded), expected: &str) {
        let mut recorded =
            Recorded { id: 3, boot: "b".to_owned(), entry: entry(), set_later: false };
        change(&mut recorded);
        assert_eq!(line(&recorded, &TimeZone::UTC), expected);
    }

    #[test]
    fn a_line_says_when_what_and_why() {
        check(
            |_| {},
            "2026-12-01 04:10:02  intent   load_output  off: soc below 30 \
             (rule \"preserve the battery\"; soc 29 %, 2 s old)",
        );
    }

    #[test]
    fn an_unset_clock_is_said() {
        check(
            |Recorded { entry, .. }| {
                entry.at.wall_trusted = false;
                (entry.rule, entry.used) = (None, Vec::new());
            },
            "2026-12-01 04:10:02 (clock not set)  intent   load_output  off: soc below 30",
        );
        check(
            |Recorded { entry, set_later, .. }| {
                *set_later = true;
                (entry.rule, entry.used) = (None, Vec::new());
            },
            "2026-12-01 04:10:02 (clock set later)  intent   load_output  off: soc below 30",
        );
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\n°C"), "a\\u{1b}[2Jb\\n°C");
    }

    #[test]
    fn json_keeps_every_field() {
        let recorded = Recorded { id: 3, boot: "b".to_owned(), entry: entry(), set_later: false };
        let json = to_json(&recorded);
        assert_eq!(json["kind"], "intent");
        assert_eq!(json["used"][0]["age_s"], 2.0);
        assert_eq!(json["time"], "2026-12-01T04:10:02Z");
        assert_eq!(json["intent"], 7);
    }
}
