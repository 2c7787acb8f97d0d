//! `sunkeep safe-outputs`: every pin to its safe level, and nothing else.
//!
//! A killed process leaves its pins as they were, so somebody must come after
//! it: systemd, before each start and after each end. This command needs neither
//! database nor rules nor devices, and the configuration only where the daemon
//! left no pin table: the table says what the dead process *drove*, while the
//! configuration may have been edited since. It tries every pin, whatever
//! happens with one of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::site::ConfigArgs;
use crate::actuator::gpio::{Backend, Pins};
use crate::actuator::pin_table::{self, PinTable};
use crate::config;

/// Take every GPIO pin to its safe level. For use before the daemon starts and
/// after it has died; stop the daemon first.
///
/// Reads the pin table that the daemon leaves, and the outputs of the
/// configuration only if there is none or it is damaged. The load output of a
/// charger is a register and stays as it is.
#[derive(Clone, Debug, Args)]
pub struct SafeOutputs {
    #[command(flatten)]
    config: ConfigArgs,
    /// The pin table. Without it, the file `pins` in the data folder.
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    /// In a unit's ExecStopPost: do nothing when the daemon has ended in order, since
    /// it left every output as its `at_exit` says.
    #[arg(long)]
    after_stop: bool,
    /// Move no real pin, only print what would be done.
    #[arg(long)]
    simulate_pins: bool,
}

/// What is to be set, and what could not be found out.
#[derive(Debug, Default)]
struct Plan {
    table: PinTable,
    troubles: Vec<String>,
}

impl SafeOutputs {
    /// Sets the pins; exit code 1 unless all of them are known to be safe.
    ///
    /// # Errors
    /// None: whatever goes wrong is told, and the other pins are set.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        if self.after_stop && ended_in_order(|name| std::env::var(name).ok()) {
            return Ok(ExitCode::SUCCESS);
        }
        let backend = if self.simulate_pins { Backend::Simulated } else { Backend::Auto };
        let (pins, plan) = (Pins::new(backend), self.plan());
        let mut troubles = plan.troubles;
        for line in &plan.table.lines {
            let level = if line.high { "high" } else { "low" };
            match pins.set(&line.wiring(), line.high) {
                Ok(()) => println!("GPIO {} is {level}: {} is safe", line.pin, line.name),
                Err(error) => troubles.push(format!("{}: {error}", line.name)),
            }
        }
        for trouble in &troubles {
            eprintln!("error: {trouble}");
        }
        if plan.table.lines.is_empty() && troubles.is_empty() {
            println!("no output is switched by a pin");
        }
        Ok(if troubles.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn plan(&self) -> Plan {
        // A configuration that cannot be read hides the data folder too.
        let data = || self.config.data().ok().map(|data| data.join(pin_table::FILE));
        let table = self.pins.clone().or_else(data);
        plan(table.as_deref(), &self.config.config)
    }
}

/// The table, or what is readable of it with the configuration's pins besides.
fn plan(table: Option<&Path>, config: &Path) -> Plan {
    let loaded = table.map(PinTable::load).unwrap_or_default();
    if table.is_some() && loaded.damage.is_none() {
        return Plan { table: loaded.table, troubles: Vec::new() };
    }
    let mut plan = Plan { table: loaded.table, troubles: Vec::new() };
    let read = std::fs::read_to_string(config).map_err(|error| error.to_string());
    match read.and_then(|text| config::pins_of(&text).map_err(|error| error.to_string())) {
        Ok((declared, unknown)) => {
            let known = |pin| plan.table.lines.iter().any(|line| line.pin == pin);
            let more: Vec<_> = declared.lines.into_iter().filter(|line| !known(line.pin)).collect();
            plan.table.lines.extend(more);
            let trouble = |name| format!("the safe level of `{name}` is not declared in full");
            plan.troubles.extend(unknown.into_iter().map(trouble));
        }
        Err(error) => {
            let table = table.map_or_else(|| "pin table".to_owned(), |t| t.display().to_string());
            let damage = loaded.damage.unwrap_or_else(|| "none".to_owned());
            plan.troubles.push(format!(
                "no pins are known: {table}: {damage}; {}: {error}; say which with --config FILE",
                config.display()
            ));
        }
    }
    plan
}

/// What systemd tells an ExecStopPost about the end of the daemon. Anything but a
/// clean exit, and a process that died of SIGTERM, may have left a pin anywhere.
fn ended_in_order(said: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name, value| said(name).as_deref() == Some(value);
    is("SERVICE_RESULT", "success") && is("EXIT_CODE", "exited") && is("EXIT_STATUS", "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::gpio::Wiring;
    use crate::arbiter::Level;

    const CONFIG: &str = "[outputs.pump]\ngpio = 18\nactive = 'high'\nsafe = 'off'\n";

    /// The pins that are set and how many troubles there are, with `table` and
    /// `config` as the texts of the two files.
    #[track_caller]
    fn check(table: Option<&str>, config: Option<&str>, pins: &[u8], troubles: usize) {
        let folder = tempfile::tempdir().unwrap();
        let (at, beside) = (folder.path().join("pins"), folder.path().join("config.toml"));
        for (path, text) in [(&at, table), (&beside, config)] {
            if let Some(text) = text {
                std::fs::write(path, text).unwrap();
            }
        }
        let plan = plan(Some(&at), &beside);
        let found: Vec<_> = plan.table.lines.iter().map(|line| line.pin).collect();
        assert_eq!((&found[..], plan.troubles.len()), (pins, troubles), "{plan:?}");
    }

    #[test]
    fn what_the_dead_process_drove_counts_not_what_was_written_since() {
        check(Some("17 low auto heater\n1 pins\n"), Some(CONFIG), &[17], 0);
        check(Some("17 low auto heater\n1 pins\n"), Some("no toml ["), &[17], 0);
    }

    #[test]
    fn without_a_table_the_configuration_tells() {
        check(None, Some(CONFIG), &[18], 0);
        check(None, Some(""), &[], 0);
    }

    #[test]
    fn half_a_table_is_used_with_the_configuration_besides() {
        check(Some("17 low auto heater\n4 hi"), Some(CONFIG), &[17, 18], 0);
        check(Some("17 low auto heater\n"), None, &[17], 1);
    }

    #[test]
    fn nothing_known_is_not_success() {
        check(None, None, &[], 1);
        check(None, Some("[outputs.pump]\ngpio = 18\nactive = 'high'\n"), &[], 1);
    }

    #[test]
    fn only_a_clean_exit_is_an_end_in_order() {
        let end = |result: &str, code: &str, status: &str| {
            let words = [("SERVICE_RESULT", result), ("EXIT_CODE", code), ("EXIT_STATUS", status)];
            let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
            ended_in_order(|name| words.iter().find(|w| w.0 == name).map(|w| w.1.clone()))
        };
        assert!(end("success", "exited", "0"));
        assert!(!end("success", "killed", "TERM"));
        assert!(!end("signal", "killed", "KILL"));
        assert!(!end("watchdog", "killed", "ABRT"));
        assert!(!end("exit-code", "exited", "1"));
        assert!(!ended_in_order(|_| None), "by hand there is no systemd");
    }

    #[test]
    fn a_table_of_the_daemon_is_all_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pins");
        let table = PinTable::new([(Wiring::new(17, true), Level::Off, "heater")]);
        table.save(&file).unwrap();
        assert_eq!(plan(Some(&file), Path::new("/nowhere")).table, table);
    }
}
