//! Registers of a device whose port a running daemon owns.
//!
//! What may be written is the daemon's decision, not ours: the deny list holds,
//! and a restart needs the port itself.

use std::path::PathBuf;

use anyhow::bail;

use super::port::Registers;
use super::site::ConfigArgs;
use crate::control::{self, Ask, Reply};
use crate::session::{ReadResult, Task, WriteResult};
use crate::vedirect::register::Family;

/// A device on a port that a running daemon owns.
pub struct ThroughDaemon {
    data: PathBuf,
    device: String,
    family: Family,
}

impl ThroughDaemon {
    /// Asks the daemon of this configuration about a device.
    ///
    /// # Errors
    /// When no daemon answers, or it does not know the device (yet).
    pub fn reach(config: &ConfigArgs, device: &str) -> anyhow::Result<Self> {
        let data = config.data()?;
        let device = device.to_owned();
        match control::ask(&data, &Ask::Family { device: device.clone() })? {
            Reply::Family { name } => {
                let family = Family::by_name(&name).unwrap_or(Family::Common);
                Ok(Self { data, device, family })
            }
            other => bail!(other.refusal()),
        }
    }
}

impl Registers for ThroughDaemon {
    fn family(&self) -> Family {
        self.family
    }

    fn read(&mut self, register: u16) -> anyhow::Result<ReadResult> {
        let ask = Ask::Read { device: self.device.clone(), register };
        match control::ask(&self.data, &ask)? {
            Reply::Read { result } => Ok(result),
            other => bail!(other.refusal()),
        }
    }

    fn change(&mut self, task: Task) -> anyhow::Result<WriteResult> {
        let (register, value) = match task {
            Task::Write { register, value, .. } | Task::Renew { register, value, .. } => {
                (register, Some(value))
            }
            Task::Trigger { register, .. } => (register, None),
            Task::Read { .. } | Task::Restart { .. } => {
                bail!("this needs the port itself: stop the daemon and say --port")
            }
        };
        let ask = Ask::Write { device: self.device.clone(), register, value };
        match control::ask(&self.data, &ask)? {
            Reply::Written { result } => Ok(result),
            other => bail!(other.refusal()),
        }
    }
}
