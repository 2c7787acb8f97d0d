//! Simulated devices and the site they stand on.
//!
//! [`device`] speaks the bytes of VE.Direct, [`faults`] spoils them, [`plant`]
//! is sun, battery, loads and a cold enclosure, [`site`] ties a plant to its
//! charger and shunt, and `pty` puts a device where a serial port would be.
//! All but `pty` and `past` is free of I/O, clocks and unseeded chance, so that a test
//! repeats exactly.

pub mod device;
pub mod faults;
pub mod past;
pub mod plant;
#[cfg(unix)]
pub mod pty;
pub mod random;
pub mod site;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A device shared between its port and whoever drives it.
pub type Shared = Arc<Mutex<device::Device>>;

/// Locks what is shared; a device whose driver panicked is still a device.
pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
