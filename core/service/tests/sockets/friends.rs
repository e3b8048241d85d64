//! Friends over HTTP.

use hubbub_service::Config;
use hyper::Method;
use serde_json::json;

use crate::support::{Disk, Http, Places, Server, design, held, local_role};

#[tokio::test]
async fn friends_are_asked_accept_and_part() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let (to_ann, to_ben) =
        (format!("/v1/friends/{}", ann.user), format!("/v1/friends/{}", ben.user));
    let friends = |token: &str| {
        let (http, token) = (http.clone(), token.to_owned());
        async move { http.get("/v1/friends", Some(&token)).await }
    };
    for _ in 0..2 {
        assert_eq!(http.put(&to_ben, &ann.token, None).await, json!({ "state": "asked" }));
    }
    let asked = json!({ "friends": [], "asked_by": [], "asked": [ben.user] });
    assert_eq!(friends(&ann.token).await, asked);
    let asked_by = json!({ "friends": [], "asked_by": [ann.user], "asked": [] });
    assert_eq!(friends(&ben.token).await, asked_by);
    for _ in 0..2 {
        assert_eq!(http.put(&to_ann, &ben.token, None).await, json!({ "state": "friends" }));
    }
    let both = json!({ "friends": [ben.user], "asked_by": [], "asked": [] });
    assert_eq!(friends(&ann.token).await, both);
    let nobody = json!({ "friends": [], "asked_by": [], "asked": [] });
    for _ in 0..2 {
        http.delete(&to_ben, &ann.token).await;
        assert_eq!(friends(&ben.token).await, nobody);
    }
}

#[tokio::test]
async fn nobody_befriends_themselves_or_somebody_who_is_not_there() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let before = held(&models);
    for other in [ann.user.0, 0, 999, u64::MAX] {
        let path = format!("/v1/friends/{other}");
        let (status, answer) = http.refused(Method::PUT, &path, Some(&ann.token), None).await;
        assert_eq!((status, &answer["error"]), (404, &json!("not_found")));
    }
    for other in ["ben", "-1", "18446744073709551616"] {
        let path = format!("/v1/friends/{other}");
        let (status, answer) = http.refused(Method::PUT, &path, Some(&ann.token), None).await;
        assert_eq!((status, &answer["field"]), (400, &json!("user")));
    }
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn friends_and_devices_outlive_a_restart_of_the_server() {
    let net = Places::net();
    let folder = tempfile::tempdir().unwrap();
    let mut devices = Vec::new();
    for epoch in 1..=2 {
        let disk = Disk::open(&net, folder.path(), &design());
        let role = local_role("chat", epoch, design(), disk.backend.clone());
        let server = Server::start(&net, Config::Chat(role)).await;
        let http = Http::new(&net, &server.address);
        if epoch == 1 {
            devices = vec![http.enter("ann").await, http.enter("ben").await];
            let path = format!("/v1/friends/{}", devices[1].user);
            http.put(&path, &devices[0].token, None).await;
        } else {
            let path = format!("/v1/friends/{}", devices[0].user);
            let answer = http.put(&path, &devices[1].token, None).await;
            assert_eq!(answer, json!({ "state": "friends" }));
            let again = http.log_in("ann").await;
            assert!(again.device > devices[1].device, "{again:?}");
        }
        server.stop().await;
        disk.close().await;
    }
}
