//! Pins whose levels live in another process, as a Raspberry Pi's live in its
//! kernel: whatever becomes of this program, they stay as they were left.
//!
//! For tests and rehearsals only. Somebody listens on a Unix socket and answers
//! lines: `claim PIN 0|1`, `write PIN 0|1` and `read PIN` are each answered with
//! the level, `0` or `1`, or with words that say what is wrong.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::drivers::{Pin, Sense};

/// A pin answers in microseconds. A witness that does not plays a driver that hangs,
/// and is given up only when nobody can be waiting for this process any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// A pin behind a socket; each has a connection of its own.
struct WitnessedPin {
    pin: u8,
    stream: Mutex<BufReader<UnixStream>>,
}

/// Claims a pin at this level from whoever listens at `socket`.
pub(super) fn output(socket: &str, pin: u8, high: bool) -> Result<Box<dyn Pin>, String> {
    let claimed = WitnessedPin::connect(socket, pin)?;
    claimed.ask("claim", Some(high))?;
    Ok(Box::new(claimed))
}

/// A pin that is only looked at.
pub(super) fn input(socket: &str, pin: u8) -> Result<Box<dyn Sense>, String> {
    Ok(Box::new(WitnessedPin::connect(socket, pin)?))
}

impl WitnessedPin {
    fn connect(socket: &str, pin: u8) -> Result<Self, String> {
        let stream = UnixStream::connect(socket)
            .and_then(|stream| stream.set_read_timeout(Some(PATIENCE)).map(|()| stream))
            .map_err(|error| format!("{socket}: {error}"))?;
        Ok(Self { pin, stream: Mutex::new(BufReader::new(stream)) })
    }

    fn ask(&self, verb: &str, high: Option<bool>) -> Result<bool, String> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let level = high.map(|high| format!(" {}", u8::from(high))).unwrap_or_default();
        let question = format!("{verb} {}{level}\n", self.pin);
        let mut answer = String::new();
        stream
            .get_mut()
            .write_all(question.as_bytes())
            .and_then(|()| stream.read_line(&mut answer))
            .map_err(|error| format!("witness: {error}"))?;
        match answer.trim_end() {
            "0" => Ok(false),
            "1" => Ok(true),
            "" => Err("witness: it is gone".to_owned()),
            words => Err(format!("witness: {words}")),
        }
    }
}

impl Pin for WitnessedPin {
    fn write(&mut self, high: bool) -> Result<(), String> {
        self.ask("write", Some(high)).map(drop)
    }

    fn read(&self) -> Result<bool, String> {
        self.ask("read", None)
    }
}

impl Sense for WitnessedPin {
    fn read(&self) -> Result<bool, String> {
        self.ask("read", None)
    }
}
