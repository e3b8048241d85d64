//! One contract for the model and for fjall: each case runs on both, under each set of rules.

use std::time::Duration;

use hubbub_chat::{
    ids::{ChannelId, ClientId, MessageId},
    ports::store::{Appended, StoreAnswer, StoreModel, StoreRequest, StoreRules},
    time::Wall,
};
use hubbub_service::store::FjallConfig;

use super::{START, Subject, ids, register, rows, send, small_cache};

/// Whichever store a case runs on.
pub(crate) struct Backend {
    pub(crate) rules: StoreRules,
    wall: Wall,
    kind: Kind,
}

enum Kind {
    Model(Box<StoreModel>),
    Fjall(Box<Subject>),
}

impl Backend {
    pub(crate) fn model(rules: StoreRules) -> Self {
        Self { rules, wall: START, kind: Kind::Model(Box::new(StoreModel::new(rules))) }
    }

    /// With caches that hold nothing, and the same rows as the model has: no sweep is ahead of it.
    pub(crate) fn fjall(rules: StoreRules) -> Self {
        Self::with_config(rules, FjallConfig { sweep_stretches_max: 0, ..small_cache() })
    }

    pub(crate) fn sweeping(rules: StoreRules) -> Self {
        Self::with_config(rules, small_cache())
    }

    fn with_config(rules: StoreRules, config: FjallConfig) -> Self {
        let subject = Subject::with_rules(rules, config);
        Self { rules, wall: START, kind: Kind::Fjall(Box::new(subject)) }
    }

    pub(crate) fn ask(&mut self, request: StoreRequest) -> StoreAnswer {
        match &mut self.kind {
            Kind::Model(model) => model.handle(self.wall, request).answer,
            Kind::Fjall(subject) => {
                subject.wall = self.wall;
                subject.ask(request)
            }
        }
    }

    /// Carries out requests whose answers do not matter to the case.
    pub(crate) fn after(&mut self, requests: impl IntoIterator<Item = StoreRequest>) {
        for request in requests {
            let answer = self.ask(request.clone());
            let refused = matches!(
                answer,
                StoreAnswer::AppendRefused(_)
                    | StoreAnswer::ChangeRefused(_)
                    | StoreAnswer::IdTaken
            );
            assert!(!refused, "{request:?} was answered {answer:?}");
        }
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.wall = Wall(self.wall.0 + Duration::from_secs(seconds).as_nanos() as u64);
    }

    /// Only fjall has something to lose.
    pub(crate) fn restart(&mut self) {
        if let Kind::Fjall(subject) = &mut self.kind {
            subject.reopen();
        }
    }

    /// The copies in all inboxes. A store of fjall is closed for it.
    pub(crate) fn inbox_rows(&mut self) -> usize {
        match &mut self.kind {
            Kind::Model(model) => model.inbox_rows(),
            Kind::Fjall(subject) => count(subject, "inbox"),
        }
    }

    /// The entries in all logs, likewise.
    pub(crate) fn log_rows(&mut self) -> usize {
        match &mut self.kind {
            Kind::Model(model) => model.entries().count(),
            Kind::Fjall(subject) => count(subject, "log"),
        }
    }
}

fn count(subject: &mut Subject, table: &str) -> usize {
    subject.close();
    let rows = rows(subject, table);
    subject.open().unwrap();
    rows
}

pub(crate) fn register_all(backend: &mut Backend, users: u64) {
    backend.after((1..=users).map(register));
}

pub(crate) fn send_all(
    backend: &mut Backend,
    user: u64,
    channel: ChannelId,
    membership: u64,
    count: u64,
) {
    backend.after((1..=count).map(|number| {
        let mut send = send(user, channel, membership, number);
        send.oldest_pending = ClientId(number);
        StoreRequest::Append(send)
    }));
}

/// An append that was accepted when the case began.
pub(crate) fn appended(message_id: u64, audience: &[u64], repeat: bool) -> StoreAnswer {
    let (message_id, audience) = (MessageId(message_id), ids(audience));
    StoreAnswer::Appended(Appended { message_id, accepted_at_ms: 7, audience, repeat })
}

/// Makes two tests of each case, which run it under each of the rules.
macro_rules! contract {
    ($rules:expr; $($case:ident),* $(,)?) => {
        mod model {
            use super::*;
            $(#[test]
            fn $case() {
                $rules.into_iter().for_each(|rules| super::$case(&mut Backend::model(rules)));
            })*
        }
        mod fjall {
            use super::*;
            $(#[test]
            fn $case() {
                $rules.into_iter().for_each(|rules| super::$case(&mut Backend::fjall(rules)));
            })*
        }
    };
}

pub(crate) use contract;
