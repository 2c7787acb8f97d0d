//! What devices can switch by a register, as far as it is known: the load output
//! and the charging of an MPPT, a Phoenix inverter, the relay of a BMV.
//!
//! Facts only, from Victron's HEX documents and the sources named with each
//! register in the catalogue. Everything else is a register that the owner names
//! with two values of his own.

use super::plan::{Companion, Plan, Proof, Switch, Values};
use crate::vedirect::register::{self, Family};

/// Something that devices of some families can switch.
#[derive(Debug)]
pub struct Known {
    /// The key that declares it.
    pub key: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Who has it.
    pub families: &'static [Family],
    /// The register that switches it.
    pub register: u16,
    /// What "off" writes.
    pub off: f64,
    /// Another value that is off.
    pub off_too: Option<f64>,
    /// What "on" may write, by name; the first is written if nothing better is known.
    pub on: &'static [(&'static str, f64)],
    /// What is written along with it.
    pub companion: Option<Companion>,
    /// What else shows that it is off.
    pub proofs: &'static [Proof],
}

/// All of them.
pub static ALL: [Known; 4] = [LOAD_OUTPUT, INVERTER, RELAY, CHARGER];

/// The load output: the register holds a *mode*, and only mode 0 is off. "On" means
/// giving the decision back to the charger, so that the battery stays guarded when
/// this program is dead; forced on (4) has no guard against deep discharge.
const LOAD_OUTPUT: Known = Known {
    key: "load_output",
    what: "a load output",
    families: &[Family::Mppt],
    register: 0xEDAB,
    off: 0.0,
    off_too: None,
    on: &[
        ("auto", 1.0),
        ("alt1", 2.0),
        ("alt2", 3.0),
        ("on", 4.0),
        ("user1", 5.0),
        ("user2", 6.0),
        ("aes", 7.0),
    ],
    companion: None,
    proofs: &[Proof { register: 0xEDA8, point: "load_output_state", mask: 0xFF, is: 0 }],
};

/// A Phoenix inverter; 253 is the hibernation of Smart models.
const INVERTER: Known = Known {
    key: "inverter",
    what: "an inverter",
    families: &[Family::PhoenixInverter],
    register: 0x0200,
    off: 4.0,
    off_too: Some(253.0),
    on: &[("on", 2.0), ("eco", 5.0)],
    companion: None,
    proofs: &[],
};

/// The relay of a BMV listens while its mode is `remote` (2). A SmartShunt has no relay.
const RELAY: Known = Known {
    key: "relay",
    what: "a relay",
    families: &[Family::Bmv],
    register: 0x034E,
    off: 0.0,
    off_too: None,
    on: &[("closed", 1.0)],
    companion: Some(Companion {
        register: 0x034F,
        active: 2.0,
        idle: None,
        bits: false,
        before: None,
    }),
    proofs: &[],
};

/// Charging as a whole. Firmware before 1.42 obeys only while bit 1 of 0x0202 is
/// set, which it forgets at every restart; its register then still says "off", so
/// the state itself has the last word. 0x0207 tells since 1.44 that it is this
/// switch and not the night.
const CHARGER: Known = Known {
    key: "charger",
    what: "a charger",
    families: &[Family::Mppt],
    register: 0x0200,
    off: 4.0,
    off_too: Some(0.0),
    on: &[("on", 1.0)],
    companion: Some(Companion {
        register: 0x0202,
        active: 2.0,
        idle: None,
        bits: true,
        before: Some(142),
    }),
    proofs: &[
        Proof { register: 0x0201, point: "state", mask: 0xFF, is: 0 },
        Proof { register: 0x0207, point: "off_reason", mask: 4, is: 4 },
    ],
};

impl Known {
    /// How it is switched on a device of this family; `None`: that family has no
    /// such register.
    #[must_use]
    pub fn plan(&self, device: &str, family: Family, on: f64) -> Option<Plan> {
        let switch = Switch { off: self.off, off_too: self.off_too, on, strict: false };
        Some(Plan {
            families: self.families,
            values: Values::Switch(switch),
            companion: self.companion,
            proofs: self.proofs,
            ..Plan::number(device, register::find(family, self.register)?)
        })
    }
}
