//! The last look at bytes before they leave for a device.
//!
//! Everything here has been refused earlier, by type or by check. This filter
//! reads the finished bytes once more, with a deny list of its own: a mistake
//! elsewhere must not reach the port function or the factory reset of a
//! device that nobody visits.

use crate::vedirect::hex::{Asked, Raw, Request};

/// Registers that only a human may write, whatever the catalogue says:
/// factory reset, history clear, zero calibration, port functions, battery
/// type, system voltage, Bluetooth.
pub(super) const DENIED_REGISTERS: [u16; 9] =
    [0x0004, 0x1030, 0x1029, 0xED9E, 0xED98, 0xEDF1, 0xEDEF, 0xEDEA, 0x0090];

/// Network mode, and its bit "controlled by a BMS": the charger remembers it
/// in flash and does not charge without its host any more.
const NETWORK_MODE: u16 = 0x200E;
const BMS_CONTROLLED: u8 = 0x08;

/// The flag which that leaves behind.
const BMS_PRESENT: u16 = 0xEDE8;

/// What a human has allowed for the one task at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// Nothing beyond ordinary requests.
    Ordinary,
    /// Registers of the deny list.
    Denied,
    /// The restart command.
    Restart,
}

/// Whether these bytes may leave.
pub(super) fn may_leave(frame: &[u8], permit: Permit) -> bool {
    let Ok(raw) = Raw::parse(frame) else {
        return false;
    };
    match Asked::parse(&raw) {
        Asked::Request(Request::Set { register, value }) => {
            permit == Permit::Denied || !is_denied(register, &value)
        }
        Asked::Request(_) => true,
        Asked::Restart => permit == Permit::Restart,
        Asked::Unknown(_) => false,
    }
}

/// Whether writing `value` (little endian) to `register` needs a human.
pub(super) fn is_denied(register: u16, value: &[u8]) -> bool {
    DENIED_REGISTERS.contains(&register) || is_denied_value(register, value)
}

/// Whether it is the value, not the register, that needs a human.
pub(super) fn is_denied_value(register: u16, value: &[u8]) -> bool {
    match (register, value.first()) {
        (NETWORK_MODE, Some(mode)) => mode & BMS_CONTROLLED != 0,
        (BMS_PRESENT, Some(present)) => *present == 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::hex::{Payload, restart_frame};
    use crate::vedirect::register;

    #[track_caller]
    fn check(frame: &[u8], ordinary: bool, denied: bool, restart: bool) {
        let pass = [Permit::Ordinary, Permit::Denied, Permit::Restart]
            .map(|permit| may_leave(frame, permit));
        assert_eq!(pass, [ordinary, denied, restart], "{}", frame.escape_ascii());
    }

    fn set(register: u16, value: &[u8]) -> Vec<u8> {
        Request::Set { register, value: Payload::new(value).unwrap() }.encode()
    }

    #[test]
    fn ordinary_requests_pass() {
        check(b":154\n", true, true, true);
        check(b":352\n", true, true, true);
        check(b":451\n", true, true, true);
        check(b":7F0ED0071\n", true, true, true);
        check(b":8ABED0000B5\n", true, true, true);
        check(&set(0x200E, &[5]), true, true, true);
        check(&set(0xEDE8, &[0]), true, true, true);
    }

    #[test]
    fn a_restart_needs_its_own_permit() {
        check(b":64F\n", false, false, true);
        check(&restart_frame(), false, false, true);
    }

    #[test]
    fn no_permit_opens_the_bootloader() {
        check(b":055\n", false, false, false);
        check(b":00055\n", false, false, false);
    }

    #[test]
    fn unknown_commands_and_damaged_frames_stay_here() {
        check(b":253\n", false, false, false);
        check(b":7F0ED0070\n", false, false, false);
        check(b"", false, false, false);
        check(b"hello\n", false, false, false);
    }

    #[test]
    fn denied_registers_and_values_need_a_human() {
        for register in DENIED_REGISTERS {
            check(&set(register, &[1]), false, true, false);
        }
        check(&set(0x200E, &[9]), false, true, false);
        check(&set(0xEDE8, &[1]), false, true, false);
    }

    #[test]
    fn this_list_and_the_catalogue_agree() {
        let sorted = |mut ids: [u16; 9]| {
            ids.sort_unstable();
            ids
        };
        assert_eq!(sorted(DENIED_REGISTERS), sorted(register::DENIED));
        for id in [NETWORK_MODE, BMS_PRESENT, 0xEDAB] {
            for value in 0..=u8::MAX {
                let forbidden = register::forbidden_value(id, value.into()).is_some();
                assert_eq!(is_denied_value(id, &[value]), forbidden, "0x{id:04X} = {value}");
            }
        }
    }

    #[test]
    fn the_deny_list_does_not_depend_on_digit_case() {
        check(b":8f1ed00ff90\n", false, false, false); // wrong checksum
        check(b":8F1ED00FF70\n".to_ascii_lowercase().as_slice(), false, true, false);
    }
}
