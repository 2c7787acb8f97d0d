//! `sunkeep arm`, `disarm`, `reload`, `acknowledge` and `status`: a word with the daemon.

use std::process::ExitCode;

use clap::Args;

use super::site::ConfigArgs;
use crate::control::{self, Ask, Notice, Reply, Status};

/// Let the rules act. Until then the daemon only journals what it would do.
#[derive(Debug, Args)]
pub struct Arm {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Go back to observing: outputs return to their safe state and nothing moves any more.
#[derive(Debug, Args)]
pub struct Disarm {
    #[command(flatten)]
    config: ConfigArgs,
    /// Hold every output at its safe state, registers included, and ask no rule
    #[arg(long)]
    safe: bool,
}

/// Load the rules anew: all of them, or none, and says what is wrong.
#[derive(Debug, Args)]
pub struct Reload {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Say that you have seen a rule that is set (one with `latch` clears only then), what
/// tripped an output first, or that a device is another than before: it is written again.
#[derive(Debug, Args)]
pub struct Acknowledge {
    #[command(flatten)]
    config: ConfigArgs,
    /// The name of the rule, the output or the device.
    rule: String,
}

/// Show what a running daemon knows, decides and has done.
#[derive(Debug, Args)]
pub struct ShowStatus {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON for a script.
    #[arg(long)]
    json: bool,
}

impl Arm {
    /// Asks the daemon to arm.
    ///
    /// # Errors
    /// When no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        tell(&self.config, &Ask::Arm)
    }
}

impl Disarm {
    /// Asks the daemon to disarm.
    ///
    /// # Errors
    /// When no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let ask = if self.safe { Ask::KeepSafe } else { Ask::Disarm };
        tell(&self.config, &ask)
    }
}

impl Acknowledge {
    /// Tells the daemon.
    ///
    /// # Errors
    /// When no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (rule, owner) = (self.rule.clone(), String::new());
        tell(&self.config, &Ask::Acknowledge { rule, owner })
    }
}

impl Reload {
    /// Asks the daemon to load its rules anew.
    ///
    /// # Errors
    /// When no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match control::ask(&self.config.data()?, &Ask::Reload)? {
            Reply::Refused { message } => {
                eprintln!("{message}\n\nnot loaded: the rules that were loaded run on");
                Ok(ExitCode::from(2))
            }
            Reply::Done { message } => {
                println!("{message}");
                Ok(ExitCode::SUCCESS)
            }
            other => anyhow::bail!(other.refusal()),
        }
    }
}

/// Tells the daemon something and prints what it says.
///
/// # Errors
/// When no daemon answers, or it refuses.
pub(super) fn tell(config: &ConfigArgs, ask: &Ask) -> anyhow::Result<ExitCode> {
    match control::ask(&config.data()?, ask)? {
        Reply::Done { message } => {
            println!("{message}");
            Ok(ExitCode::SUCCESS)
        }
        other => anyhow::bail!("not done: {}", other.refusal()),
    }
}

impl ShowStatus {
    /// Prints the daemon's status.
    ///
    /// # Errors
    /// When no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match control::ask(&self.config.data()?, &Ask::Status)? {
            Reply::Status(status) if self.json => {
                println!("{}", serde_json::to_string_pretty(&*status)?);
            }
            Reply::Status(status) => print!("{}", text(&status)),
            other => anyhow::bail!(other.refusal()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The status as a page of text.
fn text(status: &Status) -> String {
    use std::fmt::Write;
    let mut page = String::new();
    let trusted = if status.time_trusted { "" } else { " (clock not set yet)" };
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _ = writeln!(page, "{text}");
    };
    line(format_args!("mode {}   {}{trusted}", status.mode, status.time));
    for notice in &status.notices {
        let since = match notice.since.as_str() {
            "" => String::new(),
            since => format!(" since {since}"),
        };
        let Notice { about, reason, ends, .. } = notice;
        line(format_args!("! {about}: {reason}{since}; ends: {ends}"));
    }
    line(format_args!("\ndevices"));
    for device in &status.devices {
        line(format_args!("  {:16} {}  {}", device.name, device.health, device.identity));
    }
    line(format_args!("\ninputs"));
    for input in &status.inputs {
        let age = input.age.map(|age| format!("{age:.0} s ago")).unwrap_or_default();
        line(format_args!("  {:20} {:>12}  {:10} {}", input.name, input.value, age, input.quality));
    }
    line(format_args!("\nrules"));
    for rule in &status.rules {
        line(format_args!("  {:8} {}: {}", rule.state, rule.name, rule.why));
        if !rule.until.is_empty() {
            let since =
                if rule.since.is_empty() { "before the clock was set" } else { &rule.since };
            line(format_args!("           since {since}; to end it: {}", rule.until));
        }
    }
    if !status.rules_problem.is_empty() {
        line(format_args!("  the rules folder was not loaded: {}", status.rules_problem));
    }
    line(format_args!("\noutputs"));
    for output in &status.outputs {
        line(format_args!(
            "  {:16} asked {:4} decided {:4} reads back {:8} {}",
            output.name, output.asked, output.decided, output.read_back, output.note
        ));
    }
    if !status.wear.is_empty() {
        line(format_args!("\nwrites into flash"));
    }
    for wear in &status.wear {
        line(format_args!("  {}", super::wear::told(wear)));
    }
    if status.lost > 0 {
        line(format_args!("\n{} readings or entries could not be stored", status.lost));
    }
    line(format_args!("\njournal"));
    for entry in status.journal.iter().rev().take(10).rev() {
        line(format_args!(
            "  {} {:7} {} {}  {}",
            entry.time, entry.kind, entry.subject, entry.what, entry.reason
        ));
    }
    page
}
