//! `sunkeep get`: read registers of a device.

use std::process::ExitCode;

use super::port::{PortArgs, Registers, find_register, reach};
use crate::session::report::RegisterReport;

/// Read registers by name or number
///
/// With --port: `sunkeep get --port /dev/ttyUSB0 battery_float_voltage 0xEDF7`.
/// Without: `sunkeep get mppt battery_float_voltage`, through the running daemon.
#[derive(Clone, Debug, clap::Args)]
pub struct Get {
    /// The port and its family.
    #[command(flatten)]
    pub at: PortArgs,
    /// One JSON object per register
    #[arg(long)]
    pub json: bool,
    /// The device's name in the configuration, unless --port is given; then
    /// registers: our name, the vendor's, or a number such as 0xEDF6
    #[arg(required = true, value_name = "[DEVICE] REGISTER")]
    pub words: Vec<String>,
}

impl Get {
    /// Reads and prints; exit code 1 if any register could not be read.
    ///
    /// # Errors
    /// Unknown names, and ports or devices that cannot be reached.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (mut device, registers) = reach(&self.at, &self.words)?;
        self.run_on(&mut *device, registers)
    }

    /// The same on any device, with the registers alone in `words`.
    ///
    /// # Errors
    /// Unknown names, before anything is read; a device that cannot be reached.
    pub fn run_on(&self, device: &mut dyn Registers, words: &[String]) -> anyhow::Result<ExitCode> {
        let reports = read_all(device, words)?;
        for report in &reports {
            if self.json {
                println!("{}", serde_json::to_string(report)?);
            } else {
                println!("{report}");
            }
        }
        let all_read = reports.iter().all(RegisterReport::is_ok);
        Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Reads the registers named; all names are looked up before the first is read.
///
/// # Errors
/// Unknown names, and a device that cannot be reached.
pub fn read_all(
    device: &mut dyn Registers,
    words: &[String],
) -> anyhow::Result<Vec<RegisterReport>> {
    let family = device.family();
    let registers =
        words.iter().map(|word| find_register(family, word)).collect::<Result<Vec<_>, _>>()?;
    let mut read = |(id, row)| Ok(RegisterReport::new(id, row, &device.read(id)?));
    registers.into_iter().map(&mut read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::port::fake::Fake;
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn registers_come_back_in_the_order_asked() {
        let mut device = Fake::new();
        let words = words(&["battery_temperature", "0xEDF6", "pv_power"]);
        let reports = read_all(&mut device, &words).unwrap();
        let lines: Vec<_> = reports.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "battery_temperature  not available  (0xEDEC)",
                "battery_float_voltage  13.8 V  (0xEDF6)",
                "pv_power  refused by the device (unknown register)  (0xEDBC)",
            ]
        );
        let read: Vec<_> = reports.iter().map(RegisterReport::is_ok).collect();
        assert_eq!(read, [true, true, false]);
    }

    #[test]
    fn one_unknown_name_reads_nothing() {
        assert!(read_all(&mut Fake::new(), &words(&["0xEDF6", "no_such_register"])).is_err());
    }
}
