//! Worked HEX frames, read and written.
//!
//! Frames of the vendor's HEX documents and of real devices, with checksums
//! that were worked out by hand or by the device, so that reader and writer
//! cannot agree on the same mistake.

use sunkeep::vedirect::hex::{Answer, Asked, Raw, restart_frame};

use Direction::{Rx, Tx};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// To the device.
    Tx,
    /// From the device.
    Rx,
}

/// Direction, frame without LF, command, payload in hex.
#[rustfmt::skip]
const FRAMES: &[(Direction, &str, u8, &str)] = &[
    (Tx, ":154", 1, ""),
    (Rx, ":51641F9", 5, "1641"),
    (Tx, ":352", 3, ""),
    (Rx, ":11641FD", 1, "1641"),
    (Tx, ":451", 4, ""),
    (Rx, ":156A05E", 1, "56A0"),
    (Tx, ":64F", 6, ""),
    (Tx, ":70001004D", 7, "000100"),
    (Tx, ":70201004B", 7, "020100"),
    (Tx, ":70A010043", 7, "0A0100"),
    (Tx, ":70B010042", 7, "0B0100"),
    (Tx, ":72001002D", 7, "200100"),
    (Tx, ":74001000D", 7, "400100"),
    (Tx, ":70002004C", 7, "000200"),
    (Tx, ":70102004B", 7, "010200"),
    (Tx, ":70202004A", 7, "020200"),
    (Tx, ":707020045", 7, "070200"),
    (Tx, ":7ABED00B6", 7, "ABED00"),
    (Tx, ":7A8ED00B9", 7, "A8ED00"),
    (Tx, ":791ED00D0", 7, "91ED00"),
    (Tx, ":7ADED00B4", 7, "ADED00"),
    (Tx, ":7BCED00A5", 7, "BCED00"),
    (Tx, ":7BBED00A6", 7, "BBED00"),
    (Tx, ":7D5ED008C", 7, "D5ED00"),
    (Tx, ":7D7ED008A", 7, "D7ED00"),
    (Tx, ":7DBED0086", 7, "DBED00"),
    (Tx, ":7ECED0075", 7, "ECED00"),
    (Tx, ":7F0ED0071", 7, "F0ED00"),
    (Tx, ":70E200020", 7, "0E2000"),
    (Tx, ":70F20001F", 7, "0F2000"),
    (Tx, ":715200019", 7, "152000"),
    (Tx, ":74F1000EF", 7, "4F1000"),
    (Tx, ":7501000EE", 7, "501000"),
    (Tx, ":7FF0F0040", 7, "FF0F00"),
    (Tx, ":7FE0F0041", 7, "FE0F00"),
    (Tx, ":78DED00D4", 7, "8DED00"),
    (Tx, ":78CED00D5", 7, "8CED00"),
    (Tx, ":7FFEE0061", 7, "FFEE00"),
    (Tx, ":74E0300FD", 7, "4E0300"),
    (Tx, ":70022002C", 7, "002200"),
    (Tx, ":8ABED0000B5", 8, "ABED0000"),
    (Tx, ":8ABED0004B1", 8, "ABED0004"),
    (Tx, ":8ABED0001B4", 8, "ABED0001"),
    (Tx, ":8ABED0005B0", 8, "ABED0005"),
    (Tx, ":89CED009C0424", 8, "9CED009C04"),
    (Tx, ":89DED001405AA", 8, "9DED001405"),
    (Tx, ":80202000200000047", 8, "02020002000000"),
    (Tx, ":80002000447", 8, "00020004"),
    (Tx, ":8000200014A", 8, "00020001"),
    (Tx, ":80002000249", 8, "00020002"),
    (Tx, ":80002000546", 8, "00020005"),
    (Tx, ":80E2000051A", 8, "0E200005"),
    (Tx, ":81520003200E6", 8, "1520003200"),
    (Tx, ":8152000000018", 8, "1520000000"),
    (Tx, ":80E2000001F", 8, "0E200000"),
    (Tx, ":80E200041DE", 8, "0E200041"),
    (Tx, ":8032000A2FE8A", 8, "032000A2FE"),
    (Tx, ":8022000050521", 8, "0220000505"),
    (Tx, ":8F0ED0064000C", 8, "F0ED006400"),
    (Tx, ":84F030002F9", 8, "4F030002"),
    (Tx, ":84E030001FB", 8, "4E030001"),
    (Tx, ":84E030000FC", 8, "4E030000"),
    (Rx, ":1000351", 1, "0003"),
    (Rx, ":7F0ED009600DB", 7, "F0ED009600"),
    (Tx, ":253", 2, ""),
    (Rx, ":3020050", 3, "0200"),
    (Rx, ":4AAAAFD", 4, "AAAA"),
    (Rx, ":A0102000543", 10, "01020005"),
    (Rx, ":501440B", 5, "0144"),
    (Rx, ":101440F", 1, "0144"),
    (Rx, ":181A330", 1, "81A3"),
    (Tx, ":70010003E", 7, "001000"),
    (Rx, ":7001000C80076", 7, "001000C800"),
    (Tx, ":8001000F40148", 8, "001000F401"),
    (Tx, ":800100000003D", 8, "0010000000"),
    (Rx, ":8001004010038", 8, "0010040100"),
    (Rx, ":70001000056A0FF58", 7, "0001000056A0FF"),
    (Rx, ":7F2ED00ACF9CA", 7, "F2ED00ACF9"),
    (Rx, ":70B0100536D617274536F6C61722043686172676572204D505054203130302F333000BA", 7, "0B0100536D617274536F6C61722043686172676572204D505054203130302F333000"),
    (Rx, ":7D0ED00000091", 7, "D0ED000000"),
    (Rx, ":77777015F", 7, "777701"),
    (Rx, ":740010075DE0D0AA3", 7, "40010075DE0D0A"),
    (Rx, ":ADBED001A0D5C", 10, "DBED001A0D"),
    (Rx, ":A0202000200000045", 10, "02020002000000"),
    (Rx, ":A000200000148", 10, "0002000001"),
    (Rx, ":7DBED00520D27", 7, "DBED00520D"),
    (Rx, ":7ECED00FFFF77", 7, "ECED00FFFF"),
    (Rx, ":7F6ED00EA156C", 7, "F6ED00EA15"),
    (Rx, ":7F7ED00441610", 7, "F7ED004416"),
    (Rx, ":AD5ED008814ED", 10, "D5ED008814"),
    (Rx, ":ABBED006E1C19", 10, "BBED006E1C"),
    (Rx, ":ABCED00A100000001", 10, "BCED00A1000000"),
    (Rx, ":A501000000000000000000000ED04C6040000000000C200000000000B0000000900C80D120172", 10, "501000000000000000000000ED04C6040000000000C200000000000B0000000900C80D1201"),
    (Rx, ":A4F1000010000000000000000000000000001000D0500F904FFFFFFFFFFFFFFFFFFFFFFFFFFE8", 10, "4F1000010000000000000000000000000001000D0500F904FFFFFFFFFFFFFFFFFFFFFFFFFF"),
    (Rx, ":7272000FFFFFFFF0B", 7, "272000FFFFFFFF"),
];

fn bytes(digits: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("the table holds digits");
    (0..digits.len()).step_by(2).map(pair).collect()
}

#[test]
fn worked_frames_are_read() {
    for (_, frame, command, payload) in FRAMES {
        let raw = Raw::parse(frame.as_bytes()).unwrap_or_else(|error| panic!("{frame}: {error}"));
        assert_eq!((raw.command, raw.payload.to_vec()), (*command, bytes(payload)), "{frame}");
        assert_eq!(raw.to_string(), *frame);
    }
}

#[test]
fn worked_frames_are_written() {
    for (direction, frame, ..) in FRAMES {
        let raw = Raw::parse(frame.as_bytes()).expect("worked frames are right");
        let encoded = match (direction, Asked::parse(&raw)) {
            (Rx, _) => Answer::parse(&raw).encode(),
            (Tx, Asked::Request(request)) => request.encode(),
            (Tx, Asked::Restart) => restart_frame(),
            // An unsupported command of the vendor's example; nobody sends it.
            (Tx, Asked::Unknown(command)) => {
                assert_eq!(command, 2);
                continue;
            }
        };
        assert_eq!(String::from_utf8_lossy(&encoded), format!("{frame}\n"));
    }
}

#[test]
fn every_answer_of_the_table_is_understood() {
    for (_, frame, ..) in FRAMES.iter().filter(|(direction, ..)| *direction == Rx) {
        let raw = Raw::parse(frame.as_bytes()).expect("worked frames are right");
        assert!(!matches!(Answer::parse(&raw), Answer::Other(_)), "{frame}");
    }
}
