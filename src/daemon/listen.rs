//! What the control loop makes of what ports tell it.

use std::sync::Arc;

use super::control_loop::{ControlLoop, Device};
use super::words;
use crate::clock::Now;
use crate::engine::Event;
use crate::journal::Kind;
use crate::serial::{Notice, PortEvent};
use crate::session::{Event as DeviceEvent, Health, Link};
use crate::snapshot::{PointId, Quality, Reason, Snapshot, View};
use crate::store;
use crate::vedirect::hex::Version;
use crate::vedirect::register::Family;
use crate::vedirect::{Measurement, product};

/// How far a reading is believed, as the history keeps it. That a second frame must
/// agree is seen there from the readings themselves.
fn as_stored(snapshot: &Snapshot, now: Now, id: PointId) -> Quality {
    match snapshot.view(now, id) {
        View::Unknown(Reason::OutOfRange { .. }) => Quality::Suspect,
        View::Unknown(Reason::NotAvailable) => Quality::NotAvailable,
        _ => Quality::Good,
    }
}

impl ControlLoop {
    pub(super) fn port(&mut self, event: PortEvent) {
        let PortEvent { device, at, notice } = event;
        match notice {
            Notice::Session(event) => self.device_said(at, &device, event),
            Notice::Opened => {
                self.device(&device).health = "port open".to_owned();
                self.note(Kind::Device, &device, "port open", "");
            }
            Notice::Closed { error, .. } => self.closed(at, &device, &error.to_string()),
            Notice::Dropped(frames) => self.dropped += frames,
            Notice::Leaving { departure, answer } => self.leaving(&device, departure, answer),
            // Results go to whoever asked.
            Notice::Done { .. } => {}
        }
    }

    fn device_said(&mut self, at: Now, device: &Arc<str>, event: DeviceEvent) {
        match event {
            DeviceEvent::Measured(measured) => self.measured(at, device, &measured),
            DeviceEvent::Identified(identity) => {
                let product = identity.product.and_then(product::find);
                let product = product.map(|product| product.family);
                let declared = self.device(device).family;
                self.device(device).family = product.or(declared).or(Some(Family::Common));
                self.device(device).who = identity.clone();
                self.heard_who(at, device, &identity);
                if identity.product.is_some() {
                    self.known_as(device, identity.firmware, product);
                }
                let identity = words::identity(&identity);
                if self.device(device).identity != identity {
                    self.device(device).identity.clone_from(&identity);
                    self.note(Kind::Device, device, "identified", &identity);
                }
            }
            DeviceEvent::IdentityMismatch { lock, .. } => {
                self.snapshot.forget_device(device);
                self.unreadable(at, device);
                self.note(Kind::Alarm, device, "wrong device", &lock.to_string());
            }
            // A port that has just closed is told by itself.
            DeviceEvent::Health(health) if health == Health::default() => {}
            DeviceEvent::Health(health) => {
                if health.hex != Link::Alive {
                    // What was read back last says nothing about now.
                    self.unreadable(at, device);
                }
                self.device(device).health = health.to_string();
                self.note(Kind::Device, device, "health", &health.to_string());
            }
            DeviceEvent::Restarted => {
                self.snapshot.forget_device(device);
                self.hands.look(device);
                self.note(Kind::Device, device, "restarted", "its uptime went back");
            }
            // The port answers for what ends, and asks for what leaves.
            DeviceEvent::Done(..) | DeviceEvent::Leaving(..) => {}
        }
    }

    /// A device is of this family: the outputs that it cannot be are told.
    fn known_as(&mut self, device: &str, firmware: Option<Version>, family: Option<Family>) {
        let firmware = firmware.map(Version::number);
        for (output, why) in self.hands.identified(device, firmware, family) {
            let name = self.engine.policy(output).name.clone();
            self.note(Kind::Alarm, &name, "wrong device", &why);
        }
    }

    /// Says once why a port is closed, not at every attempt to open it. Readings
    /// are left to grow old: a cable that is back at once harms nothing.
    fn closed(&mut self, at: Now, device: &Arc<str>, reason: &str) {
        let health = format!("port closed: {reason}");
        if self.device(device).health != health {
            self.device(device).health = health;
            self.unreadable(at, device);
            self.note(Kind::Device, device, "port closed", reason);
        }
    }

    /// The device's output cannot be read back any more.
    fn unreadable(&mut self, now: Now, device: &str) {
        for output in self.hands.lost(device) {
            self.engine.handle(now, Event::Feedback { output, actual: None });
        }
    }

    fn device(&mut self, device: &Arc<str>) -> &mut Device {
        self.devices.entry(device.clone()).or_default()
    }

    /// Takes what one frame said.
    pub(super) fn measured(&mut self, now: Now, device: &Arc<str>, measured: &[Measurement]) {
        let mut samples = Vec::with_capacity(measured.len());
        for measurement in measured {
            let id = self.snapshot.accept(now, device, measurement, self.max_age);
            let Some(id) = id else { continue };
            for (_, point) in self.snapshot.points().skip(self.names.len()) {
                self.names.push(point.name.as_str().into());
            }
            samples.push(store::Sample {
                point: self.names[id.index()].clone(),
                unit: measurement.unit,
                value: measurement.value.clone(),
                quality: as_stored(&self.snapshot, now, id),
                at: now,
            });
            let value = measurement.value.as_ref();
            for (output, actual) in self.hands.measured(device, &measurement.name, value) {
                self.engine.handle(now, Event::Feedback { output, actual });
            }
        }
        self.let_go_of_originals();
        // A full queue is counted by the store and shown in the status.
        self.store.send(store::Command::Samples(samples));
    }
}
