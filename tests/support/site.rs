//! A folder with configuration and rules, and a charger and a shunt on their cables:
//! where the real program runs as a process of its own.

use std::ops::Deref;

use sunkeep::sim::device::{Kind, Options};
use sunkeep::sim::pty::Port;
use sunkeep::sim::{Shared, lock};
use sunkeep::store::query::JournalReader;

pub use crate::folder::all;
use crate::folder::{Folder, attach, charge};

/// The load output's control register.
pub const LOAD_OUTPUT_CONTROL: u16 = 0xEDAB;

/// The site. A device's own end of its cable is `plugs/NAME`; the configured port is
/// `ports/NAME`, which leads to one of them.
pub struct Site {
    pub mppt: Shared,
    pub shunt: Shared,
    pub mppt_cable: Port,
    pub shunt_cable: Port,
    folder: Folder,
}

impl Deref for Site {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Site {
    /// A site with this configuration, in which ports are `ports/NAME`, and these
    /// rules. Its devices speak often, since tests wait for them.
    pub fn with(site: &str, rules: &str) -> Self {
        let folder = Folder::new(site, rules);
        std::fs::create_dir(folder.path("plugs")).unwrap();
        let (mppt, mppt_cable) = plug(&folder, Kind::Mppt, "mppt");
        let (shunt, shunt_cable) = plug(&folder, Kind::SmartShunt, "shunt");
        Self { mppt, shunt, mppt_cable, shunt_cable, folder }
    }

    /// Sets the battery's state of charge in percent.
    pub fn soc(&self, percent: f64) {
        charge(&self.shunt, percent);
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

fn plug(folder: &Folder, kind: Kind, name: &str) -> (Shared, Port) {
    let link = folder.path("plugs").join(name);
    let plugged = attach(&link, kind, Options::default());
    std::os::unix::fs::symlink(link, folder.path("ports").join(name)).unwrap();
    plugged
}
