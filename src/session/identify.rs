//! Who is at the other end, and whether that is the device configured.
//!
//! HEX is asked (ping, product id, serial number); what TEXT says of itself
//! counts as well. Until an answer is complete, and whenever it differs from
//! what is configured, writes stay locked.

use std::time::Duration;

use super::lock::Lock;
use super::timing::Timing;
use crate::vedirect::device_text;
use crate::vedirect::hex::{Payload, Request, Version};
use crate::vedirect::text::Identity;

/// Serial number register.
const SERIAL_NUMBER: u16 = 0x010A;

/// How far identification has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Is anybody there, and which firmware?
    #[default]
    Ping,
    /// Command 4: register 0x0100 has the wrong byte order on some builds.
    Product,
    /// Register 0x010A; many BMVs do not tell it by TEXT.
    Serial,
    /// All asked; the time it ended.
    Concluded(Duration),
    /// Nobody answers; the time this was found.
    Failed(Duration),
}

/// What is known of the device.
#[derive(Clone, Debug, Default)]
pub(super) struct Who {
    pub stage: Stage,
    pub not_before: Duration,
    attempt: u8,
    hex: Identity,
    text: Identity,
    /// A TEXT identity seen once; it counts when the next block agrees.
    candidate: Identity,
    announced: Identity,
    mismatch_announced: bool,
    /// Identification has ended once since the device was last in doubt.
    settled: bool,
}

impl Who {
    /// Starts over: a new connection, or the device was away.
    /// TEXT proves itself anew too.
    pub fn restart(&mut self, now: Duration) {
        *self = Self { not_before: now, ..Self::default() };
    }

    /// Asks HEX again, keeping what is known meanwhile.
    pub fn ask_again(&mut self, now: Duration) {
        self.stage = Stage::Ping;
        self.attempt = 0;
        self.not_before = now;
    }

    /// Whether requests of identification go before everything else.
    pub fn in_progress(&self) -> bool {
        matches!(self.stage, Stage::Ping | Stage::Product | Stage::Serial)
    }

    /// The device may be another one than before.
    pub fn doubt(&mut self, now: Duration) {
        self.ask_again(now);
        self.settled = false;
    }

    /// Whether identification has ended, well or not, since the last doubt.
    pub fn settled(&self) -> bool {
        self.settled
    }

    /// Whether the device was asked longer than `span` ago.
    pub fn older_than(&self, now: Duration, span: Duration) -> bool {
        matches!(self.stage, Stage::Concluded(at) if now.saturating_sub(at) > span)
    }

    pub fn concluded(&self) -> bool {
        matches!(self.stage, Stage::Concluded(_))
    }

    /// The request of this stage.
    pub fn request(&self) -> Option<Request> {
        match self.stage {
            Stage::Ping => Some(Request::Ping),
            Stage::Product => Some(Request::ProductId),
            Stage::Serial => Some(Request::Get { register: SERIAL_NUMBER }),
            Stage::Concluded(_) | Stage::Failed(_) => None,
        }
    }

    /// Answer to a ping, of this stage or any other.
    pub fn ping(&mut self, now: Duration, version: Version) {
        self.hex.firmware = Some(version);
        if self.stage == Stage::Ping {
            self.enter(Stage::Product, now);
        }
    }

    /// The device answers, but not to pings.
    pub fn no_version(&mut self, now: Duration) {
        self.enter(Stage::Product, now);
    }

    /// Answer to command 4; `None` if the device does not know it.
    pub fn product(&mut self, now: Duration, payload: Option<Payload>) {
        self.hex.product = match payload.as_deref() {
            Some(&[low, high, ..]) => Some(u16::from_le_bytes([low, high])),
            _ => None,
        };
        self.enter(Stage::Serial, now);
    }

    /// Answer to register 0x010A; `None` if the device does not have it.
    pub fn serial(&mut self, now: Duration, payload: Option<Payload>) {
        self.hex.serial_number = payload.and_then(|bytes| serial_text(&bytes));
        self.enter(Stage::Concluded(now), now);
    }

    /// A request of identification was not answered.
    pub fn unanswered(&mut self, now: Duration, timing: &Timing) {
        self.attempt = self.attempt.saturating_add(1);
        self.not_before = now + timing.pause_before_retry(self.attempt);
        if self.attempt >= timing.read_attempts {
            self.enter(Stage::Failed(now), now);
        }
    }

    /// What a block said; returns whether the device is another than before.
    pub fn text(&mut self, seen: Identity) -> bool {
        if seen == Identity::default() {
            return false;
        }
        if self.candidate != seen {
            self.candidate = seen;
            return false;
        }
        let changed = differs(&self.text.product, &seen.product)
            || differs(&self.text.serial_number, &seen.serial_number)
            || differs(&self.text.firmware, &seen.firmware);
        if changed {
            self.hex = Identity::default();
        }
        self.text = seen;
        changed
    }

    /// What is known, HEX before TEXT.
    pub fn identity(&self) -> Identity {
        Identity {
            product: self.hex.product.or(self.text.product),
            serial_number: self.hex.serial_number.clone().or(self.text.serial_number.clone()),
            firmware: self.hex.firmware.or(self.text.firmware),
        }
    }

    /// The identity, if it says something that has not been announced.
    pub fn news(&mut self) -> Option<Identity> {
        let identity = self.identity();
        if identity == self.announced || identity.product.is_none() {
            return None;
        }
        self.announced = identity.clone();
        Some(identity)
    }

    /// Whether a mismatch is to be announced now: once until it is over.
    pub fn mismatch_news(&mut self, mismatch: bool) -> bool {
        let news = mismatch && !self.mismatch_announced;
        self.mismatch_announced = mismatch;
        news
    }

    /// A known product or serial number, from either language, that is not the configured one.
    pub fn mismatch(&self, product: Option<u16>, serial: Option<&str>) -> Option<Lock> {
        [&self.hex, &self.text].into_iter().find_map(|known| {
            if let (Some(expected), Some(found)) = (product, known.product)
                && expected != found
            {
                return Some(Lock::WrongProduct { expected, found });
            }
            match (serial, known.serial_number.as_deref()) {
                (Some(expected), Some(found)) if !expected.eq_ignore_ascii_case(found) => {
                    Some(Lock::WrongSerial {
                        expected: expected.to_owned(),
                        found: found.to_owned(),
                    })
                }
                _ => None,
            }
        })
    }

    /// Why nothing may be written, if so.
    pub fn lock(&self, product: Option<u16>, serial: Option<&str>) -> Option<Lock> {
        if let Some(mismatch) = self.mismatch(product, serial) {
            return Some(mismatch);
        }
        if !self.concluded() {
            return Some(Lock::NotIdentified);
        }
        let identity = self.identity();
        match (product, identity.product, serial, identity.serial_number) {
            (Some(expected), None, _, _) => Some(Lock::ProductUnknown { expected }),
            (_, _, Some(expected), None) => {
                Some(Lock::SerialUnknown { expected: expected.to_owned() })
            }
            (_, None, _, _) => Some(Lock::NotIdentified),
            _ => None,
        }
    }

    fn enter(&mut self, stage: Stage, now: Duration) {
        self.stage = stage;
        self.attempt = 0;
        self.not_before = now;
        self.settled |= !self.in_progress();
    }
}

fn differs<T: PartialEq>(before: &Option<T>, now: &Option<T>) -> bool {
    matches!((before, now), (Some(before), Some(now)) if before != now)
}

fn serial_text(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    let text = device_text(text);
    (!text.is_empty()).then_some(text)
}
