//! `sunkeep why`: why is an output as it is, or why does a rule want what it
//! wants; and what would have to be different.
//!
//! Asks the daemon for the present, and reads the journal for the past or when
//! no daemon runs. It changes nothing.

mod tale;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::journal::to_json;
use super::site::{self, ConfigArgs};
use crate::clock::{Clock, SystemClock};
use crate::control::{self, Ask, Reply, Status};
use crate::problem::nearest;
use crate::store::Recorded;
use crate::store::query::JournalReader;

/// As many entries about one thing as a story may reach back: a rule that never
/// rests writes 60 in an hour.
const ENTRIES: u32 = 500;

/// Say why an output is as it is, or why a rule wants what it wants, and what
/// would have to be different.
#[derive(Debug, Args)]
pub struct Why {
    /// An output, a set-point, a mode, an alert channel, or the name of a rule.
    #[arg(value_name = "OUTPUT|RULE")]
    name: String,
    /// Then instead of now: "2026-01-15 06:00" here, a full timestamp, or `2h` ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
    #[command(flatten)]
    config: ConfigArgs,
    /// The data folder, instead of the one that the configuration names.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Print JSON for a script.
    #[arg(long)]
    json: bool,
}

impl Why {
    /// Prints the answer; exit code 1 when nothing is known of the name.
    ///
    /// # Errors
    /// When neither a daemon nor the journal can be asked.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let data = match &self.data {
            Some(data) => data.clone(),
            None => self.config.data()?,
        };
        let status = match self.at {
            None if control::listening(&data) => present(&data)?,
            _ => None,
        };
        let entries = JournalReader::open(&data)
            .and_then(|reader| reader.about(&self.name, self.at, ENTRIES))
            .with_context(|| format!("cannot read the journal in {}", data.display()));
        // A daemon that answers makes up for a journal that cannot be read.
        let entries = if status.is_some() { entries.unwrap_or_default() } else { entries? };
        let known = status.as_deref().is_some_and(|status| tale::knows(status, &self.name));
        if !known && entries.is_empty() {
            eprintln!("{}", self.unknown(status.as_deref()));
            return Ok(ExitCode::FAILURE);
        }
        if self.json {
            println!(
                "{}",
                serde_json::to_string_pretty(&self.object(status.as_deref(), &entries))?
            );
            return Ok(ExitCode::SUCCESS);
        }
        let zone = TimeZone::system();
        match &status {
            Some(status) => print!("{}", tale::now(&self.name, status, &entries, &zone)),
            None => print!("{}", tale::then(&self.name, self.at, &entries, &zone)),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn unknown(&self, status: Option<&Status>) -> String {
        let name = &self.name;
        let Some(status) = status else {
            let when = if self.at.is_some() { " before that time" } else { "" };
            return format!("the journal says nothing about `{name}`{when}");
        };
        let outputs = status.outputs.iter().map(|output| output.name.as_str());
        let known = outputs.chain(status.rules.iter().map(|rule| rule.name.as_str()));
        let help = nearest(name, known)
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("there is no output and no rule `{name}`{help}")
    }

    fn object(&self, status: Option<&Status>, entries: &[Recorded]) -> serde_json::Value {
        let rules: Vec<_> = status.iter().flat_map(|s| tale::rules(s, &self.name)).collect();
        let mut outputs = status.iter().flat_map(|status| &status.outputs);
        serde_json::json!({
            "name": self.name,
            "at": self.at.map(|at| at.to_string()),
            "output": outputs.find(|output| output.name == self.name),
            "rules": rules,
            "journal": entries.iter().map(to_json).collect::<Vec<_>>(),
        })
    }
}

fn present(data: &Path) -> anyhow::Result<Option<Box<Status>>> {
    match control::ask(data, &Ask::Status)? {
        Reply::Status(status) => Ok(Some(status)),
        other => anyhow::bail!(other.refusal()),
    }
}

/// A moment on the command line.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return TimeZone::system().to_timestamp(local).map_err(|error| error.to_string());
    }
    let ago = site::duration(text).ok().and_then(|ago| SignedDuration::try_from(ago).ok());
    let then = ago.and_then(|ago| SystemClock::new().now().wall.checked_sub(ago).ok());
    then.ok_or_else(|| {
        format!("`{text}` is no time: write \"2026-01-15 06:00\", or 2h for two hours ago")
    })
}
