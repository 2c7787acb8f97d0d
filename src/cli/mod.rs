//! The command line: arguments → configuration → one driver → exit code.
//!
//! One small file a subcommand. Exit codes: 0 done, 1 not done, 2 the
//! arguments, the configuration or the rules are wrong.

mod arm;
mod backup;
pub mod check;
mod csv;
mod db;
mod declared;
pub mod decode;
#[cfg_attr(
    not(feature = "tui"),
    allow(dead_code, irrefutable_let_patterns, reason = "only the screen shows the sky")
)]
mod demo;
pub mod device;
mod doctor;
mod export;
pub mod get;
mod history;
pub mod journal;
mod log;
mod output;
mod overrides;
mod past;
mod plot;
mod port;
pub mod registers;
pub mod rules;
mod run;
mod safe_outputs;
pub mod scan;
pub mod set;
pub mod sim;
mod site;
mod test;
mod through_daemon;
pub mod watch;
mod wear;
mod when;
mod why;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps a remote, solar-powered site alive: reads Victron VE.Direct devices,
/// keeps a history, and lets your rules act through relays and registers.
#[derive(Debug, Parser)]
#[command(name = "sunkeep", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Run(run::Run),
    SafeOutputs(safe_outputs::SafeOutputs),
    Doctor(doctor::Doctor),
    Check(check::Check),
    Test(test::Test),
    Arm(arm::Arm),
    Disarm(arm::Disarm),
    Override(overrides::Override),
    Reload(arm::Reload),
    Acknowledge(arm::Acknowledge),
    Status(arm::ShowStatus),
    Journal(journal::Journal),
    Why(why::Why),
    History(history::History),
    Plot(plot::Plot),
    Export(export::Export),
    Backup(backup::Backup),
    Db(db::Db),
    Scan(scan::Scan),
    Watch(watch::Watch),
    Get(get::Get),
    Set(set::Set),
    Device(device::Device),
    Registers(registers::Registers),
    Rules(rules::Rules),
    Decode(decode::Decode),
    Sim(sim::Args),
}

/// Runs the command line and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _lines = log::start();
    match run(&arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(demo) => demo.run(),
        Command::Run(run) => run.run(),
        Command::SafeOutputs(safe) => safe.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Check(check) => check.run(),
        Command::Test(test) => test.run(),
        Command::Arm(arm) => arm.run(),
        Command::Disarm(disarm) => disarm.run(),
        Command::Override(wish) => wish.run(),
        Command::Reload(reload) => reload.run(),
        Command::Acknowledge(acknowledge) => acknowledge.run(),
        Command::Status(status) => status.run(),
        Command::Journal(journal) => journal.run(),
        Command::Why(why) => why.run(),
        Command::History(history) => history.run(),
        Command::Plot(plot) => plot.run(),
        Command::Export(export) => export.run(),
        Command::Backup(backup) => backup.run(),
        Command::Db(db) => db.run(),
        Command::Scan(scan) => scan.run(),
        Command::Watch(watch) => watch.run(),
        Command::Get(get) => get.run(),
        Command::Set(set) => set.run(),
        Command::Device(device) => device.run(),
        Command::Registers(registers) => registers.run(),
        Command::Rules(rules) => rules.run(),
        Command::Decode(decode) => decode.run(),
        Command::Sim(sim) => sim.run(),
    }
}
