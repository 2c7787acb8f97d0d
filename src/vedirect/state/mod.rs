//! Enumerations and bit fields of VE.Direct, as types with names.
//!
//! A number stays a number everywhere: a rule compares it, history stores it.
//! The names here are how people write and read it. A number without a name
//! is kept as it is, since firmware is newer than any table.

pub mod bits;
pub mod errors;
pub mod values;

pub use bits::*;
pub use errors::CHARGER_ERROR;
pub use values::*;

/// Numbers and their names.
pub type Numbers = &'static [(i32, &'static str)];
/// Bit numbers and their names.
pub type Bits = &'static [(u8, &'static str)];

/// The names of an enumeration's numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// snake_case name of the enumeration itself, such as `device_state`.
    pub name: &'static str,
    /// Number and snake_case name (usable in rules), such as `(5, "float")`.
    pub values: Numbers,
    /// The bits that carry the enumeration; all ones unless flags share the byte.
    pub mask: i32,
    /// Bits outside the mask that have a name, such as `(7, "lighting_timer")`.
    pub flags: Bits,
}

/// The names of a bit field's bits.
#[derive(Debug, PartialEq, Eq)]
pub struct BitField {
    /// snake_case name of the bit field itself, such as `off_reason`.
    pub name: &'static str,
    /// Bit number and snake_case name, such as `(2, "soft_power_switch")`.
    pub bits: Bits,
    /// Sums that have a name of their own; where a sum and a bit share a
    /// name, the name alone means the sum.
    pub presets: Numbers,
}

/// What a number means beyond its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Just a number.
    Plain,
    /// One of several named numbers.
    Enumeration(&'static Enumeration),
    /// A sum of named bits.
    BitField(&'static BitField),
}

impl Enumeration {
    /// An enumeration that has its bits to itself.
    #[must_use]
    pub const fn new(name: &'static str, values: Numbers) -> Self {
        Self { name, values, mask: -1, flags: &[] }
    }

    /// The name of a number, flags beside it ignored.
    #[must_use]
    pub fn name_of(&self, number: i32) -> Option<&'static str> {
        let number = number & self.mask;
        self.values.iter().find(|(value, _)| *value == number).map(|(_, name)| *name)
    }

    /// The number of a name, in any case.
    #[must_use]
    pub fn number_of(&self, name: &str) -> Option<i32> {
        number_of(self.values, name)
    }

    /// The names of the flags set beside the enumeration.
    pub fn flags_of(&self, number: i32) -> impl Iterator<Item = &'static str> {
        let set = move |bit: u8| number >> bit & 1 == 1;
        self.flags.iter().filter(move |(bit, _)| set(*bit)).map(|(_, name)| *name)
    }
}

impl BitField {
    /// A bit field whose sums have no names of their own.
    #[must_use]
    pub const fn new(name: &'static str, bits: Bits) -> Self {
        Self { name, bits, presets: &[] }
    }

    /// The names of the bits set; bits without a name are left out.
    pub fn names_of(&self, number: u32) -> impl Iterator<Item = &'static str> {
        self.bits.iter().filter(move |(bit, _)| number >> bit & 1 == 1).map(|(_, name)| *name)
    }

    /// The number of a bit, by name in any case.
    #[must_use]
    pub fn bit_of(&self, name: &str) -> Option<u8> {
        self.bits.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(bit, _)| *bit)
    }

    /// The bits that have a name.
    #[must_use]
    pub fn named(&self) -> u32 {
        self.bits.iter().fold(0, |all, (bit, _)| all | 1 << bit)
    }

    /// The sum of names joined by `+`, or of one preset; `none` is zero.
    #[must_use]
    pub fn number_of(&self, names: &str) -> Option<u32> {
        if let Some(sum) = number_of(self.presets, names) {
            return u32::try_from(sum).ok();
        }
        if names.eq_ignore_ascii_case("none") {
            return Some(0);
        }
        names.split('+').try_fold(0, |sum, name| Some(sum | 1 << self.bit_of(name.trim())?))
    }
}

impl Meaning {
    /// The number in words: `float`, `on+lighting_timer`, `bms+low_battery`;
    /// `none` for a bit field of zero. `None` where no name is known.
    #[must_use]
    pub fn describe(&self, number: f64) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::Enumeration(enumeration) => {
                let number = whole::<i32>(number)?;
                let mut text = enumeration.name_of(number)?.to_owned();
                for flag in enumeration.flags_of(number) {
                    text.push('+');
                    text.push_str(flag);
                }
                Some(text)
            }
            Self::BitField(field) => {
                let number = whole::<u32>(number)?;
                if number == 0 {
                    return Some("none".to_owned());
                }
                let unnamed = number & !field.named();
                let mut names: Vec<String> = field.names_of(number).map(str::to_owned).collect();
                names.extend(
                    (0..32).filter(|bit| unnamed >> bit & 1 == 1).map(|b| format!("bit_{b}")),
                );
                Some(names.join("+"))
            }
        }
    }

    /// The number of a name, as a rule or a person writes it.
    #[must_use]
    pub fn number_of(&self, name: &str) -> Option<f64> {
        match self {
            Self::Plain => None,
            Self::Enumeration(enumeration) => enumeration.number_of(name).map(f64::from),
            Self::BitField(field) => field.number_of(name).map(f64::from),
        }
    }

    /// All names that [`Meaning::number_of`] knows, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let (numbers, bits): (Numbers, Bits) = match self {
            Self::Plain => (&[], &[]),
            Self::Enumeration(enumeration) => (enumeration.values, &[]),
            Self::BitField(field) => (field.presets, field.bits),
        };
        numbers.iter().map(|(_, name)| *name).chain(bits.iter().map(|(_, name)| *name))
    }
}

/// A whole number that fits, or nothing: 2.5 is no member of any enumeration.
fn whole<T: TryFrom<i64>>(number: f64) -> Option<T> {
    // Converting to an integer saturates; comparing back refuses what did not fit, and NaN.
    let integer = number as i64;
    if integer as f64 == number { T::try_from(integer).ok() } else { None }
}

fn number_of(values: &[(i32, &str)], name: &str) -> Option<i32> {
    values.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(value, _)| *value)
}

const fn values_with_flags(
    name: &'static str,
    mask: i32,
    values: Numbers,
    flags: Bits,
) -> Enumeration {
    Enumeration { name, values, mask, flags }
}

const fn bits_with_presets(name: &'static str, bits: Bits, presets: Numbers) -> BitField {
    BitField { name, bits, presets }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(meaning: Meaning, number: f64, words: Option<&str>) {
        assert_eq!(meaning.describe(number).as_deref(), words);
    }

    const STATE: Meaning = Meaning::Enumeration(&DEVICE_STATE);
    const LOAD: Meaning = Meaning::Enumeration(&LOAD_CONTROL);
    const OFF: Meaning = Meaning::BitField(&OFF_REASON);

    #[test]
    fn numbers_have_names() {
        check(STATE, 5.0, Some("float"));
        check(STATE, 247.0, Some("auto_equalise"));
        check(Meaning::Enumeration(&MONITOR_MODE), -9.0, Some("solar_charger"));
        check(OFF, 0.0, Some("none"));
        check(OFF, 5.0, Some("no_input_power+soft_power_switch"));
    }

    #[test]
    fn numbers_of_newer_firmware_stay_without_a_name() {
        check(STATE, 99.0, None);
        check(STATE, 5.5, None);
        check(STATE, f64::NAN, None);
        check(Meaning::Plain, 5.0, None);
        check(OFF, f64::from(1 << 20), Some("bit_20"));
    }

    #[test]
    fn the_lighting_timer_shares_a_byte_with_the_load_mode() {
        check(LOAD, 4.0, Some("on"));
        check(LOAD, 132.0, Some("on+lighting_timer"));
    }

    #[test]
    fn names_have_numbers() {
        assert_eq!(STATE.number_of("Bulk"), Some(3.0));
        assert_eq!(STATE.number_of("charging"), None);
        assert_eq!(OFF.number_of("bms+low_battery"), Some(2112.0));
        assert_eq!(OFF.number_of("bms+nonsense"), None);
        let network = Meaning::BitField(&NETWORK_MODE);
        assert_eq!(network.number_of("external_control"), Some(5.0));
        assert_eq!(network.number_of("networked+standby"), Some(65.0));
    }

    #[test]
    fn every_name_is_unique_and_usable_in_a_rule() {
        let usable = |name: &str| {
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        for enumeration in values::ENUMERATIONS.iter().copied().chain([&CHARGER_ERROR]) {
            for (number, name) in enumeration.values {
                assert!(usable(name), "{name}");
                assert_eq!(enumeration.number_of(name), Some(*number), "{name}");
            }
        }
        for field in bits::BIT_FIELDS {
            for (bit, name) in field.bits {
                assert!(usable(name), "{name}");
                assert_eq!(field.bit_of(name), Some(*bit), "{name}");
            }
        }
    }
}
