//! Groups over HTTP, and requests that are refused before they reach a channel.

use hubbub_chat::{ChannelId, Design, UserId, ports::store::StoreRequest};
use hubbub_service::{Config, api::BODY_BYTES_MAX, store::FjallConfig};
use hyper::Method;
use serde_json::json;

use crate::support::{
    Disk, Http, Places, Recorder, Server, design, held, local_role, models, stored,
};

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_with_the_limit() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let long = json!({ "name": "n".repeat(BODY_BYTES_MAX), "password": "x" });
    let (status, answer) = http.refused(Method::POST, "/v1/users", None, Some(long)).await;
    let detail = format!("the body is longer than {BODY_BYTES_MAX} bytes");
    assert_eq!((status, answer), (413, json!({ "error": "too_large", "detail": detail })));

    let bytes_max = 16 * 1024 * 1024;
    let long = json!({ "users": 1, "groups": [], "padding": "x".repeat(bytes_max) });
    let (status, answer) = http.refused(Method::POST, "/v1/provision", None, Some(long)).await;
    let detail = format!("the body is longer than {bytes_max} bytes");
    assert_eq!((status, answer), (413, json!({ "error": "too_large", "detail": detail })));
    assert!(stored(&models).is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_json_or_not_the_expected_one_is_refused() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let before = held(&models);
    let post = |kind: &str, body: &str| {
        format!(
            "POST /v1/users HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let json = "application/json";
    for (kind, body, expected, field) in [
        (json, "", 400, json!("body")),
        (json, "{", 400, json!("body")),
        (json, r#"{"name":"ann","password":"x"} {}"#, 400, json!("body")),
        (json, "[]", 400, json!("body")),
        ("text/plain", "{}", 415, json!(null)),
        (json, r#"{"name":"ann"}"#, 400, json!("password")),
        (json, r#"{"name":"ann","password":7}"#, 400, json!("password")),
        (json, r#"{"name":"ann","password":"x","extra":1}"#, 400, json!("extra")),
        (json, r#"{"name":"ann","name":"ben","password":"x"}"#, 400, json!("name")),
    ] {
        let (status, answer) = http.raw(&post(kind, body)).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["error"]), (expected, &json!("bad_request")), "{body}");
        assert_eq!(answer["field"], field, "{body}");
    }
    assert_eq!(held(&models), before);
    let json = "application/json; charset=utf-8";
    let (status, _) = http.raw(&post(json, r#"{"name":"ann","password":"x"}"#)).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_named() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (status, answer) = http.refused(Method::GET, "/v1/nothing", None, None).await;
    assert_eq!((status, &answer["error"]), (404, &json!("not_found")));
    for (method, path) in [
        (Method::DELETE, "/v1/users"),
        (Method::PATCH, "/v1/profile"),
        (Method::POST, "/v1/friends/1"),
        (Method::GET, "/v1/devices/1/push"),
        (Method::OPTIONS, "/v1/channels/group-1-1/mute"),
    ] {
        let (status, answer) = http.refused(method, path, None, None).await;
        assert_eq!((status, &answer["error"]), (405, &json!("method_not_allowed")), "{path}");
    }
    let ann = http.enter("ann").await;
    let (status, answer) = http.refused(Method::GET, "/v1/users/%ff", Some(&ann.token), None).await;
    assert_eq!((status, &answer["field"]), (400, &json!("path")));
    let (status, answer) = http.refused(Method::GET, "/v1/session", None, None).await;
    assert_eq!((status, &answer["error"]), (400, &json!("bad_request")));
}

#[tokio::test]
async fn a_group_beyond_the_limit_is_refused_with_the_limit() {
    let net = Places::net();
    let design = Design { group_limit: 3, ..design() };
    let (server, models) = Server::alone(&net, design).await;
    let http = Http::new(&net, &server.address);
    let mut users = Vec::new();
    for name in ["ben", "cam", "dan"] {
        users.push(http.sign_up(name).await);
    }
    let ann = http.enter("ann").await;
    let token = Some(ann.token.as_str());
    let limit = json!({ "error": "group_limit", "detail": "a group has at most 3 members" });

    let create = json!({ "number": 1, "members": users });
    let refused = http.refused(Method::POST, "/v1/channels", token, Some(create)).await;
    assert_eq!(refused, (409, limit.clone()));
    assert!(stored(&models).is_empty());

    // The refusal stays the answer to this operation: the group is made by the next one.
    let fewer = json!({ "number": 1, "members": users[..2] });
    let repeated = http.refused(Method::POST, "/v1/channels", token, Some(fewer)).await;
    assert_eq!(repeated, (409, limit.clone()));
    let fewer = json!({ "number": 1, "members": users[..2], "operation": 1 });
    for _ in 0..2 {
        let created = http.post("/v1/channels", token, fewer.clone()).await;
        assert_eq!(created, json!({ "channel": format!("group-{}-1", ann.user), "message_id": 1 }));
    }
    let path = format!("/v1/channels/group-{}-1/changes", ann.user);
    let invite = json!({ "operation": 2, "change": { "invite": [users[2]] } });
    assert_eq!(http.refused(Method::POST, &path, token, Some(invite)).await, (409, limit));
    assert_eq!(stored(&models).len(), 1);
}

#[tokio::test]
async fn a_foreign_channel_and_one_that_does_not_exist_look_the_same() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, eve) = (http.enter("ann").await, http.enter("eve").await);
    let foreign = http.create_group(&ann, &[]).await;
    let missing = ChannelId::group(ann.user, 99);
    let (before, mut operation) = (stored(&models), 0);
    for change in [
        json!("leave"),
        json!({ "create": [] }),
        json!({ "invite": [eve.user] }),
        json!({ "remove": ann.user }),
        json!({ "hand_over": eve.user }),
        json!({ "rename": "Eve's" }),
    ] {
        let mut answers = Vec::new();
        for channel in [foreign, missing] {
            let path = format!("/v1/channels/{channel}/changes");
            operation += 1;
            let body = Some(json!({ "operation": operation, "change": change }));
            answers.push(http.refused(Method::POST, &path, Some(&eve.token), body).await);
        }
        assert_eq!(answers[0], answers[1]);
        let expected = match change["create"].is_null() {
            true => (404, "not_member"),
            false => (400, "bad_request"),
        };
        assert_eq!((answers[0].0, answers[0].1["error"].as_str().unwrap()), expected);
    }
    for method in [Method::PUT, Method::DELETE] {
        let mut answers = Vec::new();
        for channel in [foreign, missing, ChannelId::direct(ann.user, UserId(99))] {
            let path = format!("/v1/channels/{channel}/mute");
            answers.push(http.refused(method.clone(), &path, Some(&eve.token), None).await);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!((answers[0].0, &answers[0].1["error"]), (404, &json!("not_member")));
    }
    assert_eq!(stored(&models), before);
}

#[tokio::test]
async fn changes_over_http_are_numbered_and_judged() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = http.create_group(&ann, &[]).await;
    assert_eq!(http.create_group(&ann, &[]).await, channel, "a repeat makes no second group");
    let path = format!("/v1/channels/{channel}/changes");
    let change = |operation, change| json!({ "operation": operation, "change": change });

    let join = http.post(&path, Some(&ben.token), change(1, json!("join"))).await;
    assert_eq!(join, json!({ "channel": channel, "message_id": 2 }));
    assert_eq!(http.post(&path, Some(&ben.token), change(1, json!("join"))).await, join);

    let remove = change(2, json!({ "remove": ann.user }));
    assert_eq!(http.code(&path, Some(&ben.token), remove).await, (403, "not_owner".into()));
    let unknown = change(3, json!({ "invite": [999] }));
    assert_eq!(http.code(&path, Some(&ben.token), unknown).await, (400, "bad_request".into()));
    for (body, field) in [
        (json!({ "change": "join" }), "operation"),
        (change(4, json!({ "invite": [ben.user, "x"] })), "change.invite[1]"),
        (change(4, json!({ "dance": 1 })), "change"),
    ] {
        let (status, answer) =
            http.refused(Method::POST, &path, Some(&ben.token), Some(body)).await;
        assert_eq!((status, &answer["field"]), (400, &json!(field)));
    }
    let again = json!({ "number": 1, "members": [] });
    let other_device = http.log_in("ann").await;
    let exists = http.code("/v1/channels", Some(&other_device.token), again.clone()).await;
    assert_eq!(exists, (409, "exists".into()));
    let remove = change(1, json!({ "remove": ben.user }));
    let removed = http.post(&path, Some(&ann.token), remove).await;
    assert_eq!(removed["message_id"], 3, "the creator's own changes count from 1");
    let old = http.code("/v1/channels", Some(&ann.token), again).await;
    assert_eq!(old, (409, "too_old".into()));
    let no_id = "/v1/channels/direct-2-1/changes";
    let join = change(1, json!("join"));
    assert_eq!(http.code(no_id, Some(&ann.token), join).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn a_group_is_handed_over_and_renamed_over_http() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let channel = http.create_group(&ann, &[ben.user]).await;
    let path = format!("/v1/channels/{channel}/changes");
    let change = |operation, change| json!({ "operation": operation, "change": change });
    let rename = |operation| change(operation, json!({ "rename": "Tea at four" }));
    let refused = http.code(&path, Some(&ben.token), rename(1)).await;
    assert_eq!(refused, (403, "not_owner".into()));
    let hand_over = change(1, json!({ "hand_over": ben.user }));
    let done = http.post(&path, Some(&ann.token), hand_over).await;
    assert_eq!(done, json!({ "channel": channel, "message_id": 2 }));
    let done = http.post(&path, Some(&ben.token), rename(2)).await;
    assert_eq!(done, json!({ "channel": channel, "message_id": 3 }));
    let long = change(3, json!({ "rename": "x".repeat(129) }));
    assert_eq!(http.code(&path, Some(&ben.token), long).await, (400, "bad_request".into()));
    assert_eq!(stored(&models).len(), 3);
}

#[tokio::test]
async fn a_member_mutes_a_channel() {
    let net = Places::net();
    let (server, recorder) = Recorder::server(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let channel = http.create_group(&ann, &[]).await;
    let path = format!("/v1/channels/{channel}/mute");
    http.put(&path, &ann.token, None).await;
    http.delete(&path, &ann.token).await;
    let written = recorder.store(|request| match request {
        StoreRequest::Mute { user, channel, muted } => Some((*user, *channel, *muted)),
        _ => None,
    });
    assert_eq!(written, [(ann.user, channel, true), (ann.user, channel, false)]);
}

#[tokio::test]
async fn users_are_provisioned_only_where_that_is_allowed() {
    let net = Places::net();
    let (backend, models) = models(&net, &design());
    let mut role = local_role("chat", 1, design(), backend);
    role.provision = false;
    let server = Server::start(&net, Config::Chat(role)).await;
    let http = Http::new(&net, &server.address);
    let request = json!({ "users": 2, "groups": [[0, 1]] });
    let refused = http.code("/v1/provision", None, request.clone()).await;
    assert_eq!(refused, (403, "forbidden".into()));
    assert!(stored(&models).is_empty());
    server.stop().await;

    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let provisioned = http.post("/v1/provision", None, request).await;
    assert_eq!(provisioned["devices"].as_array().unwrap().len(), 2);
    assert_eq!(stored(&models).len(), 1);
    for request in [json!({ "users": 0 }), json!({ "users": 2, "groups": [[0, 2]] })] {
        let refused = http.code("/v1/provision", None, request).await;
        assert_eq!(refused, (400, "bad_request".into()));
    }
}

#[tokio::test]
async fn more_users_are_provisioned_than_the_store_takes_at_once() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(&net, folder.path(), &design());
    let role = local_role("chat", 1, design(), disk.backend.clone());
    let server = Server::start(&net, Config::Chat(role)).await;
    let http = Http::new(&net, &server.address);
    let users = FjallConfig::default().queue_max + 1;
    let request = json!({ "users": users, "groups": [[users - 1, 0]] });
    let provisioned = http.post("/v1/provision", None, request).await;
    let devices = provisioned["devices"].as_array().unwrap();
    assert_eq!(devices.len(), users);
    let creator = &devices[users - 1]["user"];
    assert_eq!(provisioned["groups"], json!([format!("group-{creator}-1")]));
}
