//! Why bytes are no value of a register, or a value none of its bytes.
//!
//! Messages name the register as the operator does, and what would be right.

use super::super::record::RecordError;
use crate::units::Unit;

/// Bytes that do not fit the register.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Neither the width of the register nor the other one known of it.
    #[error("register 0x{register:04X} ({name}): {got} bytes instead of {expected}")]
    Width {
        /// Register id.
        register: u16,
        /// Our name.
        name: &'static str,
        /// Bytes expected.
        expected: usize,
        /// Bytes received.
        got: usize,
    },
    /// A register that carries no value.
    #[error("register 0x{register:04X} ({name}) has no value to read")]
    Void {
        /// Register id.
        register: u16,
        /// Our name.
        name: &'static str,
    },
    /// A damaged history record.
    #[error("register 0x{register:04X} ({name})")]
    Record {
        /// Register id.
        register: u16,
        /// Our name.
        name: &'static str,
        /// What is wrong with it.
        source: RecordError,
    },
}

/// A value that must not be written to the register.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// The register is read-only.
    #[error("{name} is read-only")]
    ReadOnly {
        /// Our name.
        name: &'static str,
    },
    /// Outside the documented limits.
    #[error("{name}: {value} is outside {min} to {max} {unit}")]
    Range {
        /// Our name.
        name: &'static str,
        /// The value refused.
        value: f64,
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Unit of all three.
        unit: Unit,
    },
    /// The number means "not available" on the wire.
    #[error("{name}: {value} is the number for \"not available\"{}", hint(*.release))]
    Sentinel {
        /// Our name.
        name: &'static str,
        /// The value refused.
        value: f64,
        /// Whether `release` may be written instead.
        release: bool,
    },
    /// Not a member of the register's enumeration, or a bit without a name.
    #[error("{name}: {value} is not one of its values")]
    NotAMember {
        /// Our name.
        name: &'static str,
        /// The value refused.
        value: f64,
    },
    /// Neither a number nor a name.
    #[error("{name}: `{text}` is neither a number nor a known name{}", suggestion(*.nearest))]
    NotANumber {
        /// Our name.
        name: &'static str,
        /// The text refused.
        text: String,
        /// A known name that looks alike.
        nearest: Option<&'static str>,
    },
    /// Too long, or with a zero byte in it.
    #[error("{name}: a text of 0 to {max} bytes without zero bytes is wanted")]
    Text {
        /// Our name.
        name: &'static str,
        /// Greatest length in bytes.
        max: usize,
    },
}

fn hint(release: bool) -> &'static str {
    if release { "; write `release` to mean that" } else { "" }
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
