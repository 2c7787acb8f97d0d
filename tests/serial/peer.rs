//! A charger of a few lines on a real pty.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sunkeep::session::{Authority, Outcome, Plan, ReadResult, Settings, Task};
use sunkeep::units::Value;
use sunkeep::vedirect::hex::{Answer, Asked, Flags, Payload, Raw, RegisterValue, Request, Version};
use sunkeep::vedirect::register::Decoded;

pub const FLOAT_VOLTAGE: u16 = 0xEDF6;
pub const SERIAL: &str = "HQ1234ABCDE";

/// A charger of a few lines on a pty; dropping it pulls the cable.
pub struct Peer {
    pub stop: Arc<AtomicBool>,
    pub thread: Option<std::thread::JoinHandle<()>>,
    pub sets: Arc<Mutex<Vec<u16>>>,
}

impl Peer {
    /// Answers HEX and sends `chatter` TEXT blocks after each answer.
    pub fn plug_in(link: &Path, chatter: usize) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ptsname(&master, Vec::new()).unwrap();
        raw(&slave);
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(slave.to_str().unwrap(), link).unwrap();
        let (stop, sets) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stopped, seen) = (stop.clone(), sets.clone());
        let thread =
            std::thread::spawn(move || serve(File::from(master), &stopped, &seen, chatter));
        Self { stop, thread: Some(thread), sets }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// No echo: a pty starts as a terminal for people.
pub fn raw(slave: &std::ffi::CStr) {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    let fd = open(slave, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut termios = tcgetattr(&fd).unwrap();
    termios.make_raw();
    tcsetattr(&fd, OptionalActions::Now, &termios).unwrap();
}

pub fn serve(mut master: File, stop: &AtomicBool, sets: &Mutex<Vec<u16>>, chatter: usize) {
    let mut registers = BTreeMap::from([(FLOAT_VOLTAGE, vec![0x64, 0x05])]);
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    while !stop.load(Ordering::SeqCst) {
        let tick = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
        let mut ready = [PollFd::new(&master, PollFlags::IN)];
        if poll(&mut ready, Some(&tick)).unwrap_or(0) == 0 {
            continue;
        }
        // EIO: nobody has the port open.
        let Ok(count) = master.read(&mut buffer) else {
            continue;
        };
        heard.extend_from_slice(&buffer[..count]);
        while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
            let frame: Vec<u8> = heard.drain(..=end).collect();
            let asked = Asked::parse(&Raw::parse(&frame).unwrap());
            if let Asked::Request(Request::Set { register, .. }) = asked {
                sets.lock().unwrap().push(register);
            }
            let _ = master.write_all(&answer(asked, &mut registers).encode());
            for _ in 0..chatter {
                let _ = master.write_all(&block());
            }
        }
    }
}

pub fn answer(asked: Asked, registers: &mut BTreeMap<u16, Vec<u8>>) -> Answer {
    let payload = |bytes: &[u8]| Payload::new(bytes).unwrap();
    match asked {
        Asked::Request(Request::Ping) => Answer::Ping(Version(0x4161)),
        Asked::Request(Request::ProductId) => Answer::Done(payload(&[0x56, 0xA0])),
        Asked::Request(Request::Get { register: 0x010A }) => Answer::Get(RegisterValue {
            register: 0x010A,
            flags: Flags(0),
            value: payload(SERIAL.as_bytes()),
        }),
        Asked::Request(Request::Get { register }) => {
            let known = registers.get(&register);
            Answer::Get(RegisterValue {
                register,
                flags: Flags(u8::from(known.is_none())),
                value: payload(known.map_or(&[], Vec::as_slice)),
            })
        }
        Asked::Request(Request::Set { register, value }) => {
            registers.insert(register, value.to_vec());
            Answer::Set(RegisterValue { register, flags: Flags(0), value })
        }
        _ => Answer::FrameError,
    }
}

pub fn block() -> Vec<u8> {
    let mut block =
        format!("\r\nPID\t0xA056\r\nV\t13790\r\nSER#\t{SERIAL}\r\nChecksum\t").into_bytes();
    let sum = block.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    block.push(0u8.wrapping_sub(sum));
    block
}

pub fn quiet() -> Settings {
    Settings { plan: Plan::Nothing, ..Settings::default() }
}

pub fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("mppt");
    (folder, link)
}

pub fn float_voltage(value: f64) -> Task {
    Task::Write {
        register: FLOAT_VOLTAGE,
        value: Value::Number(value),
        authority: Authority::Human,
    }
}

pub fn volts(value: f64) -> Outcome {
    Outcome::Read(ReadResult::Value(Decoded::Value(Value::Number(value))))
}
