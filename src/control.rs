//! What the command line and a running daemon say to each other.
//!
//! One line of JSON each way over a Unix socket in the data folder, readable by
//! its owner alone. The daemon owns the serial ports, so `get` and `set` go
//! through it. Nothing here can do more than the command line could do itself.

use std::io::{BufRead, BufReader, Error, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arbiter::Level;
use crate::journal::Branch;
use crate::session::{ReadResult, WriteResult};
use crate::units::Value;

/// The socket's name inside the data folder.
pub const SOCKET: &str = "control.sock";

/// Longest line either side reads. A status of 2000 points is about 300 kB.
pub const LINE_MAX: u64 = 1 << 20;

/// How long an asker waits. A write with all its tries takes up to 12 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// What can be asked of a running daemon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Everything a person is shown.
    Status,
    /// Let the rules act.
    Arm,
    /// Only observe from now on.
    Disarm,
    /// Take every output to its safe state and hold it there; ask no rule.
    KeepSafe,
    /// Load the rules anew; all of them, or none.
    Reload,
    /// A person has seen that a rule is set: with `latch` it may clear from now on.
    /// A device that is another than before is written from now on.
    Acknowledge {
        /// The rule's, output's or device's name.
        rule: String,
        /// Who asks. The daemon asks the system; nobody else can say it.
        #[serde(default, skip_deserializing)]
        owner: String,
    },
    /// Give a rule that its errors have disabled another chance.
    Enable {
        /// The rule's name.
        rule: String,
    },
    /// A person wants an output to have something for a while, above all rules.
    Override {
        /// The output's name.
        output: String,
        /// What it shall have; `None`: the rules decide again.
        want: Option<Level>,
        /// For how many seconds; 30 minutes unless said.
        #[serde(default)]
        seconds: Option<u64>,
        /// Who asks. The daemon asks the system; nobody else can say it.
        #[serde(default, skip_deserializing)]
        owner: String,
    },
    /// A person writes a register on a port of his own: it is counted here.
    Count {
        /// The device's serial number.
        serial: String,
        /// Register id.
        register: u16,
    },
    /// Which family's registers a device has.
    Family {
        /// The device's name in the configuration.
        device: String,
    },
    /// Read a register of a device.
    Read {
        /// The device's name in the configuration.
        device: String,
        /// Register id.
        register: u16,
    },
    /// Write a register of a device, as a person; the deny list holds.
    Write {
        /// The device's name in the configuration.
        device: String,
        /// Register id.
        register: u16,
        /// The value in the register's unit; `None` for an action without one.
        value: Option<Value>,
    },
}

/// The daemon's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// Done; the words say what.
    Done {
        /// For people.
        message: String,
    },
    /// Not done.
    Refused {
        /// Says what, where and what to do.
        message: String,
    },
    /// To [`Ask::Status`].
    Status(Box<Status>),
    /// To [`Ask::Family`]: the family's name.
    Family {
        /// As [`crate::vedirect::register::Family::by_name`] reads it.
        name: String,
    },
    /// To [`Ask::Read`].
    Read {
        /// What became of it.
        result: ReadResult,
    },
    /// To [`Ask::Write`].
    Written {
        /// What became of it.
        result: WriteResult,
    },
}

impl Reply {
    /// What to tell somebody who hoped for another reply.
    #[must_use]
    pub fn refusal(self) -> String {
        match self {
            Self::Refused { message } => message,
            other => format!("unexpected answer: {other:?}"),
        }
    }
}

/// Everything a person is shown of a running engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `observe`, `run` or `safe`.
    pub mode: String,
    /// What is not as somebody wants it: refusals, safe states, troubles.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Wall time, ISO 8601 in UTC.
    pub time: String,
    /// Whether that time can be believed.
    pub time_trusted: bool,
    /// Steps since the start.
    pub steps: u64,
    /// The devices.
    pub devices: Vec<DeviceStatus>,
    /// The inputs that rules may use.
    pub inputs: Vec<InputStatus>,
    /// The rules.
    pub rules: Vec<RuleStatus>,
    /// Why the files in the rules folder do not run, and older rules do; empty
    /// when all is well.
    #[serde(default)]
    pub rules_problem: String,
    /// The outputs.
    pub outputs: Vec<OutputStatus>,
    /// How often registers were written into flash.
    #[serde(default)]
    pub wear: Vec<WearStatus>,
    /// Journal entries since the start.
    pub entries: u64,
    /// The latest of them, oldest first.
    pub journal: Vec<JournalLine>,
    /// Samples and entries that could not be stored.
    pub lost: u64,
}

/// One thing that is not as somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Output, device or part of the program.
    pub about: String,
    /// What is the matter, and why.
    pub reason: String,
    /// Since when, ISO 8601 in UTC; empty when nobody knows.
    pub since: String,
    /// What ends it.
    pub ends: String,
}

/// One device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Product, serial number and firmware, as far as known.
    pub identity: String,
    /// Health of TEXT and HEX, or why the port is closed.
    pub health: String,
}

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputStatus {
    /// Its name in rules.
    pub name: String,
    /// The value with its unit, or the name of its state; empty if there never was one.
    pub value: String,
    /// `good`, or why it is unknown.
    pub quality: String,
    /// Age of the last frame in seconds.
    pub age: Option<f64>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// `yes`, `no` or `unknown`: whether it asks for its action.
    pub state: String,
    /// Its conditions with their values.
    pub why: String,
    /// While it is disabled: since when, ISO 8601 in UTC; empty when that is not known.
    #[serde(default)]
    pub since: String,
    /// While it is disabled: what ends that.
    #[serde(default)]
    pub until: String,
    /// The outputs and set-points it may ask for.
    #[serde(default)]
    pub about: Vec<String>,
    /// Its conditions, each with its answer.
    #[serde(default)]
    pub conditions: Vec<Branch>,
}

/// One output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputStatus {
    /// Its name.
    pub name: String,
    /// What rules or defaults ask for.
    pub asked: String,
    /// What was decided.
    pub decided: String,
    /// What was read back.
    pub read_back: String,
    /// Why it is not as asked, or what is going on.
    pub note: String,
}

/// How often one register of one device was written into memory that wears out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WearStatus {
    /// The device's name when it was last written.
    pub device: String,
    /// Its serial number; its name in brackets if it does not tell one.
    pub serial: String,
    /// The register's id.
    pub register: u16,
    /// The register's name, if the device is known.
    pub name: String,
    /// Writes since it is counted.
    pub writes: u64,
    /// An earlier count was lost: there were more.
    pub lost: bool,
    /// Since when, ISO 8601 in UTC; empty when the clock was not set then.
    pub since: String,
    /// Writes within the last 24 hours.
    pub today: u32,
    /// Writes a day since it is counted; not told for the first hours.
    pub per_day: Option<f64>,
}

/// One journal entry in a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Wall time, ISO 8601 in UTC.
    pub time: String,
    /// The entry's kind.
    pub kind: String,
    /// Output or device.
    pub subject: String,
    /// What happened.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// Why a daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody listens.
    #[error("no daemon answers at {}: {cause}; is `sunkeep run` running with this data folder?", path.display())]
    NoDaemon {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// The conversation broke off.
    #[error("the daemon at {} did not answer: {cause}", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
}

/// Whether a daemon listens in this data folder.
#[must_use]
pub fn listening(data: &Path) -> bool {
    UnixStream::connect(data.join(SOCKET)).is_ok()
}

/// Asks the daemon of a data folder one thing.
///
/// # Errors
/// When no daemon listens there or it does not answer in 30 s.
pub fn ask(data: &Path, ask: &Ask) -> Result<Reply, ControlError> {
    let path = data.join(SOCKET);
    let stream = UnixStream::connect(&path)
        .map_err(|cause| ControlError::NoDaemon { path: path.clone(), cause })?;
    exchange(&stream, ask).map_err(|cause| ControlError::Broken { path, cause })
}

fn exchange(mut stream: &UnixStream, ask: &Ask) -> std::io::Result<Reply> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(ask)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    let mut reader = BufReader::new(std::io::Read::take(stream, LINE_MAX));
    reader.read_line(&mut answer).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            Error::new(ErrorKind::TimedOut, "no answer within 30 s; it may hang")
        }
        _ => error,
    })?;
    Ok(serde_json::from_str(&answer)?)
}
