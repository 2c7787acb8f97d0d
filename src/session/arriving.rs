//! What a session makes of the frames that arrive.
//!
//! Blocks and unasked registers become measurements; an answer goes to
//! whoever asked, and to nobody else.

use super::conversation::{Conversation, Flight, Purpose};
use super::health::Link;
use super::identify::Stage;
use super::job::Reply;
use super::matching::matching;
use super::task::Event;
use super::write;
use crate::vedirect::Measurement;
use crate::vedirect::decoder::Block;
use crate::vedirect::hex::{Answer, RegisterValue, Request};
use crate::vedirect::register;
use crate::vedirect::text;

/// Events that wait for the driver. One `receive` of 4 KiB makes about 40.
const EVENTS_MAX: usize = 512;

/// Uptime in seconds: it falls when the device restarts.
const UPTIME: u16 = 0x0120;

impl Conversation {
    /// Takes an accepted TEXT block.
    pub fn text(&mut self, block: &Block<'_>) {
        let was_alive = self.health().text == Link::Alive;
        self.pulse.text(self.now);
        self.pace.block(self.now);
        let changed = self.who.text(text::identity(block));
        if changed || (!was_alive && self.told.text == Link::Silent) {
            self.suspect();
        }
        self.announce();
        let mut measured = Vec::new();
        // The history blocks of a BMV do not say who speaks; the others do.
        let family = text::family_of(block).or_else(|| self.known_family());
        text::measure_as(block, family, &mut measured);
        self.measured(measured);
    }

    /// Takes an accepted HEX frame.
    pub fn hex(&mut self, answer: Answer) {
        if self.pace.burst() {
            self.pulse.excuse_text(self.now);
        }
        if let Answer::Async(value) = answer {
            self.register_seen(&value);
            return;
        }
        let Some(flight) = self.flight else {
            self.counters.late += 1;
            return;
        };
        if answer == Answer::FrameError {
            self.counters.frame_errors += 1;
            self.flight = None;
            self.failed(flight);
            return;
        }
        let Some(reply) = matching(&flight.request, &answer) else {
            self.counters.foreign += 1;
            return;
        };
        self.flight = None;
        self.answered(flight, reply, &answer);
    }

    fn answered(&mut self, flight: Flight, reply: Reply, answer: &Answer) {
        let was_lost = matches!(self.told.hex, Link::Silent | Link::Deaf);
        self.pulse.answered();
        match flight.purpose {
            Purpose::Identify => self.identified(&flight.request, reply, answer),
            Purpose::Task => self.job_step(|job, now, timing| job.answered(now, reply, timing)),
            Purpose::Probe | Purpose::Poll => {}
        }
        if flight.purpose != Purpose::Identify
            && (was_lost || matches!(self.who.stage, Stage::Failed(_)))
        {
            self.suspect();
        }
        if let Answer::Get(value) = answer {
            self.register_seen(value);
        }
        self.end_exchange();
    }

    fn identified(&mut self, request: &Request, reply: Reply, answer: &Answer) {
        let payload = match reply {
            Reply::Value(payload) => Some(payload),
            Reply::Flags(_) | Reply::Unsupported => None,
        };
        match (request, answer) {
            (Request::Ping, Answer::Ping(version)) => self.who.ping(self.now, *version),
            (Request::ProductId, _) => self.who.product(self.now, payload),
            (Request::Get { .. }, _) => self.who.serial(self.now, payload),
            // A ping answered with "unknown command": somebody is there.
            _ => self.who.no_version(self.now),
        }
        self.announce();
    }

    /// A register's value arrived, as an answer or unasked.
    fn register_seen(&mut self, value: &RegisterValue) {
        let RegisterValue { register, flags, value } = *value;
        if flags.is_ok() {
            self.schedule.served(register, self.now);
        } else {
            self.schedule.absent(register);
            return;
        }
        if register == UPTIME {
            self.uptime_seen(&value);
        }
        let row = register::find(self.family(), register);
        if let Some(Ok(Some(measurement))) =
            row.map(|row| row.measurement(&write::mode_alone(row, &value)))
        {
            self.measured(vec![measurement]);
        }
    }

    fn uptime_seen(&mut self, value: &[u8]) {
        let Ok(bytes) = <[u8; 4]>::try_from(value) else {
            return;
        };
        let uptime = u32::from_le_bytes(bytes);
        if self.uptime.replace(uptime).is_some_and(|before| uptime < before) {
            self.push(Event::Restarted);
            self.who.ask_again(self.now);
        }
    }

    fn measured(&mut self, measured: Vec<Measurement>) {
        if measured.is_empty() {
            return;
        }
        let unproven = self.settings.expected_serial.is_some() && !self.who.settled();
        if self.mismatch().is_some() || unproven {
            self.counters.withheld += 1;
        } else if self.events.len() >= EVENTS_MAX {
            self.counters.overflowed += 1;
        } else {
            self.push(Event::Measured(measured));
        }
    }
}
