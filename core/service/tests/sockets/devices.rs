//! A user's devices, and the tokens by which they are pushed to.

use hubbub_chat::{
    DeviceId,
    frame::{CutReason, ServerFrame},
    ports::store::StoreRequest,
};
use hyper::Method;
use serde_json::json;

use crate::support::{Http, Places, Recorder, Server, Session, design, held};

#[tokio::test]
async fn a_user_logs_another_of_their_devices_out() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (phone, tablet) = (http.enter("ann").await, http.log_in("ann").await);
    let devices = http.get("/v1/devices", Some(&phone.token)).await;
    let both = [phone.device, tablet.device];
    assert_eq!(devices, json!({ "device": phone.device, "devices": both }));

    let (mut session, _) = Session::hello(&net, &server.address, &tablet).await;
    let path = format!("/v1/devices/{}", tablet.device);
    http.delete(&path, &phone.token).await;
    assert_eq!(session.next().await, ServerFrame::Bye { reason: CutReason::UnknownDevice });
    let (status, _) = http.refused(Method::GET, "/v1/devices", Some(&tablet.token), None).await;
    assert_eq!(status, 401);
    let devices = http.get("/v1/devices", Some(&phone.token)).await;
    assert_eq!(devices, json!({ "device": phone.device, "devices": [phone.device] }));
    let (status, _) = http.refused(Method::DELETE, &path, Some(&phone.token), None).await;
    assert_eq!(status, 404);

    // One's own is a device like any other.
    http.delete(&format!("/v1/devices/{}", phone.device), &phone.token).await;
    assert_eq!(http.refused(Method::GET, "/v1/devices", Some(&phone.token), None).await.0, 401);
}

#[tokio::test]
async fn a_foreign_device_and_one_that_does_not_exist_look_the_same() {
    let net = Places::net();
    let (server, models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (ann, eve) = (http.enter("ann").await, http.enter("eve").await);
    let before = held(&models);
    for (method, end, body) in [
        (Method::DELETE, "", None),
        (Method::PUT, "/push", Some(json!({ "token": "t" }))),
        (Method::DELETE, "/push", None),
    ] {
        let mut answers = Vec::new();
        for device in [ann.device, DeviceId(999), DeviceId(u64::MAX)] {
            let path = format!("/v1/devices/{device}{end}");
            let refused = http.refused(method.clone(), &path, Some(&eve.token), body.clone());
            answers.push(refused.await);
        }
        assert_eq!((answers[0].0, &answers[0].1["error"]), (404, &json!("not_found")));
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let path = format!("/v1/devices/x{end}");
        let (status, answer) = http.refused(method, &path, Some(&eve.token), body).await;
        assert_eq!((status, &answer["field"]), (400, &json!("device")));
    }
    assert_eq!(held(&models), before);
}

#[tokio::test]
async fn a_push_token_reaches_the_store_within_its_bounds() {
    let net = Places::net();
    let (server, recorder) = Recorder::server(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let (phone, tablet) = (http.enter("ann").await, http.log_in("ann").await);
    let path = format!("/v1/devices/{}/push", tablet.device);
    for (body, field) in [
        (json!({ "token": "" }), "token"),
        (json!({ "token": "t".repeat(1025) }), "token"),
        (json!({ "token": null }), "token"),
        (json!({}), "token"),
    ] {
        let refused = http.refused(Method::PUT, &path, Some(&phone.token), Some(body)).await;
        assert_eq!((refused.0, &refused.1["field"]), (400, &json!(field)));
    }
    let longest = "t".repeat(1024);
    http.put(&path, &phone.token, Some(json!({ "token": longest }))).await;
    http.delete(&path, &phone.token).await;
    let written = recorder.store(|request| match request {
        StoreRequest::PushToken { user, device, token } => Some((*user, *device, token.clone())),
        _ => None,
    });
    let of_tablet = |token| (phone.user, tablet.device, token);
    assert_eq!(written, [of_tablet(Some(longest)), of_tablet(None)]);
}
