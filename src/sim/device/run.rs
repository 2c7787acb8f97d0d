//! A device's life in time: TEXT every second, silence after HEX, frames on
//! change, registers that let go of themselves, restarts.
//!
//! The spans are Victron's (HEX rev 16, VE.Direct protocol 3.33) unless their
//! comment says otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::vedirect::hex::{Answer, Flags, Payload, RegisterValue};

use super::measured::Measured;
use super::{Device, Kind, history, text};

/// Firmware from which TEXT goes on during HEX.
pub const TEXT_SURVIVES_HEX_SINCE: u16 = 153;
/// Firmware from which chargers obey the mode register without bit 1 of 0x0202.
pub const MODE_OBEYED_SINCE: u16 = 142;
/// Firmware from which chargers send history records when they change.
const HISTORY_TOLD_SINCE: u16 = 116;
/// Firmware from which chargers send registers when they change.
const CHANGES_TOLD_SINCE: u16 = 117;

/// How long old firmware keeps TEXT back after HEX: "several seconds".
const TEXT_HELD: Duration = Duration::from_secs(5);
/// How long changes are sent after the last HEX frame heard.
const CHANGES_TOLD: Duration = Duration::from_secs(120);
/// How long a network master's registers hold unless repeated.
const LEASE: Duration = Duration::from_secs(60);
/// How long a restart takes; our estimate, no source says.
const RESTART: Duration = Duration::from_secs(2);

/// Registers of a network master that let go of themselves.
const LEASED: [u16; 11] =
    [0x2001, 0x2002, 0x2003, 0x2007, 0x2008, 0x2009, 0x200A, 0x200C, 0x200E, 0x2013, 0x2015];

/// Registers sent on change: of chargers as seen in recordings, of others the
/// states somebody may wait for.
const TOLD_BY_CHARGERS: &[u16] = &[
    0x0200, 0x0201, 0x0202, 0x0207, 0x2002, 0x2003, 0x2030, 0xEDA8, 0xEDAD, 0xEDB3, 0xEDBB, 0xEDBC,
    0xEDD5, 0xEDD7, 0xEDDB,
];
const TOLD_BY_OTHERS: &[u16] = &[0x0200, 0x0201, 0x031C, 0x031E, 0x034E];

/// What is to happen when.
#[derive(Debug, Default)]
pub struct Timing {
    /// When the next TEXT block is due.
    pub next_text: Duration,
    began: Option<Duration>,
    booted: Duration,
    last_tick: Duration,
    restarting_until: Duration,
    text_held_until: Duration,
    changes_told_until: Option<Duration>,
    leases: BTreeMap<u16, Duration>,
    restart_done: bool,
}

impl Device {
    /// Brings the device up to `now`.
    pub(super) fn advance(&mut self, now: Duration) {
        let began = *self.timing.began.get_or_insert_with(|| {
            self.timing.booted = now;
            self.timing.last_tick = now;
            self.timing.next_text = now;
            now
        });
        if let Some(after) = self.faults.restart_after
            && !self.timing.restart_done
            && now >= began + after
        {
            self.timing.restart_done = true;
            self.restart(now);
        }
        self.end_leases(now);
        if now >= self.timing.next_text {
            // One block for all that was missed: nobody was there to hear them.
            let next = self.timing.next_text + self.period;
            self.timing.next_text = if next > now { next } else { now + self.period };
            self.tick(now);
        }
    }

    /// A restart: volatile registers are lost, everything is silent a while.
    pub fn restart(&mut self, now: Duration) {
        self.bank.forget_volatile();
        self.inbox.clear();
        self.outbox.clear();
        self.told.clear();
        self.timing.leases.clear();
        self.timing.changes_told_until = None;
        self.timing.text_held_until = Duration::ZERO;
        self.timing.booted = now;
        self.timing.restarting_until = now + RESTART;
        self.timing.next_text = now + RESTART;
        self.write_identity();
        self.refresh();
    }

    /// It is starting and neither hears nor speaks.
    pub(super) fn is_restarting(&self, now: Duration) -> bool {
        now < self.timing.restarting_until
    }

    /// A valid HEX frame arrived.
    pub(super) fn heard_hex(&mut self, now: Duration) {
        let silences = self.is_charger() && self.firmware < TEXT_SURVIVES_HEX_SINCE;
        if silences {
            self.timing.text_held_until = now + TEXT_HELD;
        }
        let tells = !self.is_charger() || self.firmware >= CHANGES_TOLD_SINCE;
        if tells {
            if self.timing.changes_told_until.is_none_or(|until| now >= until) {
                self.learn_told();
            }
            self.timing.changes_told_until = Some(now + CHANGES_TOLD);
        }
    }

    /// A register that was written holds for a while, if it is such a one.
    pub(super) fn lease(&mut self, now: Duration, register: u16) {
        if self.is_charger() && LEASED.contains(&register) {
            self.timing.leases.insert(register, now + LEASE);
        }
    }

    pub(super) fn count_uptime(&mut self, now: Duration) {
        let uptime = now.saturating_sub(self.timing.booted).as_secs();
        self.bank.put_raw(0x0120, i64::try_from(uptime).unwrap_or(0));
    }

    /// Brings registers in line with what is measured and set.
    pub(super) fn refresh(&mut self) {
        self.measured.fill(&mut self.bank);
        let enabled = self.charger_enabled();
        let bms_missing = self.bms_missing();
        let Measured::Charger(charger) = &self.measured else {
            return;
        };
        // Off reasons: bit 0 no input power, bit 2 switched off, bit 6 BMS.
        let mut reason = i64::from(charger.state == 0);
        if !enabled {
            self.bank.put_raw(0x0201, 0);
            self.bank.put_raw(0xEDB3, 0);
            reason |= if bms_missing { 0x40 } else { 0x04 };
        }
        self.bank.put_raw(0x0207, reason);
        self.bank.put_raw(0x0205, reason);
        self.bank.put_raw(0xEDDA, if bms_missing { 67 } else { 0 });
        if self.kind == Kind::Mppt {
            self.load.update(&mut self.bank, charger.battery_voltage, charger.load_demand);
        }
    }

    fn end_leases(&mut self, now: Duration) {
        let ended: Vec<u16> =
            self.timing.leases.iter().filter(|(_, end)| **end <= now).map(|(id, _)| *id).collect();
        for id in &ended {
            self.timing.leases.remove(id);
            self.bank.forget(*id);
        }
        if !ended.is_empty() {
            self.refresh();
        }
    }

    /// One period has passed: TEXT, unless kept back, and what has changed.
    fn tick(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.timing.last_tick);
        self.timing.last_tick = now;
        if self.alive {
            self.measured.wobble(&mut self.random);
            if !self.charger_enabled()
                && let Measured::Charger(charger) = &mut self.measured
            {
                charger.current = 0.0;
                charger.panel_power = 0.0;
            }
            self.measured.count(passed.as_secs_f64());
            self.refresh();
        }
        // Another function of the port's transmit pin ends TEXT, not HEX.
        let text_wanted = !self.is_charger() || self.bank.raw(0xED9E) == 0;
        if text_wanted && now >= self.timing.text_held_until {
            for block in text::blocks(self) {
                self.outbox.block(now, block);
            }
        }
        self.tell_changes(now);
    }

    /// Remembers all values so that only later changes are sent.
    fn learn_told(&mut self) {
        for id in self.watched() {
            if let Some(slot) = self.bank.get(*id) {
                self.told.insert(*id, slot.bytes().to_vec());
            }
        }
    }

    fn watched(&self) -> &'static [u16] {
        if self.is_charger() { TOLD_BY_CHARGERS } else { TOLD_BY_OTHERS }
    }

    fn tell_changes(&mut self, now: Duration) {
        if self.timing.changes_told_until.is_some_and(|until| now < until) {
            for id in self.watched() {
                let value = self.bank.get(*id).map(|slot| slot.bytes().to_vec());
                self.tell(now, *id, value);
            }
        }
        if let Measured::Charger(charger) = &self.measured
            && self.firmware >= HISTORY_TOLD_SINCE
        {
            let today = history::record(charger, history::TODAY).flatten();
            let total = history::record(charger, history::TOTAL).flatten();
            self.tell(now, history::TODAY, today);
            self.tell(now, history::TOTAL, total);
        }
    }

    /// Sends a register if it differs from what was last told. The first
    /// value is only remembered.
    fn tell(&mut self, now: Duration, register: u16, value: Option<Vec<u8>>) {
        let Some(bytes) = value else { return };
        let known = self.told.insert(register, bytes.clone());
        if known.is_some_and(|known| known != bytes)
            && let Some(value) = Payload::new(&bytes)
        {
            let flags = Flags(0);
            let told = RegisterValue { register, flags, value };
            self.outbox.frame(now, Answer::Async(told).encode());
        }
    }
}
