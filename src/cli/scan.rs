//! `sunkeep scan`: which ports there are, and what answers on them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use crate::serial::direct::Direct;
use crate::serial::{PortError, candidates};
use crate::session::{Health, Link, Plan, Session, Settings};
use crate::vedirect::product;

/// Longest time for one port: four pings without an answer, and two TEXT
/// blocks of a device that sends one each second.
const LISTEN: Duration = Duration::from_secs(6);
/// TEXT that has not come by now is not awaited when HEX has answered.
const TEXT_DUE: Duration = Duration::from_millis(2500);

/// List ports and what answers on them
///
/// Looks at /dev/serial/by-id, /dev/ttyUSB*, /dev/ttyACM* and /dev/ttyAMA*,
/// listens a few seconds on each and sends a ping, which other devices ignore.
#[derive(Clone, Debug, clap::Args)]
pub struct Scan {
    /// Look at this port as well; may be repeated
    #[arg(long, value_name = "PORT")]
    pub port: Vec<PathBuf>,
    /// One JSON object per port
    #[arg(long)]
    pub json: bool,
}

/// What was found on one port.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The port.
    pub port: PathBuf,
    /// Product id, `0xA056`.
    pub product: Option<String>,
    /// The product's name, if it is in the table.
    pub name: Option<String>,
    /// The family whose registers it has.
    pub family: Option<String>,
    /// Serial number.
    pub serial_number: Option<String>,
    /// Firmware.
    pub firmware: Option<String>,
    /// State of TEXT.
    pub text: Option<String>,
    /// State of HEX.
    pub hex: Option<String>,
    /// Why the port could not be used.
    pub error: Option<String>,
}

impl Scan {
    /// Prints one line per port; exit code 1 if no device was found.
    ///
    /// # Errors
    /// Only when the answer cannot be printed.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let mut ports = candidates();
        ports.extend(
            self.port.iter().filter(|port| !ports.contains(port)).cloned().collect::<Vec<_>>(),
        );
        if ports.is_empty() {
            eprintln!(
                "no serial ports found; is a VE.Direct cable plugged in? \
                 (looked for /dev/serial/by-id, ttyUSB, ttyACM, ttyAMA)"
            );
        }
        let found = look_at(&ports);
        for found in &found {
            if self.json {
                println!("{}", serde_json::to_string(found)?);
            } else {
                println!("{}", found.line());
            }
        }
        let any = found.iter().any(|found| found.product.is_some());
        Ok(if any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Looks at all ports at once, each from a thread of its own.
#[must_use]
pub fn look_at(ports: &[PathBuf]) -> Vec<Found> {
    std::thread::scope(|scope| {
        let looks: Vec<_> =
            ports.iter().map(|port| (port, scope.spawn(move || look(port)))).collect();
        let joined = looks.into_iter().map(|(port, look)| match look.join() {
            Ok(found) => found,
            Err(_) => Found::nothing(port, "the look at this port failed".to_owned()),
        });
        joined.collect()
    })
}

fn look(port: &Path) -> Found {
    match listen(port) {
        Ok(direct) => Found::of(port, direct.session()),
        Err(error) => Found::nothing(port, error.to_string()),
    }
}

fn listen(port: &Path) -> Result<Direct, PortError> {
    let settings = Settings { plan: Plan::Nothing, ..Settings::default() };
    let mut direct = Direct::open(port, settings, None)?;
    let start = direct.now();
    direct.identify()?;
    let mut heard = direct.session().health().text == Link::Alive;
    while !heard && direct.now() - start < LISTEN {
        let enough = direct.session().health().hex == Link::Alive;
        if enough && direct.now() - start >= TEXT_DUE {
            break;
        }
        direct.listen(Duration::from_millis(100), |_, _| false)?;
        heard = direct.session().health().text == Link::Alive;
    }
    Ok(direct)
}

impl Found {
    fn of(port: &Path, session: &Session) -> Self {
        let identity = session.identity();
        let known = identity.product.and_then(product::find);
        let Health { text, hex } = session.health();
        Self {
            port: port.to_owned(),
            product: identity.product.map(|id| format!("0x{id:04X}")),
            name: known.map(|product| product.name.to_owned()),
            family: known.map(|product| product.family.name().to_owned()),
            serial_number: identity.serial_number,
            firmware: identity.firmware.map(|version| version.to_string()),
            text: Some(text.word().to_owned()),
            hex: Some(hex.word().to_owned()),
            error: None,
        }
    }

    fn nothing(port: &Path, error: String) -> Self {
        Self {
            port: port.to_owned(),
            product: None,
            name: None,
            family: None,
            serial_number: None,
            firmware: None,
            text: None,
            hex: None,
            error: Some(error),
        }
    }

    /// One line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let port = self.port.display();
        if let Some(error) = &self.error {
            // Port errors begin with the port's name.
            let named = error.starts_with(&port.to_string());
            return if named { error.clone() } else { format!("{port}: {error}") };
        }
        let state = |state: &Option<String>| state.clone().unwrap_or_default();
        let links = format!("TEXT {}, HEX {}", state(&self.text), state(&self.hex));
        let Some(product) = &self.product else {
            return format!("{port}: no VE.Direct device ({links})");
        };
        let name = self.name.as_deref().unwrap_or("unknown product");
        let serial = self.serial_number.as_deref().unwrap_or("not told");
        let firmware = self.firmware.as_deref().unwrap_or("not told");
        format!("{port}: {name} ({product}), serial number {serial}, firmware {firmware}, {links}")
    }
}
