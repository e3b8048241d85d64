//! Poisson arrivals, the same on every platform.

use std::{f64::consts, time::Duration};

use hubbub_chat::random::Random;

/// When the next arrival of a Poisson process comes after `after`, at `per_second` on average;
/// `None` when that is not before `until`. Takes one random number in any case.
pub(crate) fn next_arrival(
    random: &mut Random,
    per_second: f64,
    after: Duration,
    until: Duration,
) -> Option<Duration> {
    let unit = random.unit();
    if per_second <= 0.0 || per_second.is_nan() {
        return None;
    }
    let gap_ns = -natural_logarithm(1.0 - unit) / per_second * 1e9;
    // The conversion saturates, so a tiny rate gives a time beyond any run.
    let at = after.saturating_add(Duration::from_nanos(gap_ns as u64));
    (at < until).then_some(at)
}

/// The natural logarithm of a normal positive number, by additions, multiplications and divisions
/// alone: those are exact in IEEE 754, whereas `f64::ln` may differ in the last bit between
/// platforms, and a schedule must not.
///
/// With `x = m · 2^e` and `m` near 1, `ln m = 2 artanh((m − 1) / (m + 1))` (Abramowitz and Stegun,
/// 4.1.27). Its argument is at most 0.1716, so twelve terms reach the precision of an `f64`.
fn natural_logarithm(x: f64) -> f64 {
    const EXPONENT_BIAS: i64 = 1023;
    const MANTISSA_BITS: u32 = 52;
    const TERMS: u32 = 12;

    let bits = x.to_bits();
    let mut exponent = ((bits >> MANTISSA_BITS) & 0x7ff) as i64 - EXPONENT_BIAS;
    let mantissa_mask = (1_u64 << MANTISSA_BITS) - 1;
    let one = (EXPONENT_BIAS as u64) << MANTISSA_BITS;
    let mut mantissa = f64::from_bits((bits & mantissa_mask) | one);
    if mantissa > consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    // Horner's scheme over 1 + s²/3 + s⁴/5 + …, the smallest term first.
    let series =
        (0..TERMS).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    exponent as f64 * consts::LN_2 + 2.0 * ratio * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_library() {
        let mut random = Random::new(1);
        for _ in 0..10_000 {
            let x = (1.0 - random.unit()) * 10_f64.powi(random.below(6) as i32 - 5);
            let error = (natural_logarithm(x) - x.ln()).abs();
            assert!(error <= 4e-16 * x.ln().abs().max(1.0), "ln {x} is off by {error}");
        }
        assert_eq!(natural_logarithm(1.0), 0.0);
    }

    #[test]
    fn gaps_are_exponential() {
        // The k-th gap's share below the mean is 1 − 1/e = 0.632; over 20,000 gaps its standard
        // deviation is 0.0034, and 5 of them are allowed.
        let mut random = Random::new(7);
        let (mut at, mut short, mut count) = (Duration::ZERO, 0_u32, 0_u32);
        while let Some(next) = next_arrival(&mut random, 100.0, at, Duration::from_secs(200)) {
            short += u32::from(next - at < Duration::from_millis(10));
            count += 1;
            at = next;
        }
        // 20,000 arrivals expected; the standard deviation is 141.
        assert!((19_300..20_700).contains(&count), "{count}");
        let share = f64::from(short) / f64::from(count);
        assert!((share - 0.632).abs() < 0.017, "{share}");
    }

    #[test]
    fn without_a_rate_nothing_arrives() {
        let mut random = Random::new(1);
        for rate in [0.0, -1.0, f64::NAN, 1e-300] {
            let next = next_arrival(&mut random, rate, Duration::ZERO, Duration::from_secs(3600));
            assert_eq!(next, None, "{rate}");
        }
    }
}
