//! The form of a history's lines is fixed, and a damaged file is named as what it is.

use std::{collections::BTreeMap, io::Cursor, sync::Arc};

use hubbub_chat::{
    ChannelId, ClientId, DeviceId, MessageId, OperationId, SessionId, UserId, frame::CutReason,
};
use hubbub_history::{
    Bounds, Event, EventBody, EventType, FaultState, History, HistoryError, Member, Path, Phase,
    Population, Process, PushStage, SessionCause, Source, UserRow, describe, read_history,
    write_history,
};

const DIRECT: ChannelId = ChannelId::Direct(UserId(1), UserId(2));
const GROUP: ChannelId = ChannelId::Group(UserId(1), OperationId(7));

fn run() -> EventBody {
    EventBody::Run {
        scenario: "tunnel".into(),
        scenario_hash: "00c0ffee".into(),
        variant: String::new(),
        seed: u64::MAX,
        engine: "fast".into(),
        bounds: Bounds { group_limit: 100, initial_history: 50, ..Bounds::default() },
    }
}

fn send(r#type: EventType) -> EventBody {
    EventBody::Send {
        r#type,
        user: UserId(1),
        device: DeviceId(11),
        channel: DIRECT,
        membership: MessageId::ZERO,
        client_id: ClientId(3),
        body_hash: 0x00ab_cdef_0123_4567,
        intended_ns: (r#type == EventType::Invoke).then_some(5),
        attempt: 1,
        message_id: (r#type == EventType::Ok).then_some(MessageId(9)),
        reason: (r#type == EventType::Fail).then(|| "not_member".into()),
    }
}

fn member(r#type: EventType) -> EventBody {
    EventBody::Member {
        r#type,
        actor: UserId(1),
        device: DeviceId(11),
        channel: GROUP,
        operation: OperationId(4),
        change: "invite".into(),
        message_id: (r#type == EventType::Ok).then_some(MessageId(2)),
        reason: (r#type == EventType::Fail).then(|| "not_owner".into()),
    }
}

fn entry(kind: Member) -> EventBody {
    EventBody::Entry {
        channel: GROUP,
        message_id: MessageId(1),
        user: UserId(1),
        device: DeviceId(11),
        number: 7,
        body_hash: u64::MAX,
        kind,
        accepted_at_ms: 0,
    }
}

fn sight(path: Path, applied: bool) -> EventBody {
    let (device, channel, message_id, body_hash) = (DeviceId(21), DIRECT, MessageId(9), 0);
    if applied {
        EventBody::Apply { device, channel, message_id, body_hash, path }
    } else {
        EventBody::Receive { device, channel, message_id, body_hash, path }
    }
}

fn session(cause: SessionCause, attached: bool) -> EventBody {
    let session = attached.then_some(SessionId(5));
    EventBody::Session { device: DeviceId(21), server: "chat-1".into(), session, attached, cause }
}

fn fault(state: FaultState) -> EventBody {
    let affected = (state == FaultState::Off).then_some(12);
    EventBody::Fault {
        id: 2,
        kind: "partition".into(),
        state,
        target: "chat-1 | store".into(),
        affected,
    }
}

fn truth(name: &str, up: bool) -> EventBody {
    EventBody::Truth {
        name: name.into(),
        up,
        link: None,
        hears: None,
        logged_in: None,
        capacity: None,
    }
}

fn cut_off() -> EventBody {
    EventBody::Truth {
        name: "device-21".into(),
        up: true,
        link: Some(false),
        hears: Some(false),
        logged_in: Some(true),
        capacity: Some(9),
    }
}

fn push(stage: PushStage, answer: Option<&str>) -> EventBody {
    EventBody::Push {
        stage,
        user: UserId(1),
        device: DeviceId(12),
        channel: GROUP,
        up_to: MessageId(9),
        attempt: 1,
        collapse_id: "1/group-1-7".into(),
        answer: answer.map(str::to_owned),
    }
}

fn shown(online: bool) -> EventBody {
    EventBody::Shown {
        device: DeviceId(21),
        user: UserId(1),
        online,
        last_active_at_ms: 1_700_000_000_000,
        epoch: 2,
        version: 5,
    }
}

fn lease(held: bool) -> EventBody {
    EventBody::Lease { key: "worker-7".into(), holder: 3, epoch: 4, held }
}

fn of_services() -> Vec<EventBody> {
    let device = DeviceId(21);
    vec![
        EventBody::Synced { device, server: "chat-1".into() },
        EventBody::Assigned { device, server: Some("chat-1".into()), wait_ns: None },
        EventBody::Assigned { device, server: None, wait_ns: Some(1_500_000_000) },
        shown(true),
        shown(false),
        push(PushStage::Requested, None),
        push(PushStage::Received, Some("taken")),
        push(PushStage::Received, None),
        lease(true),
        lease(false),
    ]
}

/// Every kind of line, and every shape that its fields can take.
fn every_body() -> Vec<EventBody> {
    let phases = [Phase::WarmUp, Phase::Safety, Phase::Heal, Phase::Liveness];
    let users = vec![UserRow { user: UserId(1), devices: vec![DeviceId(11), DeviceId(12)] }];
    let members = BTreeMap::from([(GROUP, vec![UserId(1)]), (DIRECT, vec![UserId(1), UserId(2)])]);
    let types = [EventType::Invoke, EventType::Ok, EventType::Fail, EventType::Info];
    let paths = [Path::Hint, Path::Sync, Path::Accepted];
    let causes = [
        SessionCause::Unreachable,
        SessionCause::Closed,
        SessionCause::Silent,
        SessionCause::Cut(CutReason::SlowConsumer),
        SessionCause::Cut(CutReason::Shutdown),
        SessionCause::Stopped,
    ];
    let deadline_ns = |phase| (phase == Phase::Liveness).then_some(90_000_000_000);
    let population = Population {
        users,
        members,
        friends: vec![(UserId(1), UserId(2))],
        push: vec![(UserId(1), DeviceId(12))],
        muted: vec![(UserId(1), GROUP)],
    };
    let mut bodies = vec![run(), EventBody::Population(population)];
    bodies.extend(phases.map(|phase| EventBody::Phase { phase, deadline_ns: deadline_ns(phase) }));
    bodies.extend(types.map(send));
    bodies.extend(types.map(member));
    let (enter, leave) = (Member::Enter(vec![UserId(1), UserId(2)]), Member::Leave(UserId(2)));
    bodies.extend([Member::Message, enter, leave].map(entry));
    bodies.extend(paths.map(|path| sight(path, false)));
    bodies.extend(paths.map(|path| sight(path, true)));
    bodies.push(EventBody::Cursor {
        device: DeviceId(21),
        channel: GROUP,
        message_id: MessageId(9),
    });
    let (from, to) = (MessageId(3), MessageId(8));
    bodies.push(EventBody::Truncated { device: DeviceId(21), channel: GROUP, from, to });
    bodies.push(session(SessionCause::Connected, true));
    bodies.extend(causes.map(|cause| session(cause, false)));
    bodies.extend([truth("store", true), truth("store", false), cut_off()]);
    bodies.extend(of_services());
    bodies.extend([FaultState::On, FaultState::Off].map(fault));
    bodies.push(EventBody::Final {
        device: DeviceId(21),
        cursors: BTreeMap::from([(DIRECT, MessageId(9)), (GROUP, MessageId(1))]),
        digests: BTreeMap::from([(DIRECT, 0x0123), (GROUP, u64::MAX)]),
    });
    bodies.push(EventBody::Phase { phase: Phase::End, deadline_ns: None });
    bodies
}

fn history(bodies: Vec<EventBody>) -> History {
    let mut history = History::default();
    for (at, body) in bodies.into_iter().enumerate() {
        let process = Process(Arc::from("devices-1"));
        history.push(1_000_000 * at as u64, Source::Harness, process, 2, body);
    }
    history
}

fn text(history: &History) -> String {
    let mut bytes = Vec::new();
    write_history(&mut bytes, history).expect("a vector takes every byte");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn error(text: impl AsRef<[u8]>) -> HistoryError {
    read_history(Cursor::new(text.as_ref().to_vec())).expect_err("the text is no whole history")
}

#[test]
fn every_line_survives_its_text() {
    let written = history(every_body());
    let read = read_history(Cursor::new(text(&written))).unwrap();
    assert_eq!(read.events(), written.events());
}

#[test]
fn every_kind_of_line_is_among_those_that_are_tried() {
    // A new kind of line must be added to `every_body`; the compiler names this match.
    let number = |body: &EventBody| match body {
        EventBody::Run { .. } => 0,
        EventBody::Phase { .. } => 1,
        EventBody::Population(_) => 2,
        EventBody::Send { .. } => 3,
        EventBody::Member { .. } => 4,
        EventBody::Entry { .. } => 5,
        EventBody::Receive { .. } => 6,
        EventBody::Apply { .. } => 7,
        EventBody::Cursor { .. } => 8,
        EventBody::Truncated { .. } => 9,
        EventBody::Session { .. } => 10,
        EventBody::Truth { .. } => 11,
        EventBody::Fault { .. } => 12,
        EventBody::Final { .. } => 13,
        EventBody::Synced { .. } => 14,
        EventBody::Assigned { .. } => 15,
        EventBody::Shown { .. } => 16,
        EventBody::Push { .. } => 17,
        EventBody::Lease { .. } => 18,
    };
    let mut kinds: Vec<i32> = every_body().iter().map(number).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..19).collect::<Vec<_>>());
}

#[test]
fn the_form_of_a_line_is_fixed() {
    let bodies = vec![
        run(),
        EventBody::Phase { phase: Phase::Liveness, deadline_ns: Some(90) },
        send(EventType::Ok),
        entry(Member::Enter(vec![UserId(1), UserId(2)])),
        entry(Member::Message),
        sight(Path::Hint, true),
        session(SessionCause::Cut(CutReason::SlowConsumer), false),
        fault(FaultState::Off),
        EventBody::Final {
            device: DeviceId(21),
            cursors: BTreeMap::from([(DIRECT, MessageId(9))]),
            digests: BTreeMap::from([(DIRECT, 0x0123)]),
        },
        truth("store", false),
        cut_off(),
        push(PushStage::Received, Some("taken")),
        shown(true),
        lease(true),
        EventBody::Assigned { device: DeviceId(21), server: None, wait_ns: Some(15) },
    ];
    let expected = r#"
{"v":1,"seq":0,"t_ns":0,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"run","scenario":"tunnel","scenario_hash":"00c0ffee","variant":"","seed":18446744073709551615,"engine":"fast","bounds":{"group_limit":100,"initial_history":50,"ids":"channel-sequence","cursor_global":false,"presence":"friends","presence_fanout_limit":0,"heartbeat_ns":0,"offline_after_ns":0,"lease_ns":0,"publish_max_ns":0,"needs_answers":false,"presence_refresh_ns":0,"push_grace_ns":0,"push_race_max_ns":0,"push_settle_max_ns":0,"reassign_max_ns":0,"silence_ns":0,"history_retention_ns":0,"skew_max_ns":0,"lease_ttl_ns":0,"relink_ns":0,"request_timeout_ns":0}}
{"v":1,"seq":1,"t_ns":1000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"phase","phase":"liveness","deadline_ns":90}
{"v":1,"seq":2,"t_ns":2000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"send","type":"ok","user":1,"device":11,"channel":"direct-1-2","membership":0,"client_id":3,"body_hash":"00abcdef01234567","intended_ns":null,"attempt":1,"message_id":9,"reason":null}
{"v":1,"seq":3,"t_ns":3000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"entry","channel":"group-1-7","message_id":1,"user":1,"device":11,"number":7,"body_hash":"ffffffffffffffff","kind":{"enter":[1,2]}}
{"v":1,"seq":4,"t_ns":4000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"entry","channel":"group-1-7","message_id":1,"user":1,"device":11,"number":7,"body_hash":"ffffffffffffffff","kind":"message"}
{"v":1,"seq":5,"t_ns":5000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"apply","device":21,"channel":"direct-1-2","message_id":9,"body_hash":"0000000000000000","path":"hint"}
{"v":1,"seq":6,"t_ns":6000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"session","device":21,"server":"chat-1","session":null,"attached":false,"cause":{"cut":"slow_consumer"}}
{"v":1,"seq":7,"t_ns":7000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"fault","id":2,"kind":"partition","state":"off","target":"chat-1 | store","affected":12}
{"v":1,"seq":8,"t_ns":8000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"final","device":21,"cursors":{"direct-1-2":9},"digests":{"direct-1-2":"0000000000000123"}}
{"v":1,"seq":9,"t_ns":9000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"truth","name":"store","up":false}
{"v":1,"seq":10,"t_ns":10000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"truth","name":"device-21","up":true,"link":false,"hears":false,"logged_in":true,"capacity":9}
{"v":1,"seq":11,"t_ns":11000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"push","stage":"received","user":1,"device":12,"channel":"group-1-7","up_to":9,"attempt":1,"collapse_id":"1/group-1-7","answer":"taken"}
{"v":1,"seq":12,"t_ns":12000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"shown","device":21,"user":1,"online":true,"last_active_at_ms":1700000000000,"epoch":2,"version":5}
{"v":1,"seq":13,"t_ns":13000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"lease","key":"worker-7","holder":3,"epoch":4,"held":true}
{"v":1,"seq":14,"t_ns":14000000,"t_error_ns":0,"source":"harness","process":"devices-1","incarnation":2,"event":"assigned","device":21,"server":null,"wait_ns":15}
"#;
    assert_eq!(text(&history(bodies)), expected.trim_start());
}

#[test]
fn lines_of_older_histories_are_read() {
    let head = r#"{"v":1,"seq":0,"t_ns":0,"t_error_ns":0,"source":"harness","process":"harness","incarnation":0,"#;
    let older = [
        (
            r#""event":"run","scenario":"tunnel","scenario_hash":"00c0ffee","variant":"","seed":18446744073709551615,"engine":"fast","bounds":{"group_limit":100,"initial_history":50}}"#,
            run(),
        ),
        (
            r#""event":"population","users":[],"members":{}}"#,
            EventBody::Population(Population::default()),
        ),
        (r#""event":"truth","name":"store","up":true}"#, truth("store", true)),
    ];
    for (tail, expected) in older {
        let event: Event = serde_json::from_str(&format!("{head}{tail}")).unwrap();
        assert_eq!(event.body, expected);
    }
}

#[test]
fn every_kind_of_line_reads_well() {
    for event in history(every_body()).events() {
        let line = describe(event);
        let (_, happened) = line.split_once("devices-1: ").unwrap();
        assert!(happened.len() > 10 && !happened.contains('\n'), "{line}");
    }
}

#[test]
fn an_empty_file_is_no_history() {
    assert!(matches!(error(""), HistoryError::Empty));
    assert!(matches!(error("\n \n"), HistoryError::Empty));
}

#[test]
fn a_history_without_an_end_was_cut_off() {
    let whole = text(&history(every_body()));
    let count = whole.lines().count();
    let without_end: Vec<&str> = whole.lines().take(count - 1).collect();
    let error = error(without_end.join("\n"));
    assert_eq!(
        error.to_string(),
        format!(
            "line {} is the last whole one and no `end` phase: the history was cut off; copy it again, or run the same scenario and seed again",
            count - 1
        )
    );
}

#[test]
fn a_history_that_stops_within_a_line_was_cut_off() {
    let whole = text(&history(every_body()));
    let count = whole.lines().count();
    let found = error(&whole[..whole.len() - 10]);
    assert!(matches!(found, HistoryError::CutOff { lines } if lines == count - 1), "{found}");
}

#[test]
fn an_unfinished_line_in_the_middle_is_a_bad_line() {
    let whole =
        text(&history(vec![run(), EventBody::Phase { phase: Phase::End, deadline_ns: None }]));
    let (first, last) = whole.trim_end().split_once('\n').unwrap();
    let found = error(format!("{}\n{last}\n", &first[..20]));
    assert!(matches!(found, HistoryError::Line { line: 1, .. }), "{found}");
}

#[test]
fn a_line_that_is_no_event_is_named() {
    let good = text(&history(vec![run()]));
    let found = error(format!("{good}not json\n{good}"));
    assert!(found.to_string().starts_with("line 2 is no event of a history: expected"), "{found}");

    let unknown = good.replace("\"event\":\"run\"", "\"event\":\"ran\"");
    let found = error(unknown).to_string();
    assert!(found.starts_with("line 1 is no event of a history: unknown variant `ran`"), "{found}");
}

#[test]
fn a_hash_has_sixteen_digits() {
    let good = text(&history(vec![send(EventType::Invoke)]));
    for bad in ["00ABCDEF01234567", "abcdef01234567", "+0abcdef01234567"] {
        let found = error(good.replace("00abcdef01234567", bad)).to_string();
        assert!(found.contains(&format!("`{bad}` is no hash")), "{found}");
    }
}

#[test]
fn another_version_is_named_even_if_its_fields_are_the_same() {
    let good = text(&history(vec![run()]));
    let expected = "line 1 has version 2 of the history format; this program reads version 1; run the same scenario and seed again";
    assert_eq!(error(good.replace("\"v\":1", "\"v\":2")).to_string(), expected);
    assert_eq!(error("{\"v\":2,\"whatever\":true}\n").to_string(), expected);
}

#[test]
fn missing_and_swapped_lines_are_named() {
    let whole = text(&history(every_body()));
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.swap(3, 4);
    let found = error(lines.join("\n"));
    assert!(matches!(found, HistoryError::Sequence { line: 4, expected: 3, found: 4 }), "{found}");
    lines.remove(0);
    let found = error(lines.join("\n"));
    assert!(matches!(found, HistoryError::Sequence { line: 1, expected: 0, found: 1 }), "{found}");
}

#[test]
fn a_binary_file_cannot_be_read() {
    let found = error([0xff, 0xfe, 0x00, b'\n']);
    assert!(matches!(found, HistoryError::Read { line: 1, .. }), "{found}");
}
