//! A server that loses one delivery in ten thousand fails the run.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    ChannelId, Design, MessageId, UserId,
    ports::{
        Answer, Outcome as Port, Request,
        store::{Append, Appended, StoreAnswer, StoreRequest},
    },
};
use hubbub_loadgen::{Outcome, Reading, ReasonKind};
use hubbub_service::{
    backend::{Backend, Reply},
    net::RealNet,
};

use crate::server::{Server, in_one_group, load, model_backend, order, run, violations};

/// A store that forgets one recipient in ten thousand, in the audience of the live delivery and in
/// every page that the recipient reads afterwards: a message that was merely not shown at once
/// would be found by the next sync.
struct Forgetful {
    inner: Arc<dyn Backend>,
    forgotten: Arc<Forgotten>,
}

#[derive(Default)]
struct Forgotten {
    deliveries: AtomicU64,
    places: Mutex<Vec<(UserId, ChannelId, MessageId)>>,
}

impl Forgotten {
    fn forget_in_audience(&self, author: UserId, channel: ChannelId, appended: &mut Appended) {
        let message_id = appended.message_id;
        appended.audience.retain(|user| {
            if *user == author {
                return true;
            }
            let count = self.deliveries.fetch_add(1, Ordering::SeqCst) + 1;
            let is_kept = !count.is_multiple_of(10_000);
            if !is_kept {
                self.places.lock().unwrap().push((*user, channel, message_id));
            }
            is_kept
        });
    }

    fn forget_in_page(&self, reader: UserId, answer: &mut StoreAnswer) {
        let StoreAnswer::Page { ranges, .. } = answer else { return };
        let places = self.places.lock().unwrap();
        for range in ranges {
            let channel = range.channel;
            range.entries.retain(|one| !places.contains(&(reader, channel, one.message_id)));
        }
    }
}

impl Backend for Forgetful {
    fn submit(&self, request: Request, reply: Reply) {
        let forgotten = self.forgotten.clone();
        let Request::Store(store) = &request else {
            return self.inner.submit(request, reply);
        };
        let reply: Reply = match store {
            &StoreRequest::Append(Append { user, channel, .. }) => Box::new(move |mut answer| {
                if let Answer::Store(Port::Ok(StoreAnswer::Appended(appended))) = &mut answer {
                    forgotten.forget_in_audience(user, channel, appended);
                }
                reply(answer);
            }),
            StoreRequest::Sync(sync) => {
                let reader = sync.user;
                Box::new(move |mut answer| {
                    if let Answer::Store(Port::Ok(page)) = &mut answer {
                        forgotten.forget_in_page(reader, page);
                    }
                    reply(answer);
                })
            }
            _ => reply,
        };
        self.inner.submit(request, reply);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_in_ten_thousand_that_never_comes_fails_the_run() {
    // Short, so that what never comes is not waited for as long as by default.
    let interval = Duration::from_secs(5);
    let design =
        Design { resync_interval: interval, reconnect_max: 2 * interval, ..Design::default() };
    let forgotten = Arc::<Forgotten>::default();
    let backend = Forgetful { inner: model_backend(&design), forgotten: forgotten.clone() };
    let server = Server::over(&design, Arc::new(backend), true).await;
    let mut order = order(&server, in_one_group(load(2_600.0, 5)), &design);
    order.target.server_pid = None;
    let outcome = run(Arc::new(RealNet::new()), &order).await.unwrap();

    let result = &outcome.result;
    assert!((10_000..20_000).contains(&result.ledger.expected), "{:?}", result.ledger);
    assert_eq!((result.ledger.missing, result.ledger.is_violated()), (1, true));
    assert_eq!(result.ledger.expected, result.ledger.delivered + 1);
    assert_eq!(result.missing_examples.len(), 1);
    assert_eq!(result.latencies.delivery.all.summary.max, Reading::Missing);
    assert_eq!(result.verdict.outcome, Outcome::Fail);
    assert_eq!(result.verdict.reasons[0].kind, ReasonKind::Violation);
    assert!(result.costs.server.is_none(), "nobody said which process it is");

    // The history tells the same: one message, one device, and the place that it left out.
    assert_eq!(forgotten.places.lock().unwrap().len(), 1);
    let violated = violations(outcome.history.as_ref().unwrap());
    let expected = [("accepted-lost", 1), ("liveness", 1), ("order", 1)];
    assert_eq!(violated, expected.map(|(name, count)| (name.to_owned(), count)).into());
}
