//! A simulated device where a serial port would be.
//!
//! A pseudo-terminal carries the bytes and a symbolic link gives it a name
//! that lasts. One thread moves bytes between the terminal and the device, by
//! the clock it is given. [`Port::unplug`] ends the terminal so that a reader
//! hangs up, as a pulled cable does; [`Port::plug`] makes a new one under the
//! same name. What the device says and does is not decided here.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, QueueSelector};

use super::device::Device;
use super::{Shared, lock};
use crate::clock::Clock;

/// Longest the thread waits before it looks at its orders again.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Unread bytes older than this mean that nobody listens; they are dropped,
/// so that the next reader hears the present and not the past.
const NOBODY_LISTENS: Duration = Duration::from_secs(2);

/// Bytes kept at most for a reader that is slower than the device.
const BACKLOG_MAX: usize = 64 << 10;

/// A device on a pseudo-terminal. Dropping it ends the thread and removes the
/// link.
#[derive(Debug)]
pub struct Port {
    link: PathBuf,
    terminal: Arc<Mutex<Option<Arc<Terminal>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    /// Opens a terminal, links `link` to it and starts to move bytes.
    ///
    /// # Errors
    /// No terminal to be had, or `link` names something that is no symbolic
    /// link and is therefore not replaced.
    pub fn open(link: &Path, device: Shared, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let terminal = Arc::new(Mutex::new(Some(Terminal::open(link)?)));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (terminal, stop) = (Arc::clone(&terminal), Arc::clone(&stop));
            std::thread::Builder::new()
                .name("simulated device".to_owned())
                .spawn(move || pump(&terminal, &device, &*clock, &stop))?
        };
        Ok(Self { link: link.to_owned(), terminal, stop, thread: Some(thread) })
    }

    /// The name under which a reader finds the device.
    #[must_use]
    pub fn link(&self) -> &Path {
        &self.link
    }

    /// Pulls the cable: the reader hangs up and the link is gone. The device
    /// itself goes on.
    pub fn unplug(&self) {
        if lock(&self.terminal).take().is_some() {
            remove_link(&self.link);
        }
    }

    /// Plugs the cable in again; does nothing if it is plugged.
    ///
    /// # Errors
    /// As [`Port::open`].
    pub fn plug(&self) -> io::Result<()> {
        let mut terminal = lock(&self.terminal);
        if terminal.is_none() {
            *terminal = Some(Terminal::open(&self.link)?);
        }
        Ok(())
    }

    /// The cable is plugged.
    #[must_use]
    pub fn is_plugged(&self) -> bool {
        lock(&self.terminal).is_some()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.unplug();
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to clean up.
            let _ = thread.join();
        }
    }
}

/// Both ends of a pseudo-terminal.
#[derive(Debug)]
struct Terminal {
    master: OwnedFd,
    /// Held open so that readers come and go without the terminal losing its
    /// raw mode, and without errors at the master.
    slave: OwnedFd,
}

impl Terminal {
    fn open(link: &Path) -> io::Result<Arc<Self>> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = rustix::pty::openpt(flags)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(
            &*name,
            OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::empty(),
        )?;
        let mut settings = rustix::termios::tcgetattr(&slave)?;
        settings.make_raw();
        rustix::termios::tcsetattr(&slave, OptionalActions::Now, &settings)?;
        make_link(link, &name.to_string_lossy())?;
        Ok(Arc::new(Self { master, slave }))
    }

    /// Writes what fits; returns how much.
    fn write(&self, bytes: &[u8]) -> usize {
        rustix::io::write(&self.master, bytes).unwrap_or(0)
    }

    /// Reads what is there.
    fn read(&self, buffer: &mut [u8]) -> usize {
        rustix::io::read(&self.master, buffer).unwrap_or(0)
    }

    /// Bytes written and not yet read.
    fn unread(&self) -> u64 {
        rustix::io::ioctl_fionread(&self.slave).unwrap_or(0)
    }

    /// Drops what nobody read, and a lock left behind by a killed reader.
    fn forget_unread(&self) {
        // Neither matters enough to stop a simulator.
        let _ = rustix::termios::tcflush(&self.slave, QueueSelector::IFlush);
        let _ = rustix::termios::ioctl_tiocnxcl(&self.slave);
    }

    /// Waits until the host has sent something, or `span` has passed.
    fn wait(&self, span: Duration) {
        let timeout =
            Timespec { tv_sec: 0, tv_nsec: i64::from(span.min(LONGEST_WAIT).subsec_nanos()) };
        let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            // Nothing to wait for: do not spin.
            Err(_) => std::thread::park_timeout(LONGEST_WAIT),
        }
    }
}

/// What waits for a reader, and since when nobody has read.
#[derive(Default)]
struct Backlog {
    bytes: Vec<u8>,
    unread: u64,
    idle_since: Option<Duration>,
}

impl Backlog {
    fn deliver(&mut self, terminal: &Terminal, clock: &dyn Clock, fresh: &[u8]) {
        self.bytes.extend(fresh);
        let now = clock.now().monotonic;
        let unread = terminal.unread();
        if unread == 0 || unread < self.unread {
            self.idle_since = None;
        }
        let since = *self.idle_since.get_or_insert(now);
        let idle = clock.real(now.saturating_sub(since));
        if idle > NOBODY_LISTENS || self.bytes.len() > BACKLOG_MAX {
            terminal.forget_unread();
            self.bytes.clear();
            self.bytes.extend(fresh);
            self.idle_since = None;
        }
        let written = terminal.write(&self.bytes);
        self.bytes.drain(..written);
        self.unread = terminal.unread();
    }
}

fn pump(
    terminal: &Mutex<Option<Arc<Terminal>>>,
    device: &Mutex<Device>,
    clock: &dyn Clock,
    stop: &AtomicBool,
) {
    let mut backlog = Backlog::default();
    let mut buffer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let now = clock.now().monotonic;
        let (bytes, wake) = {
            let mut device = lock(device);
            (device.transmit(now), device.next_wake())
        };
        let wait = clock.real(wake.saturating_sub(now)).min(LONGEST_WAIT);
        let plugged = lock(terminal).clone();
        let Some(terminal) = plugged else {
            backlog = Backlog::default();
            std::thread::park_timeout(wait);
            continue;
        };
        if !bytes.is_empty() || !backlog.bytes.is_empty() {
            backlog.deliver(&terminal, clock, &bytes);
        }
        terminal.wait(wait);
        let count = terminal.read(&mut buffer);
        if count > 0 {
            lock(device).receive(clock.now().monotonic, &buffer[..count]);
        }
    }
}

/// Replaces a stale link, never anything else.
fn make_link(link: &Path, target: &str) -> io::Result<()> {
    match link.symlink_metadata() {
        Ok(old) if old.is_symlink() => std::fs::remove_file(link)?,
        Ok(_) => {
            let message = format!("{} exists and is no symbolic link", link.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Err(_) => {}
    }
    std::os::unix::fs::symlink(target, link)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", link.display())))
}

fn remove_link(link: &Path) {
    if link.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
        // A link that is gone already is what we wanted.
        let _ = std::fs::remove_file(link);
    }
}
