//! The swarm: what each seed draws from a scenario and its `[hunt]`.

use std::time::Duration;

use hubbub_chat::random::Random;
use hubbub_scenario::{Engine, Expect, Fault, FaultKind, Hunt, Period, Problem, Run, Scenario};

use super::aim::{self, Aim};
use crate::setup::LEAD;

/// Keeps this stream of a seed apart from those of the run.
const PURPOSE: u64 = 0x6875_6e74_6472_6177;
/// How often values of the keys that vary are drawn at most until they go together.
const VARIED_TRIES_MAX: u32 = 64;
/// How often a fault is drawn at most until it goes with those before it; then there is one less.
const FAULT_TRIES_MAX: u32 = 8;
/// One seed out of so many has no fault at all: what fails without is easiest to understand.
const QUIET_IN: u64 = 24;
/// Out of three faults one begins at any time; the others begin close to one before, since it is two
/// at a time that are seldom thought of.
const CLOSE_IN_THREE: u64 = 2;
/// How far from an earlier fault's beginning or end a fault begins that is close to it.
const CLOSE: Duration = Duration::from_secs(3);
/// From the shortest to the longest that a fault lasts, by its class: a hiccup, less than what
/// designs wait for, and longer than leases and silence are borne.
const LENGTHS_MS: [(u64, u64); 3] = [(100, 1_500), (1_500, 9_000), (9_000, 26_000)];

/// The scenario that a seed draws: one value for each key that the hunt may vary, and an explicit
/// schedule. The seed leaves out some of the kinds of fault, and draws up to `faults_max` faults of
/// the others beside those that the file has. It is for the fast engine and that one seed, a fault
/// of it may miss, and of the file's expectations the violations and the bounds of checkers stay.
///
/// # Errors
/// When the values that may vary never make a scenario that can run; then what is wrong with the
/// last that were drawn.
pub fn draw(scenario: &Scenario, seed: u64) -> Result<Scenario, Problem> {
    let mut random = Random::stream(seed, PURPOSE);
    let hunt = scenario.hunt.clone().unwrap_or_default();
    let mut drawn = vary(&alone(scenario, seed), &mut random)?;
    drawn.hunt = None;
    let kinds = kept(&hunt, &mut random);
    let count = match (random.below(QUIET_IN), kinds.is_empty()) {
        (0, _) | (_, true) => 0,
        _ => random.below(u64::from(hunt.faults_max)) + u64::from(hunt.faults_max > 0),
    };
    for _ in 0..count {
        add_fault(&mut drawn, &kinds, &mut random);
    }
    drawn.faults.sort_by_key(|fault| fault.at);
    Ok(drawn)
}

/// The scenario without what concerns other runs than this one.
fn alone(scenario: &Scenario, seed: u64) -> Scenario {
    let Expect { violations, not_applicable, reassign_max, push_settle_max, .. } =
        scenario.expect.clone();
    Scenario {
        variants: Vec::new(),
        claim: None,
        load: None,
        plan: None,
        store_probe: None,
        run: Run { seeds: vec![seed], engine: Engine::Fast },
        expect: Expect {
            violations,
            not_applicable,
            reassign_max,
            push_settle_max,
            faults_may_miss: true,
            ..Expect::default()
        },
        ..scenario.clone()
    }
}

fn vary(scenario: &Scenario, random: &mut Random) -> Result<Scenario, Problem> {
    let mut last = Problem::new("hunt.vary", "no values go together");
    for _ in 0..VARIED_TRIES_MAX {
        let drawn = scenario.varied(|count| random.below(count as u64) as usize)?;
        match drawn.problems().into_iter().next() {
            None => return Ok(drawn),
            Some(problem) => last = problem,
        }
    }
    Err(last)
}

/// The kinds that this seed draws from: at least one, and when there are several not all of them.
fn kept(hunt: &Hunt, random: &mut Random) -> Vec<FaultKind> {
    // Few kinds make more of the same, many make more of each with each.
    let quarters = 1 + random.below(3);
    let mut kinds = hunt.faults.clone();
    let one = random.below(kinds.len() as u64) as usize;
    let other = (one + 1) % kinds.len().max(1);
    let mut index = 0;
    kinds.retain(|_| {
        let keep = random.below(4) < quarters;
        let is_kept = index == one || (keep && index != other);
        index += 1;
        is_kept
    });
    kinds
}

/// Adds a fault that goes with those that are there, where one is drawn soon enough.
fn add_fault(scenario: &mut Scenario, kinds: &[FaultKind], random: &mut Random) {
    for _ in 0..FAULT_TRIES_MAX {
        let kind = kinds[random.below(kinds.len() as u64) as usize];
        let Some(fault) = fault(scenario, kind, random) else { continue };
        scenario.faults.push(fault);
        if scenario.problems().is_empty() {
            return;
        }
        scenario.faults.pop();
    }
}

/// A fault of this kind; `None` where the cluster has nothing that it could strike.
fn fault(scenario: &Scenario, kind: FaultKind, random: &mut Random) -> Option<Fault> {
    let end = scenario.workload.as_ref()?.duration.0;
    let Time { at, length, near } = time(end, &scenario.faults, random)?;
    // Two faults at a time of one host are as seldom thought of.
    let again = near.and_then(struck_host).filter(|_| random.below(2) == 0);
    let Aim { host, between, users, region } = aim::draw(&scenario.cluster, kind, again, random)?;
    let by_most_ms = aim::clock_off_most_ms(&scenario.design, host.as_deref());
    let (latency, by, share) = aim::parameters(kind, length, by_most_ms, random);
    Some(Fault {
        at: Period(at),
        r#for: Period(length),
        kind,
        host,
        between,
        users,
        region,
        latency,
        by,
        share,
    })
}

/// When a fault is there, in whole milliseconds and within the workload.
struct Time<'a> {
    at: Duration,
    length: Duration,
    /// The earlier fault that it begins close to.
    near: Option<&'a Fault>,
}

fn time<'a>(end: Duration, others: &'a [Fault], random: &mut Random) -> Option<Time<'a>> {
    let (least, most) = LENGTHS_MS[random.below(LENGTHS_MS.len() as u64) as usize];
    let room = milliseconds(end.checked_sub(LEAD)?);
    let length = (least + random.below(most - least)).min(room / 2);
    let latest = milliseconds(LEAD) + room.checked_sub(length).filter(|_| length > 0)?;
    let any = milliseconds(LEAD) + random.below(latest - milliseconds(LEAD) + 1);
    let (at, near) = match others.len() as u64 {
        count if count > 0 && random.below(3) < CLOSE_IN_THREE => {
            let other = &others[random.below(count) as usize];
            let around = if random.below(2) == 0 { other.at.0 } else { other.until() };
            let drawn = milliseconds(around) + random.below(2 * milliseconds(CLOSE));
            let at = drawn.saturating_sub(milliseconds(CLOSE)).clamp(milliseconds(LEAD), latest);
            (at, Some(other))
        }
        _ => (any, None),
    };
    let (at, length) = (Duration::from_millis(at), Duration::from_millis(length));
    Some(Time { at, length, near })
}

/// The one host that a fault is about, if it is about one.
fn struck_host(fault: &Fault) -> Option<&str> {
    let sides = fault.between.iter().flatten();
    let alone = sides.filter_map(|side| match side.as_slice() {
        [host] => Some(host),
        _ => None,
    });
    fault.host.iter().chain(alone).next().map(String::as_str)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
