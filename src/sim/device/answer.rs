//! HEX: what a device does when it is asked.
//!
//! Reads come from the register bank and the history, writes go to the bank
//! and have their effects here. Flags are those of HEX rev 16: 0x01 no such
//! register, 0x02 may not be written, 0x04 out of range, with the nearest
//! value accepted instead.

use std::time::Duration;

use crate::vedirect::hex::{Answer, Asked, Flags, Payload, RegisterValue, Request, Version};
use crate::vedirect::register::{Family, Type};

use super::measured::{DAYS_MAX, Measured};
use super::{Device, Kind, history};

/// The relay of a BMV, and the mode in which it listens (BMV HEX rev 6).
const RELAY_CONTACT: u16 = 0x034E;
const RELAY_MODE: u16 = 0x034F;
const REMOTE: i64 = 2;

impl Device {
    /// Reads HEX out of received bytes and queues the answers.
    pub(super) fn hear(&mut self, now: Duration, bytes: &[u8]) {
        if self.faults.silent || self.faults.deaf || self.is_restarting(now) {
            self.inbox.clear();
            return;
        }
        for byte in bytes {
            match self.inbox.take(*byte) {
                None => {}
                Some(Err(_)) => self.outbox.frame(now, Answer::FrameError.encode()),
                Some(Ok(raw)) => {
                    self.heard_hex(now);
                    match Asked::parse(&raw) {
                        Asked::Restart => return self.restart(now),
                        asked => {
                            let answer = self.answer(now, asked);
                            self.outbox.frame(now, answer.encode());
                        }
                    }
                }
            }
        }
    }

    fn answer(&mut self, now: Duration, asked: Asked) -> Answer {
        match asked {
            Asked::Request(Request::Ping) => Answer::Ping(self.version()),
            Asked::Request(Request::Version) => done(self.version().0),
            Asked::Request(Request::ProductId) => done(self.kind.product_id()),
            Asked::Request(Request::Get { register }) => Answer::Get(self.read(now, register)),
            Asked::Request(Request::Set { register, value }) => {
                Answer::Set(self.write(now, register, &value))
            }
            Asked::Unknown(command) => Answer::UnknownCommand(command),
            // Restarts are not answered; `hear` has taken them.
            Asked::Restart => Answer::UnknownCommand(6),
        }
    }

    fn read(&mut self, now: Duration, register: u16) -> RegisterValue {
        if let Measured::Charger(charger) = &self.measured
            && let Some(record) = history::record(charger, register)
        {
            return match record {
                Some(bytes) => value(register, Flags(0), &bytes),
                None => value(register, Flags::PARAMETER_ERROR, &[]),
            };
        }
        self.count_uptime(now);
        match self.bank.get(register) {
            None => value(register, Flags::UNKNOWN_ID, &[]),
            Some(slot) if !slot.row.readable || slot.row.kind == Type::Void => {
                value(register, Flags::NOT_SUPPORTED, &[])
            }
            Some(slot) => value(register, Flags(0), slot.bytes()),
        }
    }

    fn write(&mut self, now: Duration, register: u16, bytes: &[u8]) -> RegisterValue {
        if (history::TOTAL..=history::OLDEST).contains(&register) && self.is_charger() {
            return value(register, Flags::NOT_SUPPORTED, &[]);
        }
        if register == RELAY_CONTACT
            && self.kind == Kind::Bmv
            && self.bank.raw(RELAY_MODE) != REMOTE
        {
            return value(register, Flags::NOT_SUPPORTED, &[]);
        }
        let before = self.bank.raw(register);
        let written = self.bank.write(register, bytes, &self.faults);
        if written.accepted {
            self.effect(now, register, before);
            self.refresh();
        }
        value(register, written.flags, &written.answer)
    }

    /// What a write does beyond being remembered.
    fn effect(&mut self, now: Duration, register: u16, before: i64) {
        match register {
            0x0004 => self.bank.restore_defaults(),
            0x1030 => self.clear_history(),
            0x102C => self.synchronise(),
            // Bits of "remote control used" can only be set.
            0x0202 => self.bank.put_raw(register, self.bank.raw(register) | before),
            // BMS mode is remembered in flash: from now on no BMS, no charge.
            0x200E if self.bank.raw(register) & 8 != 0 && self.bank.raw(0xEDE8) != 1 => {
                self.bank.write(0xEDE8, &[1], &self.faults);
            }
            _ => {}
        }
        self.lease(now, register);
    }

    fn clear_history(&mut self) {
        match &mut self.measured {
            Measured::Charger(charger) => {
                charger.days.truncate(1);
                charger.yield_total = 0.0;
                debug_assert!(charger.days.len() <= DAYS_MAX);
            }
            Measured::Monitor(monitor) => {
                monitor.deepest_discharge = 0.0;
                monitor.last_discharge = 0.0;
                monitor.cumulative = 0.0;
                monitor.cycles = 0;
                monitor.since_full = 0.0;
                monitor.synchronisations = 0;
                monitor.energy_in = 0.0;
                monitor.energy_out = 0.0;
            }
            Measured::Inverter(_) => {}
        }
    }

    fn synchronise(&mut self) {
        if let Measured::Monitor(monitor) = &mut self.measured {
            monitor.state_of_charge = Some(100.0);
            monitor.consumed = 0.0;
            monitor.since_full = 0.0;
            monitor.synchronisations += 1;
        }
    }

    fn version(&self) -> Version {
        // Kind bits 01: an application.
        Version(0x4000 | bcd(self.firmware))
    }

    pub(super) fn is_charger(&self) -> bool {
        self.kind.family() == Family::Mppt
    }

    /// Product id, firmware and serial number as registers.
    pub(super) fn write_identity(&mut self) {
        let version = i64::from(bcd(self.firmware));
        self.bank.put_raw(0x0100, 0xFF00_0000 | i64::from(self.kind.product_id()) << 8);
        self.bank.put_raw(0x0102, version << 8);
        self.bank.put_raw(0xEEF9, version);
        let serial = super::bank::text_bytes(&self.serial_number);
        self.bank.put(0x010A, &serial);
        if self.is_charger() && self.firmware < super::run::MODE_OBEYED_SINCE {
            self.bank.put_raw(0x0202, 0);
        }
    }
}

/// A firmware number in binary coded decimals: 163 becomes 0x0163.
const fn bcd(number: u16) -> u16 {
    (number / 1000 % 4) << 12 | (number / 100 % 10) << 8 | (number / 10 % 10) << 4 | (number % 10)
}

fn done(number: u16) -> Answer {
    Answer::Done(Payload::new(&number.to_le_bytes()).unwrap_or_default())
}

fn value(register: u16, flags: Flags, bytes: &[u8]) -> RegisterValue {
    RegisterValue {
        register,
        flags,
        // Longer texts are cut, as real devices do with theirs.
        value: Payload::new(&bytes[..bytes.len().min(MAX_VALUE)]).unwrap_or_default(),
    }
}

/// Longest value next to register id and flags.
const MAX_VALUE: usize = crate::vedirect::hex::PAYLOAD_MAX - 3;
