//! `sunkeep sim device`: a simulated device for other programs to read.
//!
//! Puts one device on a pseudo-terminal under a name and runs it until Ctrl-C
//! or the time is up; faults are flags. What the device does is decided in
//! [`crate::sim`]; this file reads arguments and reports.

mod parse;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;

use crate::clock::SystemClock;
use crate::sim::device::{Device, Kind, Measured, Options};
use crate::sim::faults::Faults;
use crate::sim::pty::Port;
use crate::sim::{Shared, lock};
use crate::vedirect::register;

use super::site;
use parse::{clamp, firmware, percent, share};

/// Speed of every VE.Direct line.
const BAUD: u32 = 19200;

/// How often received bytes go to the log file.
const LOG_INTERVAL: Duration = Duration::from_millis(200);

/// Simulated things.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// A VE.Direct device on a pseudo-terminal, for any program to read.
    Device(DeviceArgs),
}

impl Args {
    /// Runs the simulation to its end.
    ///
    /// # Errors
    /// The link or the log file cannot be made.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.what {
            What::Device(args) => args.run(),
        }
    }
}

/// Kinds as the command line names them.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum KindName {
    /// SmartSolar MPPT 75/15, with load output.
    Mppt,
    /// SmartSolar MPPT 100/50, without load output.
    MpptNoLoad,
    /// BMV-712 battery monitor.
    Bmv,
    /// SmartShunt battery monitor with a temperature sensor.
    #[value(alias = "smart-shunt")]
    Smartshunt,
    /// Phoenix inverter 12/375.
    Phoenix,
}

impl KindName {
    const fn kind(self) -> Kind {
        match self {
            Self::Mppt => Kind::Mppt,
            Self::MpptNoLoad => Kind::MpptNoLoad,
            Self::Bmv => Kind::Bmv,
            Self::Smartshunt => Kind::SmartShunt,
            Self::Phoenix => Kind::Phoenix,
        }
    }
}

#[derive(Debug, clap::Args)]
struct DeviceArgs {
    /// Which device.
    #[arg(long, value_enum)]
    kind: KindName,
    /// Where the symbolic link to the pseudo-terminal goes; a stale link is
    /// replaced, a file never.
    #[arg(long, value_name = "PATH")]
    link: PathBuf,
    /// End after this time, such as 90s, 5min or 2h; else Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = site::duration)]
    lasting: Option<Duration>,
    /// Firmware, such as 1.50; up to 1.52, HEX silences TEXT for seconds.
    #[arg(long, value_name = "VERSION", value_parser = firmware)]
    firmware: Option<u16>,
    /// Serial number.
    #[arg(long = "serial-number", value_name = "TEXT", visible_alias = "serial")]
    serial_number: Option<String>,
    /// State of charge of a battery monitor, in percent.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    soc: Option<f64>,
    /// Time between TEXT blocks.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = site::duration)]
    period: Duration,
    /// Append every byte received to this file.
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Send all bytes at once instead of at 19200 baud.
    #[arg(long)]
    no_pace: bool,
    /// Seed of the values' wobble and of the noise.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    faults: FaultArgs,
}

/// What is wrong with the device.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Faults")]
struct FaultArgs {
    /// Says nothing and hears nothing.
    #[arg(long)]
    silent: bool,
    /// Ignores HEX; TEXT goes on.
    #[arg(long)]
    deaf: bool,
    /// Flip a bit in this share of the bytes sent, such as 0.001.
    #[arg(long, value_name = "RATE", default_value_t = 0.0, value_parser = share)]
    noise: f64,
    /// A register that keeps at most this raw number and does not say so,
    /// such as 0xEDF0=100 or `battery_max_current=100`; repeatable.
    #[arg(long, value_name = "REGISTER=MAX")]
    clamp: Vec<String>,
    /// Restart once after this time.
    #[arg(long, value_name = "TIME", value_parser = site::duration)]
    restart_after: Option<Duration>,
}

impl DeviceArgs {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let kind = self.kind.kind();
        let mut device = Device::new(kind, self.options(kind)?);
        self.measure(&mut device)?;
        println!(
            "{}: {} (0x{:04X}), serial number {}, firmware {}.{:02}",
            self.link.display(),
            kind.model(),
            kind.product_id(),
            device.serial_number(),
            device.firmware() / 100,
            device.firmware() % 100,
        );
        let device = Arc::new(Mutex::new(device));
        let clock = Arc::new(SystemClock::new());
        let port = Port::open(&self.link, Arc::clone(&device), clock)
            .with_context(|| format!("cannot put the device at {}", self.link.display()))?;
        let log = self.log.as_deref().map(Log::open).transpose()?;
        // The line above is how scripts learn that the link stands.
        std::io::stdout().flush()?;
        wait(&device, log, self.lasting)?;
        drop(port);
        report(&lock(&device));
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, device: &mut Device) -> anyhow::Result<()> {
        let Some(soc) = self.soc else { return Ok(()) };
        let Measured::Monitor(mut monitor) = device.measured().clone() else {
            anyhow::bail!("--soc is for a battery monitor; a {} has none", device.kind().model());
        };
        monitor.state_of_charge = Some(soc);
        device.measure(Measured::Monitor(monitor));
        Ok(())
    }

    fn options(&self, kind: Kind) -> anyhow::Result<Options> {
        let clamp = |text: &String| clamp(kind, text);
        let faults = Faults {
            silent: self.faults.silent,
            deaf: self.faults.deaf,
            noise: self.faults.noise,
            clamps: self.faults.clamp.iter().map(clamp).collect::<Result<_, _>>()?,
            restart_after: self.faults.restart_after,
        };
        Ok(Options {
            firmware: self.firmware,
            serial_number: self.serial_number.clone(),
            period: self.period,
            baud: (!self.no_pace).then_some(BAUD),
            faults,
            seed: self.seed,
            alive: true,
        })
    }
}

/// Waits for the end, writing what arrives to the log.
fn wait(device: &Shared, mut log: Option<Log>, lasting: Option<Duration>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = terminate_signal()?;
        let end = async {
            match lasting {
                Some(span) => tokio::time::sleep(span).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(end);
        loop {
            let done = tokio::select! {
                () = &mut end => true,
                _ = tokio::signal::ctrl_c() => true,
                _ = terminate.recv() => true,
                () = tokio::time::sleep(LOG_INTERVAL) => false,
            };
            if let Some(log) = &mut log {
                log.follow(&lock(device))?;
            }
            if done {
                return Ok(());
            }
        }
    })
}

fn terminate_signal() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
}

/// The file of received bytes.
struct Log {
    file: std::fs::File,
    written: u64,
}

impl Log {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::options().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, written: 0 })
    }

    fn follow(&mut self, device: &Device) -> std::io::Result<()> {
        let bytes = device.received();
        let fresh = usize::try_from(device.received_total() - self.written).unwrap_or(usize::MAX);
        self.file.write_all(&bytes[bytes.len().saturating_sub(fresh)..])?;
        self.written = device.received_total();
        Ok(())
    }
}

/// What a host has done to the device.
fn report(device: &Device) {
    println!(
        "{} bytes received, {} stored writes",
        device.received_total(),
        device.stored_writes()
    );
    for (id, count) in device.stored_writes_by_register() {
        let row = register::find(device.kind().family(), *id);
        println!("  0x{id:04X} {}: {count}", row.map_or("", |row| row.name));
    }
}
