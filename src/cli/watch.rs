//! `sunkeep watch --port P`: the live values of one device, once a second.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use serde_json::{Map, json};

use super::port::{OnPort, PortArgs, lost};
use super::site;
use crate::session::report::{Scalar, in_words};
use crate::session::{Event, Plan, Session};
use crate::vedirect::{Measurement, product};

/// Time between two refreshes.
const REFRESH: Duration = Duration::from_secs(1);

/// Cursor to the upper left corner, and clear from there on.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Show live values, TEXT and polled registers, once a second
#[derive(Clone, Debug, clap::Args)]
pub struct Watch {
    /// The port and its family.
    #[command(flatten)]
    pub at: PortArgs,
    /// Stop after this long: 30s, 5min, 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = site::duration)]
    pub span: Option<Duration>,
    /// One JSON object per second
    #[arg(long)]
    pub json: bool,
}

/// The latest value of each point.
#[derive(Default)]
struct Values {
    latest: BTreeMap<String, (Measurement, Duration)>,
}

impl Watch {
    /// Watches until the time is over or the port is lost.
    ///
    /// # Errors
    /// Ports that cannot be opened or are lost; no device at all.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let Some(port) = &self.at.port else {
            bail!("no --port given; watching through a running daemon is not possible yet");
        };
        let mut device = OnPort::open_with(port, &self.at, Plan::ByFamily)?;
        let direct = device.direct();
        let (start, screen) = (direct.now(), io::stdout().is_terminal() && !self.json);
        let mut values = Values::default();
        loop {
            let second = direct.now();
            let mut take = |_: &Session, event| {
                values.take(second, event);
                false
            };
            direct.listen(REFRESH, &mut take).map_err(|error| lost(port, error))?;
            let now = direct.now();
            let text = match (self.json, screen) {
                (true, _) => values.json(direct.session(), now - start),
                (false, true) => format!("{CLEAR}{}", values.screen(direct.session(), now)),
                (false, false) => values.line(now - start),
            };
            let over = self.span.is_some_and(|span| now - start >= span);
            if !printed(&text)? || over {
                break;
            }
        }
        if values.latest.is_empty() {
            let health = direct.session().health();
            eprintln!("{}: nothing was heard ({health})", port.display());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a line; `false` when the reader, `| head` say, has seen enough.
fn printed(text: &str) -> io::Result<bool> {
    match writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

impl Values {
    fn take(&mut self, at: Duration, event: Event) {
        let Event::Measured(all) = event else { return };
        for measurement in all {
            self.latest.insert(measurement.name.clone().into_owned(), (measurement, at));
        }
    }

    fn screen(&self, session: &Session, now: Duration) -> String {
        let mut text = format!("{}\n{}\n\n", who(session), session.health());
        for (name, (measurement, at)) in &self.latest {
            let age = (now.saturating_sub(*at)).as_secs();
            let age = if age > 2 { format!("  {age} s ago") } else { String::new() };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<32} {}{age}", told(measurement));
        }
        text
    }

    fn line(&self, elapsed: Duration) -> String {
        let mut text = format!("{:.0} s", elapsed.as_secs_f64());
        for (name, (measurement, _)) in &self.latest {
            let _ = write!(text, "  {name} {}", told(measurement));
        }
        text
    }

    fn json(&self, session: &Session, elapsed: Duration) -> String {
        let value = |measurement: &Measurement| match &measurement.value {
            Some(value) => json!({
                "value": Scalar::from(value),
                "unit": measurement.unit.symbol(),
            }),
            None => json!({ "value": null, "unit": measurement.unit.symbol() }),
        };
        let values: Map<_, _> =
            self.latest.iter().map(|(name, (seen, _))| (name.clone(), value(seen))).collect();
        let health = session.health();
        json!({
            "seconds": (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            "text": health.text.word(),
            "hex": health.hex.word(),
            "values": values,
        })
        .to_string()
    }
}

fn who(session: &Session) -> String {
    let identity = session.identity();
    let name = identity.product.and_then(product::find).map_or("unknown product", |p| p.name);
    let serial = identity.serial_number.as_deref().unwrap_or("not told");
    format!("{name}, serial number {serial}")
}

/// A value with its unit or in words.
fn told(measurement: &Measurement) -> String {
    let Some(value) = &measurement.value else {
        return "not available".to_owned();
    };
    in_words(&measurement.name, measurement.unit, measurement.meaning, value)
}
