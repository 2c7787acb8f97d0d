//! What kind of value a field has: a number, a text, or nothing yet.
//!
//! Only the form is looked at. What a value means is known elsewhere.

/// What kind of value a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `---`: not available, which any field may become.
    Absent,
    /// Digits, possibly with a sign.
    Number,
    /// `0x` and so many hex digits: devices do not vary their number.
    Hex(u8),
    /// Other printable ASCII.
    Text,
    /// Printable with bytes above 0x7F, which no device has been seen to send
    /// but a flipped highest bit produces.
    Foreign,
}

const DIGIT: u8 = 1;
const ASCII: u8 = 2;
const PRINTABLE: u8 = 4;

/// What each byte may be part of; 0 ends a value.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0x20;
    while byte < 256 {
        kinds[byte] = match byte {
            0x30..=0x39 => PRINTABLE | ASCII | DIGIT,
            0x7F => 0,
            0x80.. => PRINTABLE,
            _ => PRINTABLE | ASCII,
        };
        byte += 1;
    }
    kinds
};

/// Length and class of the value at the start of `bytes`. It ends at the first
/// control byte; whoever calls expects CR LF there, so no other passes.
pub fn scan(bytes: &[u8]) -> (usize, Class) {
    let mut kinds = u8::MAX;
    let mut length = 0;
    for byte in bytes {
        let kind = KINDS[usize::from(*byte)];
        if kind == 0 {
            break;
        }
        kinds &= kind;
        length += 1;
    }
    let class = match &bytes[..length] {
        [] => Class::Text,
        _ if kinds & DIGIT != 0 => Class::Number,
        _ if kinds & ASCII == 0 => Class::Foreign,
        b"---" => Class::Absent,
        [b'-' | b'+', digits @ ..] if is_all(digits, u8::is_ascii_digit) => Class::Number,
        [b'0', b'x' | b'X', digits @ ..] if is_all(digits, u8::is_ascii_hexdigit) => {
            Class::Hex(u8::try_from(digits.len()).unwrap_or(u8::MAX))
        }
        _ => Class::Text,
    };
    (length, class)
}

fn is_all(bytes: &[u8], kind: fn(&u8) -> bool) -> bool {
    !bytes.is_empty() && bytes.iter().all(kind)
}
