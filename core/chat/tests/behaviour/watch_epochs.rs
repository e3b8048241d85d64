//! Presence servers forget whom a chat server watched under an older epoch: under a new one it watches
//! all of them again.

use std::time::Duration;

use hubbub_chat::{
    Design, MessageId, ServerId, UserId,
    frame::Cursors,
    ports::{
        Answer, Outcome, Request,
        directory::{DirectoryModel, DirectoryRequest},
        presence::{PresenceAnswer, PresenceRequest},
        registry::{LeaseInfo, LeaseKey, RegistryModel, RegistryRequest},
        store::StoreRequest,
    },
    server::Output,
};

use crate::support::{
    bench::{port_requests, store_requests},
    *,
};

/// A registered chat server, the registry with a presence server in it, and who was watched.
struct Office {
    bench: Bench,
    registry: RegistryModel,
    directory: DirectoryModel,
    is_cut_off: bool,
    /// Under which epoch, and whom.
    watched: Vec<(u64, Vec<UserId>)>,
}

impl Office {
    fn new() -> Self {
        let design = Design::default();
        let mut office = Self {
            registry: RegistryModel::new(Duration::from_secs(3600)),
            bench: Bench::registered(design),
            directory: DirectoryModel::default(),
            is_cut_off: false,
            watched: Vec::new(),
        };
        let presence = RegistryRequest::Lease {
            key: LeaseKey::Presence(ServerId(101)),
            holder: 101,
            ttl: Duration::from_secs(3600),
            info: LeaseInfo { address: "presence-1:91".into(), ..LeaseInfo::default() },
        };
        office.registry.handle(office.bench.now(), presence);
        for name in ["ann", "ben"] {
            let (name, password_hash) = (name.to_owned(), String::new());
            office.directory.handle(DirectoryRequest::SignUp { name, password_hash });
        }
        for (user, other) in [(ANN, BEN), (BEN, ANN)] {
            office.directory.handle(DirectoryRequest::Befriend { user, other });
        }
        office
    }

    /// Lets time pass, and answers what the server asks, unless it is cut off.
    fn run_for(&mut self, duration: Duration) {
        let step = Duration::from_millis(100);
        for _ in 0..duration.as_millis() / step.as_millis() {
            let outputs = self.bench.pass(step);
            self.serve(outputs);
        }
    }

    fn serve(&mut self, outputs: Vec<Output>) {
        if self.is_cut_off {
            return;
        }
        let mut more = Vec::new();
        for (id, request) in store_requests(&outputs) {
            let answer = self.bench.ask(request);
            more.extend(self.bench.answer(id, answer));
        }
        for (id, request) in port_requests(&outputs) {
            let answer = match request {
                Request::Registry(request) => {
                    let now = self.bench.now();
                    Answer::Registry(Outcome::Ok(self.registry.handle(now, request)))
                }
                Request::Directory(request) => {
                    Answer::Directory(Outcome::Ok(self.directory.handle(request)))
                }
                Request::Presence(_, PresenceRequest::Watch { epoch, users, .. }) => {
                    self.watched.push((epoch, users));
                    Answer::Presence(Outcome::Ok(PresenceAnswer::Statuses(Vec::new())))
                }
                Request::Presence(..) => Answer::Presence(Outcome::Ok(PresenceAnswer::Done)),
                other => other.port().refused(),
            };
            more.extend(self.bench.answer_port(id, answer));
        }
        if !more.is_empty() {
            self.serve(more);
        }
    }
}

#[test]
fn whom_sessions_observe_is_watched_again_under_a_new_epoch() {
    let mut office = Office::new();
    office.run_for(seconds(3));
    office.bench.ask(StoreRequest::Register { user: BEN, device: Some(BENS) });
    let outputs = office.bench.greet(1, ANN, PHONE, Cursors::from([(direct(), MessageId::ZERO)]));
    office.serve(outputs);
    office.run_for(seconds(2));
    assert_eq!(office.watched.len(), 1);
    let (before, users) = office.watched[0].clone();
    assert_eq!(users, [BEN]);
    // Its lease ends, and its session stays.
    office.is_cut_off = true;
    office.run_for(seconds(8));
    assert!(!office.bench.server.holds_lease(office.bench.now()));
    office.is_cut_off = false;
    office.run_for(seconds(5));
    let epoch = office.bench.server.lease_epoch(office.bench.now()).unwrap();
    assert!(epoch > before);
    assert!(office.watched.contains(&(epoch, vec![BEN])), "{:?}", office.watched);
}
