//! A register that is set to a number, and given back.
//!
//! Some values count only while another register says that a host is in charge:
//! that companion is written first, and put back last. A value that the device
//! lets go of is said again even when it reads back unchanged, since only a write
//! counts there.

use std::sync::Arc;

use crate::arbiter::Want;
use crate::engine::Outcome;
use crate::session::{Authority, Outcome as Answer, ReadResult, Task, WriteResult};
use crate::units::Value;
use crate::vedirect::register::{Decoded, Register, Wear};

/// How a set-point is written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The device's name.
    pub device: Arc<str>,
    /// The register.
    pub register: &'static Register,
    /// What must be written along with it.
    pub companion: Option<Companion>,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.device == other.device
            && self.register.id == other.register.id
            && self.companion == other.companion
    }
}

/// A register that says whether the host's value counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Companion {
    /// Its id.
    pub register: u16,
    /// Its value while the set-point counts.
    pub active: f64,
    /// Its value afterwards.
    pub idle: f64,
}

impl Plan {
    /// The writes that bring it to `want`, in order.
    #[must_use]
    pub fn tasks(&self, want: Want) -> Vec<Task> {
        let own = |value| self.write(self.register.id, value);
        let along = |value: fn(&Companion) -> f64| {
            self.companion.map(|other| self.write(other.register, Value::Number(value(&other))))
        };
        match want {
            Want::Number(number) => {
                let first = along(|companion| companion.active);
                first.into_iter().chain([own(Value::Number(number))]).collect()
            }
            Want::Release => {
                let last = along(|companion| companion.idle);
                [own(Value::Text("release".into()))].into_iter().chain(last).collect()
            }
            // The configuration makes no set-point of a switch.
            Want::Level(_) => Vec::new(),
        }
    }

    /// The read that tells where it is.
    #[must_use]
    pub const fn read(&self) -> Task {
        Task::Read { register: self.register.id }
    }

    /// Whether a write goes to the register itself, not to its companion.
    #[must_use]
    pub fn is_own(&self, task: &Task) -> bool {
        matches!(task, Task::Write { register, .. } | Task::Renew { register, .. }
            if *register == self.register.id)
    }

    fn write(&self, register: u16, value: Value) -> Task {
        let authority = Authority::Rule;
        let lets_go = self.register.wear == Wear::Volatile && value.as_number().is_some();
        if lets_go {
            Task::Renew { register, value, authority }
        } else {
            Task::Write { register, value, authority }
        }
    }

    /// What a value of its register stands for; `None`: the device has no such value.
    #[must_use]
    pub fn want_of(&self, value: Option<&Value>) -> Option<Want> {
        match value {
            Some(value) => value.as_number().map(|n| Want::number_in_steps(n, self.register.scale)),
            None => self.register.release.then_some(Want::Release),
        }
    }

    /// What an answer to [`Plan::read`] stands for.
    #[must_use]
    pub fn want_read(&self, answer: &Answer) -> Option<Want> {
        match answer {
            Answer::Read(ReadResult::Value(Decoded::Value(value))) => self.want_of(Some(value)),
            Answer::Read(ReadResult::Value(Decoded::NotAvailable)) => self.want_of(None),
            _ => None,
        }
    }

    /// What the answer to one of the writes means.
    #[must_use]
    pub fn outcome(&self, answer: &Answer) -> Outcome {
        match answer {
            Answer::Written(result) if result.is_success() => Outcome::Verified,
            Answer::Written(WriteResult::Clamped { got: Some(got), .. }) => {
                self.want_of(Some(got)).map_or_else(|| super::failure(answer), Outcome::Took)
            }
            _ => super::failure(answer),
        }
    }
}
