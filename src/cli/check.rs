//! `sunkeep check`: is this configuration, with its rules, fit to run?
//!
//! Reads files and nothing else: no port is opened, no pin is touched.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;

use super::site::ConfigArgs;
use crate::config::{Config, Report, last_good};
use crate::rules::RuleSet;

/// What scripts test for: the files were read and are not fit to run.
const PROBLEMS: u8 = 2;

/// Check a configuration and its rules; exit code 2 when something is wrong.
#[derive(Clone, Debug, Args)]
pub struct Check {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print an array of {file, line, column, message, help, severity}.
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Checks, and prints what was found.
    ///
    /// # Errors
    /// Only when the answer cannot be printed.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let checked = last_good::load_whole(&self.config.config).and_then(|(config, source)| {
            let rules = config.load_rules()?;
            let notes = config.notes(source, &rules)?;
            Ok((config, rules, notes))
        });
        match (&checked, self.json) {
            (Ok((_, _, report)) | Err(report), true) => {
                println!("{}", serde_json::to_string_pretty(&report.located())?);
            }
            (Ok((config, rules, notes)), false) => {
                let warnings = notes.render(std::io::stderr().is_terminal());
                if !warnings.is_empty() {
                    writeln!(std::io::stderr(), "{}\n", warnings.trim_end())?;
                }
                println!("{}", summary(config, rules, notes));
            }
            (Err(report), false) => draw(report)?,
        }
        Ok(if checked.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) })
    }
}

fn summary(config: &Config, rules: &RuleSet, notes: &Report) -> String {
    let well = match notes.problems.len() {
        0 => "all well".to_owned(),
        some => format!("fit to run, with {}", count(some, "warning")),
    };
    format!(
        "{well}: {}, {}, {}, {}",
        count(config.devices.len(), "device"),
        count(config.inputs.len(), "input"),
        count(config.outputs.len(), "output"),
        count(rules.rules().len(), "rule"),
    )
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn draw(report: &Report) -> std::io::Result<()> {
    let mut out = std::io::stderr().lock();
    let color = std::io::stderr().is_terminal();
    write!(out, "{}", report.render(color))?;
    writeln!(out, "{}; nothing was started", count(report.problems.len(), "problem"))
}
