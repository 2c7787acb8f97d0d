//! `sunkeep test`: do the rules do what their tests say?
//!
//! Reads files and runs the tests in them in virtual time; no port is opened, no
//! pin is touched. Exit code 1: a test does not hold; 2: the configuration, a
//! rule or a test is wrong.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::site::{ConfigArgs, color};
use crate::config::{self, Report};
use crate::problem::{Located, Problem, Source, line_column, render};
use crate::rules::RuleSet;
use crate::trial::{self, Outcome};

/// The files are wrong, rather than what the rules do.
const WRONG: u8 = 2;

/// Runs the tests that stand beside the rules, in virtual time.
#[derive(Debug, Args)]
pub struct Test {
    /// Rule files; all of the rules folder when none is named.
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
    /// Only tests whose name or file contains this.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Print an array with one object a test.
    #[arg(long)]
    json: bool,
}

/// One test, for a script.
#[derive(Serialize)]
struct Row {
    file: String,
    line: usize,
    column: usize,
    test: String,
    passed: bool,
    virtual_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Located>,
}

impl Test {
    /// Runs the tests and prints what became of each.
    ///
    /// # Errors
    /// Only when the answer cannot be printed.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match self.outcomes() {
            Ok((outcomes, sources)) => {
                let shown = self.show(&outcomes, &sources);
                match shown {
                    // `| head` has seen enough.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                    result => result?,
                }
                Ok(code(&outcomes))
            }
            Err(report) if self.json => {
                println!("{}", serde_json::to_string_pretty(&report.located())?);
                Ok(ExitCode::from(WRONG))
            }
            Err(report) => {
                eprint!("{}", report.render(color()));
                Ok(ExitCode::from(WRONG))
            }
        }
    }

    fn outcomes(&self) -> Result<(Vec<Outcome>, Vec<Source>), Report> {
        let (config, _) = config::load(&self.config.config)?;
        let sources = if self.files.is_empty() {
            config.rule_files()?
        } else {
            self.files.iter().map(|path| config::read(path)).collect::<Result<_, _>>()?
        };
        match RuleSet::compile(&sources, &config.world()) {
            Ok(rules) => {
                let filter = self.filter.as_deref();
                Ok((trial::run(&rules, &config.premises(), &sources, filter), sources))
            }
            Err(problems) => Err(Report { problems, sources }),
        }
    }

    fn show(&self, outcomes: &[Outcome], sources: &[Source]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            let rows: Vec<Row> = outcomes.iter().map(|outcome| row(outcome, sources)).collect();
            return writeln!(out, "{}", serde_json::to_string_pretty(&rows)?);
        }
        for outcome in outcomes {
            let word = if outcome.failure.is_none() { "ok" } else { "FAILED" };
            writeln!(out, "{word:6}  {}: {}", outcome.file, outcome.name)?;
        }
        let problems: Vec<Problem> = trial::problems(outcomes);
        if !problems.is_empty() {
            write!(out, "\n{}", render(&problems, sources, color()))?;
        }
        if outcomes.is_empty() {
            let none = match &self.filter {
                Some(text) => format!("no test and no file is named like \"{text}\""),
                None => {
                    "there are no tests: `test(\"…\", || { … })` stands beside a rule".to_owned()
                }
            };
            return writeln!(out, "{none}");
        }
        let passed = outcomes.len() - problems.len();
        writeln!(out, "{passed} of {} tests hold", outcomes.len())
    }
}

fn row(outcome: &Outcome, sources: &[Source]) -> Row {
    let text = sources.iter().find(|source| source.name == outcome.file);
    let (line, column) = text.map_or((1, 1), |source| line_column(&source.text, outcome.start));
    Row {
        file: outcome.file.clone(),
        line,
        column,
        test: outcome.name.clone(),
        passed: outcome.failure.is_none(),
        virtual_seconds: outcome.passed.as_secs_f64(),
        problem: outcome.failure.as_ref().map(|failure| failure.problem.locate(sources)),
    }
}

fn code(outcomes: &[Outcome]) -> ExitCode {
    let mut failures = outcomes.iter().filter_map(|outcome| outcome.failure.as_ref()).peekable();
    match (failures.peek().is_some(), failures.any(|failure| failure.mistaken)) {
        (false, _) => ExitCode::SUCCESS,
        (true, false) => ExitCode::FAILURE,
        (true, true) => ExitCode::from(WRONG),
    }
}
