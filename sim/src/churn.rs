//! What befalls a device in `churn`: tunnels, airplane mode, other networks, and the end of the app,
//! one after the other. Drawn from the seed, and the same for both engines.

use std::{ops::Range, time::Duration};

use hubbub_chat::{DeviceId, random::Random};
use hubbub_scenario::FaultKind;

/// The least and the most time between two episodes, and before the first: a phone in a city.
const BETWEEN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(12)];

/// An episode that would be shorter than this at the end of the span is left out.
const SHORTEST: Duration = Duration::from_millis(500);

/// One thing that befalls a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// When it begins, from the start of the run.
    pub from: Duration,
    /// When it ends.
    pub until: Duration,
    /// As the fault of that kind, for this device alone.
    pub kind: FaultKind,
}

/// What may befall it, and the shortest and the longest of each, in seconds.
const KINDS: [(FaultKind, [u64; 2]); 4] = [
    // A tunnel of a few hundred metres, or a lift.
    (FaultKind::Blip, [1, 8]),
    (FaultKind::AirplaneMode, [3, 15]),
    // In a shop with its own network.
    (FaultKind::SwitchedNetwork, [2, 12]),
    // The app is killed, and opened again.
    (FaultKind::Crash, [1, 10]),
];

/// The episodes of one device during `span`, in their order: they do not overlap, and all end by the
/// end of the span. `fault` is the number of the fault in the schedule.
#[must_use]
pub fn episodes(seed: u64, fault: u32, device: DeviceId, span: Range<Duration>) -> Vec<Episode> {
    // "churn", and the number of the fault below it.
    let purpose = 0x6368_7572_6e00_0000 + u64::from(fault);
    let mut random = Random::stream(Random::stream(seed, purpose).next(), device.0);
    let mut episodes = Vec::new();
    let mut from = span.start + between(&mut random, BETWEEN);
    while from + SHORTEST <= span.end {
        let (kind, seconds) = KINDS[random.below(KINDS.len() as u64) as usize];
        let length = between(&mut random, seconds.map(Duration::from_secs));
        let until = (from + length).min(span.end);
        episodes.push(Episode { from, until, kind });
        from = until + between(&mut random, BETWEEN);
    }
    episodes
}

fn between(random: &mut Random, [least, most]: [Duration; 2]) -> Duration {
    least + random.up_to(most.saturating_sub(least))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SPAN: Range<Duration> = Duration::from_secs(10)..Duration::from_secs(70);

    #[test]
    fn they_follow_each_other_within_the_span() {
        for device in (1..50).map(DeviceId) {
            let episodes = episodes(7, 2, device, SPAN);
            assert!(episodes.len() >= 2, "{episodes:?}");
            let mut last = SPAN.start;
            for episode in &episodes {
                assert!(episode.from >= last + BETWEEN[0], "{episodes:?}");
                assert!(episode.until >= episode.from + SHORTEST, "{episodes:?}");
                last = episode.until;
            }
            assert!(last <= SPAN.end, "{episodes:?}");
        }
    }

    #[test]
    fn all_kinds_befall_somebody_and_each_device_has_its_own() {
        let of = |fault, device| episodes(7, fault, DeviceId(device), SPAN);
        let kinds: BTreeSet<_> = (1..20).flat_map(|it| of(0, it)).map(|it| it.kind).collect();
        assert_eq!(kinds.len(), KINDS.len());
        assert_eq!(of(0, 1), of(0, 1));
        assert_ne!(of(0, 1), of(0, 2));
        assert_ne!(of(0, 1), of(1, 1));
    }

    #[test]
    fn a_span_that_is_too_short_has_none() {
        let span = SPAN.start..SPAN.start + BETWEEN[0];
        assert_eq!(episodes(7, 0, DeviceId(1), span), []);
    }
}
