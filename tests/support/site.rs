//! A folder with configuration and rules, and a charger and a shunt on their cables:
//! where the real program runs as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::clock::SystemClock;
use sunkeep::sim::device::{self, Device, Measured, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};
use sunkeep::store::query::JournalReader;

/// The load output's control register.
pub const LOAD_OUTPUT_CONTROL: u16 = 0xEDAB;

/// The site. A device's own end of its cable is `plugs/NAME`; the configured port is
/// `ports/NAME`, which leads to one of them.
pub struct Site {
    pub mppt: Shared,
    pub shunt: Shared,
    pub mppt_cable: Port,
    pub shunt_cable: Port,
    folder: tempfile::TempDir,
}

impl Site {
    /// A site with this configuration, in which ports are `ports/NAME`, and these
    /// rules. Its devices speak often, since tests wait for them.
    pub fn with(site: &str, rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["ports", "plugs", "rules"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let ports = format!("{}/ports/", folder.path().display());
        std::fs::write(folder.path().join("site.toml"), site.replace("ports/", &ports)).unwrap();
        std::fs::write(folder.path().join("rules/all.rhai"), rules).unwrap();
        let (mppt, mppt_cable) = plug(folder.path(), device::Kind::Mppt, "mppt");
        let (shunt, shunt_cable) = plug(folder.path(), device::Kind::SmartShunt, "shunt");
        Self { mppt, shunt, mppt_cable, shunt_cable, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sets the battery's state of charge in percent.
    pub fn soc(&self, percent: f64) {
        let mut shunt = lock(&self.shunt);
        let Measured::Monitor(mut monitor) = shunt.measured().clone() else {
            panic!("a shunt is a monitor")
        };
        monitor.state_of_charge = Some(percent);
        shunt.measure(Measured::Monitor(monitor));
    }

    /// Changes the configuration.
    #[track_caller]
    pub fn edit(&self, before: &str, after: &str) {
        let file = self.path("site.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(before), "`{before}` is not in the configuration");
        std::fs::write(file, text.replace(before, after)).unwrap();
    }

    /// The program on this site; `SUNKEEP_BINARY` is another one than was built here.
    pub fn command(&self, words: &[&str]) -> Command {
        let own = env!("CARGO_BIN_EXE_sunkeep");
        let binary = std::env::var("SUNKEEP_BINARY").unwrap_or_else(|_| own.to_owned());
        let mut command = Command::new(binary);
        command.args(words).arg("--config").arg(self.path("site.toml"));
        command
    }

    /// Runs a command to its end and expects it to succeed.
    #[track_caller]
    pub fn say(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", all(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The journal on the disk.
    pub fn recorded(&self) -> JournalReader {
        JournalReader::open(&self.data()).unwrap()
    }
}

/// Every SET that a device received.
pub fn sets(device: &Shared) -> Vec<String> {
    let received = String::from_utf8_lossy(lock(device).received()).into_owned();
    let frames = received.lines().filter(|line| line.starts_with(":8"));
    frames.map(str::to_owned).collect()
}

/// How a command ended and what it said.
pub fn all(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

fn plug(folder: &Path, kind: device::Kind, name: &str) -> (Shared, Port) {
    let options = Options { period: Duration::from_millis(50), ..Options::default() };
    let device = Arc::new(Mutex::new(Device::new(kind, options)));
    let link = folder.join("plugs").join(name);
    let port = Port::open(&link, device.clone(), Arc::new(SystemClock::new())).unwrap();
    std::os::unix::fs::symlink(link, folder.join("ports").join(name)).unwrap();
    (device, port)
}
