//! The catalogue of HEX registers: one typed row for each.
//!
//! Rows stand in one file for each family, written in the words of `dsl`;
//! `codec` turns bytes into values and back. A family that is not found in
//! its own table is looked up in the tables it builds on. Nothing here knows
//! whether a device has a register: only the device does.

mod bmv;
mod codec;
mod common;
mod dsl;
mod error;
mod lighting;
mod mppt;
mod mppt_rs;
mod multi_rs;
mod orion_xs;
mod phoenix_charger;
mod phoenix_inverter;
mod text_value;

use super::state::Meaning;
use crate::units::Unit;

pub use codec::Decoded;
pub use error::{DecodeError, EncodeError};
pub use lighting::LightingEvent;
pub(super) use text_value::{version16, version24};

/// Which register table a product follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Registers of every product.
    Common,
    /// BlueSolar and SmartSolar MPPT chargers, VE.Can models included.
    Mppt,
    /// MPPT RS: the MPPT registers and trackers of its own.
    MpptRs,
    /// BMV battery monitors.
    Bmv,
    /// SmartShunt: a BMV without relay and display.
    SmartShunt,
    /// Phoenix inverters.
    PhoenixInverter,
    /// Phoenix Smart and Blue Smart chargers.
    PhoenixCharger,
    /// Orion XS and Smart BuckBoost.
    OrionXs,
    /// Multi RS and RS inverters.
    MultiRs,
}

/// How a value travels, little endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// No value at all: a write triggers an action.
    Void,
    /// 8 bits unsigned.
    U8,
    /// 16 bits unsigned.
    U16,
    /// 24 bits unsigned.
    U24,
    /// 32 bits unsigned.
    U32,
    /// 16 bits signed.
    I16,
    /// 32 bits signed.
    I32,
    /// Zero-terminated text.
    Text,
    /// A record of [`super::record`].
    Record,
}

/// Where in the bytes the value sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The bytes are the number.
    Whole,
    /// Some bits of it; the shorter form of such a register has no shift.
    Bits {
        /// The lowest bit.
        shift: u8,
        /// How many bits.
        width: u8,
    },
    /// An identifier byte, then a version in three bytes, shown as text.
    Firmware,
    /// A version in two bytes, shown as text.
    Version,
    /// Two system voltages of a byte each, shown as text.
    Range,
}

/// Whether a write is remembered by the device, in memory that wears out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wear {
    /// Read only, or nothing is kept.
    None,
    /// Lost at restart; may be written often.
    Volatile,
    /// Stored in flash.
    Stored,
    /// No source says: treated as stored.
    Unknown,
}

impl Wear {
    /// Whether a write costs a piece of memory, as far as anybody knows.
    #[must_use]
    pub const fn costs(self) -> bool {
        matches!(self, Self::Stored | Self::Unknown)
    }
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// The table it stands in.
    pub family: Family,
    /// Register id.
    pub id: u16,
    /// Our name, snake_case: the point's name in snapshots, rules and history.
    pub name: &'static str,
    /// The vendor's name, accepted as an alias.
    pub vendor_name: &'static str,
    /// How the value travels.
    pub kind: Type,
    /// Another width that some firmware or models answer with.
    pub also: Option<Type>,
    /// Where in the bytes the value sits.
    pub layout: Layout,
    /// Raw number × scale + offset = value in `unit`.
    pub scale: f64,
    /// Raw number × scale + offset = value in `unit`; -273.15 for registers in K.
    pub offset: f64,
    /// Unit of the decoded value.
    pub unit: Unit,
    /// May be read.
    pub readable: bool,
    /// May be written.
    pub writable: bool,
    /// The raw number that means *not available*.
    pub sentinel: Option<u32>,
    /// A second one, where sources disagree.
    pub sentinel_too: Option<u32>,
    /// The sentinel may be written, by name only: `release` or `none`.
    pub release: bool,
    /// What a write costs.
    pub wear: Wear,
    /// Names of the numbers.
    pub meaning: Meaning,
    /// Inclusive range of values for writing, in `unit`, where known; of a
    /// text, its length in bytes.
    pub range: Option<(f64, f64)>,
    /// On the deny list: commissioning by a human only.
    pub denied: bool,
    /// What an engineer should know before using it.
    pub note: &'static str,
    /// Keys of the sources (see [`SOURCES`]).
    pub source: &'static str,
}

/// Where the facts of the catalogue come from, by the keys in `source`.
pub const SOURCES: [(&str, &str); 9] = [
    ("M16", "Victron Energy, BlueSolar and SmartSolar MPPT HEX protocol, revision 16"),
    ("B6", "Victron Energy, BMV-700 series HEX protocol, revision 6"),
    ("VR", "victronenergy/gui-v2, velib ve_regs.h"),
    ("VP", "victronenergy/gui-v2, velib regs_payload.h"),
    ("KR", "krahabb/esphome-victron-vedirect, ve_reg_register.h"),
    ("GV", "koestler/go-victron, veregister"),
    ("OD", "hoylabs/OpenDTU-OnBattery, VeDirectFrameHandler"),
    ("SD", "AaronKehl/VE.Direct, vedirct.py"),
    ("CM", "community.victronenergy.com"),
];

/// Registers that no rule, page or message may write: factory reset, history,
/// zero calibration, port functions that can end the conversation, battery
/// type and system voltage, Bluetooth.
pub const DENIED: [u16; 9] =
    [0x0004, 0x1030, 0x1029, 0xED9E, 0xED98, 0xEDF1, 0xEDEF, 0xEDEA, 0x0090];

impl Family {
    /// Every family that a product can have.
    pub const PRODUCTS: [Self; 8] = [
        Self::Mppt,
        Self::MpptRs,
        Self::Bmv,
        Self::SmartShunt,
        Self::PhoenixInverter,
        Self::PhoenixCharger,
        Self::OrionXs,
        Self::MultiRs,
    ];

    /// The name used on the command line and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Mppt => "mppt",
            Self::MpptRs => "mppt_rs",
            Self::Bmv => "bmv",
            Self::SmartShunt => "smartshunt",
            Self::PhoenixInverter => "phoenix_inverter",
            Self::PhoenixCharger => "phoenix_charger",
            Self::OrionXs => "orion_xs",
            Self::MultiRs => "multi_rs",
        }
    }

    /// The family of a name, `-` and `_` alike.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('-', "_");
        let known = [Self::Common].into_iter().chain(Self::PRODUCTS);
        known.into_iter().find(|family| family.name() == name)
    }

    /// The families whose tables apply, the most particular first.
    #[must_use]
    pub const fn lineage(self) -> &'static [Self] {
        match self {
            Self::Common => &[Self::Common],
            Self::Mppt => &[Self::Mppt, Self::Common],
            Self::MpptRs => &[Self::MpptRs, Self::Mppt, Self::Common],
            Self::Bmv => &[Self::Bmv, Self::Common],
            Self::SmartShunt => &[Self::SmartShunt, Self::Bmv, Self::Common],
            Self::PhoenixInverter => &[Self::PhoenixInverter, Self::Common],
            Self::PhoenixCharger => &[Self::PhoenixCharger, Self::Common],
            Self::OrionXs => &[Self::OrionXs, Self::Common],
            Self::MultiRs => &[Self::MultiRs, Self::Common],
        }
    }
}

/// The register of a family, its own or inherited.
#[must_use]
pub fn find(family: Family, id: u16) -> Option<&'static Register> {
    family.lineage().iter().flat_map(|&family| tables(family)).find_map(|rows| {
        let index = rows.binary_search_by_key(&id, |row| row.id).ok()?;
        rows.get(index)
    })
}

/// The register of a name: ours, the vendor's in any case, or `0xEDF6`.
#[must_use]
pub fn by_name(family: Family, name: &str) -> Option<&'static Register> {
    if let Some(digits) = name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
        return find(family, u16::from_str_radix(digits, 16).ok()?);
    }
    let rows = || family.lineage().iter().flat_map(|&family| tables(family)).copied().flatten();
    // A general row hides behind the particular one with its id.
    let visible =
        |row: &&Register| find(family, row.id).is_some_and(|found| found.family == row.family);
    rows()
        .find(|row| row.name.eq_ignore_ascii_case(name) && visible(row))
        .or_else(|| rows().find(|row| row.vendor_name.eq_ignore_ascii_case(name) && visible(row)))
}

/// Every row, family by family.
pub fn all() -> impl Iterator<Item = &'static Register> {
    let families = [Family::Common].into_iter().chain(Family::PRODUCTS);
    families.flat_map(|family| tables(family).iter().copied().flatten())
}

/// What a family has, its own rows and the inherited ones, by id.
#[must_use]
pub fn of_family(family: Family) -> Vec<&'static Register> {
    let mut rows: Vec<_> =
        family.lineage().iter().flat_map(|&family| tables(family)).copied().flatten().collect();
    // The sort is stable: of equal ids the most particular comes first and stays.
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    rows
}

/// Why a raw number must not be written by any rule, although its register may be.
///
/// Both numbers make the charger depend on a battery management system that
/// is not there; it remembers so in flash and stops charging.
#[must_use]
pub fn forbidden_value(register: u16, raw: u32) -> Option<&'static str> {
    /// `bms_controlled` in register 0x200E.
    const BMS_CONTROLLED: u32 = 0x08;
    match register {
        0x200E if raw & BMS_CONTROLLED != 0 => {
            Some("makes the charger wait for a BMS for ever and stores that (error 67 without one)")
        }
        0xEDE8 if raw == 1 => {
            Some("stores that a BMS is present: no charging without one (error 67)")
        }
        _ => None,
    }
}

/// The tables of a family itself, each sorted by id.
fn tables(family: Family) -> &'static [&'static [Register]] {
    static COMMON: [&[Register]; 1] = [common::COMMON];
    static MPPT: [&[Register]; 2] = [mppt::MPPT, mppt::HISTORY_DAYS];
    static MPPT_RS: [&[Register]; 2] = [mppt_rs::MPPT_RS, mppt_rs::HISTORY_DAYS];
    static BMV: [&[Register]; 1] = [bmv::BMV];
    static INVERTER: [&[Register]; 1] = [phoenix_inverter::PHOENIX_INVERTER];
    static CHARGER: [&[Register]; 1] = [phoenix_charger::PHOENIX_CHARGER];
    static ORION_XS: [&[Register]; 1] = [orion_xs::ORION_XS];
    static MULTI_RS: [&[Register]; 1] = [multi_rs::MULTI_RS];
    match family {
        Family::Common => &COMMON,
        Family::Mppt => &MPPT,
        Family::MpptRs => &MPPT_RS,
        Family::Bmv => &BMV,
        Family::SmartShunt => &[],
        Family::PhoenixInverter => &INVERTER,
        Family::PhoenixCharger => &CHARGER,
        Family::OrionXs => &ORION_XS,
        Family::MultiRs => &MULTI_RS,
    }
}

#[cfg(test)]
mod tests;
