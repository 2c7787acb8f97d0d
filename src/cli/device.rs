//! `sunkeep device`: a human's verbs (restart, factory reset, clear history),
//! and the history a device keeps.
//!
//! The verbs exist here and nowhere else: no rule, page or message reaches them.

pub mod history;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use super::port::{OnPort, PortArgs, Registers, confirmed};
use crate::session::{Authority, Event, Outcome, Task, WriteResult};

/// Back to factory settings.
const RESTORE_DEFAULT: u16 = 0x0004;
/// Forget the history.
const CLEAR_HISTORY: u16 = 0x1030;

/// Longest time in which a device is back after a restart.
const RESTART_MAX: Duration = Duration::from_secs(20);

/// Restart a device, reset it, clear or show its history
#[derive(Clone, Debug, clap::Args)]
pub struct Device {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// A human's verbs.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Restart the device: what it does not store is lost
    Restart(Confirmed),
    /// Set every setting back to what the factory set
    FactoryReset(Confirmed),
    /// Forget the device's history of days and totals
    ClearHistory(Confirmed),
    /// Print the device's day records and totals
    History(history::History),
}

/// Where, and whether to ask.
#[derive(Clone, Debug, clap::Args)]
pub struct Confirmed {
    /// The port and its family.
    #[command(flatten)]
    pub at: PortArgs,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

impl Device {
    /// Does it; exit code 1 when it was not done.
    ///
    /// # Errors
    /// Ports and devices that cannot be reached.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.verb {
            Verb::Restart(confirmed) => confirmed.restart(),
            Verb::FactoryReset(confirmed) => confirmed.trigger(
                RESTORE_DEFAULT,
                "factory-reset",
                "Every setting of this device goes back to what the factory set, battery type \
                 and voltages included: check them before it charges again.",
            ),
            Verb::ClearHistory(confirmed) => confirmed.trigger(
                CLEAR_HISTORY,
                "clear-history",
                "The device forgets its day records and totals.",
            ),
            Verb::History(history) => history.run(),
        }
    }
}

impl Confirmed {
    fn open(&self) -> anyhow::Result<(OnPort, &Path)> {
        let port = port(&self.at)?;
        Ok((OnPort::open(port, &self.at)?.must_answer()?, port))
    }

    fn trigger(&self, register: u16, verb: &str, warning: &str) -> anyhow::Result<ExitCode> {
        let (mut device, _) = self.open()?;
        if !self.agreed(&mut device, verb, warning)? {
            return Ok(ExitCode::FAILURE);
        }
        let authority = Authority::HumanAllowingDenied;
        let result = device.change(Task::Trigger { register, authority })?;
        match &result {
            WriteResult::Done => println!("{verb}: done, says the device"),
            other => println!("{verb}: {other}"),
        }
        Ok(if result.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn restart(&self) -> anyhow::Result<ExitCode> {
        let (mut device, port) = self.open()?;
        let warning = "The device restarts: its outputs may drop for some seconds, and limits \
                       that it does not store are lost.";
        if !self.agreed(&mut device, "restart", warning)? {
            return Ok(ExitCode::FAILURE);
        }
        match device.perform(Task::Restart { authority: Authority::Human })? {
            Outcome::RestartSent => {}
            Outcome::Written(refused) => bail!("restart: {refused}"),
            other => bail!("restart: unexpected outcome {other:?}"),
        }
        println!("restart: sent; waiting for the device");
        let mut back = false;
        device
            .direct()
            .listen(RESTART_MAX, |session, event| {
                back |= matches!(event, Event::Identified(_)) && session.lock().is_none();
                back
            })
            .map_err(|error| super::port::lost(port, error))?;
        if !back {
            println!("restart: the device has not answered again within {RESTART_MAX:?}");
            return Ok(ExitCode::FAILURE);
        }
        println!("restart: the device answers again");
        Ok(ExitCode::SUCCESS)
    }

    /// Says what is there and what will happen, and has the verb typed.
    fn agreed(&self, device: &mut OnPort, verb: &str, warning: &str) -> anyhow::Result<bool> {
        let identity = device.direct().session().identity();
        let product = identity.product.unwrap_or(0);
        let name = crate::vedirect::product::find(product).map_or("unknown product", |p| p.name);
        let serial = identity.serial_number.as_deref().unwrap_or("not told");
        eprintln!("{name} (0x{product:04X}), serial number {serial}");
        eprintln!("{warning}");
        let agreed = confirmed(&format!("Type `{verb}` to go on:"), verb, self.yes)?;
        if !agreed {
            eprintln!("nothing done");
        }
        Ok(agreed)
    }
}

/// The port of a command that works on ports alone.
fn port(args: &PortArgs) -> anyhow::Result<&Path> {
    args.port
        .as_deref()
        .context("say --port: a daemon does not do this; stop it first if it has the port open")
}
