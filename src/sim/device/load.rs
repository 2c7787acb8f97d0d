//! The load output of a charger: which mode switches it, and when.
//!
//! Register 0xEDAB chooses the mode, the battery voltage decides within it
//! (HEX rev 16). Nothing but "off" is certain: the automatic modes keep the
//! output off while the battery is low.

use super::bank::Bank;

/// Levels of the modes with levels of their own, V for a 12 V battery:
/// (mode, off below, on above).
const FIXED_LEVELS: [(i64, f64, f64); 3] = [(1, 11.1, 13.1), (2, 11.1, 13.1), (3, 11.8, 14.0)];

/// Load off reason bit 0: the battery is low.
const BATTERY_LOW: i64 = 1;

/// The state of a load output.
#[derive(Debug, Default)]
pub struct Output {
    on: bool,
    mode: Option<i64>,
}

impl Output {
    /// The output carries current.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Decides anew and puts state and reason into the registers.
    pub fn update(&mut self, bank: &mut Bank, battery_voltage: f64, demand: f64) {
        let mode = bank.raw(0xEDAB) & 0x0F;
        let fresh = self.mode.replace(mode) != Some(mode);
        let was_on = self.on || fresh;
        let within =
            |low: f64, high: f64| battery_voltage >= low && (was_on || battery_voltage > high);
        let user = (bank.value(0xED9C), bank.value(0xED9D));
        self.on = match (mode, user) {
            (0, _) => false,
            (4, _) => true,
            (5 | 7, (Some(low), Some(high))) => within(low, high),
            (6, (Some(low), Some(high))) => (low..=high).contains(&battery_voltage),
            _ => FIXED_LEVELS
                .iter()
                .find(|(known, ..)| *known == mode)
                .is_some_and(|(_, low, high)| within(*low, *high)),
        };
        let current = if self.on { demand } else { 0.0 };
        let low_battery = !self.on && mode != 0;
        bank.put_raw(0xEDA8, i64::from(self.on));
        bank.put_raw(0xED91, if low_battery { BATTERY_LOW } else { 0 });
        bank.put_value(0xEDAD, Some(current));
        bank.put_value(0xEDA9, Some(if self.on { battery_voltage } else { 0.0 }));
        bank.put_value(0xEDAA, Some(current * battery_voltage));
    }
}
