//! What the control loop makes of probes: readings, or one word when one fails.

use std::sync::Arc;

use super::control_loop::ControlLoop;
use super::inbox::{Inbox, Input};
use crate::clock::Now;
use crate::journal::Kind;
use crate::probe::{DEVICE, Fault, Probe, Threads};
use crate::units::{Unit, Value};
use crate::vedirect::Measurement;
use crate::vedirect::state::Meaning;

/// Starts reading every probe.
pub(super) fn start(probes: &[Probe], inbox: &Inbox) -> std::io::Result<Threads> {
    let inbox = inbox.clone();
    Threads::start(probes, move |name, read| {
        inbox.offer(Input::Probe { name: name.to_owned(), read });
    })
}

impl ControlLoop {
    /// Takes what a probe said. A fault is said once, and counts as "not available".
    pub(super) fn probed(&mut self, now: Now, name: &str, read: Result<f64, Fault>) {
        let health = match &read {
            Ok(_) => "reads".to_owned(),
            Err(fault) => fault.to_string(),
        };
        let known = self.devices.entry(name.into()).or_default();
        if known.health != health {
            known.health.clone_from(&health);
            self.note(Kind::Device, name, "probe", &health);
        }
        let measurement = Measurement {
            name: name.to_owned().into(),
            unit: Unit::Celsius,
            meaning: Meaning::Plain,
            value: read.ok().map(Value::Number),
        };
        self.measured(now, &Arc::from(DEVICE), &[measurement]);
    }
}
