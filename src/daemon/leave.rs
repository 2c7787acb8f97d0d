//! Whether a SET may leave for a device: the last word before its bytes.
//!
//! ```text
//! session: read, differs ─► may it leave? ─► is it the device that is meant?
//!                                            └► may this register be written so often?
//!          SET ◄── yes, and the count is on the disk ◄──────────┘
//! ```
//!
//! Every write of every task comes by here, whatever wants it. The way back to safe
//! is counted like any other and does not wait for the disk: the count there is one
//! ahead.

use std::sync::Arc;
use std::time::Duration;

use super::control_loop::ControlLoop;
use super::identities::Heard;
use super::keys::KEY_IDENTITIES;
use crate::arbiter::OutputId;
use crate::clock::Now;
use crate::control::Reply;
use crate::engine::{Event, Mode};
use crate::journal::Kind;
use crate::serial::Answer;
use crate::session::{Authority, Departure};
use crate::vedirect::text::Identity;
use crate::wear::{Asker, INTERVAL, Key, PER_DAY};

/// A SET that waits until its charge is on the disk.
pub(super) struct Charged {
    key: Key,
    answer: Answer,
}

impl ControlLoop {
    /// Lets a SET leave, or says why not.
    pub(super) fn leaving(&mut self, device: &Arc<str>, departure: Departure, answer: Answer) {
        let now = self.clock.now();
        self.heard_who(now, device, &departure.identity);
        if let Some(changed) = self.identities.lock(device) {
            let why = format!(
                "{device} is not as it was ({}): `sunkeep acknowledge {device}` ends this",
                changed.what
            );
            return say(answer, Err(why));
        }
        if !departure.wear.costs() {
            return say(answer, Ok(()));
        }
        let Departure { register, authority, again, identity, .. } = departure;
        let output = self.hands.output_of(device, register);
        let asker = self.asker(authority, again, output);
        let key = Key::of(identity.serial_number.as_deref(), device, register);
        if let Err(spent) = self.ledger.charge(now, &key, device, asker) {
            return say(answer, Err(format!("{key}: {spent}")));
        }
        if let (Asker::Person, Some(output)) = (asker, output) {
            // A budget is the register's, whoever uses it.
            self.engine.handle(now, Event::Spent(output));
        }
        match asker {
            Asker::Safe => {
                // A refusal is counted by the store; the way back waits for nobody.
                self.save_count(now, &key, None, false);
                say(answer, Ok(()));
            }
            Asker::Rule { .. } | Asker::Person => self.charge(now, key, answer),
        }
    }

    /// Lets it leave when the charge is on the disk.
    fn charge(&mut self, now: Now, key: Key, answer: Answer) {
        self.next_manual += 1;
        let ticket = self.next_manual;
        if self.save_count(now, &key, Some(ticket), false) {
            self.charges.insert(ticket, Charged { key, answer });
        } else {
            self.ledger.refund(&key);
            say(answer, Err("the journal's queue is full".to_owned()));
        }
    }

    /// The journal has a charge, or could not take it.
    pub(super) fn charged(&mut self, ticket: u64, result: &Result<(), String>) {
        let Some(Charged { key, answer }) = self.charges.remove(&ticket) else { return };
        let said = result
            .clone()
            .map_err(|error| format!("the journal did not take the count of its writes ({error})"));
        // Nobody waits any more: it did not leave either.
        let left = answer.send(said).is_ok() && result.is_ok();
        if !left {
            self.ledger.refund(&key);
            self.save_count(self.clock.now(), &key, None, false);
        }
    }

    fn asker(&self, authority: Authority, again: bool, output: Option<OutputId>) -> Asker {
        let policy = output.map(|output| self.engine.policy(output));
        let per_day = policy.and_then(|policy| policy.max_writes_per_day).unwrap_or(PER_DAY);
        let interval = match policy {
            _ if again => Duration::ZERO,
            Some(policy) => policy.rest().min(INTERVAL),
            None => INTERVAL,
        };
        match authority {
            Authority::Safe => Asker::Safe,
            Authority::Rule => Asker::Rule { per_day, interval },
            Authority::Human | Authority::HumanAllowingDenied => Asker::Person,
        }
    }

    /// A device has said who it is.
    pub(super) fn heard_who(&mut self, now: Now, device: &Arc<str>, found: &Identity) {
        if !self.hands.writes_to(device) {
            return;
        }
        let declared = self.devices.get(device).and_then(|device| device.declared.clone());
        let armed = self.engine.mode() == Mode::Run;
        let heard = self.identities.heard(now, device, found, declared.as_deref(), armed);
        match &heard {
            Heard::Same => return self.save_identities(false),
            Heard::Pinned => {
                let who = super::words::identity(found);
                self.note(Kind::Device, device, "pinned", &format!("writes are for {who}"));
            }
            Heard::Locked(what) => {
                let why = format!("{what}; not written until `sunkeep acknowledge {device}`");
                self.note(Kind::Alarm, device, "writes locked", &why);
            }
            Heard::Back => {
                self.note(Kind::Device, device, "writes unlocked", "it is as it was before");
            }
        }
        self.save_identities(true);
    }

    /// The site was armed: whatever is there now is meant.
    pub(super) fn heard_all(&mut self, now: Now) {
        let known = self.devices.iter();
        let known: Vec<_> =
            known.map(|(name, device)| (name.clone(), device.who.clone())).collect();
        for (device, who) in known {
            if who.product.is_some() {
                self.heard_who(now, &device, &who);
            }
        }
    }

    fn save_identities(&mut self, durable: bool) {
        // Plain data of strings and numbers always becomes JSON.
        let json = serde_json::to_string(&self.identities).unwrap_or_default();
        self.save(KEY_IDENTITIES, json, durable);
    }

    /// A person has seen that a device is another than before; `None`: it is not locked.
    pub(super) fn acknowledge_device(&mut self, device: &str, who: &str) -> Option<Reply> {
        self.identities.lock(device)?;
        let found = self.devices.get(device).map(|device| device.who.clone());
        let found = found.filter(|found| found.product.is_some());
        let Some(found) = found else {
            let message = format!("{device} has not said who it is since the start; look again");
            return Some(Reply::Refused { message });
        };
        let changed = self.identities.acknowledge(device, &found)?;
        let reason = format!("by {who}: {}; it is written again", changed.what);
        self.note(Kind::Manual, device, "acknowledged", &reason);
        self.save_identities(true);
        let message = format!("acknowledged: {device} is written again ({})", changed.what);
        Some(Reply::Done { message })
    }
}

fn say(answer: Answer, said: Result<(), String>) {
    // The port may have been lost meanwhile.
    let _ = answer.send(said);
}
