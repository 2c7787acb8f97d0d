//! `sunkeep doctor`: what about this machine will hurt the site one day?
//!
//! A table of small checks. Each reads files of the machine below a root that
//! tests can replace, and says what it found, with the command that mends it. It
//! changes nothing, and opens no port that somebody else holds.

mod machine;
mod outputs;
mod ports;
mod storage;
mod system;
mod wear;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::site::ConfigArgs;
use crate::config::{self, Config};
use crate::control::{self, Ask, Reply, Status};
use machine::Machine;

/// Look for what will hurt the site one day: watchdog, clock, card, power, pins,
/// ports. Exit code 1 if something should be mended.
#[derive(Clone, Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print an array of {check, grade, found, mend}.
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Grade {
    /// As it should be.
    Good,
    /// Could not be found out here, or does not matter here.
    Unknown,
    /// Will hurt on a bad day.
    Warning,
    /// Hurts now.
    Bad,
}

impl Grade {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unknown => "?",
            Self::Warning => "warning",
            Self::Bad => "BAD",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Finding {
    /// Which check.
    check: &'static str,
    grade: Grade,
    /// What is so.
    found: String,
    /// What to do about it, a command where there is one; empty when nothing is to be done.
    mend: String,
}

/// What a check says, before its name is put to it.
type Said = (Grade, String, String);

fn good(found: impl Into<String>) -> Said {
    (Grade::Good, found.into(), String::new())
}

fn unknown(found: impl Into<String>) -> Said {
    (Grade::Unknown, found.into(), String::new())
}

fn warning(found: impl Into<String>, mend: impl Into<String>) -> Said {
    (Grade::Warning, found.into(), mend.into())
}

fn bad(found: impl Into<String>, mend: impl Into<String>) -> Said {
    (Grade::Bad, found.into(), mend.into())
}

/// What checks look at.
struct Patient {
    machine: Machine,
    /// `None`: there is none that can be used.
    config: Option<Config>,
    /// Why there is no usable configuration.
    config_problem: String,
    /// What a running daemon says; `None`: none runs.
    status: Option<Status>,
}

/// One check.
type Look = fn(&Patient) -> Vec<Said>;

/// Every check, in the order in which they are told.
const CHECKS: &[(&str, Look)] = &[
    ("configuration", configuration),
    ("daemon", system::daemon),
    ("watchdog", system::watchdog),
    ("memory limit", system::memory_cgroup),
    ("time", system::time),
    ("power supply", system::power),
    ("free space", storage::space),
    ("mount", storage::mount),
    ("pull at boot", outputs::boot_pulls),
    ("character device", outputs::persistence),
    ("GPIO access", outputs::access),
    ("ports", ports::there),
    ("port openers", ports::openers),
    ("kernel console", ports::console),
    ("identities", ports::identities),
    ("flash wear", wear::today),
    ("flash life", wear::life),
];

impl Doctor {
    /// Looks at everything and tells.
    ///
    /// # Errors
    /// Only when the answer cannot be printed.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let findings = examine(&self.patient());
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            print!("{}", text(&findings));
        }
        let well = findings.iter().all(|finding| finding.grade < Grade::Warning);
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn patient(&self) -> Patient {
        let (config, config_problem) = match config::load(&self.config.config) {
            Ok((mut config, _)) => {
                // Mounts have full paths.
                config.data = std::path::absolute(&config.data).unwrap_or(config.data);
                (Some(config), String::new())
            }
            Err(report) => {
                let first = report.located().into_iter().next();
                (None, first.map_or_else(String::new, |problem| problem.message))
            }
        };
        let asked =
            config.as_ref().and_then(|config| control::ask(&config.data, &Ask::Status).ok());
        let status = match asked {
            Some(Reply::Status(status)) => Some(*status),
            _ => None,
        };
        Patient { machine: Machine::here(), config, config_problem, status }
    }
}

fn examine(patient: &Patient) -> Vec<Finding> {
    let run = |(check, look): &(&'static str, Look)| {
        let check = *check;
        look(patient).into_iter().map(move |(grade, found, mend)| Finding {
            check,
            grade,
            found,
            mend,
        })
    };
    CHECKS.iter().flat_map(run).collect()
}

fn configuration(patient: &Patient) -> Vec<Said> {
    match &patient.config {
        Some(_) => vec![good("it is free of mistakes")],
        None => {
            vec![bad(format!("it cannot be used: {}", patient.config_problem), "sunkeep check")]
        }
    }
}

fn text(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let Finding { check, grade, found, mend } = finding;
        let mend = if mend.is_empty() { String::new() } else { format!("\n{:27}{mend}", "") };
        format!("{:8} {check:17} {found}{mend}\n", grade.word())
    };
    let lines: String = findings.iter().map(line).collect();
    let count = findings.iter().filter(|finding| finding.grade >= Grade::Warning).count();
    let end = match count {
        0 => "nothing to mend".to_owned(),
        1 => "1 thing to mend".to_owned(),
        some => format!("{some} things to mend"),
    };
    format!("{lines}{end}\n")
}

#[cfg(test)]
mod tests;
