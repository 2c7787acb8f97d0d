//! A port for one command at the command line: open, ask, close.
//!
//! Blocking, with a small runtime of its own. The daemon does not use this; it
//! runs [`super::run_port`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::open::{self, PortError};
use super::record::Recorder;
use crate::clock::{Clock, SystemClock};
use crate::session::{Departure, Event, Outcome, Session, Settings, Task};

/// An open port, its session, and a runtime to wait on it.
pub struct Direct {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
    session: Session,
    clock: Arc<dyn Clock>,
    watch: Option<Watch>,
}

/// Says whether a SET may leave, or why not.
pub type Watch = Box<dyn FnMut(&Departure) -> Result<(), String>>;

impl Direct {
    /// Opens the port; nothing has been said yet.
    ///
    /// # Errors
    /// Says why the port cannot be used.
    pub fn open(
        path: &Path,
        settings: Settings,
        recorder: Option<Recorder>,
    ) -> Result<Self, PortError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stream = {
            let _guard = runtime.enter();
            open::open(path)?
        };
        let mut connection = Connection::new(stream, clock.clone(), recorder);
        let mut session = Session::new(settings);
        connection.begin(&mut session);
        Ok(Self { runtime, connection, session, clock, watch: None })
    }

    /// Somebody watches over writes; of use if the session's settings say so.
    pub fn watched_by(&mut self, watch: Watch) {
        self.watch = Some(watch);
    }

    /// Talks until the device has said who it is or proved that it does not
    /// answer; a few seconds. The session then knows.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn identify(&mut self) -> Result<&Session, PortError> {
        self.run(None, |session, _| session.identification_ended())?;
        Ok(&self.session)
    }

    /// Performs a task and waits for its outcome, which always comes: every
    /// attempt has its time-out.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn perform(&mut self, task: Task) -> Result<Outcome, PortError> {
        let id = self.session.submit(self.clock.now().monotonic, task);
        let mut result = None;
        self.run(None, |_, event| {
            if let Some(Event::Done(done, outcome)) = event
                && done == id
            {
                result = Some(outcome);
            }
            result.is_some()
        })?;
        // `run` without a limit ends only when the closure has seen the outcome.
        Ok(result.unwrap_or(Outcome::QueueFull))
    }

    /// Listens for `span`, or until `until` says so, handing each event over.
    ///
    /// # Errors
    /// When the port is lost.
    pub fn listen(
        &mut self,
        span: Duration,
        mut until: impl FnMut(&Session, Event) -> bool,
    ) -> Result<(), PortError> {
        let limit = self.clock.now().monotonic + span;
        self.run(Some(limit), |session, event| event.is_some_and(|event| until(session, event)))
    }

    /// The session, to look at.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The time now, as the session counts it.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now().monotonic
    }

    /// Runs until `ended` says so, asked after each event and each turn.
    fn run(
        &mut self,
        limit: Option<Duration>,
        mut ended: impl FnMut(&Session, Option<Event>) -> bool,
    ) -> Result<(), PortError> {
        let Self { runtime, connection, session, clock, watch } = self;
        runtime.block_on(async {
            loop {
                connection.flush(session).await?;
                while let Some(event) = session.event() {
                    if let Event::Leaving(task, departure) = &event {
                        let answer = watch.as_mut().map_or(Ok(()), |watch| watch(departure));
                        session.permit(clock.now().monotonic, *task, answer);
                        continue;
                    }
                    if ended(session, Some(event)) {
                        return Ok(());
                    }
                }
                let late = limit.is_some_and(|limit| clock.now().monotonic >= limit);
                if ended(session, None) || late {
                    return Ok(());
                }
                connection.wait(session, limit).await?;
            }
        })
    }
}
