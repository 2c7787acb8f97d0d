//! Reads and writes a register of a device, through the library alone.
//!
//! `cargo run --example registers [PORT]`; without a port it plugs in a
//! simulated charger first. On a real port it changes the float voltage and
//! puts it back. No daemon may own the port: it has it for itself.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use sunkeep::clock::SystemClock;
use sunkeep::serial::direct::Direct;
use sunkeep::session::{Authority, Outcome, Plan, ReadResult, Settings, Task, WriteResult};
use sunkeep::sim::device::{Device, Kind, Options};
use sunkeep::sim::pty::Port;
use sunkeep::units::Value;
use sunkeep::vedirect::register::{self, Decoded, Register};

fn main() -> anyhow::Result<()> {
    let port = std::env::args().nth(1).map(PathBuf::from);
    run(port, &mut std::io::stdout())
}

/// Reads the float voltage, raises it by a tenth of a volt, and puts it back.
pub fn run(port: Option<PathBuf>, out: &mut dyn Write) -> anyhow::Result<()> {
    let simulated = if port.is_none() { Some(simulate()?) } else { None };
    let path = match (&port, &simulated) {
        (Some(path), _) => path.clone(),
        (None, Some(cable)) => cable.link().to_owned(),
        (None, None) => bail!("no port"),
    };

    // The plan is what a session reads by itself; here it reads what we ask for.
    let settings = Settings { plan: Plan::Nothing, ..Settings::default() };
    let mut device = Direct::open(&path, settings, None)?;
    let identity = device.identify()?.identity();
    let serial = identity.serial_number.unwrap_or_default();
    writeln!(out, "product 0x{:04X}, serial number {serial}", identity.product.unwrap_or(0))?;

    let family = device.session().family();
    let float = register::by_name(family, "battery_float_voltage")
        .with_context(|| format!("{} has no float voltage", family.name()))?;
    let before = read(&mut device, float)?;
    writeln!(out, "{} is {before} {}", float.name, float.unit.symbol())?;
    for volts in [before + 0.1, before] {
        let result = write(&mut device, float, volts)?;
        writeln!(out, "{} to {volts:.2}: {result}", float.name)?;
    }
    Ok(())
}

/// The register's number. *Not available* is no number.
fn read(device: &mut Direct, register: &Register) -> anyhow::Result<f64> {
    match device.perform(Task::Read { register: register.id })? {
        Outcome::Read(ReadResult::Value(Decoded::Value(Value::Number(number)))) => Ok(number),
        Outcome::Read(other) => bail!("{}: {other}", register.name),
        other => bail!("{}: {other:?}", register.name),
    }
}

/// Reads, writes if it differs, and reads back: the result says what is there now.
fn write(device: &mut Direct, register: &Register, number: f64) -> anyhow::Result<WriteResult> {
    let task = Task::Write {
        register: register.id,
        value: Value::Number(number),
        // A person may write what a rule may not; nobody here allows the deny list.
        authority: Authority::Human,
    };
    match device.perform(task)? {
        Outcome::Written(result) => Ok(result),
        other => bail!("{}: {other:?}", register.name),
    }
}

/// A charger on a pseudo-terminal; it is unplugged when the value is dropped.
fn simulate() -> anyhow::Result<Port> {
    let charger = Device::new(Kind::Mppt, Options::default());
    let link = std::env::temp_dir().join(format!("sunkeep-registers-{}", std::process::id()));
    Ok(Port::open(&link, Arc::new(Mutex::new(charger)), Arc::new(SystemClock::new()))?)
}
