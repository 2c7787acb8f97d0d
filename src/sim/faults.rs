//! What can be wrong with a simulated device.
//!
//! Faults are plain settings that a test, the demo or a flag changes at any
//! time; the device obeys them. A pulled cable is not here: it is a matter of
//! the port (`pty`), not of the device.

use std::time::Duration;

use super::random::Random;

/// What is wrong with a device; the default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Says nothing and hears nothing, as a charger without power at night.
    pub silent: bool,
    /// Ignores HEX while TEXT goes on, as behind a receive-only cable.
    pub deaf: bool,
    /// Share of sent bytes, 0 to 1, in which one bit flips.
    pub noise: f64,
    /// Registers that accept a larger value, answer without complaint and
    /// keep less.
    pub clamps: Vec<Clamp>,
    /// Restarts once, this long after the device began.
    pub restart_after: Option<Duration>,
}

/// A register that silently keeps at most a certain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamp {
    /// Register id.
    pub register: u16,
    /// Largest raw number it keeps, before scaling.
    pub max: i64,
}

impl Faults {
    /// The raw number a register really keeps when told to keep `raw`.
    #[must_use]
    pub fn kept(&self, register: u16, raw: i64) -> i64 {
        self.clamps
            .iter()
            .filter(|clamp| clamp.register == register)
            .fold(raw, |raw, clamp| raw.min(clamp.max))
    }

    /// Flips bits of bytes on their way out.
    pub fn disturb(&self, random: &mut Random, bytes: &mut [u8]) {
        if self.noise > 0.0 {
            for byte in bytes {
                if random.unit() < self.noise {
                    *byte ^= 1 << (random.bits() % 8);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_flips_about_as_many_bits_as_asked() {
        let faults = Faults { noise: 0.01, ..Faults::default() };
        let mut bytes = vec![0; 100_000];
        faults.disturb(&mut Random::new(3), &mut bytes);
        let flipped = bytes.iter().filter(|b| **b != 0).count();
        assert!((800..1200).contains(&flipped), "{flipped}");
        assert!(bytes.iter().all(|b| b.count_ones() <= 1));
    }

    #[test]
    fn without_faults_nothing_changes() {
        let mut bytes = *b"PID\t0xA053";
        Faults::default().disturb(&mut Random::new(3), &mut bytes);
        assert_eq!(&bytes, b"PID\t0xA053");
        assert_eq!(Faults::default().kept(0xEDF0, 150), 150);
    }

    #[test]
    fn a_clamp_concerns_its_own_register() {
        let faults =
            Faults { clamps: vec![Clamp { register: 0xEDF0, max: 100 }], ..Faults::default() };
        assert_eq!(faults.kept(0xEDF0, 150), 100);
        assert_eq!(faults.kept(0xEDF0, 50), 50);
        assert_eq!(faults.kept(0x2015, 150), 150);
    }
}
