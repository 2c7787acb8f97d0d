//! `sunkeep set`: write a register of a device, seen before and after.

use std::process::ExitCode;

use anyhow::{Context, bail};

use super::port::{PortArgs, Registers, confirmed, find_register, reach};
use crate::session::report::{RegisterReport, WriteReport};
use crate::session::{Authority, ReadResult, Task};
use crate::units::Value;
use crate::vedirect::register::{Decoded, Register, Type, Wear, forbidden_value};

/// Write a register by name or number
///
/// Shows the old and the new value and what the write costs, asks, writes, and
/// reads back: `sunkeep set --port /dev/ttyUSB0 battery_float_voltage 13.6`.
#[derive(Clone, Debug, clap::Args)]
pub struct Set {
    /// The port and its family.
    #[command(flatten)]
    pub at: PortArgs,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Write registers and values of the deny list too: they can end the
    /// conversation with the device or its charging for good
    #[arg(long, requires = "port")]
    pub allow_denied: bool,
    /// The result as one JSON object; needs --yes
    #[arg(long, requires = "yes")]
    pub json: bool,
    /// The device's name in the configuration, unless --port is given; then
    /// the register and its value: a number in the register's unit, a name, or
    /// the raw number in hex. A register that is an action takes no value
    #[arg(required = true, num_args = 1..=3, allow_negative_numbers = true,
          value_name = "[DEVICE] REGISTER VALUE")]
    pub words: Vec<String>,
}

impl Set {
    /// Writes and prints; exit code 1 unless the device now has the value.
    ///
    /// # Errors
    /// Unknown names, values that do not fit, devices that cannot be reached.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (mut device, words) = reach(&self.at, &self.words)?;
        self.run_on(&mut *device, words)
    }

    /// The same on any device, with register and value alone in `words`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_on(&self, device: &mut dyn Registers, words: &[String]) -> anyhow::Result<ExitCode> {
        let (word, text) = match words {
            [word] => (word, None),
            [word, text] => (word, Some(text)),
            _ => bail!("what is wanted is a register and its new value"),
        };
        let (id, row) = find_register(device.family(), word)?;
        let row = row.with_context(|| {
            format!("register 0x{id:04X} is not in the catalogue of this family: not written")
        })?;
        let task = self.task(row, text.map(String::as_str))?;
        if row.kind == Type::Void {
            eprintln!("{} ({:#06X}) is an action: it has no value to read back", row.name, row.id);
        } else if row.readable && !self.show(device, row, &task)? {
            return Ok(ExitCode::FAILURE);
        }
        if !confirmed(&format!("Write {}? [y/N]", row.name), "y", self.yes)? {
            eprintln!("nothing written");
            return Ok(ExitCode::FAILURE);
        }
        let report = WriteReport::new(row, &device.change(task)?);
        if self.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            println!("{report}");
        }
        Ok(if report.done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn task(&self, row: &'static Register, text: Option<&str>) -> anyhow::Result<Task> {
        if !row.writable {
            bail!("{} (0x{:04X}) is read-only", row.name, row.id);
        }
        let authority =
            if self.allow_denied { Authority::HumanAllowingDenied } else { Authority::Human };
        let register = row.id;
        let denied = self.check_denied(row, text)?;
        if denied && self.allow_denied {
            eprintln!("warning: {} is on the deny list. {}", row.name, row.note);
        }
        match (row.kind, text) {
            (Type::Void, None) => Ok(Task::Trigger { register, authority }),
            (Type::Void, Some(_)) => bail!("{} is an action and takes no value", row.name),
            (_, None) => bail!("{} needs a value", row.name),
            (_, Some(text)) => {
                let value = row.parse_value(text)?;
                row.encode(&value)?;
                Ok(Task::Write { register, value, authority })
            }
        }
    }

    /// Whether register or value are on the deny list; an error if they are
    /// and that was not allowed.
    fn check_denied(&self, row: &Register, text: Option<&str>) -> anyhow::Result<bool> {
        let raw = text.and_then(|text| row.encode_raw(&row.parse_value(text).ok()?).ok());
        let forbidden = raw.and_then(|raw| forbidden_value(row.id, raw));
        if let Some(why) = forbidden
            && !self.allow_denied
        {
            bail!("{} with this value {why}; --allow-denied writes it all the same", row.name);
        }
        if row.denied && !self.allow_denied {
            bail!(
                "{} (0x{:04X}) is on the deny list: {}; --allow-denied writes it all the same",
                row.name,
                row.id,
                row.note,
            );
        }
        Ok(row.denied || forbidden.is_some())
    }

    /// Shows old value, new value and wear; `false` if the old cannot be read.
    fn show(
        &self,
        device: &mut dyn Registers,
        row: &'static Register,
        task: &Task,
    ) -> anyhow::Result<bool> {
        let before = device.read(row.id)?;
        if !matches!(before, ReadResult::Value(_)) {
            let failed = RegisterReport::new(row.id, Some(row), &before);
            eprintln!("{failed}\nnothing written: what cannot be read is not written");
            return Ok(false);
        }
        if let Task::Write { value, .. } = task {
            eprintln!("{} (0x{:04X})", row.name, row.id);
            eprintln!("  now  {}", RegisterReport::new(row.id, Some(row), &before).message);
            eprintln!("  new  {}", told(row, value));
            eprintln!("  {}", wear(row.wear));
        }
        Ok(true)
    }
}

fn told(row: &Register, value: &Value) -> String {
    let value = ReadResult::Value(Decoded::Value(value.clone()));
    RegisterReport::new(row.id, Some(row), &value).message
}

fn wear(wear: Wear) -> &'static str {
    match wear {
        Wear::None => "costs nothing",
        Wear::Volatile => "lost when the device restarts; may be written often",
        Wear::Stored => "stored in flash, which wears out: do not write it often",
        Wear::Unknown => "possibly stored in flash, which wears out: do not write it often",
    }
}

#[cfg(test)]
mod tests {
    use super::super::port::fake::Fake;
    use super::*;
    use crate::session::WriteResult;
    use crate::vedirect::register::{Family, by_name};
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        set: Set,
    }

    /// Runs a command line on a fake charger; whether it succeeded, and what it sent.
    fn run(words: &[&str], result: WriteResult) -> (Result<bool, String>, Vec<Task>) {
        let set = Line::parse_from(["set", "--port", "P"].iter().chain(words)).set;
        let mut device = Fake { result, ..Fake::new() };
        let ended = set.run_on(&mut device, &set.words).map_err(|error| error.to_string());
        (ended.map(|code| code == ExitCode::SUCCESS), device.changes)
    }

    #[track_caller]
    fn check_refused(words: &[&str], reason: &str) {
        let (ended, changes) = run(words, WriteResult::Done);
        let error = ended.unwrap_err();
        assert!(error.contains(reason), "{error}");
        assert_eq!(changes, []);
    }

    fn write(register: u16, value: f64, authority: Authority) -> Task {
        Task::Write { register, value: Value::Number(value), authority }
    }

    #[test]
    fn a_value_is_written_as_a_number_a_name_or_with_its_unit() {
        for (text, register, value) in [
            ("13.5", "battery_float_voltage", 13.5),
            ("13.5V", "battery_float_voltage", 13.5),
            ("off", "load_output_control", 0.0),
            ("0x05", "load_output_control", 5.0),
        ] {
            let (ended, changes) = run(&[register, text, "--yes"], WriteResult::Done);
            assert_eq!(ended, Ok(true));
            let id = by_name(Family::Mppt, register).unwrap().id;
            assert_eq!(changes, [write(id, value, Authority::Human)]);
        }
    }

    #[test]
    fn what_is_not_done_is_no_success() {
        for result in [WriteResult::Unanswered, WriteResult::Unverified] {
            let (ended, changes) = run(&["0xEDF6", "13.5", "--yes"], result);
            assert_eq!(ended, Ok(false));
            assert_eq!(changes.len(), 1);
        }
        let (ended, _) = run(&["0xEDF6", "13.5", "--yes"], WriteResult::Unchanged);
        assert_eq!(ended, Ok(true));
    }

    #[test]
    fn what_cannot_be_read_is_not_written() {
        let (ended, changes) = run(&["battery_max_current", "10", "--yes"], WriteResult::Done);
        assert_eq!(ended, Ok(false));
        assert_eq!(changes, []);
    }

    #[test]
    fn the_deny_list_needs_its_flag() {
        check_refused(&["battery_type", "2", "--yes"], "deny list");
        check_refused(&["network_mode", "9", "--yes"], "--allow-denied");
        check_refused(&["clear_history", "--yes"], "deny list");
        let words = ["battery_type", "3", "--yes", "--allow-denied"];
        let (ended, changes) = run(&words, WriteResult::Done);
        assert_eq!(ended, Ok(true));
        assert_eq!(changes, [write(0xEDF1, 3.0, Authority::HumanAllowingDenied)]);
    }

    #[test]
    fn nonsense_is_refused_before_anything_is_sent() {
        check_refused(&["pv_power", "5", "--yes"], "read-only");
        check_refused(&["battery_float_voltage", "much", "--yes"], "neither a number");
        check_refused(&["battery_float_voltage", "-2", "--yes"], "outside");
        check_refused(&["battery_float_voltage", "--yes"], "needs a value");
        check_refused(&["0x7777", "1", "--yes"], "not in the catalogue");
    }
}
