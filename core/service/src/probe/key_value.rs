//! The store of the messages, asked as chat servers ask it.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use hubbub_chat::{
    Design,
    design::{Fanout, PushWhen},
    entry::{Content, Entry},
    frame::Cursors,
    ids::{ClientId, DeviceId, MessageId, UserId},
    ports::{
        Outcome,
        store::{Append, StoreAnswer, StoreRequest, StoreRules, Sync},
    },
    time::Wall,
};

use super::{
    CACHE_BYTES, Engine, ProbeEngine, ProbeError,
    messages::{Message, channel, pair},
};
use crate::store::{FjallConfig, FjallStore};

/// Requests under way while filling: within the store's queue, and enough for several full batches.
const IN_FLIGHT_MAX: usize = 8192;
/// Requests that share a sync while filling.
const BATCH_MAX: usize = 4096;
/// Entries of a page while searching, as a device asks for them.
const PAGE_ENTRIES: u32 = 500;
/// Longer than any probe's messages are spread over.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

pub(super) struct KeyValue {
    path: PathBuf,
    seed: u64,
    store: Option<FjallStore>,
    /// The date of the last request.
    wall: Wall,
}

type Answers = (Sender<Outcome<StoreAnswer>>, Receiver<Outcome<StoreAnswer>>);

impl KeyValue {
    pub(super) fn open(path: &Path, seed: u64) -> Result<Self, ProbeError> {
        let mut engine = Self { path: path.to_owned(), seed, store: None, wall: Wall(0) };
        engine.reopen()?;
        Ok(engine)
    }

    fn store(&self) -> Result<&FjallStore, ProbeError> {
        self.store.as_ref().ok_or_else(|| unexpected("the store is closed"))
    }

    fn ask(&self, request: StoreRequest) -> Result<StoreAnswer, ProbeError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        // Nobody waits any more only when this thread is gone.
        self.store()?.submit(self.wall, request, move |outcome| drop(sender.send(outcome)));
        match receiver.recv() {
            Ok(Outcome::Ok(answer)) => Ok(answer),
            other => Err(unexpected(&format!("a read came to {other:?}"))),
        }
    }

    /// Submits without waiting for the answer.
    fn submit(&self, request: StoreRequest, answers: &Answers) -> Result<(), ProbeError> {
        let sender = answers.0.clone();
        self.store()?.submit(self.wall, request, move |outcome| drop(sender.send(outcome)));
        Ok(())
    }

    /// Entries above `from`, as a device of the conversation syncs them.
    fn entries_above(
        &self,
        conversation: u32,
        from: u32,
        entries_max: u32,
    ) -> Result<Vec<Arc<Entry>>, ProbeError> {
        let [user, _] = pair(conversation);
        let cursor = (channel(conversation), MessageId(u64::from(from)));
        let answer = self.ask(StoreRequest::Sync(Sync {
            newest: MessageId::ZERO,
            user,
            device: DeviceId(user.0),
            cursors: [cursor].into_iter().collect::<Cursors>(),
            entries_max,
        }))?;
        match answer {
            StoreAnswer::Page { ranges, .. } => {
                Ok(ranges.into_iter().flat_map(|range| range.entries).collect())
            }
            other => Err(unexpected(&format!("a sync was answered with {other:?}"))),
        }
    }
}

impl Engine for KeyValue {
    fn append(&mut self, messages: &[Message]) -> Result<(), ProbeError> {
        let answers: Answers = mpsc::channel();
        // The answers come in the order of the requests: an append's place, or a registration.
        let mut expected: VecDeque<Option<u32>> = VecDeque::new();
        for message in messages {
            self.wall = Wall(message.written_ms() * 1_000_000);
            if message.place == 1 {
                for user in pair(message.conversation) {
                    let device = Some(DeviceId(user.0));
                    self.submit(StoreRequest::Register { user, device }, &answers)?;
                    expected.push_back(None);
                }
            }
            self.submit(StoreRequest::Append(send(*message, self.seed)), &answers)?;
            expected.push_back(Some(message.place));
            while expected.len() > IN_FLIGHT_MAX
                && let Some(place) = expected.pop_front()
            {
                check_answer(&answers.1, place)?;
            }
        }
        expected.into_iter().try_for_each(|place| check_answer(&answers.1, place))
    }

    fn page(&mut self, conversation: u32, from: u32, to: u32) -> Result<Vec<u64>, ProbeError> {
        let entries = self.entries_above(conversation, from, to - from)?;
        Ok(entries.iter().map(|entry| entry.message_id.0).collect())
    }

    fn search(
        &mut self,
        conversation: u32,
        length: u32,
        word: &str,
    ) -> Result<Vec<u64>, ProbeError> {
        let (mut from, mut hits) = (0, Vec::new());
        while from < length {
            let entries =
                self.entries_above(conversation, from, PAGE_ENTRIES.min(length - from))?;
            let last = entries.last().and_then(|entry| u32::try_from(entry.message_id.0).ok());
            let Some(last) = last.filter(|last| *last > from) else {
                return Err(unexpected(&format!("there is nothing above {from} of {length}")));
            };
            let found = entries.iter().filter(|entry| match &entry.content {
                Content::Text(text) => text.contains(word),
                _ => false,
            });
            hits.extend(found.map(|entry| entry.message_id.0));
            from = last;
        }
        Ok(hits)
    }

    fn close(&mut self) -> Result<(), ProbeError> {
        // Dropping it waits until the folder is free.
        self.store = None;
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), ProbeError> {
        self.store = None;
        let config = FjallConfig {
            batch_max: BATCH_MAX,
            block_cache_bytes: CACHE_BYTES,
            ..FjallConfig::default()
        };
        self.store = Some(FjallStore::open(&self.path, rules(), config)?);
        Ok(())
    }
}

/// The history alone: no copies in inboxes, nothing owed as a push, nothing that runs out.
fn rules() -> StoreRules {
    StoreRules::from(&Design {
        fanout: Fanout::ChannelLog,
        push_when: PushWhen::PresenceOffline,
        retention: FOREVER,
        history_retention: FOREVER,
        device_expiry: FOREVER,
        ..Design::default()
    })
}

/// The store takes requests in order, so all earlier ones are settled when it comes to this.
fn send(message: Message, seed: u64) -> Append {
    let UserId(author) = message.author();
    // Of the two one says the odd places and the other the even ones.
    let number = ClientId(u64::from(message.place).div_ceil(2));
    Append {
        given_id: MessageId::ZERO,
        user: UserId(author),
        device: DeviceId(author),
        channel: channel(message.conversation),
        membership: MessageId::ZERO,
        client_id: number,
        oldest_pending: number,
        body: message.body(seed).into(),
    }
}

/// Waits for an answer: that of an append to this place, or of a registration.
fn check_answer(
    answers: &Receiver<Outcome<StoreAnswer>>,
    place: Option<u32>,
) -> Result<(), ProbeError> {
    match (answers.recv(), place) {
        (Ok(Outcome::Ok(StoreAnswer::Appended(appended))), Some(place))
            if appended.message_id.0 == u64::from(place) && !appended.repeat =>
        {
            Ok(())
        }
        (Ok(Outcome::Ok(StoreAnswer::Done)), None) => Ok(()),
        (other, _) => Err(unexpected(&format!("an append came to {other:?}"))),
    }
}

fn unexpected(what: &str) -> ProbeError {
    ProbeError::Answer { engine: ProbeEngine::KeyValue, what: what.to_owned() }
}
