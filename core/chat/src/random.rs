//! A small seeded generator for jitter. Its sequence is part of the trace, so it lives here and
//! does not change with a dependency.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator whose whole sequence follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator for one purpose, unrelated to those of other purposes under the same seed.
    #[must_use]
    pub fn stream(seed: u64, purpose: u64) -> Self {
        let mut parent = Self::new(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self::new(parent.next())
    }

    /// The next 64 bits.
    #[expect(clippy::should_implement_trait, reason = "an endless generator is not an iterator")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; zero for a bound of zero. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A duration in `[0, limit)`: full jitter.
    pub fn up_to(&mut self, limit: Duration) -> Duration {
        Duration::from_nanos(self.below(crate::time::nanoseconds(limit)))
    }

    /// A duration in `[0.8, 1.2) × centre`, so that many timers do not fire together.
    pub fn around(&mut self, centre: Duration) -> Duration {
        centre.mul_f64(0.8 + 0.4 * self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // First outputs of SplitMix64 for the seed 1234567, as in the reference C code.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert_eq!(random.below(0), 0);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.unit())));
    }

    #[test]
    fn jitter_stays_around_its_centre() {
        let mut random = Random::new(2);
        let centre = Duration::from_secs(10);
        for _ in 0..1000 {
            let jittered = random.around(centre);
            assert!(jittered >= Duration::from_secs(8) && jittered < Duration::from_secs(12));
            assert!(random.up_to(centre) < centre);
        }
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Random::stream(1, 1).next(), Random::stream(1, 2).next());
        assert_eq!(Random::stream(1, 1).next(), Random::stream(1, 1).next());
    }
}
