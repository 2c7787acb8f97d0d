//! The daemon's side: a port for the life of the program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sunkeep::clock::{Clock, ScaledClock};
use sunkeep::serial::{Command, Notice, Port, PortError, PortEvent, run_port};
use sunkeep::session::{Event, Outcome, Settings, Task, Timing, WriteResult};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::peer::*;

/// A running port and both its channels, a hundred times as fast as real.
struct Running {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<PortEvent>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn start(link: &Path, capacity: usize) -> Self {
        const FACTOR: f64 = 100.0;
        let timing = Timing::default().scaled(FACTOR);
        let settings = Settings { timing, expected_serial: Some(SERIAL.to_owned()), ..quiet() };
        let port = Port { device: "mppt".into(), path: link.to_owned(), settings, recorder: None };
        let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(jiff::Timestamp::UNIX_EPOCH, FACTOR));
        let (commands, for_port) = mpsc::channel(16);
        let (to_us, events) = mpsc::channel(capacity);
        let task = tokio::spawn(run_port(port, clock, for_port, to_us));
        Self { commands, events, task }
    }

    async fn submit(&self, ticket: u64, task: Task) {
        self.commands.send(Command { ticket, task }).await.unwrap();
    }

    /// Takes events until one is `wanted`; ten seconds at most.
    async fn until(&mut self, wanted: impl Fn(&Notice) -> bool) -> Vec<Notice> {
        let mut seen = Vec::new();
        let deadline = Duration::from_secs(10);
        timeout(deadline, async {
            loop {
                let event = self.events.recv().await.expect("the port is running");
                assert_eq!(&*event.device, "mppt");
                let found = wanted(&event.notice);
                seen.push(event.notice);
                if found {
                    break;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("not among {seen:#?}"));
        seen
    }

    async fn outcome(&mut self, wanted: u64) -> Outcome {
        let is_it =
            |notice: &Notice| matches!(notice, Notice::Done { ticket, .. } if *ticket == wanted);
        match self.until(is_it).await.pop() {
            Some(Notice::Done { outcome, .. }) => outcome,
            other => panic!("{other:?}"),
        }
    }

    async fn stop(self) {
        drop(self.commands);
        let mut events = self.events;
        timeout(Duration::from_secs(10), async { while events.recv().await.is_some() {} })
            .await
            .unwrap();
        self.task.await.unwrap();
    }
}

fn opened(notice: &Notice) -> bool {
    matches!(notice, Notice::Opened)
}

fn closed(notice: &Notice) -> bool {
    matches!(notice, Notice::Closed { .. })
}

fn identified(notice: &Notice) -> bool {
    matches!(notice, Notice::Session(Event::Identified(who)) if who.serial_number.is_some())
}

#[tokio::test]
async fn a_port_that_comes_back_is_identified_before_it_is_written() {
    let (_folder, link) = folder();
    let peer = Peer::plug_in(&link, 0);
    let mut port = Running::start(&link, 64);
    port.until(opened).await;
    port.until(identified).await;
    drop(peer);
    port.until(closed).await;
    port.submit(1, float_voltage(13.5)).await;
    let lost = port.outcome(1).await;
    assert!(matches!(lost, Outcome::Written(WriteResult::Locked(_))), "{lost:?}");

    let peer = Peer::plug_in(&link, 0);
    port.until(opened).await;
    port.submit(2, float_voltage(13.5)).await;
    port.until(identified).await;
    assert_eq!(port.outcome(2).await, Outcome::Written(WriteResult::Done));
    assert_eq!(*peer.sets.lock().unwrap(), [FLOAT_VOLTAGE]);
    port.stop().await;
}

#[tokio::test]
async fn a_port_that_is_not_there_is_tried_with_growing_pauses() {
    let (_folder, link) = folder();
    let mut port = Running::start(&link, 64);
    let mut pauses = Vec::new();
    for _ in 0..6 {
        match port.until(closed).await.pop() {
            Some(Notice::Closed { error: PortError::Missing { .. }, retry_in }) => {
                pauses.push(retry_in.as_secs());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30]);
    port.stop().await;
}

#[tokio::test]
async fn a_slow_receiver_loses_readings_and_no_result() {
    let (_folder, link) = folder();
    let _peer = Peer::plug_in(&link, 5);
    let mut port = Running::start(&link, 2);
    for ticket in 0..10 {
        port.submit(ticket, Task::Read { register: FLOAT_VOLTAGE }).await;
    }
    // Nobody receives until the port has had time to answer everything: it is
    // done when it has taken all commands and the last of them waits.
    let idle = timeout(Duration::from_secs(10), async {
        while port.commands.capacity() < port.commands.max_capacity() {
            tokio::task::yield_now().await;
        }
    });
    idle.await.unwrap();
    for ticket in 0..10 {
        assert_eq!(port.outcome(ticket).await, volts(13.8));
    }
    // With room again, the loss is told.
    port.submit(10, Task::Read { register: FLOAT_VOLTAGE }).await;
    port.until(|notice| matches!(notice, Notice::Dropped(count) if *count > 0)).await;
    port.stop().await;
}

#[tokio::test]
async fn a_port_stops_when_nobody_commands_it() {
    let (_folder, link) = folder();
    let _peer = Peer::plug_in(&link, 0);
    let mut port = Running::start(&link, 64);
    port.until(identified).await;
    port.stop().await;
}
