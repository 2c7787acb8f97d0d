//! Chance that repeats: a small seeded generator.
//!
//! SplitMix64 (Steele, Lea, Flood 2014) is enough for clouds and bit noise,
//! and its sequence never changes under a seed as a library's might. It is no
//! source of secrets.

/// A stream of pseudo-random numbers, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 (included) to 1 (excluded).
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number from `low` to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (random.bits(), random.bits())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        // Published first output of SplitMix64 for seed 0.
        assert_eq!(Random::new(0).bits(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn fractions_stay_between_their_bounds() {
        let mut random = Random::new(1);
        let mut sum = 0.0;
        for _ in 0..10_000 {
            let x = random.between(-1.0, 3.0);
            assert!((-1.0..3.0).contains(&x));
            sum += x;
        }
        assert!((sum / 10_000.0 - 1.0).abs() < 0.05);
    }
}
