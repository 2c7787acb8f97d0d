//! A folder with a configuration and rules, the program that runs on it, and the devices
//! that stand on its cables.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sunkeep::clock::SystemClock;
use sunkeep::sim::device::{Device, Kind, Measured, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};

/// `site.toml`, `rules/` and `ports/`.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with this configuration, in which ports are `ports/NAME`, and these rules.
    pub fn new(site: &str, rules: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in ["ports", "rules"] {
            std::fs::create_dir(folder.path(name)).unwrap();
        }
        let ports = format!("{}/", folder.path("ports").display());
        std::fs::write(folder.path("site.toml"), site.replace("ports/", &ports)).unwrap();
        std::fs::write(folder.path("rules/all.rhai"), rules).unwrap();
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
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
}

/// How a command ended and what it said.
pub fn all(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// A device on a cable. It speaks often, since tests wait for it.
pub fn attach(link: &Path, kind: Kind, options: Options) -> (Shared, Port) {
    let options = Options { period: Duration::from_millis(50), ..options };
    let device = Arc::new(Mutex::new(Device::new(kind, options)));
    let port = Port::open(link, device.clone(), Arc::new(SystemClock::new())).unwrap();
    (device, port)
}

/// Sets the state of charge that a monitor shows, in percent.
pub fn charge(monitor: &Shared, percent: f64) {
    let mut device = lock(monitor);
    let Measured::Monitor(mut shown) = device.measured().clone() else {
        panic!("a shunt is a monitor")
    };
    shown.state_of_charge = Some(percent);
    device.measure(Measured::Monitor(shown));
}
