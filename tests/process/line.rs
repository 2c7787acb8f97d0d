//! A bare line: a pseudo-terminal on which a test says and reads what it likes.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Both ends; nobody reads at the far one unless a test does.
pub struct Line {
    far: File,
    near: OwnedFd,
}

impl Line {
    /// Puts a line at `link`.
    pub fn plug(link: &Path) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK;
        let near = rustix::fs::open(&*name, flags, Mode::empty()).unwrap();
        let mut settings = tcgetattr(&near).unwrap();
        settings.make_raw();
        tcsetattr(&near, OptionalActions::Now, &settings).unwrap();
        let _ = std::fs::remove_file(link);
        std::os::unix::fs::symlink(name.to_str().unwrap(), link).unwrap();
        Self { far: File::from(master), near }
    }

    /// Says all of it; returns when the reader has taken it but for a buffer.
    pub fn say(&self, bytes: &[u8]) {
        (&self.far).write_all(bytes).unwrap();
    }

    /// Fills the way towards the device, which nobody empties. The kernel moves
    /// bytes between buffers of its own: full is what stays full.
    pub fn clog(&self) {
        let patience = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        while poll(&mut [PollFd::new(&self.near, PollFlags::OUT)], Some(&patience)) != Ok(0) {
            while rustix::io::write(&self.near, &[0; 256]).is_ok_and(|count| count > 0) {}
        }
    }
}
