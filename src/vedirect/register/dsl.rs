//! How the rows of the catalogue are written, and what the words mean.
//!
//! A row begins read-only, unsigned of its type, without unit. Methods refine
//! it; [`table`] gives the rows their family, marks the denied ones and sorts
//! them by id while compiling, so that a lookup is a binary search.

use super::{DENIED, Family, Layout, Register, Type, Wear};
use crate::units::Unit;
use crate::vedirect::state::{BitField, Enumeration, Meaning};

pub(super) const V: Unit = Unit::Volt;
pub(super) const A: Unit = Unit::Ampere;
pub(super) const W: Unit = Unit::Watt;
pub(super) const VA: Unit = Unit::VoltAmpere;
pub(super) const C: Unit = Unit::Celsius;
pub(super) const PERCENT: Unit = Unit::Percent;
pub(super) const AH: Unit = Unit::AmpereHour;
pub(super) const KWH: Unit = Unit::KilowattHour;
pub(super) const KVAH: Unit = Unit::KilovoltAmpereHour;
pub(super) const S: Unit = Unit::Second;
pub(super) const MS: Unit = Unit::Millisecond;
pub(super) const MIN: Unit = Unit::Minute;
pub(super) const H: Unit = Unit::Hour;
pub(super) const DAYS: Unit = Unit::Day;
pub(super) const HZ: Unit = Unit::Hertz;
pub(super) const OHM: Unit = Unit::Ohm;
pub(super) const MV_K: Unit = Unit::MillivoltPerKelvin;
pub(super) const PERCENT_C: Unit = Unit::PercentPerCelsius;
pub(super) const S_PERCENT: Unit = Unit::SecondPerPercent;
pub(super) const AC_PERIODS: Unit = Unit::AcPeriod;

/// A read-only register that is a plain number of its type.
pub(super) const fn row(
    id: u16,
    name: &'static str,
    vendor_name: &'static str,
    kind: Type,
) -> Register {
    Register {
        family: Family::Common,
        id,
        name,
        vendor_name,
        kind,
        also: None,
        layout: Layout::Whole,
        scale: 1.0,
        offset: 0.0,
        unit: Unit::None,
        readable: true,
        writable: false,
        sentinel: None,
        sentinel_too: None,
        release: false,
        wear: Wear::None,
        meaning: Meaning::Plain,
        range: None,
        denied: false,
        note: "",
        source: "",
    }
}

impl Register {
    /// One raw step is `scale` of `unit`.
    pub(super) const fn unit(mut self, scale: f64, unit: Unit) -> Self {
        self.scale = scale;
        self.unit = unit;
        self
    }

    /// One raw step is `scale` of a number without unit.
    pub(super) const fn scale(self, scale: f64) -> Self {
        self.unit(scale, Unit::None)
    }

    /// 0.01 K, shown in °C.
    pub(super) const fn kelvin(mut self) -> Self {
        self.offset = -273.15;
        self.unit(0.01, Unit::Celsius)
    }

    /// The raw number for *not available*.
    pub(super) const fn na(mut self, sentinel: u32) -> Self {
        self.sentinel = Some(sentinel);
        self
    }

    /// A second raw number for *not available*, where sources disagree.
    pub(super) const fn na_too(mut self, sentinel: u32) -> Self {
        self.sentinel_too = Some(sentinel);
        self
    }

    /// The sentinel may be written: it takes a value back, or means "no limit".
    pub(super) const fn release(mut self) -> Self {
        self.release = true;
        self
    }

    /// Raw zero means *disabled*, which is no temperature and may be written.
    pub(super) const fn disabled_at_zero(self) -> Self {
        self.na(0).release()
    }

    /// May be read and written.
    pub(super) const fn rw(mut self, wear: Wear) -> Self {
        self.writable = true;
        self.wear = wear;
        self
    }

    /// May be written but not read.
    pub(super) const fn wo(mut self, wear: Wear) -> Self {
        self.readable = false;
        self.rw(wear)
    }

    /// Named numbers.
    pub(super) const fn enumeration(mut self, names: &'static Enumeration) -> Self {
        self.meaning = Meaning::Enumeration(names);
        self
    }

    /// Named bits.
    pub(super) const fn bits_of(mut self, names: &'static BitField) -> Self {
        self.meaning = Meaning::BitField(names);
        self
    }

    /// The value sits in `width` bits from `shift` on.
    pub(super) const fn bits(mut self, shift: u8, width: u8) -> Self {
        self.layout = Layout::Bits { shift, width };
        self
    }

    /// A version in three bytes after an identifier byte.
    pub(super) const fn firmware(mut self) -> Self {
        self.layout = Layout::Firmware;
        self
    }

    /// A version in two bytes.
    pub(super) const fn version16(mut self) -> Self {
        self.layout = Layout::Version;
        self
    }

    /// Least and greatest system voltage, a byte each.
    pub(super) const fn volt_range(mut self) -> Self {
        self.layout = Layout::Range;
        self
    }

    /// Another width that some firmware answers with.
    pub(super) const fn also(mut self, kind: Type) -> Self {
        self.also = Some(kind);
        self
    }

    /// Inclusive limits for writing, in the unit; of a text, its length.
    pub(super) const fn range(mut self, min: f64, max: f64) -> Self {
        self.range = Some((min, max));
        self
    }

    /// Keys of [`super::SOURCES`].
    pub(super) const fn from(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// What an engineer should know.
    pub(super) const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }
}

/// Gives the rows their family and order.
pub(super) const fn table<const N: usize>(
    family: Family,
    mut rows: [Register; N],
) -> [Register; N] {
    let mut i = 0;
    while i < N {
        rows[i].family = family;
        rows[i].denied = is_denied(rows[i].id);
        let mut j = i;
        while j > 0 && rows[j].id < rows[j - 1].id {
            let row = rows[j];
            rows[j] = rows[j - 1];
            rows[j - 1] = row;
            j -= 1;
        }
        i += 1;
    }
    rows
}

/// One record register for each name, with ids from `first` on.
pub(super) const fn days<const N: usize>(
    first: u16,
    names: [(&'static str, &'static str); N],
    source: &'static str,
) -> [Register; N] {
    let mut rows = [row(first, "", "", Type::Record); N];
    let mut i = 0;
    while i < N {
        let (name, vendor_name) = names[i];
        rows[i] = row(first + i as u16, name, vendor_name, Type::Record)
            .from(source)
            .note("0 is today; refused with flag 0x04 while the day does not exist");
        i += 1;
    }
    rows
}

const fn is_denied(id: u16) -> bool {
    let mut i = 0;
    while i < DENIED.len() {
        if DENIED[i] == id {
            return true;
        }
        i += 1;
    }
    false
}

/// The names of 31 day records, ours and the vendor's.
macro_rules! day_names {
    ($ours:literal, $vendor:literal) => {
        day_names!(@ $ours, $vendor,
            "00" "01" "02" "03" "04" "05" "06" "07" "08" "09"
            "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
            "20" "21" "22" "23" "24" "25" "26" "27" "28" "29" "30")
    };
    (@ $ours:literal, $vendor:literal, $($day:literal)*) => {
        [$((concat!($ours, $day), concat!($vendor, $day))),*]
    };
}
pub(super) use day_names;
