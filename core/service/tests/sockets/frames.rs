//! Frames that are refused, and what becomes of the session.

use hubbub_chat::{
    ChannelId, Design, MessageId,
    frame::{
        Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame, Cursors, CutReason,
        SendRefusal, ServerFrame,
    },
    ids::OperationId,
};
use tokio_tungstenite::tungstenite::Message;

use futures_util::SinkExt;

use crate::support::{Http, Places, Server, Session, design, held, stored};

#[tokio::test]
async fn a_malformed_frame_is_answered_with_its_field_and_the_session_lives() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let (mut session, _) = Session::hello(&net, &server.address, &ann).await;
    let before = held(&models);
    let send = r#""type":"send","channel":"direct-1-2","membership":0,"client_id":1"#;
    let change = r#""type":"change","channel":"group-1-2","operation":1"#;
    let malformed = [
        ("{".to_owned(), "frame"),
        (r#"{"type":"shout"}"#.to_owned(), "type"),
        (r#"{"type":"cursor"}"#.to_owned(), "cursors"),
        (format!(r#"{{{send},"oldest_pending":1,"boddy":"x"}}"#), "boddy"),
        (format!(r#"{{{send},"oldest_pending":1}}"#), "body"),
        (format!(r#"{{{send},"oldest_pending":1,"body":["x"]}}"#), "body"),
        (format!(r#"{{{send},"oldest_pending":"1","body":"x"}}"#), "oldest_pending"),
        (r#"{"type":"heartbeat","cursors":{"direct-1-2":"7"}}"#.to_owned(), "cursors.direct-1-2"),
        (r#"{"type":"sync","cursors":{"direct-2-1":7}}"#.to_owned(), "cursors.direct-2-1"),
        (format!(r#"{{{change},"change":{{"invite":2}}}}"#), "change.invite"),
        (format!(r#"{{{change},"change":{{"invite":[2,"3"]}}}}"#), "change.invite[1]"),
        (r#"{"type":"look","users":{}}"#.to_owned(), "users"),
    ];
    for four in malformed.chunks(4) {
        for (frame, expected) in four {
            session.send_text(frame).await;
            let ServerFrame::Error { field, reason } = session.next().await else {
                panic!("no error for {frame}")
            };
            assert_eq!(field, *expected, "{frame}");
            assert!(!reason.is_empty());
        }
        // The fifth is well formed: the count starts again.
        session.send(&ClientFrame::Heartbeat { cursors: Cursors::new() }).await;
        assert_eq!(session.next().await, ServerFrame::Alive { cursors: Cursors::new() });
    }
    assert_eq!(http.get("/v1/health", None).await["frames_malformed"], malformed.len());
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn five_malformed_frames_in_a_row_end_the_session() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let (mut session, _) = Session::hello(&net, &server.address, &ann).await;
    let before = held(&models);
    for _ in 0..5 {
        session.send_text("nonsense").await;
    }
    // What comes behind them is not read any more.
    session.say(ChannelId::direct(ann.user, ben.user), 1, "too late").await;
    for _ in 0..5 {
        assert!(matches!(session.next().await, ServerFrame::Error { .. }));
    }
    assert_eq!(session.next().await, ServerFrame::Bye { reason: CutReason::Protocol });
    assert_eq!(session.next_or_end().await, None);
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_with_the_limit() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut session, _) = Session::hello(&net, &server.address, &ann).await;
    let limit = design().message_bytes_max;
    for bytes in [limit + 1, 200_000] {
        session.say(channel, 1, &"x".repeat(bytes as usize)).await;
        let ServerFrame::Refused { reason, .. } = session.next().await else {
            panic!("not refused")
        };
        assert_eq!(reason, SendRefusal::TooLarge { limit });
    }
    assert!(stored(&models).is_empty());
    // The number is still free, and a message of exactly the limit fits, however JSON spells it.
    session.say(channel, 1, &"\u{1}".repeat(limit as usize)).await;
    session.accepted(1).await;
}

#[tokio::test]
async fn a_device_may_name_thousands_of_channels() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let channel = |number| ChannelId::group(hubbub_chat::UserId(u64::MAX), number);
    let cursors: Cursors =
        (0..10_000).map(|number| (channel(number), hubbub_chat::MessageId(1))).collect();
    let (_session, ranges) = Session::hello_from(&net, &server.address, &ann, cursors).await;
    assert!(ranges.is_empty());
}

#[tokio::test]
async fn a_session_that_does_not_speak_the_protocol_is_cut() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let cut = ServerFrame::Bye { reason: CutReason::Protocol };

    let mut early = Session::open(&net, &server.address, &ann).await;
    early.say(ChannelId::direct(ann.user, ben.user), 1, "before hello").await;
    assert_eq!(early.next().await, cut);
    assert_eq!(early.next_or_end().await, None);

    let mut strange = Session::open(&net, &server.address, &ann).await;
    strange
        .send(&ClientFrame::Hello { newest: MessageId::ZERO, version: 99, cursors: Cursors::new() })
        .await;
    assert_eq!(strange.next().await, cut);

    let (mut twice, _) = Session::hello(&net, &server.address, &ann).await;
    twice
        .send(&ClientFrame::Hello { newest: MessageId::ZERO, version: 1, cursors: Cursors::new() })
        .await;
    assert_eq!(twice.next().await, cut);

    let (mut binary, _) = Session::hello(&net, &server.address, &ann).await;
    binary.socket.send(Message::Binary(vec![1, 2, 3].into())).await.unwrap();
    assert_eq!(binary.next_or_end().await, None);
    assert!(stored(&models).is_empty());
}

#[tokio::test]
async fn a_session_that_says_nothing_is_cut() {
    let net = Places::net();
    let silence_after = 2 * design().heartbeat;
    let (server, _models) = Server::alone(&net, Design { silence_after, ..design() }).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let mut mute = Session::open(&net, &server.address, &ann).await;
    let (mut greeted, _) = Session::hello(&net, &server.address, &ann).await;
    for session in [&mut mute, &mut greeted] {
        // A ping is no sign of life.
        session.socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        assert_eq!(session.next().await, ServerFrame::Bye { reason: CutReason::Silent });
        assert_eq!(session.next_or_end().await, None);
    }
}

#[tokio::test]
async fn a_newer_session_of_a_device_replaces_the_older() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let (mut older, _) = Session::hello(&net, &server.address, &ann).await;
    let (mut newer, _) = Session::hello(&net, &server.address, &ann).await;
    assert_eq!(older.next().await, ServerFrame::Bye { reason: CutReason::Replaced });
    assert_eq!(older.next_or_end().await, None);
    newer.send(&ClientFrame::Heartbeat { cursors: Cursors::new() }).await;
    assert!(matches!(newer.next().await, ServerFrame::Alive { .. }));
}

#[tokio::test]
async fn a_foreign_channel_and_one_that_does_not_exist_get_the_same_refusals() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, eve) = (http.enter("ann").await, http.enter("eve").await);
    let foreign = http.create_group(&ann, &[]).await;
    let missing = ChannelId::group(ann.user, 99);
    let (mut session, _) = Session::hello(&net, &server.address, &eve).await;
    let mut direct = vec![ChannelId::direct(ann.user, hubbub_chat::UserId(999))];
    direct.extend([foreign, missing]);
    for channel in direct {
        session.say(channel, 1, "let me in").await;
        let ServerFrame::Refused { reason, .. } = session.next().await else {
            panic!("not refused")
        };
        assert_eq!(reason, SendRefusal::NotMember);
    }
    for channel in [foreign, missing] {
        let (operation, change) = (OperationId(1), Change::Leave);
        session.send(&ClientFrame::Change(ChangeFrame { channel, operation, change })).await;
        let ServerFrame::Changed { outcome, .. } = session.next().await else {
            panic!("no outcome")
        };
        assert_eq!(outcome, ChangeOutcome::Refused(ChangeRefusal::NotMember));
    }
    assert_eq!(stored(&models).len(), 1, "the creation of the group alone");
}
