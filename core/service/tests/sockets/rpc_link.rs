//! The link between processes: deadlines, reconnection, bounds.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::Monotonic;
use hubbub_service::{
    net::{BoxFuture, BoxStream, Listener, Net},
    rpc::{CallError, Handler, Link, LinkConfig, ServeConfig, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{oneshot, watch},
};

use crate::support::{Places, within};

/// A frame of one byte, which is the first variant: a ping, and its answer.
const PING: [u8; 5] = [0, 0, 0, 1, 0];

type Answered = oneshot::Receiver<Result<u64, CallError>>;

/// A listener that counts its connections.
struct Counted {
    listener: Box<dyn Listener>,
    accepted: Arc<AtomicU64>,
}

impl Listener for Counted {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<BoxStream>> {
        Box::pin(async move {
            let stream = self.listener.accept().await?;
            self.accepted.fetch_add(1, Ordering::Relaxed);
            Ok(stream)
        })
    }

    fn address(&self) -> String {
        self.listener.address()
    }
}

/// The other end: it answers an odd number with its double, and keeps quiet about an even one.
struct Other {
    accepted: Arc<AtomicU64>,
    kept: Arc<Mutex<Vec<u64>>>,
    stop: watch::Sender<bool>,
}

impl Other {
    async fn start(net: &Arc<dyn Net>) -> Self {
        let (accepted, kept) = (Arc::<AtomicU64>::default(), Arc::<Mutex<Vec<u64>>>::default());
        let (stop, stopped) = watch::channel(false);
        let listener = net.listen("other").await.unwrap();
        let listener = Box::new(Counted { listener, accepted: accepted.clone() });
        let quiet = kept.clone();
        let handler: Handler<u64, u64> = Arc::new(move |request, reply| {
            if request % 2 == 1 {
                reply(request * 2);
            } else {
                quiet.lock().unwrap().push(request);
            }
        });
        net.spawn(Box::pin(serve(net.clone(), listener, handler, ServeConfig::default(), stopped)));
        Self { accepted, kept, stop }
    }

    fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn config() -> LinkConfig {
    LinkConfig {
        address: "other".into(),
        queue_max: 16,
        answer_timeout: Duration::from_millis(300),
        reconnect_after: Duration::from_millis(10),
    }
}

fn call(link: &Link<u64, u64>, request: u64) -> Answered {
    let (reply, answered) = oneshot::channel();
    link.call(request, move |answer| {
        // The test may have ended.
        let _ = reply.send(answer);
    });
    answered
}

async fn ask(link: &Link<u64, u64>, request: u64) -> Result<u64, CallError> {
    within("answer", call(link, request)).await.unwrap()
}

/// Asks until the link is open.
async fn ask_when_open(link: &Link<u64, u64>, request: u64) -> Result<u64, CallError> {
    loop {
        let answer = ask(link, request).await;
        if answer != Err(CallError::Refused) {
            return answer;
        }
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_drops_the_connection_and_a_new_one_is_opened() {
    let net = Places::net();
    let other = Other::start(&net).await;
    let link = Link::open(&net, config());
    assert_eq!(ask_when_open(&link, 1).await, Ok(2));
    assert_eq!(other.connections(), 1);
    let (quiet, behind) = (call(&link, 2), call(&link, 3));
    assert_eq!(within("answer", behind).await.unwrap(), Ok(6), "answers may overtake");
    assert_eq!(within("answer", quiet).await.unwrap(), Err(CallError::Unknown));
    assert_eq!(*other.kept.lock().unwrap(), [2]);
    assert_eq!(ask_when_open(&link, 5).await, Ok(10));
    assert_eq!(other.connections(), 2);
}

#[tokio::test]
async fn requests_beyond_the_queue_are_refused_at_once() {
    let net = Places::net();
    let _other = Other::start(&net).await;
    let link = Link::open(&net, LinkConfig { queue_max: 2, ..config() });
    // The link's task cannot run before this one waits, so nothing leaves the queue.
    let mut calls: Vec<Answered> = [1, 3, 5].map(|request| call(&link, request)).into();
    assert_eq!(calls.pop().unwrap().try_recv(), Ok(Err(CallError::Refused)));
    for (answered, expected) in calls.into_iter().zip([2, 6]) {
        assert_eq!(within("answer", answered).await.unwrap(), Ok(expected));
    }
}

#[tokio::test]
async fn requests_beyond_those_that_may_be_under_way_wait_and_are_not_sent() {
    let net = Places::net();
    let other = Other::start(&net).await;
    let link = Link::open(&net, LinkConfig { queue_max: 2, ..config() });
    assert_eq!(ask_when_open(&link, 1).await, Ok(2));
    let under_way = [2, 4].map(|request| call(&link, request));
    within("requests", async {
        while other.kept.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let waiting = [6, 8].map(|request| call(&link, request));
    assert_eq!(call(&link, 10).try_recv(), Ok(Err(CallError::Refused)));
    // Nobody answers, so the connection is dropped: only what was sent may have been done.
    for answered in under_way {
        assert_eq!(within("answer", answered).await.unwrap(), Err(CallError::Unknown));
    }
    for answered in waiting {
        assert_eq!(within("answer", answered).await.unwrap(), Err(CallError::Refused));
    }
    assert_eq!(*other.kept.lock().unwrap(), [2, 4]);
}

#[tokio::test]
async fn a_connection_that_is_one_too_many_is_closed_at_once() {
    let net = Places::net();
    let listener = net.listen("other").await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let handler: Handler<u64, u64> = Arc::new(|request, reply| reply(request));
    let config = ServeConfig { connections_max: 1, ..ServeConfig::default() };
    net.spawn(Box::pin(serve(net.clone(), listener, handler, config, stopped)));
    let mut first = net.connect("other").await.unwrap();
    let mut frame = PING;
    for _ in 0..2 {
        first.write_all(&PING).await.unwrap();
        within("pong", first.read_exact(&mut frame)).await.unwrap();
        let mut second = net.connect("other").await.unwrap();
        assert_eq!(within("end", second.read(&mut [0])).await.unwrap(), 0);
    }
    // The place is free again when the first one ends.
    drop(first);
    within("a place", async {
        loop {
            let mut next = net.connect("other").await.unwrap();
            let asked = next.write_all(&PING).await;
            if asked.is_ok() && next.read_exact(&mut frame).await.is_ok() {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_link_to_nobody_refuses_and_opens_when_somebody_comes() {
    let net = Places::net();
    let link = Link::open(&net, config());
    assert_eq!(ask(&link, 1).await, Err(CallError::Refused));
    let other = Other::start(&net).await;
    assert_eq!(ask_when_open(&link, 1).await, Ok(2));
    other.stop.send(true).unwrap();
    // The other end goes away under a request: nobody knows what became of it.
    while let Ok(answer) = ask(&link, 7).await {
        assert_eq!(answer, 14);
    }
}

#[tokio::test]
async fn a_link_whose_other_end_takes_no_bytes_gives_up() {
    let net = Places::net();
    let mut listener = net.listen("other").await.unwrap();
    let link: Link<Vec<u8>, u64> = Link::open(&net, config());
    let (reply, answered) = oneshot::channel();
    let deaf = within("connection", listener.accept()).await.unwrap();
    // More than the buffers between the two ends hold.
    link.call(vec![0; 32 * 1024 * 1024], move |answer| {
        let _ = reply.send(answer);
    });
    assert_eq!(within("answer", answered).await.unwrap(), Err(CallError::Unknown));
    drop(deaf);
    within("a new connection", listener.accept()).await.unwrap();
}

#[tokio::test]
async fn a_request_whose_deadline_has_passed_is_refused_and_not_sent() {
    let net = Places::net();
    let other = Other::start(&net).await;
    let link = Link::open(&net, config());
    assert_eq!(ask_when_open(&link, 1).await, Ok(2));
    let (reply, answered) = oneshot::channel();
    link.call_by(Monotonic::default(), 2, move |answer| {
        let _ = reply.send(answer);
    });
    assert_eq!(within("answer", answered).await.unwrap(), Err(CallError::Refused));
    // Requests are carried out in their order.
    assert_eq!(ask(&link, 3).await, Ok(6));
    assert!(other.kept.lock().unwrap().is_empty());
    assert_eq!(other.connections(), 1);
}

#[tokio::test]
async fn a_link_on_which_nothing_is_asked_pings_and_gives_up_when_nobody_answers() {
    let net = Places::net();
    let mut listener = net.listen("other").await.unwrap();
    let _link: Link<u64, u64> = Link::open(&net, config());
    let mut stream = within("connection", listener.accept()).await.unwrap();
    let mut frame = PING;
    for _ in 0..3 {
        within("ping", stream.read_exact(&mut frame)).await.unwrap();
        assert_eq!(frame, PING);
        stream.write_all(&PING).await.unwrap();
    }
    within("last ping", stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(within("end", stream.read(&mut frame)).await.unwrap(), 0);
    within("a new connection", listener.accept()).await.unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_dropped_after_its_pings_were_answered() {
    let net = Places::net();
    let listener = net.listen("other").await.unwrap();
    let (_stop, stopped) = watch::channel(false);
    let handler: Handler<u64, u64> = Arc::new(|request, reply| reply(request));
    let idle_timeout = Duration::from_millis(300);
    let config = ServeConfig { idle_timeout, ..ServeConfig::default() };
    net.spawn(Box::pin(serve(net.clone(), listener, handler, config, stopped)));
    let mut stream = net.connect("other").await.unwrap();
    stream.write_all(&PING).await.unwrap();
    let mut frame = [9; 5];
    within("pong", stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame, PING);
    assert_eq!(within("end", stream.read(&mut frame)).await.unwrap(), 0);
}
