//! Sign-up, login and tokens, and what is refused on the way.

use hubbub_service::api::HttpLimits;
use hyper::Method;
use serde_json::json;

use crate::{
    connections::serve,
    support::{Http, Places, Server, Session, design, held},
};

fn account(name: &str, password: &str) -> serde_json::Value {
    json!({ "name": name, "password": password })
}

#[tokio::test]
async fn a_name_belongs_to_whoever_had_it_first() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.sign_up("ann").await;
    let taken = http.code("/v1/users", None, account("ann", "another")).await;
    assert_eq!(taken, (409, "name_taken".into()));
    assert_eq!(http.log_in("ann").await.user, ann);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer_for_the_same_work() {
    let net = Places::net();
    let (api, _stop) = serve(&net, HttpLimits::default()).await;
    let http = Http::new(&net, "chat");
    http.sign_up("ann").await;
    let login = |name, password| {
        http.refused(Method::POST, "/v1/login", None, Some(account(name, password)))
    };
    let wrong = login("ann", "wrong horse").await;
    assert_eq!((wrong.0, &wrong.1["error"]), (401, &json!("unauthorised")));
    assert_eq!(api.passwords.verified(), 1);
    assert_eq!(login("nobody", "correct horse").await, wrong);
    assert_eq!(api.passwords.verified(), 2, "a hash is computed for nobody too");
}

#[tokio::test]
async fn names_and_passwords_have_bounds_that_the_refusal_names() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    for (body, field, bytes_max) in [
        (account("", "x"), "name", 64),
        (account(&"n".repeat(65), "x"), "name", 64),
        (account("ann", ""), "password", 1024),
        (account("ann", &"p".repeat(1025)), "password", 1024),
    ] {
        let (status, answer) = http.refused(Method::POST, "/v1/users", None, Some(body)).await;
        let detail = format!("{field}: expected 1 to {bytes_max} bytes");
        let expected = json!({ "error": "bad_request", "field": field, "detail": detail });
        assert_eq!((status, answer), (400, expected));
    }
}

#[tokio::test]
async fn every_path_with_a_token_refuses_an_unknown_one() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let create = json!({ "number": 1, "members": [] });
    let change = json!({ "operation": 1, "change": "join" });
    let profile = json!({ "display_name": "Ann", "about": "" });
    let before = held(&models);
    for token in [None, Some("unknown")] {
        for (method, path, body) in [
            (Method::GET, "/v1/users/ann", None),
            (Method::POST, "/v1/logout", None),
            (Method::POST, "/v1/channels", Some(create.clone())),
            (Method::POST, "/v1/channels/group-1-1/changes", Some(change.clone())),
            (Method::PUT, "/v1/channels/group-1-1/mute", None),
            (Method::DELETE, "/v1/channels/group-1-1/mute", None),
            (Method::GET, "/v1/devices", None),
            (Method::DELETE, "/v1/devices/1", None),
            (Method::PUT, "/v1/devices/1/push", Some(json!({ "token": "t" }))),
            (Method::DELETE, "/v1/devices/1/push", None),
            (Method::GET, "/v1/friends", None),
            (Method::PUT, "/v1/friends/1", None),
            (Method::DELETE, "/v1/friends/1", None),
            (Method::GET, "/v1/profile", None),
            (Method::PUT, "/v1/profile", Some(profile.clone())),
            (Method::GET, "/v1/settings", None),
            (Method::PUT, "/v1/settings", Some(json!({}))),
        ] {
            let (status, answer) = http.refused(method, path, token, body).await;
            assert_eq!((status, &answer["error"]), (401, &json!("unauthorised")), "{path}");
        }
    }
    let opening = Session::try_open(&net, &server.address, "unknown").await;
    let error = opening.err().expect("the upgrade is refused").to_string();
    assert!(error.contains("401"), "{error}");
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn a_device_that_logged_out_is_unknown() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, again) = (http.enter("ann").await, http.log_in("ann").await);
    assert_ne!(ann.device, again.device);
    http.post("/v1/logout", Some(&ann.token), json!(null)).await;
    let path = "/v1/users/ann";
    assert_eq!(http.refused(Method::GET, path, Some(&ann.token), None).await.0, 401);
    assert_eq!(http.get(path, Some(&again.token)).await, json!({ "user": again.user }));
    let nobody = http.refused(Method::GET, "/v1/users/nobody", Some(&again.token), None).await;
    assert_eq!((nobody.0, &nobody.1["error"]), (404, &json!("not_found")));
}
