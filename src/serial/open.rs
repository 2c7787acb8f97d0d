//! Opening a port, and saying in words why it does not open.

use std::io;
use std::path::{Path, PathBuf};

use tokio_serial::{DataBits, FlowControl, Parity, SerialPortBuilderExt, SerialStream, StopBits};

/// VE.Direct speaks at this rate and no other.
const BAUD: u32 = 19_200;

/// Why a port cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// No such file.
    #[error("{path}: no such port; is the cable plugged in? `sunkeep scan` lists ports")]
    Missing {
        /// The port.
        path: PathBuf,
    },
    /// Somebody else holds the lock.
    #[error(
        "{path}: the port is in use by another program; stop it first (`fuser {path}` names it)"
    )]
    Busy {
        /// The port.
        path: PathBuf,
    },
    /// The user may not open it.
    #[error(
        "{path}: permission denied; add yourself to its group \
         (`sudo usermod -aG dialout $USER`) and log in again"
    )]
    Forbidden {
        /// The port.
        path: PathBuf,
    },
    /// It is there and free, and still does not open: not a serial port, most likely.
    #[error("{path}: cannot be opened as a serial port ({reason})")]
    Unusable {
        /// The port.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The cable was pulled, or the other end of a pty was closed.
    #[error("the port hung up")]
    HungUp,
    /// Reading or writing failed.
    #[error("the port failed")]
    Failed(#[from] io::Error),
    /// The port takes no bytes.
    #[error("the port takes no bytes (write timed out)")]
    WriteTimedOut,
}

/// Opens a port exclusively at 19200 8N1.
///
/// Must be called within a tokio runtime.
pub(super) fn open(path: &Path) -> Result<SerialStream, PortError> {
    // By the name as given: a link below by-id may lead elsewhere tomorrow.
    let mut stream = tokio_serial::new(path.to_string_lossy(), BAUD)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None)
        .open_native_async()
        .map_err(|error| explain(path.to_owned(), &error))?;
    if is_pty(path) {
        keep_file_lock_only(&mut stream).map_err(|error| explain(path.to_owned(), &error))?;
    }
    Ok(stream)
}

/// The other end of a pty, a simulator, keeps the terminal's own exclusive
/// flag alive after we are killed, and nobody but root could open it again.
/// The file lock that remains keeps other instances of us out and dies with us.
fn keep_file_lock_only(stream: &mut SerialStream) -> tokio_serial::Result<()> {
    stream.set_exclusive(false)
}

fn is_pty(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|real| real.starts_with("/dev/pts"))
}

fn explain(path: PathBuf, error: &tokio_serial::Error) -> PortError {
    use tokio_serial::ErrorKind;
    match error.kind() {
        _ if !path.exists() => PortError::Missing { path },
        ErrorKind::Io(io::ErrorKind::NotFound) => PortError::Missing { path },
        ErrorKind::Io(io::ErrorKind::PermissionDenied) => PortError::Forbidden { path },
        ErrorKind::NoDevice => PortError::Busy { path },
        _ => PortError::Unusable { path, reason: error.to_string() },
    }
}

/// Ports on which a VE.Direct cable may be, each once: by-id links first,
/// since they survive renumbering.
#[must_use]
pub fn candidates() -> Vec<PathBuf> {
    let mut found: Vec<(PathBuf, PathBuf)> = Vec::new();
    let by_id = listed(Path::new("/dev/serial/by-id"), |_| true);
    let plain = listed(Path::new("/dev"), |name| {
        ["ttyUSB", "ttyACM", "ttyAMA"].iter().any(|prefix| name.starts_with(prefix))
    });
    for path in by_id.into_iter().chain(plain) {
        let target = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !found.iter().any(|(_, known)| *known == target) {
            found.push((path, target));
        }
    }
    found.into_iter().map(|(path, _)| path).collect()
}

fn listed(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let named =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted);
    let mut paths: Vec<_> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(named).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_serial::{Error, ErrorKind};

    /// What is told of a file that is there, for an error of this kind.
    #[track_caller]
    fn check(kind: ErrorKind, words: &str) {
        let path = Path::new(file!()).canonicalize().unwrap();
        let told = explain(path.clone(), &Error::new(kind, "as the system says")).to_string();
        assert!(told.contains(words) && told.contains(path.to_str().unwrap()), "{told}");
    }

    #[test]
    fn every_refusal_of_the_system_has_its_sentence() {
        check(ErrorKind::NoDevice, "in use by another program");
        check(ErrorKind::Io(io::ErrorKind::PermissionDenied), "add yourself to its group");
        check(ErrorKind::Io(io::ErrorKind::NotFound), "is the cable plugged in?");
        check(ErrorKind::Unknown, "as the system says");
        check(ErrorKind::InvalidInput, "as the system says");
    }
}
