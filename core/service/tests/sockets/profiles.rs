//! Profiles and settings over HTTP.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Http, Places, Server, design, held};

#[tokio::test]
async fn a_profile_is_read_as_it_was_written() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    let empty = json!({ "display_name": "", "about": "" });
    assert_eq!(http.get("/v1/profile", Some(&ann.token)).await, empty);
    let profile = json!({ "display_name": "Änn", "about": "a".repeat(1024) });
    http.put("/v1/profile", &ann.token, Some(profile.clone())).await;
    assert_eq!(http.get("/v1/profile", Some(&ann.token)).await, profile);
    assert_eq!(http.get("/v1/profile", Some(&ben.token)).await, empty);
}

#[tokio::test]
async fn settings_are_any_small_object() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    assert_eq!(http.get("/v1/settings", Some(&ann.token)).await, json!({}));
    let settings = json!({ "theme": "dark", "nested": { "list": [1, null, "x", -2.5] } });
    http.put("/v1/settings", &ann.token, Some(settings.clone())).await;
    assert_eq!(http.get("/v1/settings", Some(&ann.token)).await, settings);

    let before = held(&models);
    let put = |body: Value| http.refused(Method::PUT, "/v1/settings", Some(&ann.token), Some(body));
    let (status, answer) = put(json!({ "long": "x".repeat(8192) })).await;
    let detail = "the settings are longer than 8192 bytes";
    assert_eq!((status, answer), (413, json!({ "error": "too_large", "detail": detail })));
    for body in [json!([]), json!("x"), json!(null)] {
        let (status, answer) = put(body).await;
        assert_eq!((status, &answer["field"]), (400, &json!("body")));
    }
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn a_profile_beyond_its_bounds_is_refused_with_the_field() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let before = held(&models);
    for (body, field) in [
        (json!({ "display_name": "n".repeat(129), "about": "" }), "display_name"),
        (json!({ "display_name": "", "about": "a".repeat(1025) }), "about"),
        (json!({ "display_name": 1, "about": "" }), "display_name"),
        (json!({ "display_name": "" }), "about"),
        (json!({ "display_name": "", "about": "", "age": 7 }), "age"),
    ] {
        let put = http.refused(Method::PUT, "/v1/profile", Some(&ann.token), Some(body));
        let (status, answer) = put.await;
        assert_eq!((status, &answer["error"]), (400, &json!("bad_request")));
        assert_eq!(answer["field"], field);
        assert!(answer["detail"].as_str().unwrap().starts_with(field), "{answer}");
    }
    assert_eq!(held(&models), before);
}
