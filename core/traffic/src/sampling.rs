//! Drawing without replacement.

use std::collections::BTreeSet;

use hubbub_chat::random::Random;

/// `count` different numbers out of `0..bound`, every set of them equally likely; all of them when
/// `count` reaches `bound`. Floyd's method (Bentley and Floyd, "A sample of brilliance", 1987): it
/// takes `count` draws however large `bound` is.
pub(crate) fn distinct(random: &mut Random, count: u64, bound: u64) -> BTreeSet<u64> {
    let mut chosen = BTreeSet::new();
    for top in bound.saturating_sub(count)..bound {
        let candidate = random.below(top + 1);
        if !chosen.insert(candidate) {
            chosen.insert(top);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_size_and_range() {
        let mut random = Random::new(3);
        for (count, bound, expected) in [(0, 5, 0), (3, 5, 3), (5, 5, 5), (9, 5, 5), (2, 0, 0)] {
            let sample = distinct(&mut random, count, bound);
            assert_eq!(sample.len(), expected);
            assert!(sample.iter().all(|number| *number < bound));
        }
    }

    #[test]
    fn every_number_is_equally_likely() {
        // Each of ten numbers is in a sample of three with probability 0.3; over 10,000 samples
        // that is 3,000 with a standard deviation of 46.
        let mut random = Random::new(4);
        let mut counts = [0_u32; 10];
        for _ in 0..10_000 {
            for number in distinct(&mut random, 3, 10) {
                counts[number as usize] += 1;
            }
        }
        assert!(counts.iter().all(|count| (2_770..3_230).contains(count)), "{counts:?}");
    }
}
