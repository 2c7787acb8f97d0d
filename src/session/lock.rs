//! Why nothing is written to a device, whatever is asked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a session refuses to write anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lock {
    /// The port is not open, or was lost before the write was done.
    NotConnected,
    /// The device has not said what it is since it was connected or went silent.
    NotIdentified,
    /// Another product than configured.
    WrongProduct {
        /// Configured product id.
        expected: u16,
        /// What is there.
        found: u16,
    },
    /// Another unit than configured.
    WrongSerial {
        /// Configured serial number.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A serial number is configured, but the device does not tell its own.
    SerialUnknown {
        /// Configured serial number.
        expected: String,
    },
    /// A product is configured, but the device does not tell its own.
    ProductUnknown {
        /// Configured product id.
        expected: u16,
    },
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => write!(f, "the port is not connected"),
            Self::NotIdentified => write!(f, "the device has not been identified"),
            Self::WrongProduct { expected, found } => {
                write!(f, "product 0x{found:04X} is connected, 0x{expected:04X} is configured")
            }
            Self::WrongSerial { expected, found } => {
                write!(f, "serial number {found} is connected, {expected} is configured")
            }
            Self::SerialUnknown { expected } => write!(
                f,
                "serial number {expected} is configured, but the device does not tell its own"
            ),
            Self::ProductUnknown { expected } => write!(
                f,
                "product 0x{expected:04X} is configured, but the device does not tell its own"
            ),
        }
    }
}
