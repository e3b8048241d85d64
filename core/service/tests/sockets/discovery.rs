//! Which chat server a device is sent to, and the API without sessions.

use std::{sync::Arc, time::Duration};

use hubbub_chat::{
    ChannelId, Content, Design,
    frame::{CutReason, ServerFrame},
};
use hubbub_service::{ApiRole, Config, Ports, StoreRole, net::Net, password::Passwords};
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Account, Http, Places, Server, Session, design, models, registered_role, within,
};

/// A store, two chat servers that find each other in the registry, and an API without sessions.
struct Deployment {
    net: Arc<dyn Net>,
    chats: [Server; 2],
    api: Server,
    _store: Server,
}

fn quick() -> Design {
    let hour = Duration::from_secs(3600);
    // Whatever is delivered was told of by the server that took it in.
    Design { lease_ttl: Duration::from_secs(1), resync_interval: hour, ..design() }
}

impl Deployment {
    async fn start(design: Design) -> Self {
        let net = Places::net();
        let (backend, _) = models(&net, &design);
        let store = StoreRole { listen: "store".into(), backend };
        let store = Server::start(&net, Config::Store(store)).await;
        let ports = || Ports::Remote("store".into());
        let chat = |listen: &str, holder| {
            Config::Chat(registered_role(listen, holder, design.clone(), ports()))
        };
        let first = Server::start(&net, chat("chat-1", 1)).await;
        let second = Server::start(&net, chat("chat-2", 2)).await;
        let api = Config::Api(ApiRole {
            listen: "api".into(),
            design: design.clone(),
            ports: ports(),
            passwords: Passwords::Digest,
            provision: true,
        });
        let api = Server::start(&net, api).await;
        Self { net, chats: [first, second], api, _store: store }
    }

    fn http(&self) -> Http {
        Http::new(&self.net, &self.api.address)
    }

    /// Asks until the answer is as expected.
    async fn assigned(&self, account: &Account, is: impl Fn(&Value) -> bool) -> Value {
        let http = self.http();
        within("assignment", async {
            loop {
                let answer = servers(&http, &account.token).await.1;
                if is(&answer) {
                    return answer;
                }
            }
        })
        .await
    }
}

async fn servers(http: &Http, token: &str) -> (u16, Value) {
    let request = format!(
        "GET /v1/servers HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    let (status, answer) = http.raw(&request).await;
    (status, serde_json::from_str(&answer).unwrap())
}

#[tokio::test]
async fn a_device_is_sent_to_one_server_and_has_the_other_to_fall_back_on() {
    let deployment = Deployment::start(quick()).await;
    let ann = deployment.http().enter("ann").await;
    let answer = deployment.assigned(&ann, |answer| answer["fallback"].is_string()).await;
    let mut named = [answer["server"].as_str().unwrap(), answer["fallback"].as_str().unwrap()];
    let mut both = [&deployment.chats[0].address[..], &deployment.chats[1].address];
    named.sort_unstable();
    both.sort_unstable();
    assert_eq!(named, both);
    // A login says the same.
    let body = json!({ "name": "ann", "password": "correct horse" });
    let login = deployment.http().post("/v1/login", None, body).await;
    assert_eq!(login["servers"].as_array().unwrap().len(), 2, "{login}");
    let page = deployment.http().get("/v1/health", None).await;
    let discovery = &page["discovery"];
    let answered = ["assigned", "put_off", "without_server"].map(|key| discovery[key].as_u64());
    assert_eq!(answered.into_iter().sum::<Option<u64>>(), discovery["asked"].as_u64(), "{page}");
    let per_server = discovery["per_server"].as_object().unwrap().values();
    let per_server = per_server.filter_map(Value::as_u64).sum::<u64>();
    assert!(per_server > 0 && discovery["assigned"] == per_server, "{page}");
}

/// Sends until a message arrives: the first hints may come before the servers know of one another.
async fn reach(
    net: &Arc<dyn Net>,
    (from, author): (&mut Session, &Account),
    (to, reader): (&mut Session, &Account),
) {
    let channel = ChannelId::direct(author.user, reader.user);
    within("a message over two servers", async {
        let mut number = 0;
        loop {
            number += 1;
            from.say(channel, number, "hello").await;
            from.accepted(number).await;
            tokio::select! {
                biased;
                _ = to.next() => return,
                () = moment(net) => {}
            }
        }
    })
    .await;
}

/// Long enough for a message, most of the time.
async fn moment(net: &Arc<dyn Net>) {
    net.sleep_until(net.now().monotonic.after(Duration::from_millis(50))).await;
}

#[tokio::test]
async fn users_of_two_servers_and_of_the_api_reach_one_another() {
    let deployment = Deployment::start(quick()).await;
    let http = deployment.http();
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    deployment.assigned(&ann, |answer| answer["fallback"].is_string()).await;
    let [first, second] = &deployment.chats;
    let (mut at_ann, _) = Session::hello(&deployment.net, &first.address, &ann).await;
    let (mut at_ben, _) = Session::hello(&deployment.net, &second.address, &ben).await;
    reach(&deployment.net, (&mut at_ann, &ann), (&mut at_ben, &ben)).await;

    let mut number = 0;
    let created = within("a group that the API made", async {
        loop {
            number += 1;
            let body = json!({ "number": number, "members": [ann.user] });
            http.post("/v1/channels", Some(&ben.token), body).await;
            tokio::select! {
                biased;
                frame = at_ann.next() => match frame {
                    ServerFrame::Entry { entry } => return entry.content.clone(),
                    _ => continue,
                },
                () = moment(&deployment.net) => {}
            }
        }
    });
    assert!(matches!(created.await, Content::Created(_)));
}

#[tokio::test]
async fn an_api_without_sessions_takes_none() {
    let deployment = Deployment::start(quick()).await;
    let http = deployment.http();
    let ann = http.enter("ann").await;
    let poll = json!({ "number": 1, "seen": 0, "wait_ms": 0 });
    let frames = json!({ "session": 1, "number": 1, "frames": [] });
    for (method, path, body) in [
        (Method::GET, "/v1/session", None),
        (Method::POST, "/v1/poll", Some(poll)),
        (Method::POST, "/v1/frames", Some(frames)),
    ] {
        let (status, answer) = http.refused(method, path, Some(&ann.token), body).await;
        assert_eq!((status, &answer["error"]), (404, &"not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn a_server_that_stops_hands_its_sessions_over() {
    let deployment = Deployment::start(quick()).await;
    let http = deployment.http();
    let (ann, ben) = (http.enter("ann").await, http.enter("ben").await);
    deployment.assigned(&ann, |answer| answer["fallback"].is_string()).await;
    let Deployment { net, chats: [first, second], .. } = &deployment;
    let (mut at_ann, _) = Session::hello(net, &first.address, &ann).await;
    let (mut at_ben, _) = Session::hello(net, &second.address, &ben).await;
    // From then on the first knows of the second.
    reach(net, (&mut at_ann, &ann), (&mut at_ben, &ben)).await;
    let Deployment { net: _net, chats: [first, second], api: _api, _store } = deployment;
    let (last, ()) = tokio::join!(at_ann.next(), first.stop());
    assert_eq!(last, ServerFrame::Bye { reason: CutReason::Draining });
    let (status, answer) = servers(&http, &ann.token).await;
    assert_eq!((status, answer["server"].as_str()), (200, Some(second.address.as_str())));
    assert_eq!(answer["fallback"], Value::Null);
}

#[tokio::test]
async fn a_device_that_comes_with_many_others_is_told_when_to_come_again() {
    let net = Places::net();
    let design = Design { login_rate: 1, ..quick() };
    let (backend, _) = models(&net, &design);
    let role = registered_role("chat-1", 1, design, Ports::Local(backend));
    let server = Server::start(&net, Config::Chat(role)).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let request = format!(
        "GET /v1/servers?region=north&background=true&attempt=2 HTTP/1.1\r\nhost: x\r\n\
         connection: close\r\nauthorization: Bearer {}\r\n\r\n",
        ann.token
    );
    let answer = within("a device that is put off", async {
        loop {
            let mut stream = net.connect(&server.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            if answer.contains(r#""error":"wait""#) {
                return answer;
            }
        }
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let after: u64 = head
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: "))
        .unwrap_or_else(|| panic!("no header: {head}"))
        .parse()
        .unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let milliseconds = body["retry_after_ms"].as_u64().unwrap();
    assert!(milliseconds > 0 && milliseconds <= after * 1000, "{body} {after}");
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let net = Places::net();
    let (server, _models) = Server::alone(&net, design()).await;
    let http = Http::new(&net, &server.address);
    let ann = http.enter("ann").await;
    let long = format!("/v1/servers?region={}", "x".repeat(65));
    for (path, field) in [("/v1/servers?attempt=often", "query"), (&long, "region")] {
        let (status, answer) = http.refused(Method::GET, path, Some(&ann.token), None).await;
        assert_eq!((status, &answer["field"]), (400, &field.into()), "{answer}");
    }
    // Without a registry there is one server.
    let answer = http.get("/v1/servers", Some(&ann.token)).await;
    assert_eq!(answer, json!({ "server": server.address, "fallback": null }));
}
