//! What a register of a device is to the rules: a switch, or a number.
//!
//! One idea for a load output, an inverter, a relay, a charger and any other
//! register that the owner allows: which values stand for what is wanted, what is
//! written along with them, and what else shows that it has happened. Plain data
//! and arithmetic; the writes are in [`super::series`], nothing is sent from here.

use std::sync::Arc;

use crate::arbiter::{Level, Want};
use crate::units::Value;
use crate::vedirect::register::{Family, Register, Wear};
use crate::vedirect::state::Meaning;

/// How one register is read back and brought to what is wanted.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The device's name.
    pub device: Arc<str>,
    /// The register that is written, and read back.
    pub register: &'static Register,
    /// Families that may be written so; empty: all that have the register. The same
    /// number in the same register switches other things in other families.
    pub families: &'static [Family],
    /// What the owner says it is: counts for a product that is in no table.
    pub declared: Option<Family>,
    /// What its values stand for.
    pub values: Values,
    /// What must be written along with it.
    pub companion: Option<Companion>,
    /// What else shows that it is off.
    pub proofs: &'static [Proof],
    /// The serial number under which its original value is kept, and given back.
    pub keeps: Option<Arc<str>>,
}

/// What the values of a register stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Any number within the range that the owner declares.
    Number,
    /// Two of them, for on and off.
    Switch(Switch),
}

/// The values of a register that switches.
#[derive(Clone, Debug, PartialEq)]
pub struct Switch {
    /// What "off" writes.
    pub off: f64,
    /// Another value that is off.
    pub off_too: Option<f64>,
    /// What "on" writes, unless an original value is given back.
    pub on: f64,
    /// Only `on` is on; otherwise everything that is not off.
    pub strict: bool,
}

/// A register that must have a value while the plan's own one counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Companion {
    /// Its id.
    pub register: u16,
    /// Its value while the plan's register counts, written first.
    pub active: f64,
    /// Its value afterwards, written last; `None`: it stays.
    pub idle: Option<f64>,
    /// The device may have more bits set than those of `active`.
    pub bits: bool,
    /// Needed by firmware before this one only (116 is 1.16).
    pub before: Option<u16>,
}

/// A register that shows whether something is really off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its id. A device that does not have it proves nothing, which is no failure.
    pub register: u16,
    /// Its point, which TEXT may bring too.
    pub point: &'static str,
    /// The bits that matter.
    pub mask: u32,
    /// What they are when it is off.
    pub is: u32,
}

/// What is known of one register besides its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// Its value before the first write, which is to be given back.
    pub original: Option<f64>,
    /// What we brought it to last.
    pub ours: Option<Want>,
    /// The device's firmware.
    pub firmware: Option<u16>,
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        let id = |plan: &Self| (plan.device.clone(), plan.register.id, plan.companion);
        id(self) == id(other) && self.values == other.values && self.keeps == other.keeps
    }
}

impl Plan {
    /// A number that is set and read back, without anything beside it.
    #[must_use]
    pub fn number(device: &str, register: &'static Register) -> Self {
        Self {
            device: device.into(),
            register,
            families: &[],
            declared: None,
            values: Values::Number,
            companion: None,
            proofs: &[],
            keeps: None,
        }
    }

    /// Whether the device lets go of a value that is not said again.
    #[must_use]
    pub fn is_lent(&self) -> bool {
        self.values == Values::Number && self.register.wear == Wear::Volatile
    }

    /// Whether a write costs a piece of a memory that wears out.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.register.wear != Wear::Volatile
    }

    /// The registers that it writes.
    pub fn writes(&self) -> impl Iterator<Item = u16> {
        let companion = self.companion.map(|companion| companion.register);
        [self.register.id].into_iter().chain(companion)
    }

    /// What a value of its register stands for; `None`: nothing that can be told.
    #[must_use]
    pub fn want_of(&self, value: Option<&Value>, known: &Known) -> Option<Want> {
        let Some(value) = value else {
            return (self.is_lent() && self.register.release).then_some(Want::Release);
        };
        let number = self.bare(value.as_number()?);
        match &self.values {
            Values::Switch(switch) => Some(switch.want_of(number, self.register.scale)),
            Values::Number if self.keeps.is_none() => Some(self.in_steps(number)),
            Values::Number => Some(self.lent_or_given_back(number, known)),
        }
    }

    /// A value is ours while its original is kept, and the owner's otherwise.
    fn lent_or_given_back(&self, number: f64, known: &Known) -> Want {
        let read = self.in_steps(number);
        match known.original.map(|original| self.in_steps(original)) {
            None => Want::Release,
            Some(original) if original == read && known.ours != Some(read) => Want::Release,
            Some(_) => read,
        }
    }

    /// A number in whole steps of the register.
    fn in_steps(&self, number: f64) -> Want {
        Want::number_in_steps(number, self.register.scale)
    }

    /// A number without flags that share its byte: those of the load output's mode
    /// belong to a timer.
    #[must_use]
    pub fn bare(&self, number: f64) -> f64 {
        match self.register.meaning {
            // A register of one byte: nothing is lost.
            Meaning::Enumeration(names) if names.mask >= 0 => {
                f64::from(number as u32 & names.mask.cast_unsigned())
            }
            _ => number,
        }
    }
}

impl Switch {
    /// What a number stands for in a register with steps of this size; neither on nor
    /// off is just that number.
    #[must_use]
    pub fn want_of(&self, number: f64, step: f64) -> Want {
        let is = |value: f64| (number - value).abs() < step / 2.0;
        if is(self.off) || self.off_too.is_some_and(is) {
            Level::Off.into()
        } else if is(self.on) || !self.strict {
            Level::On.into()
        } else {
            Want::Number(number)
        }
    }
}

impl Companion {
    /// Whether firmware like this needs it. An unknown one is not written on a guess.
    #[must_use]
    pub fn is_needed(&self, firmware: Option<u16>) -> bool {
        self.before.is_none_or(|before| firmware.is_some_and(|firmware| firmware < before))
    }

    /// Whether the device has taken it.
    #[must_use]
    pub fn accepts(&self, got: f64) -> bool {
        // Registers of whole numbers, 32 bits at most.
        let bits = self.active as u32;
        got == self.active || self.bits && got as u32 & bits == bits
    }
}

impl Proof {
    /// Whether a value shows that it is off.
    #[must_use]
    pub fn is_off(&self, number: f64) -> bool {
        number as u32 & self.mask == self.is
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::switches;
    use crate::vedirect::register;

    fn plan(key: &str, family: Family) -> Plan {
        let known = switches::ALL.iter().find(|known| known.key == key).unwrap();
        known.plan("device", family, known.on[0].1).unwrap()
    }

    #[track_caller]
    fn check(plan: &Plan, raw: f64, want: impl Into<Want>) {
        let read = plan.want_of(Some(&Value::Number(raw)), &Known::default());
        assert_eq!(read, Some(want.into()), "register {raw}");
    }

    #[test]
    fn only_mode_zero_of_a_load_output_is_off_whatever_the_flag_bits() {
        let load = plan("load_output", Family::Mppt);
        for (raw, level) in [
            (0.0, Level::Off),
            (1.0, Level::On),
            (4.0, Level::On),
            (128.0, Level::Off),
            (129.0, Level::On),
        ] {
            check(&load, raw, level);
        }
    }

    #[test]
    fn an_inverter_is_on_in_every_mode_but_off_and_hibernate() {
        let inverter = plan("inverter", Family::PhoenixInverter);
        for (raw, level) in [
            (2.0, Level::On),
            (3.0, Level::On),
            (4.0, Level::Off),
            (5.0, Level::On),
            (253.0, Level::Off),
        ] {
            check(&inverter, raw, level);
        }
    }

    #[test]
    fn a_switch_that_is_strict_is_neither_on_nor_off_at_another_value() {
        let mut load = plan("load_output", Family::Mppt);
        load.values = Values::Switch(Switch { off: 0.0, off_too: None, on: 5.0, strict: true });
        check(&load, 5.0, Level::On);
        check(&load, 0.0, Level::Off);
        check(&load, 1.0, Want::Number(1.0));
    }

    #[test]
    fn a_value_between_two_steps_of_the_register_is_the_nearer_one() {
        let row = register::by_name(Family::Mppt, "battery_float_voltage").unwrap();
        let switch = Switch { off: 13.2, off_too: None, on: 13.456, strict: true };
        let plan = Plan { values: Values::Switch(switch), ..Plan::number("mppt", row) };
        check(&plan, 13.46, Level::On);
        check(&plan, 13.2, Level::Off);
        check(&plan, 13.45, Want::Number(13.45));
    }

    #[test]
    fn a_number_whose_original_is_kept_is_ours_and_released_otherwise() {
        let row = register::by_name(Family::Mppt, "battery_float_voltage").unwrap();
        let plan = Plan { keeps: Some("HQ1".into()), ..Plan::number("mppt", row) };
        let at = |volts: f64, original, ours| {
            let known = Known { original, ours, firmware: None };
            plan.want_of(Some(&Value::Number(volts)), &known)
        };
        let ours = Some(Want::Number(13.5));
        for (volts, original, held, want) in [
            // Nothing kept: whatever it has is the owner's.
            (13.8, None, None, Want::Release),
            (13.5, None, None, Want::Release),
            // Kept, and our value is there, after a restart too.
            (13.5, Some(13.8), ours, Want::Number(13.5)),
            (13.5, Some(13.8), None, Want::Number(13.5)),
            // The original is there again: nothing was written, or it was given back.
            (13.8, Some(13.8), None, Want::Release),
            (13.8, Some(13.8), ours, Want::Release),
            // What we want happens to be the original.
            (13.5, Some(13.5), ours, Want::Number(13.5)),
        ] {
            assert_eq!(at(volts, original, held), Some(want), "{volts} {original:?} {held:?}");
        }
    }

    #[test]
    fn old_firmware_needs_its_remote_control_bit_and_nobody_else_is_written() {
        let bit = plan("charger", Family::Mppt).companion.unwrap();
        let needed = |firmware| bit.is_needed(firmware);
        assert_eq!([Some(116), Some(141), Some(142), None].map(needed), [true, true, false, false]);
        assert!(bit.accepts(2.0) && bit.accepts(3.0) && !bit.accepts(1.0));
    }
}
