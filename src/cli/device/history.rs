//! `sunkeep device history`: what a device remembers of its days.

use std::process::ExitCode;

use serde::Serialize;

use super::port;
use crate::cli::port::{OnPort, PortArgs, Registers};
use crate::session::ReadResult;
use crate::session::report::RegisterReport;
use crate::units::Value;
use crate::vedirect::hex::Flags;
use crate::vedirect::record::{Day, Record};
use crate::vedirect::register::{self, Decoded, Family};

/// Totals of an MPPT.
const TOTAL: u16 = 0x104F;
/// Today's record of an MPPT; yesterday's follows.
const TODAY: u16 = 0x1050;
/// Today's record of an MPPT RS, for each tracker.
const TODAY_TRACKERS: u16 = 0x10A0;
/// Records kept: today and 30 days.
const DAYS_MAX: u16 = 31;

/// Print day records and totals
#[derive(Clone, Debug, clap::Args)]
pub struct History {
    /// The port and its family.
    #[command(flatten)]
    pub at: PortArgs,
    /// How many days, today included
    #[arg(long, default_value_t = DAYS_MAX, value_parser = clap::value_parser!(u16).range(0..=31))]
    pub days: u16,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// What a device remembers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Remembered {
    /// Totals, and counters of battery monitors and inverters.
    pub totals: Vec<RegisterReport>,
    /// Day records, today first.
    pub days: Vec<RegisterReport>,
    /// The same, decoded, for the table.
    #[serde(skip)]
    table: Vec<Day>,
}

impl History {
    /// Reads and prints; exit code 1 if the device has no history.
    ///
    /// # Errors
    /// Ports and devices that cannot be reached.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let mut device = OnPort::open(port(&self.at)?, &self.at)?.must_answer()?;
        let remembered = remembered(&mut device, self.days)?;
        if self.json {
            println!("{}", serde_json::to_string(&remembered)?);
        } else {
            remembered.print();
        }
        let empty = remembered.totals.is_empty() && remembered.days.is_empty();
        Ok(if empty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Reads totals and up to `days` day records.
///
/// # Errors
/// When the device cannot be reached.
pub fn remembered(device: &mut dyn Registers, days: u16) -> anyhow::Result<Remembered> {
    let mut all = Remembered::default();
    for id in totals(device.family()) {
        let result = device.read(id)?;
        // A model without this counter says so: that is no news.
        if !matches!(result, ReadResult::Refused(_)) {
            all.totals.push(report(device.family(), id, &result));
        }
    }
    for &first in day_tables(device.family()) {
        for id in first..first + days.min(DAYS_MAX) {
            let result = device.read(id)?;
            if is_end(&result) {
                break;
            }
            all.days.push(report(device.family(), id, &result));
            if let ReadResult::Value(Decoded::Record(Record::Day(day))) = result {
                all.table.push(day);
            }
        }
    }
    Ok(all)
}

/// Flag 0x04 stands for a day without record; older firmware says "unknown".
fn is_end(result: &ReadResult) -> bool {
    matches!(result, ReadResult::Refused(Flags(_)) | ReadResult::Value(Decoded::NotAvailable))
}

fn report(family: Family, id: u16, result: &ReadResult) -> RegisterReport {
    RegisterReport::new(id, register::find(family, id), result)
}

fn totals(family: Family) -> Vec<u16> {
    match family {
        Family::Mppt | Family::MpptRs => vec![TOTAL],
        Family::Bmv | Family::SmartShunt => {
            (0x0300..=0x0311).filter(|id| known(family, *id)).collect()
        }
        Family::PhoenixInverter => vec![0x1040, 0x1041],
        Family::MultiRs => vec![0x0310, 0x0311],
        Family::Common | Family::PhoenixCharger | Family::OrionXs => Vec::new(),
    }
}

fn known(family: Family, id: u16) -> bool {
    register::find(family, id).is_some()
}

fn day_tables(family: Family) -> &'static [u16] {
    match family {
        Family::Mppt => &[TODAY],
        Family::MpptRs => &[TODAY, TODAY_TRACKERS],
        _ => &[],
    }
}

impl Remembered {
    fn print(&self) {
        if self.totals.is_empty() && self.days.is_empty() {
            println!("this device keeps no history that can be read");
        }
        for total in &self.totals {
            println!("{total}");
        }
        if !self.table.is_empty() {
            println!("\n{}", heading());
            for (age, day) in self.table.iter().enumerate() {
                println!("{}", row(age, day));
            }
        }
        let shown = |report: &&RegisterReport| {
            report.record.iter().any(|f| f.name == "yield_1") || !report.is_ok()
        };
        for day in self.days.iter().filter(shown) {
            println!("{day}");
        }
    }
}

fn heading() -> String {
    let line = |columns: [&str; 12]| cells(columns.map(str::to_owned));
    let names = line([
        "day",
        "number",
        "yield",
        "used",
        "P max",
        "V max",
        "V min",
        "I max",
        "PV max",
        "bulk",
        "absorption",
        "float",
    ]);
    let units = line(["ago", "", "kWh", "kWh", "W", "V", "V", "A", "V", "min", "min", "min"]);
    format!("{names}  errors\n{units}")
}

fn row(age: usize, day: &Day) -> String {
    let number =
        |value: Option<f64>| value.map_or("-".to_owned(), |v| Value::Number(v).to_string());
    let minutes = |value: Option<u16>| number(value.map(f64::from));
    let columns = [
        age.to_string(),
        minutes(day.day_sequence),
        number(day.yield_energy.map(|e| e.0)),
        number(day.consumed_energy.map(|e| e.0)),
        number(day.power_max.map(|p| p.0)),
        number(day.battery_voltage_max.map(|v| v.0)),
        number(day.battery_voltage_min.map(|v| v.0)),
        number(day.battery_current_max.map(|i| i.0)),
        number(day.panel_voltage_max.map(|v| v.0)),
        minutes(day.time_bulk),
        minutes(day.time_absorption),
        minutes(day.time_float),
    ];
    let errors: Vec<_> = day.errors.iter().map(|code| code.to_string()).collect();
    format!("{}  {}", cells(columns), errors.join(" ")).trim_end().to_owned()
}

fn cells(columns: [String; 12]) -> String {
    const WIDTHS: [usize; 12] = [3, 6, 6, 6, 6, 6, 6, 6, 6, 5, 10, 5];
    let cells = columns.iter().zip(WIDTHS).map(|(text, width)| format!("{text:>width$}"));
    cells.collect::<Vec<_>>().join("  ")
}
