//! `sunkeep db`: the two files themselves. What is in them, whether they are whole,
//! and their free pages given back to the disk.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::backup::readable;
use super::declared::{Declared, SiteArgs};
use super::journal::printable;
use super::past;
use super::when::{local, local_iso};
use crate::control::{self, Ask, Reply};
use crate::daemon::FolderLock;
use crate::store::query::{HistoryReader, JournalReader};
use crate::store::{Boot, Info, Tier, upkeep};

/// Runs that are told; older ones are counted.
const RUNS_TOLD: usize = 20;

/// Look after the two databases.
#[derive(Debug, Args)]
pub struct Db {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// What the files hold: sizes, how far back, what was counted, the runs.
    Info(Show),
    /// Whether every page, index and packed reading is whole.
    Check(Check),
    /// Give free pages back to the disk. The daemon must not run.
    Compact(Compact),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    site: SiteArgs,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    site: SiteArgs,
    /// Only pages and indexes; packed readings are not unpacked.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Args)]
struct Compact {
    #[command(flatten)]
    site: SiteArgs,
}

impl Db {
    /// Does what was asked.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.act {
            Act::Info(show) => show.run(),
            Act::Check(check) => check.run(),
            Act::Compact(compact) => compact.run(),
        }
    }
}

impl Show {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let info = past::open(&declared)?.info()?;
        let boots = JournalReader::open(&declared.data).and_then(|journal| journal.boots())?;
        // Counted since its start by the daemon, if there is one.
        let lost = match control::ask(&declared.data, &Ask::Status) {
            Ok(Reply::Status(status)) => Some(status.lost),
            _ => None,
        };
        match self.json {
            true => println!("{}", json(&declared, &info, &boots, lost)),
            false => print!("{}", told(&declared, &info, &boots, lost)),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn told(declared: &Declared, info: &Info, boots: &[Boot], lost: Option<u64>) -> String {
    let zone = &declared.zone;
    let mut lines = vec![declared.data.display().to_string()];
    for size in upkeep::sizes(&declared.data) {
        lines.push(format!("  {:<12} {:>10}", size.file, readable(size.bytes)));
    }
    let free = readable(info.bytes_free);
    lines.push(format!(
        "\nhistory: {} in use of {}, {free} free for new rows",
        readable(info.bytes),
        printable(&declared.largest)
    ));
    let each = match info.readings {
        0 => String::new(),
        // A count of rows: an f64 has room for it.
        count => format!(", {:.2} bytes each", info.readings_bytes as f64 / count as f64),
    };
    lines.push(format!(
        "  {} points; {} readings at full rate in {}{each}",
        info.points,
        info.readings,
        readable(info.readings_bytes)
    ));
    for (tier, span) in &info.tiers {
        let kept = declared.kept.get(tier).map_or("", String::as_str);
        let kept = printable(kept);
        lines.push(format!("  {:<16} {}, kept for {kept}", word(*tier), reach(*span, zone)));
    }
    match lost {
        Some(0) => lines.push("  nothing was lost since the daemon started".to_owned()),
        Some(lost) => lines.push(format!(
            "  {lost} readings and entries could not be stored since the daemon started"
        )),
        None => lines.push("  no daemon runs on this folder".to_owned()),
    }
    let entries: u64 = boots.iter().map(|boot| boot.entries).sum();
    lines.push(format!("\njournal: {entries} entries of {} runs", boots.len()));
    for boot in boots.iter().rev().take(RUNS_TOLD) {
        lines.push(format!("  {}", run(boot, zone)));
    }
    if boots.len() > RUNS_TOLD {
        lines.push(format!("  and {} older ones", boots.len() - RUNS_TOLD));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

const fn word(tier: Tier) -> &'static str {
    match tier {
        Tier::Full => "every reading",
        Tier::Minute => "minutes",
        Tier::Quarter => "quarter hours",
        Tier::Day => "days",
    }
}

fn reach(span: Option<(Timestamp, Timestamp)>, zone: &TimeZone) -> String {
    let time = |at| local(at, zone, "%Y-%m-%d %H:%M");
    span.map_or("none yet".to_owned(), |(first, last)| format!("{} to {}", time(first), time(last)))
}

fn run(boot: &Boot, zone: &TimeZone) -> String {
    let clock = if boot.clock_set { "" } else { " (clock not set)" };
    let started = local(boot.started, zone, "%Y-%m-%d %H:%M:%S");
    let (version, name) = (printable(&boot.version), printable(&boot.boot));
    format!("{started}{clock}  version {version}  {} entries  {name}", boot.entries)
}

fn json(declared: &Declared, info: &Info, boots: &[Boot], lost: Option<u64>) -> serde_json::Value {
    let zone = &declared.zone;
    let iso = |span: Option<(Timestamp, Timestamp)>| {
        span.map(|(first, last)| [local_iso(first, zone), local_iso(last, zone)])
    };
    let files: serde_json::Map<_, _> = upkeep::sizes(&declared.data)
        .into_iter()
        .map(|size| (size.file.to_owned(), size.bytes.into()))
        .collect();
    let tiers: serde_json::Map<_, _> = info
        .tiers
        .iter()
        .map(|(tier, span)| (word(*tier).replace(' ', "_"), serde_json::json!(iso(*span))))
        .collect();
    let kept: serde_json::Map<_, _> = declared
        .kept
        .iter()
        .map(|(tier, kept)| (word(*tier).replace(' ', "_"), kept.as_str().into()))
        .collect();
    let runs: Vec<_> = boots
        .iter()
        .map(|boot| {
            serde_json::json!({
                "boot": boot.boot, "version": boot.version, "started": local_iso(boot.started, zone),
                "clock_set": boot.clock_set, "entries": boot.entries, "heard": iso(boot.heard),
            })
        })
        .collect();
    serde_json::json!({
        "folder": declared.data.display().to_string(), "files": files,
        "bytes": info.bytes, "bytes_free": info.bytes_free, "points": info.points,
        "readings": info.readings, "readings_bytes": info.readings_bytes,
        "tiers": tiers, "kept": kept, "max_size": declared.largest, "lost": lost, "runs": runs,
    })
}

impl Check {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let checked = upkeep::check(&declared.data)?;
        if checked.is_empty() {
            bail!("there is no database in {}", declared.data.display());
        }
        let mut damaged = false;
        for (file, problems) in &checked {
            match problems.is_empty() {
                true => println!("{file}: every page and index is whole"),
                false => println!("{file}: damaged"),
            }
            for problem in problems {
                println!("  {}", printable(problem));
            }
            damaged |= !problems.is_empty();
        }
        if !damaged && !self.quick && checked.iter().any(|(file, _)| *file == "history.db") {
            damaged = !unpack(&past::open(&declared)?);
        }
        if damaged {
            println!(
                "`sunkeep backup` saves what can be read; the daemon sets a damaged file aside at its next start"
            );
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Unpacks every reading; says what came of it.
fn unpack(reader: &HistoryReader) -> bool {
    let mut count: u64 = 0;
    let all = Timestamp::MIN..Timestamp::MAX;
    let result = reader.replay(None, all, |_| {
        count += 1;
        true
    });
    match &result {
        Ok(()) => println!("history.db: {count} readings unpacked, every one of them"),
        Err(error) => {
            println!("history.db: after {count} readings: {}", printable(&error.with_cause()))
        }
    }
    result.is_ok()
}

impl Compact {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let dir = &self.site.read()?.data;
        if control::listening(dir) {
            bail!(
                "the daemon runs on {}: stop it first; it uses free pages again by itself",
                dir.display()
            );
        }
        // A daemon that starts meanwhile finds the folder taken and says so.
        let _lock = FolderLock::take(dir)?;
        room_for_copies(dir)?;
        for file in upkeep::compact(dir)? {
            println!(
                "{}: {} before, {} now",
                file.file,
                readable(file.before),
                readable(file.after)
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// SQLite writes a file anew twice before the old one goes: as a copy and as a log.
fn room_for_copies(dir: &Path) -> anyhow::Result<()> {
    let largest = upkeep::sizes(dir).iter().map(|size| size.bytes).max();
    let Some(largest) = largest else { bail!("there is no database in {}", dir.display()) };
    let disk =
        rustix::fs::statvfs(dir).with_context(|| format!("cannot ask about {}", dir.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < largest.saturating_mul(2) {
        let (free, needed) = (readable(free), readable(largest.saturating_mul(2)));
        bail!("compacting needs {needed} of free disk for a while, and there are {free}");
    }
    Ok(())
}
