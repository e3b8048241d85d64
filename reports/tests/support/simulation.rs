//! A simulation with a hardened base and a naive variant.

use std::{collections::BTreeSet, sync::Arc};

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId, SessionId, UserId};
use hubbub_history::{
    EventBody, EventType, FaultState, History, Member, Path, Process, SessionCause, Source,
    checkers::Violation,
};
use hubbub_report::{
    CheckerOutcome, ExpectationOutcome, Expected, FaultOutcome, Series, SimReport, SimRun,
    VariantOutcome, Verdict, ViolationReport,
};

const SECONDS: u64 = 75;
const LOST_HASH: u64 = 0xbad;

/// The base holds, and the naive variant loses messages as it is expected to.
pub(crate) fn passing_simulation() -> SimReport {
    let runs = vec![
        run("base", 7, Expected::Holds, 0),
        run("base", 8, Expected::Holds, 0),
        run("naive", 7, Expected::Violated, 2),
        run("naive", 8, Expected::Violated, 0),
    ];
    report("[accepted-lost]", runs)
}

/// The naive variant is expected to hold, and does not.
pub(crate) fn failing_simulation() -> SimReport {
    let runs = vec![run("base", 7, Expected::Holds, 0), run("naive", 7, Expected::Holds, 2)];
    report("none", runs)
}

fn report(wanted: &str, runs: Vec<SimRun>) -> SimReport {
    let found = |variant: &str| {
        let found = runs.iter().any(|run| run.variant == variant && !run.violations.is_empty());
        if found { "[accepted-lost]" } else { "none" }
    };
    let variant = |name: &str, changes: &[&str], wanted: &str| VariantOutcome {
        name: name.to_owned(),
        changes: changes.iter().map(|&change| change.to_owned()).collect(),
        expectations: vec![ExpectationOutcome {
            what: "violations".to_owned(),
            wanted: wanted.to_owned(),
            got: found(name).to_owned(),
            met: wanted == found(name),
        }],
    };
    let variants =
        vec![variant("base", &[], "none"), variant("naive", &["accept = \"on-receipt\""], wanted)];
    SimReport::new(
        "partition".to_owned(),
        "scenarios/partition.toml".to_owned(),
        "full".to_owned(),
        variants,
        runs,
    )
}

fn run(variant: &str, seed: u64, expected: Expected, lost: u64) -> SimRun {
    let series = series(seed);
    let (sends, accepted): (u64, u64) = (series.sends.iter().sum(), series.accepted.iter().sum());
    let deliveries: u64 = series.applied.iter().sum();
    let violation = ViolationReport::new(&lost_message(), &failing_history());
    let mut run = SimRun {
        variant: variant.to_owned(),
        seed,
        verdict: Verdict::Pass,
        sends,
        accepted,
        failed: sends - accepted,
        deliveries,
        devices: 36,
        channels: 41,
        deliver_p50_ms: Some(24.3),
        deliver_p99_ms: Some(212.4),
        recover_p99_ms: (variant == "base").then_some(1_240.0),
        checkers: checkers(expected, lost, sends, deliveries),
        faults: faults(),
        series,
        expectations: vec![
            ExpectationOutcome {
                what: "deliver_p99".to_owned(),
                wanted: "at most 400ms".to_owned(),
                got: "212ms".to_owned(),
                met: true,
            },
            ExpectationOutcome {
                what: "every fault has an effect".to_owned(),
                wanted: "yes".to_owned(),
                got: "yes".to_owned(),
                met: true,
            },
        ],
        violations: if lost > 0 { vec![violation] } else { Vec::new() },
        situations: situations(variant),
        healed_at_s: Some(52.0),
        simulated_s: SECONDS as f64,
        cpu_s: 1.25,
        trace_envelopes: 18_204 + seed,
        reproduce: format!("hubbub sim scenarios/partition.toml --variant {variant} --seed {seed}"),
    };
    run.verdict = run.judge();
    run
}

/// The naive variant is one situation poorer.
fn situations(variant: &str) -> BTreeSet<String> {
    let names = ["retry-met-append", "hole-filled"];
    names.into_iter().take(if variant == "base" { 1 } else { 2 }).map(str::to_owned).collect()
}

fn checkers(expected: Expected, lost: u64, sends: u64, deliveries: u64) -> Vec<CheckerOutcome> {
    let outcome = |name: &str, judged, violations, expected| CheckerOutcome {
        name: name.to_owned(),
        judged,
        violations,
        expected,
    };
    vec![
        outcome("accepted-lost", sends, lost, expected),
        outcome("duplicated", deliveries, 0, Expected::Holds),
        outcome("order", deliveries, 0, Expected::Holds),
        outcome("converged", 36, 0, Expected::Holds),
        outcome("unauthorised", 0, 0, Expected::NotApplicable),
    ]
}

fn faults() -> Vec<FaultOutcome> {
    let fault = |id, kind: &str, target: &str, from_s, until_s, affected| FaultOutcome {
        id,
        kind: kind.to_owned(),
        target: target.to_owned(),
        from_s,
        until_s,
        affected,
    };
    vec![
        fault(1, "partition", "chat-1 | store", 12.0, 32.0, 418),
        fault(2, "latency", "chat-2 | devices-1", 24.0, 40.0, 1_907),
        fault(3, "crash", "chat-3", 46.0, 52.0, 12),
    ]
}

/// A steady flow that dips under the partition and catches up when it heals.
fn series(seed: u64) -> Series {
    let mut series = Series::default();
    for second in 0..SECONDS {
        let sends = if second < 60 { 7 + (second * 37 + seed * 11) % 6 } else { 0 };
        let accepted = match second {
            12..32 => sends * 2 / 3,
            32..36 => sends + 14,
            _ => sends.saturating_sub(u64::from(second == 59)),
        };
        let applied = match second {
            12..32 => accepted * 3,
            32..36 => accepted * 6,
            46..52 => accepted * 7 / 2,
            52..55 => accepted * 8,
            _ => accepted * 5,
        };
        series.sends.push(sends);
        series.accepted.push(accepted.min(sends.max(accepted)));
        series.applied.push(applied);
    }
    // Everything sent is accepted or refused in the end: the last second takes what is left over.
    let over = series.accepted.iter().sum::<u64>().saturating_sub(series.sends.iter().sum());
    series.sends[0] += over;
    series
}

/// What a checker says about it.
pub(crate) fn lost_message() -> Violation {
    Violation {
        checker: "accepted-lost".to_owned(),
        summary: "an accepted message of user 3 is applied on 1 of 3 devices and in no log"
            .to_owned(),
        channel: Some(channel()),
        message_id: None,
        body_hash: Some(LOST_HASH),
        had: vec![DeviceId(4)],
        missing: vec![DeviceId(9), DeviceId(12)],
        seq: 10,
    }
}

fn channel() -> ChannelId {
    ChannelId::group(UserId(3), 1)
}

/// What happened around the lost message.
pub(crate) fn failing_history() -> History {
    let mut history = History::default();
    let mut push = |t_ms: u64, source, process: &str, body| {
        history.push(t_ms * 1_000_000, source, Process(Arc::from(process)), 0, body);
    };
    push(10_900, Source::Device, "device-4", send(EventType::Invoke, 11, 0x11, None));
    push(10_940, Source::Store, "store", entry(13, 0x11));
    push(10_961, Source::Device, "device-9", apply(9, 13, 0x11));
    push(12_000, Source::Harness, "harness", fault(FaultState::On));
    push(12_410, Source::Device, "device-9", session(9, false));
    push(12_431, Source::Device, "device-4", send(EventType::Invoke, 12, LOST_HASH, None));
    push(12_455, Source::Device, "device-4", send(EventType::Ok, 12, LOST_HASH, None));
    push(12_460, Source::Device, "device-4", apply(4, 14, LOST_HASH));
    push(13_020, Source::Device, "device-9", session(9, true));
    push(14_000, Source::Harness, "harness", EventBody::truth("chat-1", false));
    push(15_200, Source::Device, "device-7", apply(7, 13, 0x11));
    push(32_000, Source::Harness, "harness", fault(FaultState::Off));
    history
}

fn send(kind: EventType, number: u64, body_hash: u64, message_id: Option<MessageId>) -> EventBody {
    EventBody::Send {
        r#type: kind,
        user: UserId(3),
        device: DeviceId(4),
        channel: channel(),
        membership: MessageId(1),
        client_id: ClientId(number),
        body_hash,
        intended_ns: None,
        attempt: 1,
        message_id,
        reason: None,
    }
}

fn entry(id: u64, body_hash: u64) -> EventBody {
    EventBody::Entry {
        channel: channel(),
        message_id: MessageId(id),
        user: UserId(3),
        device: DeviceId(4),
        number: 11,
        body_hash,
        kind: Member::Message,
        accepted_at_ms: 0,
    }
}

fn apply(device: u64, id: u64, body_hash: u64) -> EventBody {
    EventBody::Apply {
        device: DeviceId(device),
        channel: channel(),
        message_id: MessageId(id),
        body_hash,
        path: Path::Hint,
    }
}

fn session(device: u64, attached: bool) -> EventBody {
    EventBody::Session {
        device: DeviceId(device),
        server: "chat-1".to_owned(),
        session: Some(SessionId(5)),
        attached,
        cause: if attached { SessionCause::Connected } else { SessionCause::Closed },
    }
}

fn fault(state: FaultState) -> EventBody {
    EventBody::Fault {
        id: 1,
        kind: "partition".to_owned(),
        state,
        target: "chat-1 | store".to_owned(),
        affected: (state == FaultState::Off).then_some(418),
    }
}
