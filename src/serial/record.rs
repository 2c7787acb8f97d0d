//! Writes down every byte of a port, for `decode`, bug reports and tests.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use crate::recording::{self, Chunk, Direction};

/// A recording being written. A full disk ends the recording, never the
/// conversation.
pub struct Recorder {
    file: Option<Box<dyn Write + Send>>,
    start: Option<Duration>,
}

impl Recorder {
    /// Creates the file, replacing what was there.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::new(Box::new(BufWriter::new(File::create(path)?)))
    }

    /// Records into `sink`.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn new(mut sink: Box<dyn Write + Send>) -> io::Result<Self> {
        writeln!(sink, "{}", recording::HEADER)?;
        Ok(Self { file: Some(sink), start: None })
    }

    /// Bytes came from the device.
    pub fn received(&mut self, at: Duration, bytes: &[u8]) {
        self.note(at, Direction::FromDevice, bytes);
    }

    /// Bytes go to the device.
    pub fn sent(&mut self, at: Duration, bytes: &[u8]) {
        self.note(at, Direction::ToDevice, bytes);
    }

    fn note(&mut self, at: Duration, direction: Direction, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        let start = *self.start.get_or_insert(at);
        let chunk = Chunk { at: at.saturating_sub(start), direction, bytes: bytes.to_vec() };
        let written =
            write!(file, "{}", recording::format_line(&chunk)).and_then(|()| file.flush());
        if let Err(error) = written {
            tracing::warn!(%error, "recording stopped");
            self.file = None;
        }
    }
}
