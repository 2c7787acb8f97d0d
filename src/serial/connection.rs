//! One open port and the session on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_serial::SerialStream;

use super::open::PortError;
use super::record::Recorder;
use crate::clock::Clock;
use crate::session::Session;

/// Longest real time for handing a request to the port: 20 bytes take 10 ms.
const WRITE_MAX: Duration = Duration::from_secs(2);
/// Longest real time without looking at the session's deadline again.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Shortest real wait: a session that asks to be called at once, again and
/// again, must not spin the processor.
const WAIT_MIN: Duration = Duration::from_millis(1);
/// Bytes read at once: two seconds at 19200 baud.
const READ_MAX: usize = 4096;

pub(super) struct Connection {
    stream: SerialStream,
    clock: Arc<dyn Clock>,
    recorder: Option<Recorder>,
    buffer: Box<[u8]>,
}

impl Connection {
    pub fn new(stream: SerialStream, clock: Arc<dyn Clock>, recorder: Option<Recorder>) -> Self {
        Self { stream, clock, recorder, buffer: vec![0; READ_MAX].into_boxed_slice() }
    }

    /// Tells the session that the port is open.
    pub fn begin(&mut self, session: &mut Session) {
        session.connected(self.clock.now().monotonic);
    }

    /// Tells the session that the port is gone; gives the recorder back.
    pub fn end(self, session: &mut Session) -> Option<Recorder> {
        session.disconnected(self.clock.now().monotonic);
        self.recorder
    }

    /// Writes whatever the session wants to send now.
    pub async fn flush(&mut self, session: &mut Session) -> Result<(), PortError> {
        loop {
            let now = self.clock.now().monotonic;
            session.tick(now);
            let Some(bytes) = session.transmit(now) else {
                return Ok(());
            };
            if let Some(recorder) = &mut self.recorder {
                recorder.sent(now, &bytes);
            }
            timeout(WRITE_MAX, self.stream.write_all(&bytes))
                .await
                .map_err(|_| PortError::WriteTimedOut)??;
        }
    }

    /// Waits for bytes, the session's deadline or `limit`, whichever is first.
    /// May be dropped at any point without losing bytes.
    pub async fn wait(
        &mut self,
        session: &mut Session,
        limit: Option<Duration>,
    ) -> Result<(), PortError> {
        let pause = self.pause(session, limit);
        let Ok(read) = timeout(pause, self.stream.read(&mut self.buffer)).await else {
            session.tick(self.clock.now().monotonic);
            return Ok(());
        };
        let count = read?;
        if count == 0 {
            return Err(PortError::HungUp);
        }
        let now = self.clock.now().monotonic;
        let bytes = &self.buffer[..count];
        if let Some(recorder) = &mut self.recorder {
            recorder.received(now, bytes);
        }
        session.receive(now, bytes);
        Ok(())
    }

    fn pause(&self, session: &Session, limit: Option<Duration>) -> Duration {
        let now = self.clock.now().monotonic;
        let until = [session.deadline(), limit].into_iter().flatten().min();
        until
            .map_or(WAIT_MAX, |at| self.clock.real(at.saturating_sub(now)))
            .clamp(WAIT_MIN, WAIT_MAX)
    }
}
