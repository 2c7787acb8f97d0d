//! Who each device was when it could last be written.
//!
//! A device that is another one today, or has other firmware, may understand the same
//! register differently, and limits that were set for one battery are wrong for
//! another. So what was known is kept, and what differs locks writes until a person
//! has seen it, or the former device is back. Reading goes on.
//!
//! A serial number in the configuration is the owner's word: a device that has it is
//! taken as it is at first sight. Without one, the device that is there when the
//! site is armed is the one that is meant from then on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Now;
use crate::vedirect::hex::Version;
use crate::vedirect::product;
use crate::vedirect::text::Identity;

/// All devices that are written, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Identities(BTreeMap<String, Known>);

/// What is known of one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Known {
    product: Option<u16>,
    serial: Option<String>,
    /// As the device tells it.
    firmware: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Changed>,
}

/// Why a device is not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Changed {
    /// What differs, in words.
    pub what: String,
    /// Since when, by the wall clock: milliseconds since 1970.
    pub since_ms: i64,
}

/// What came of hearing who a device is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// Nothing new.
    Same,
    /// It is the one that is meant from now on.
    Pinned,
    /// It is another than before: not written until somebody has seen it.
    Locked(String),
    /// It is the former one again.
    Back,
}

impl Identities {
    /// A device says who it is. `declared` is the serial number in the configuration;
    /// `armed`: whatever is there now is meant, if nobody has said which.
    pub(super) fn heard(
        &mut self,
        now: Now,
        device: &str,
        found: &Identity,
        declared: Option<&str>,
        armed: bool,
    ) -> Heard {
        let is_declared = match (declared, found.serial_number.as_deref()) {
            (Some(declared), Some(found)) if declared.eq_ignore_ascii_case(found) => true,
            // The session has a lock of its own for a device that is not the declared one.
            (Some(_), _) => return Heard::Same,
            (None, _) => false,
        };
        let Some(known) = self.0.get_mut(device) else {
            return self.first(device, found, is_declared || armed);
        };
        if is_declared && differs(&known.serial, &found.serial_number) {
            // The owner has declared another device since.
            return self.first(device, found, true);
        }
        let what = known.differences(found);
        if what.is_empty() {
            let told = Known::from(found);
            known.product = known.product.or(told.product);
            known.serial = known.serial.take().or(told.serial);
            known.firmware = known.firmware.or(told.firmware);
            return if known.changed.take().is_some() { Heard::Back } else { Heard::Same };
        }
        if known.changed.as_ref().is_some_and(|changed| changed.what == what) {
            return Heard::Same;
        }
        let since_ms = now.wall.as_millisecond();
        known.changed = Some(Changed { what: what.clone(), since_ms });
        Heard::Locked(what)
    }

    fn first(&mut self, device: &str, found: &Identity, meant: bool) -> Heard {
        if !meant {
            return Heard::Same;
        }
        self.0.insert(device.to_owned(), Known::from(found));
        Heard::Pinned
    }

    /// Why a device is not written, if so.
    pub(super) fn lock(&self, device: &str) -> Option<&Changed> {
        self.0.get(device)?.changed.as_ref()
    }

    /// A person has seen what a device is now. Returns what had changed.
    pub(super) fn acknowledge(&mut self, device: &str, found: &Identity) -> Option<Changed> {
        let known = self.0.get_mut(device)?;
        let changed = known.changed.take()?;
        *known = Known::from(found);
        Some(changed)
    }
}

impl Known {
    fn from(found: &Identity) -> Self {
        Self {
            product: found.product,
            serial: found.serial_number.clone(),
            firmware: found.firmware.map(|version| version.0),
            changed: None,
        }
    }

    /// What differs between what was known and what is told now; what is not told is
    /// no difference.
    fn differences(&self, found: &Identity) -> String {
        let mut found_words = Vec::new();
        if differs(&self.serial, &found.serial_number) {
            found_words.push(words("serial number", &self.serial, &found.serial_number));
        }
        let name = |id: Option<u16>| id.map(product_name);
        if differs(&self.product, &found.product) {
            found_words.push(words("product", &name(self.product), &name(found.product)));
        }
        let number = |raw: Option<u16>| raw.map(|raw| Version(raw).number());
        let firmware = found.firmware.map(|version| version.0);
        if differs(&number(self.firmware), &number(firmware)) {
            let version = |raw: Option<u16>| raw.map(|raw| Version(raw).to_string());
            found_words.push(words("firmware", &version(self.firmware), &version(firmware)));
        }
        found_words.join(", ")
    }
}

fn words(what: &str, before: &Option<String>, now: &Option<String>) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    format!("{what} {} was {}", text(now), text(before))
}

fn product_name(id: u16) -> String {
    product::find(id).map_or_else(|| format!("0x{id:04X}"), |product| product.name.to_owned())
}

fn differs<T: PartialEq>(before: &Option<T>, now: &Option<T>) -> bool {
    matches!((before, now), (Some(before), Some(now)) if before != now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Now =
        Now { monotonic: Duration::ZERO, wall: jiff::Timestamp::UNIX_EPOCH, wall_trusted: false };

    fn charger(serial: &str, firmware: Option<u16>) -> Identity {
        Identity {
            product: Some(0xA060),
            serial_number: Some(serial.to_owned()),
            firmware: firmware.map(Version),
        }
    }

    /// Hears them one after the other; what the last one is.
    #[track_caller]
    fn check(declared: Option<&str>, armed: bool, heard: &[Identity], last: &Heard) -> Identities {
        let mut identities = Identities::default();
        let mut said = Heard::Same;
        for found in heard {
            said = identities.heard(NOW, "mppt", found, declared, armed);
        }
        assert_eq!(said, *last);
        identities
    }

    #[test]
    fn other_firmware_locks_until_it_is_back_or_acknowledged() {
        let (old, new) = (charger("A", Some(0x4161)), charger("A", Some(0x4164)));
        let what = "firmware 1.64 was 1.61";
        let locked = Heard::Locked(what.to_owned());
        let mut identities = check(Some("A"), true, &[old.clone(), new.clone()], &locked);
        assert_eq!(identities.lock("mppt").unwrap().what, what);
        check(Some("A"), true, &[old.clone(), new.clone(), new.clone()], &Heard::Same);
        check(Some("A"), true, &[old.clone(), new.clone(), old], &Heard::Back);
        assert_eq!(identities.acknowledge("mppt", &new).unwrap().what, what);
        assert_eq!(identities.lock("mppt"), None);
        assert_eq!(identities.heard(NOW, "mppt", &new, Some("A"), true), Heard::Same);
    }

    #[test]
    fn what_is_not_told_is_no_change() {
        let silent = Identity { product: Some(0xA060), ..Identity::default() };
        let known = charger("A", Some(0x4161));
        check(None, true, &[known.clone(), charger("A", None)], &Heard::Same);
        check(None, true, &[known.clone(), silent.clone()], &Heard::Same);
        // And what was not told at first is known when it is.
        let other = charger("B", Some(0x4161));
        let locked = Heard::Locked("serial number B was A".to_owned());
        check(None, true, &[silent, known, other], &locked);
    }

    #[test]
    fn the_kind_of_a_firmware_is_not_its_number() {
        let (text, hex) = (charger("A", Some(0x4161)), charger("A", Some(0xC161)));
        check(Some("A"), true, &[text, hex], &Heard::Same);
    }

    #[test]
    fn without_a_declared_number_the_one_there_when_armed_is_meant() {
        let (one, other) = (charger("A", None), charger("B", None));
        check(None, false, &[one.clone(), other.clone()], &Heard::Same);
        check(None, true, std::slice::from_ref(&one), &Heard::Pinned);
        let locked = Heard::Locked("serial number B was A".to_owned());
        check(None, true, &[one, other], &locked);
    }

    #[test]
    fn a_declared_number_is_taken_at_first_sight_and_when_it_is_declared_anew() {
        let (one, other) = (charger("A", Some(0x4161)), charger("B", Some(0x4164)));
        let mut identities = check(Some("a"), false, std::slice::from_ref(&one), &Heard::Pinned);
        // Another device there is the session's to lock.
        assert_eq!(identities.heard(NOW, "mppt", &other, Some("A"), true), Heard::Same);
        assert_eq!(identities.heard(NOW, "mppt", &other, Some("B"), false), Heard::Pinned);
        assert_eq!(identities.lock("mppt"), None);
    }

    #[test]
    fn a_lock_outlives_a_restart() {
        let (old, new) = (charger("A", Some(0x4161)), charger("A", Some(0x4164)));
        let locked = Heard::Locked("firmware 1.64 was 1.61".to_owned());
        let identities = check(Some("A"), true, &[old, new], &locked);
        let json = serde_json::to_string(&identities).unwrap();
        assert_eq!(serde_json::from_str::<Identities>(&json).unwrap(), identities);
    }
}
