//! What the daemon costs a small machine: memory, processor, time to start.
//!
//! The complete example site with the rules as shipped, and three devices that
//! speak once a second, as real ones do.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use sunkeep::clock::{Clock, SystemClock};
use sunkeep::sim::device::{Device, Kind, Options};
use sunkeep::sim::pty::Port;

use crate::Plan;
use crate::running::Running;
use crate::table::Table;

/// How long a loaded machine may take for what takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

struct Site {
    folder: tempfile::TempDir,
    _cables: Vec<Port>,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir(folder.path().join("rules")).unwrap();
        for rule in std::fs::read_dir(root.join("rules")).unwrap().map(Result::unwrap) {
            std::fs::copy(rule.path(), folder.path().join("rules").join(rule.file_name())).unwrap();
        }
        let mut site = std::fs::read_to_string(root.join("examples/site.toml")).unwrap();
        let mut cables = Vec::new();
        let devices = [
            (Kind::Mppt, "mppt", "VE41ABCD", "HQ1234ABCDE"),
            (Kind::SmartShunt, "shunt", "VE42WXYZ", "HQ5678FGHIJ"),
            (Kind::Phoenix, "inverter", "", "HQ9012KLMNO"),
        ];
        for (kind, name, cable, serial) in devices {
            let serial_number = Some(serial.to_owned());
            let options = Options { serial_number, alive: true, ..Options::default() };
            let device = Arc::new(Mutex::new(Device::new(kind, options)));
            let link = folder.path().join(name);
            cables.push(Port::open(&link, device, Arc::new(SystemClock::new())).unwrap());
            let link = link.display().to_string();
            if cable.is_empty() {
                site += &format!("\n[devices.{name}]\nport = \"{link}\"\n");
            } else {
                let by_id = format!(
                    "/dev/serial/by-id/usb-VictronEnergy_BV_VE_Direct_cable_{cable}-if00-port0"
                );
                assert!(site.contains(&by_id), "{by_id}");
                site = site.replace(&by_id, &link);
            }
        }
        std::fs::write(folder.path().join("site.toml"), site).unwrap();
        Self { folder, _cables: cables }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = crate::sunkeep();
        command.args(words).arg("--config").arg(self.folder.path().join("site.toml"));
        command
    }
}

/// Memory of one kind, in KiB.
fn memory(pid: u32, kind: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = text.lines().find(|line| line.starts_with(kind)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn mebibytes(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// From the start of the process to READY.
fn start(site: &Site) -> Duration {
    let socket = site.folder.path().join("notify");
    let _ = std::fs::remove_file(&socket);
    let heard = UnixDatagram::bind(&socket).unwrap();
    heard.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = std::fs::remove_file(site.folder.path().join("data/starts"));
    let mut command = site.command(&["run", "--simulate-pins"]);
    command.env("NOTIFY_SOCKET", &socket);
    let clock = SystemClock::new();
    let daemon = Running::start(command);
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while !said.contains("READY=1") {
        let length = heard.recv(&mut buffer).unwrap();
        said += &String::from_utf8_lossy(&buffer[..length]);
    }
    let took = clock.now().monotonic;
    assert!(daemon.end(Signal::TERM).success());
    took
}

/// Starts again and again, then one long look.
pub fn measure(plan: Plan, table: &mut Table) {
    let site = Site::new();
    table.add("first start, with new files, to READY", format!("{:.0?}", start(&site)));
    let starts = (0..plan.starts).map(|_| start(&site)).collect();
    table.spread("start to the first completed step (READY)", starts);

    let mut daemon = Running::start(site.command(&["run", "--simulate-pins"]));
    daemon.wait_for("device", &["mppt", "health", "TEXT alive, HEX alive"]);
    assert!(site.command(&["arm"]).output().unwrap().status.success());
    // Identification and the first reading of everything are not the daily load.
    assert!(daemon.lives_on(Duration::from_secs(plan.seconds / 4)), "{}", daemon.log());
    let (clock, before) = (SystemClock::new(), daemon.processor_time());
    assert!(daemon.lives_on(Duration::from_secs(plan.seconds)), "{}", daemon.log());
    let used = daemon.processor_time() - before;
    let share = used.as_secs_f64() / clock.now().monotonic.as_secs_f64() * 100.0;
    table.add(
        "processor, three devices at 1 Hz, shipped rules",
        format!("{share:.2} % of a core over {} s", plan.seconds),
    );
    let pid = daemon.id();
    table.add("memory resident", mebibytes(memory(pid, "Rss:")));
    table.add("memory of its own (anonymous)", mebibytes(memory(pid, "Anonymous:")));
    assert!(daemon.end(Signal::TERM).success());
}
