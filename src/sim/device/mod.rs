//! A simulated VE.Direct device: bytes in, bytes out, time as an argument.
//!
//! It answers the HEX catalogue of its family from remembered registers and
//! sends TEXT blocks as the real ones do. What it measures is set by whoever
//! drives it; with [`Options::alive`] it wobbles by itself. It opens no port
//! and reads no clock.
//!
//! ```text
//! receive ─► wire::Inbox ─► answer ─► bank ─┐
//!                                            ├─► wire::Outbox ─► faults ─► transmit
//! measured ─► bank, text, history ─► run ────┘
//! ```

mod answer;
mod bank;
pub(crate) mod defaults;
mod history;
mod kind;
mod load;
mod log;
mod measured;
mod run;
#[cfg(test)]
mod tests;
mod text;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use super::faults::Faults;
use super::random::Random;

pub use kind::Kind;
pub use log::LOG_MAX;
pub use measured::{Aux, Charger, DAYS_MAX, Day, Inverter, Measured, Monitor};

use bank::Bank;
use log::Log;
use wire::{Inbox, Outbox};

/// How a simulated device differs from a new one of its kind.
#[derive(Clone, Debug)]
pub struct Options {
    /// Firmware as major × 100 + minor: up to 152, HEX silences TEXT for
    /// seconds; from 153, HEX waits until the running TEXT block is complete.
    pub firmware: Option<u16>,
    /// Serial number; a wrong one is a fault to be noticed.
    pub serial_number: Option<String>,
    /// Time between TEXT blocks. Real devices: 1 s.
    pub period: Duration,
    /// Speed of the line in bits a second; `None` sends all at once.
    pub baud: Option<u32>,
    /// What is wrong with it.
    pub faults: Faults,
    /// Seed of its wobble and its noise.
    pub seed: u64,
    /// Values wobble and counters count without anybody driving the device.
    pub alive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            firmware: None,
            serial_number: None,
            period: Duration::from_secs(1),
            baud: None,
            faults: Faults::default(),
            seed: 1,
            alive: false,
        }
    }
}

/// A simulated device.
#[derive(Debug)]
pub struct Device {
    kind: Kind,
    firmware: u16,
    serial_number: String,
    period: Duration,
    alive: bool,
    faults: Faults,
    random: Random,
    measured: Measured,
    bank: Bank,
    inbox: Inbox,
    outbox: Outbox,
    log: Log,
    load: load::Output,
    timing: run::Timing,
    /// Last value sent or known of each register that is sent on change.
    told: BTreeMap<u16, Vec<u8>>,
}

impl Device {
    /// A device of this kind that is switched on by its first call.
    #[must_use]
    pub fn new(kind: Kind, options: Options) -> Self {
        let firmware = options.firmware.unwrap_or(kind.firmware());
        let serial = options.serial_number;
        let mut device = Self {
            kind,
            firmware,
            serial_number: serial.unwrap_or_else(|| kind.serial_number().to_owned()),
            period: options.period.max(Duration::from_millis(1)),
            alive: options.alive,
            faults: options.faults,
            random: Random::new(options.seed),
            measured: defaults::measured(kind),
            bank: Bank::new(kind),
            inbox: Inbox::default(),
            outbox: Outbox::new(options.baud, firmware < run::TEXT_SURVIVES_HEX_SINCE),
            log: Log::default(),
            load: load::Output::default(),
            timing: run::Timing::default(),
            told: BTreeMap::new(),
        };
        device.write_identity();
        device.refresh();
        device
    }

    /// Takes bytes that a host sent.
    pub fn receive(&mut self, now: Duration, bytes: &[u8]) {
        self.log.push(bytes);
        self.advance(now);
        self.hear(now, bytes);
    }

    /// The bytes that have left the device by `now`.
    pub fn transmit(&mut self, now: Duration) -> Vec<u8> {
        self.advance(now);
        let mut bytes = self.outbox.release(now);
        if self.faults.silent {
            bytes.clear();
        }
        self.faults.disturb(&mut self.random, &mut bytes);
        bytes
    }

    /// When [`Device::transmit`] should be called next.
    #[must_use]
    pub fn next_wake(&self) -> Duration {
        let text = self.timing.next_text;
        self.outbox.next_wake().map_or(text, |bytes| bytes.min(text))
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its serial number.
    #[must_use]
    pub fn serial_number(&self) -> &str {
        &self.serial_number
    }

    /// Its firmware as major × 100 + minor.
    #[must_use]
    pub fn firmware(&self) -> u16 {
        self.firmware
    }

    /// Its faults, to be changed at any time.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// What it measures now.
    #[must_use]
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// Sets what it measures. The caller keeps to the device's kind.
    pub fn measure(&mut self, measured: Measured) {
        self.measured = measured;
        self.refresh();
    }

    /// Puts raw bytes into a register from within, as if the device itself
    /// had; nothing is counted, unknown registers are ignored.
    pub fn set(&mut self, register: u16, raw: &[u8]) {
        self.bank.put(register, raw);
        self.refresh();
    }

    /// The raw bytes of a register; `None` if the device has no such register.
    #[must_use]
    pub fn register(&self, id: u16) -> Option<&[u8]> {
        self.bank.get(id).map(bank::Slot::bytes)
    }

    /// Ids of all registers it answers, records included.
    #[must_use]
    pub fn registers(&self) -> Vec<u16> {
        let mut ids: Vec<u16> = self.bank.iter().map(|slot| slot.row.id).collect();
        if let Measured::Charger(_) = self.measured {
            ids.extend(history::TOTAL..=history::OLDEST);
        }
        ids.sort_unstable();
        ids
    }

    /// The newest bytes received, at most [`LOG_MAX`] of them.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        self.log.bytes()
    }

    /// How many bytes were received in all.
    #[must_use]
    pub fn received_total(&self) -> u64 {
        self.log.total()
    }

    /// Writes that reached the flash, or may have.
    #[must_use]
    pub fn stored_writes(&self) -> u64 {
        self.bank.stored_writes().values().sum()
    }

    /// The same, by register.
    #[must_use]
    pub fn stored_writes_by_register(&self) -> &BTreeMap<u16, u64> {
        self.bank.stored_writes()
    }

    /// Whether the charger may charge: mode on, and no BMS missing.
    #[must_use]
    pub fn charger_enabled(&self) -> bool {
        // Up to 1.41 the mode register is obeyed only after bit 1 of 0x0202
        // has been set (HEX rev 16).
        let obeys_mode = self.bank.raw(0x0202) & 2 != 0;
        let switched_off = obeys_mode && matches!(self.bank.raw(0x0200), 0 | 4);
        !(switched_off || self.bms_missing())
    }

    /// The charge current limit in A: the stored and the volatile one.
    #[must_use]
    pub fn charge_current_limit(&self) -> f64 {
        let limit = |id| self.bank.value(id).unwrap_or(f64::INFINITY);
        limit(0xEDF0).min(limit(0x2015))
    }

    /// The load output is on.
    #[must_use]
    pub fn load_on(&self) -> bool {
        self.kind == Kind::Mppt && self.load.is_on()
    }

    /// A out of the load output.
    #[must_use]
    pub fn load_current(&self) -> f64 {
        match &self.measured {
            Measured::Charger(charger) if self.load_on() => charger.load_demand,
            _ => 0.0,
        }
    }

    /// A BMS once took control and now says nothing (error 67).
    fn bms_missing(&self) -> bool {
        self.bank.raw(0xEDE8) == 1 && self.bank.raw(0x200E) & 8 == 0
    }
}
