//! Pushes through a webhook that is a real HTTP server.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use hubbub_chat::{
    ChannelId, Design,
    notifier::{NotifierConfig, NotifierCounts},
    ports::push::PushRequest,
};
use hubbub_service::{
    Config, NotifyRole, Ports,
    client::request_json,
    net::Net,
    notify::{NotifyFigures, WebhookGateway},
};
use hyper::Method;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::json;

use crate::support::{Account, Http, Places, Server, Session, design, local_role, models, within};

/// What came, and what is answered to each token.
#[derive(Default)]
struct Endpoint {
    came: Mutex<Vec<PushRequest>>,
    answers: Mutex<BTreeMap<String, Vec<StatusCode>>>,
}

async fn push(State(endpoint): State<Arc<Endpoint>>, Json(push): Json<PushRequest>) -> StatusCode {
    let mut answers = endpoint.answers.lock().unwrap();
    let status = answers.get_mut(&push.token).and_then(Vec::pop).unwrap_or(StatusCode::OK);
    endpoint.came.lock().unwrap().push(push);
    status
}

impl Endpoint {
    /// Starts it; its URL comes with it.
    async fn start(net: &Arc<dyn Net>) -> (Arc<Self>, String) {
        let endpoint = Arc::new(Self::default());
        let router = Router::new().route("/push", post(push)).with_state(endpoint.clone());
        let mut listener = net.listen("gateway").await.unwrap();
        let url = format!("http://{}/push", listener.address());
        let spawning = net.clone();
        net.spawn(Box::pin(async move {
            while let Ok(stream) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                spawning.spawn(Box::pin(async move { drop(connection.await) }));
            }
        }));
        (endpoint, url)
    }

    fn answer(&self, token: &str, status: StatusCode) {
        self.answers.lock().unwrap().entry(token.into()).or_default().push(status);
    }

    fn came(&self) -> Vec<PushRequest> {
        self.came.lock().unwrap().clone()
    }
}

/// A chat server and a notifier over the same models, and the endpoint.
struct Deployment {
    net: Arc<dyn Net>,
    http: Http,
    chat: Server,
    endpoint: Arc<Endpoint>,
    figures: Arc<NotifyFigures>,
}

impl Deployment {
    async fn start() -> Self {
        let net = Places::net();
        let design = Design { push_grace: Duration::from_millis(50), ..design() };
        let (backend, _) = models(&net, &design);
        let (endpoint, url) = Endpoint::start(&net).await;
        let figures = Arc::<NotifyFigures>::default();
        let gateway = WebhookGateway::new(net.clone(), &url).unwrap();
        let notify = NotifyRole {
            notifier: NotifierConfig { holder: 1, design: design.clone(), seed: 1 },
            ports: Ports::Local(backend.clone()),
            gateway: Arc::new(gateway),
            figures: figures.clone(),
            health: Some("health".into()),
        };
        let chat = Config::Chat(local_role("chat", 1, design, backend));
        let both = Config::Together(vec![chat, Config::Notify(notify)]);
        let chat = Server::start(&net, both).await;
        let http = Http::new(&net, &chat.address);
        Self { net, http, chat, endpoint, figures }
    }

    async fn enter(&self, name: &str) -> Account {
        let account = self.http.enter(name).await;
        let path = format!("/v1/devices/{}/push", account.device);
        self.http.put(&path, &account.token, Some(json!({ "token": name }))).await;
        account
    }

    async fn counted(&self, what: &str, is: impl Fn(&NotifierCounts) -> bool) {
        within(what, async {
            while !is(&self.figures.counts()) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn what_no_device_has_is_pushed_once() {
    let deployment = Deployment::start().await;
    let (ann, ben) = (deployment.enter("ann").await, deployment.enter("ben").await);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(&deployment.net, &deployment.http.address, &ann).await;
    for number in 1..=3 {
        at_ann.say(channel, number, "are you there").await;
        at_ann.accepted(number).await;
    }
    deployment.counted("settled push", |counts| counts.settled > 0).await;
    // The shutdown waits for whatever is under way.
    let Deployment { chat, endpoint, .. } = deployment;
    chat.stop().await;
    let came = endpoint.came();
    assert!(came.iter().all(|push| push.user == ben.user && push.token == "ben"), "{came:?}");
    let attempts: Vec<u32> = came.iter().map(|push| push.attempt).collect();
    assert_eq!(attempts, vec![1; came.len()], "{came:?}");
    let mut places: Vec<_> = came.iter().map(|push| push.up_to).collect();
    places.dedup();
    assert_eq!(places.len(), came.len(), "each push stands for later messages: {came:?}");
}

#[tokio::test]
async fn a_push_that_is_put_off_comes_again_under_the_same_collapse_id() {
    let deployment = Deployment::start().await;
    let (ann, ben) = (deployment.enter("ann").await, deployment.enter("ben").await);
    deployment.endpoint.answer("ben", StatusCode::SERVICE_UNAVAILABLE);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(&deployment.net, &deployment.http.address, &ann).await;
    at_ann.say(channel, 1, "are you there").await;
    at_ann.accepted(1).await;
    deployment.counted("settled push", |counts| counts.settled > 0).await;
    let came = deployment.endpoint.came();
    let attempts: Vec<u32> = came.iter().map(|push| push.attempt).collect();
    assert_eq!(attempts, [1, 2], "{came:?}");
    assert_eq!(came[0].collapse_id, came[1].collapse_id);
    assert_eq!(deployment.figures.counts().put_off, 1);
    let health = request_json(&*deployment.net, "health", Method::GET, "/v1/health", None, None);
    let expected = json!({
        "status": "ok", "has_lease": true, "due": 1, "pushed": 2, "settled": 1, "retried": 1,
        "dead": 0, "put_off": 1, "unanswered": 0, "left": 0,
    });
    assert_eq!(health.await.unwrap(), expected);
}

#[tokio::test]
async fn a_dead_token_is_not_pushed_to_again() {
    let deployment = Deployment::start().await;
    let (ann, ben) = (deployment.enter("ann").await, deployment.enter("ben").await);
    deployment.endpoint.answer("ben", StatusCode::GONE);
    let channel = ChannelId::direct(ann.user, ben.user);
    let (mut at_ann, _) = Session::hello(&deployment.net, &deployment.http.address, &ann).await;
    at_ann.say(channel, 1, "are you there").await;
    at_ann.accepted(1).await;
    deployment.counted("dead token", |counts| counts.dead > 0).await;
    // With a new token it is reached again, and only there.
    let path = format!("/v1/devices/{}/push", ben.device);
    deployment.http.put(&path, &ben.token, Some(json!({ "token": "new" }))).await;
    at_ann.say(channel, 2, "and now").await;
    at_ann.accepted(2).await;
    deployment.counted("settled push", |counts| counts.settled > 0).await;
    let tokens: Vec<String> =
        deployment.endpoint.came().into_iter().map(|push| push.token).collect();
    assert_eq!(tokens, ["ben", "new"]);
}
