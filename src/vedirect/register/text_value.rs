//! Registers whose number is a text in disguise: versions and voltage ranges.
//!
//! TEXT and HEX must show one firmware version alike, so [`crate::vedirect::text`]
//! uses the same functions.

use crate::vedirect::hex::Version;

/// A version of two bytes, written in hex: 0x0161 is `1.61`, 0xC208 `2.08-rc`.
pub(in crate::vedirect) fn version16(raw: u32) -> String {
    let version = Version(raw as u16);
    let kind = if version.is_release_candidate() { "-rc" } else { "" };
    format!("{version}{kind}")
}

/// A version of three bytes: `3.25`, or `3.25-beta-02` before its release.
///
/// With a zero in the highest byte it is a version of two bytes.
pub(in crate::vedirect) fn version24(raw: u32) -> String {
    if raw >> 16 == 0 {
        return version16(raw);
    }
    let number = format!("{:X}.{:02X}", raw >> 16, raw >> 8 & 0xFF);
    match raw & 0xFF {
        0xFF => number,
        beta => format!("{number}-beta-{beta:02X}"),
    }
}

/// Least and greatest system voltage in V, low byte first: `12-48`.
pub(in crate::vedirect) fn volt_range(raw: u32) -> String {
    format!("{}-{}", raw & 0xFF, raw >> 8 & 0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_people_write_them() {
        assert_eq!(version16(0x0161), "1.61");
        assert_eq!(version16(0xC208), "2.08-rc");
        assert_eq!(version24(0x0161), "1.61");
        assert_eq!(version24(0x03_25FF), "3.25");
        assert_eq!(version24(0x03_2502), "3.25-beta-02");
        assert_eq!(version24(0x01_0102), "1.01-beta-02");
    }

    #[test]
    fn a_voltage_range_reads_from_least_to_greatest() {
        assert_eq!(volt_range(0x300C), "12-48");
    }
}
