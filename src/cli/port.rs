//! Reaching a device's registers from the command line.
//!
//! [`Registers`] is all that `get`, `set` and `device` need; an open port is
//! one way to it. What they print they make from the results alone.

#[cfg(test)]
pub(super) mod fake;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::site::ConfigArgs;
use super::through_daemon::ThroughDaemon;
use crate::control::{self, Ask, Reply};
use crate::daemon;
use crate::serial::direct::Direct;
use crate::serial::{PortError, Recorder};
use crate::session::{Departure, Link, Outcome, Plan, ReadResult, Settings, Task, WriteResult};
use crate::vedirect::register::{self, Family, Register};
use crate::wear::Key;

/// Names offered when a register's name is not known.
const SUGGESTIONS: usize = 3;

/// Where a command finds its device.
#[derive(Clone, Debug, clap::Args)]
pub struct PortArgs {
    /// The configuration of the running daemon; not needed with --port
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Talk to the device on this port; no daemon may have it open
    #[arg(long, value_name = "PORT")]
    pub port: Option<PathBuf>,
    /// Use this family's registers, whatever the product says
    #[arg(long, value_parser = family)]
    pub family: Option<Family>,
    /// Write every byte of the conversation to this file
    #[arg(long, value_name = "FILE", requires = "port")]
    pub record: Option<PathBuf>,
}

/// Whoever can read and write a device's registers.
pub trait Registers {
    /// The family whose catalogue names the registers.
    fn family(&self) -> Family;
    /// Reads one register.
    ///
    /// # Errors
    /// When the device cannot be reached at all.
    fn read(&mut self, register: u16) -> anyhow::Result<ReadResult>;
    /// Performs a task that changes something.
    ///
    /// # Errors
    /// When the device cannot be reached at all.
    fn change(&mut self, task: Task) -> anyhow::Result<WriteResult>;
}

/// An open port with an identified device on it.
pub struct OnPort {
    path: PathBuf,
    direct: Direct,
}

impl OnPort {
    /// Opens the port and asks who is there.
    ///
    /// # Errors
    /// Says why the port does not open, or that nobody answers on it.
    pub fn open(path: &Path, args: &PortArgs) -> anyhow::Result<Self> {
        Self::open_with(path, args, Plan::Nothing)
    }

    /// As [`open`](Self::open), polling registers meanwhile.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: &Path, args: &PortArgs, plan: Plan) -> anyhow::Result<Self> {
        let settings = Settings { family: args.family, plan, watched: true, ..Settings::default() };
        let recorder = args.record.as_deref().map(recorder).transpose()?;
        let mut direct = Direct::open(path, settings, recorder)?;
        let (config, port) = (args.config.clone(), path.display().to_string());
        direct.watched_by(Box::new(move |departure| {
            count(&config, &port, departure);
            Ok(())
        }));
        direct.identify().map_err(|error| lost(path, error))?;
        Ok(Self { path: path.to_owned(), direct })
    }

    /// Fails unless the device answers HEX and its registers are known.
    ///
    /// # Errors
    /// Says what is missing and what to do.
    pub fn must_answer(self) -> anyhow::Result<Self> {
        let path = self.path.display();
        let session = self.direct.session();
        let health = session.health();
        if session.identity().product.is_none() && health.hex != Link::Alive {
            bail!(
                "{path}: nobody answers; is this the device's port, is it powered, \
                 and are both ends of the cable plugged in? (solar chargers sleep at night)"
            );
        }
        if health.hex != Link::Alive {
            bail!(
                "{path}: the device sends TEXT but does not answer HEX; \
                 the cable may be receive-only, or the port's function was changed"
            );
        }
        if self.family() == Family::Common {
            let product = session.identity().product.unwrap_or(0);
            eprintln!(
                "{path}: product 0x{product:04X} is not in the table, so only common registers \
                 have names; say --family, if you know it"
            );
        }
        Ok(self)
    }

    /// The conversation itself.
    pub fn direct(&mut self) -> &mut Direct {
        &mut self.direct
    }

    /// Performs any task.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn perform(&mut self, task: Task) -> anyhow::Result<Outcome> {
        self.direct.perform(task).map_err(|error| lost(&self.path, error))
    }
}

/// The device that the words of a command begin with, or the one on `--port`,
/// and the words that are left.
///
/// # Errors
/// When it cannot be reached, or no device is named.
pub fn reach<'a>(
    at: &PortArgs,
    words: &'a [String],
) -> anyhow::Result<(Box<dyn Registers>, &'a [String])> {
    if let Some(port) = &at.port {
        return Ok((Box::new(OnPort::open(port, at)?.must_answer()?), words));
    }
    match words {
        [device, rest @ ..] if !rest.is_empty() => {
            Ok((Box::new(ThroughDaemon::reach(&at.config, device)?), rest))
        }
        _ => bail!("say which device: its name in the configuration first, or --port"),
    }
}

impl Registers for OnPort {
    fn family(&self) -> Family {
        self.direct.session().family()
    }

    fn read(&mut self, register: u16) -> anyhow::Result<ReadResult> {
        match self.perform(Task::Read { register })? {
            Outcome::Read(result) => Ok(result),
            other => bail!("{}: unexpected outcome {other:?}", self.path.display()),
        }
    }

    fn change(&mut self, task: Task) -> anyhow::Result<WriteResult> {
        match self.perform(task)? {
            Outcome::Written(result) => Ok(result),
            other => bail!("{}: unexpected outcome {other:?}", self.path.display()),
        }
    }
}

/// Counts a write into flash where a journal is at hand. A person at the port writes
/// all the same: he is told when it is not counted.
fn count(config: &ConfigArgs, port: &str, departure: &Departure) {
    let Departure { register, wear, identity, .. } = departure;
    // Without a configuration there is no journal to count in.
    let (true, Ok(data)) = (wear.costs(), config.data()) else { return };
    let key = Key::of(identity.serial_number.as_deref(), port, *register);
    let counted = if control::listening(&data) {
        let Key { serial, register } = key.clone();
        let ask = Ask::Count { serial, register };
        match control::ask(&data, &ask) {
            Ok(Reply::Done { .. }) => Ok(true),
            Ok(other) => Err(other.refusal()),
            Err(error) => Err(error.to_string()),
        }
    } else {
        daemon::count_without_daemon(&data, &key)
    };
    if let Err(why) = counted {
        eprintln!("{key}: this write is not counted: {why}");
    }
}

/// A family's name on the command line.
///
/// # Errors
/// Names the families there are.
pub fn family(name: &str) -> Result<Family, String> {
    Family::by_name(name).ok_or_else(|| {
        let names: Vec<_> = Family::PRODUCTS.iter().map(|family| family.name()).collect();
        format!("no such family; known are common, {}", names.join(", "))
    })
}

/// A register of a family: by our name, the vendor's, or number. A number
/// needs no row in the catalogue.
///
/// # Errors
/// An unknown name, with those that look alike.
pub fn find_register(
    family: Family,
    word: &str,
) -> anyhow::Result<(u16, Option<&'static Register>)> {
    if let Some(row) = register::by_name(family, word) {
        return Ok((row.id, Some(row)));
    }
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    if let Some(id) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
        return Ok((id, None));
    }
    let near = alike(family, word);
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(", "))
    };
    bail!(
        "`{word}` is no register of family {}{hint} (`sunkeep registers --family {}` lists them)",
        family.name(),
        family.name(),
    )
}

fn alike(family: Family, word: &str) -> Vec<&'static str> {
    let score = |row: &&'static Register| {
        strsim::jaro_winkler(row.name, word)
            .max(strsim::jaro_winkler(row.vendor_name, &word.to_ascii_uppercase()))
    };
    let mut rows: Vec<_> = register::of_family(family)
        .into_iter()
        .map(|row| (score(&row), row.name))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows.into_iter().take(SUGGESTIONS).map(|(_, name)| name).collect()
}

/// Asks before something is done; `--yes` answers.
///
/// # Errors
/// When there is nobody to ask.
pub fn confirmed(question: &str, expected: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        bail!("this needs a confirmation; add --yes where nobody can type it");
    }
    eprint!("{question} ");
    io::stderr().flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().eq_ignore_ascii_case(expected))
}

fn recorder(path: &Path) -> anyhow::Result<Recorder> {
    Recorder::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// A port that was lost in the middle, with its name.
pub fn lost(path: &Path, error: PortError) -> anyhow::Error {
    anyhow::Error::new(error).context(format!("{}: lost", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_found_by_our_name_the_vendors_or_number() {
        for word in ["battery_float_voltage", "BAT_FLOAT_V", "bat_float_v", "0xEDF6", "0XEDF6"] {
            assert_eq!(find_register(Family::Mppt, word).unwrap().0, 0xEDF6, "{word}");
        }
        let (id, row) = find_register(Family::Mppt, "0x7777").unwrap();
        assert_eq!((id, row.is_none()), (0x7777, true));
    }

    #[test]
    fn a_misspelt_register_is_answered_with_the_right_one() {
        let error = find_register(Family::Mppt, "battery_flot_voltage").unwrap_err().to_string();
        assert!(error.contains("did you mean battery_float_voltage"), "{error}");
    }
}
