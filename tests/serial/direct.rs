//! One command on a port: opening, losing and recording it.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::recording;
use sunkeep::serial::direct::Direct;
use sunkeep::serial::{PortError, Recorder};
use sunkeep::session::{Outcome, Task, WriteResult};

use crate::peer::*;

#[test]
fn a_register_is_read_and_written_over_a_port() {
    let (_folder, link) = folder();
    let _peer = Peer::plug_in(&link, 0);
    let mut port = Direct::open(&link, quiet(), None).unwrap();
    let session = port.identify().unwrap();
    assert_eq!(session.identity().product, Some(0xA056));
    assert_eq!(session.identity().serial_number.as_deref(), Some(SERIAL));
    let read = Task::Read { register: FLOAT_VOLTAGE };
    assert_eq!(port.perform(read.clone()).unwrap(), volts(13.8));
    assert_eq!(port.perform(float_voltage(13.5)).unwrap(), Outcome::Written(WriteResult::Done));
    assert_eq!(port.perform(read).unwrap(), volts(13.5));
}

#[test]
fn a_second_opener_is_told_that_the_port_is_in_use() {
    let (_folder, link) = folder();
    let _peer = Peer::plug_in(&link, 0);
    let _first = Direct::open(&link, quiet(), None).unwrap();
    let second = Direct::open(&link, quiet(), None).err().unwrap();
    assert!(matches!(second, PortError::Busy { .. }), "{second}");
    assert!(second.to_string().contains("in use by another program"), "{second}");
}

#[test]
fn a_missing_port_and_a_plain_file_are_told_apart() {
    let (folder, link) = folder();
    let missing = Direct::open(&link, quiet(), None).err().unwrap();
    assert!(matches!(missing, PortError::Missing { .. }), "{missing}");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a port").unwrap();
    let file = Direct::open(&file, quiet(), None).err().unwrap();
    assert!(matches!(file, PortError::Unusable { .. }), "{file}");
}

#[test]
fn a_pulled_cable_ends_a_direct_conversation() {
    let (_folder, link) = folder();
    let peer = Peer::plug_in(&link, 0);
    let mut port = Direct::open(&link, quiet(), None).unwrap();
    port.identify().unwrap();
    drop(peer);
    let lost = port.listen(Duration::from_secs(20), |_, _| false).unwrap_err();
    assert!(matches!(lost, PortError::HungUp | PortError::Failed(_)), "{lost}");
}

#[test]
fn every_byte_can_be_recorded_and_read_back() {
    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_folder, link) = folder();
    let _peer = Peer::plug_in(&link, 0);
    let sink = Sink::default();
    let recorder = Recorder::new(Box::new(sink.clone())).unwrap();
    let mut port = Direct::open(&link, quiet(), Some(recorder)).unwrap();
    port.identify().unwrap();
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    assert!(recording::is_recording(text.as_bytes()));
    let chunks: Vec<_> =
        text.lines().skip(1).filter_map(|line| recording::parse_line(line).unwrap()).collect();
    let bytes = |direction| {
        let of = chunks.iter().filter(|chunk| chunk.direction == direction);
        of.flat_map(|chunk| chunk.bytes.clone()).collect::<Vec<u8>>()
    };
    assert_eq!(bytes(recording::Direction::ToDevice), b":154\n:451\n:70A010043\n");
    assert!(bytes(recording::Direction::FromDevice).starts_with(b":56141AE\n:156A05E\n"));
}
