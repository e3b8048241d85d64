//! What an append takes: in the pure model, in processor time; and in the embedded store with 1,000
//! appends in flight, on the clock, disk included. An element is one append.

mod support;

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use hubbub_chat::{
    ChannelId, ClientId, Design, DeviceId, MessageId, OperationId, UserId,
    frame::Change,
    ports::{
        Outcome,
        store::{Append, ChangeRequest, StoreAnswer, StoreModel, StoreRequest, StoreRules},
    },
    time::Wall,
};
use hubbub_service::store::{FjallConfig, FjallStore};
use support::ProcessorTime;

/// Appends to the model in one iteration.
const MODEL_APPENDS: u64 = 1_000;

/// Appends to the embedded store in one iteration. With fewer, only the tables in memory are
/// measured: their flushes to disk and the compactions come later and cost several times as much.
const EMBEDDED_APPENDS: u64 = 20_000;

/// Appends to the embedded store that are in flight at a time.
const IN_FLIGHT: u64 = 1_000;

/// Groups that the embedded store's appends go round, so that no channel is hot.
const GROUPS: u64 = 100;

const BODY_BYTES: usize = 100;

fn main() {
    let mut criterion = support::criterion();
    append_to_the_model(&mut criterion);
    criterion.final_summary();
    let mut criterion = Criterion::default().configure_from_args();
    append_to_the_embedded_store(&mut criterion);
    criterion.final_summary();
}

fn append_to_the_model(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("store_model_append");
    group.throughput(Throughput::Elements(MODEL_APPENDS));
    for size in [2, 20] {
        let mut traffic = Traffic::new(1, size);
        let mut prepared = StoreModel::new(rules());
        for request in traffic.preparation() {
            prepared.handle(Wall(0), request);
        }
        let appends: Vec<StoreRequest> =
            (0..MODEL_APPENDS).map(|_| traffic.next_append()).collect();
        group.bench_function(format!("group_of_{size}"), |bencher| {
            bencher.iter_batched_ref(
                || (prepared.clone(), appends.clone()),
                |(model, appends)| {
                    for request in appends.drain(..) {
                        assert_appended(&model.handle(Wall(0), request).answer);
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn append_to_the_embedded_store(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("store_embedded_append_1000_in_flight");
    group.sample_size(10);
    group.sampling_mode(SamplingMode::Flat);
    group.measurement_time(Duration::from_secs(20));
    group.throughput(Throughput::Elements(EMBEDDED_APPENDS));
    for size in [2, 20] {
        // Not in the folder of temporary files, which may be in memory, where a sync costs nothing.
        let folder = match tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")) {
            Ok(folder) => folder,
            Err(error) => panic!("{error}"),
        };
        let mut load = Load::new(folder.path(), Traffic::new(GROUPS, size));
        let name = format!("group_of_{size}");
        group.bench_function(&name, |bencher| {
            bencher.iter_custom(|iterations| load.append(iterations * EMBEDDED_APPENDS));
        });
        load.print_cost(&name);
    }
    group.finish();
}

/// Keeps 1,000 appends in flight, and counts what they cost.
struct Load {
    store: FjallStore,
    traffic: Traffic,
    replies: Sender<Outcome<StoreAnswer>>,
    answers: Receiver<Outcome<StoreAnswer>>,
    appends: u64,
    syncs: u64,
    processor: Duration,
}

impl Load {
    fn new(folder: &std::path::Path, traffic: Traffic) -> Self {
        let store = match FjallStore::open(folder.join("store"), rules(), FjallConfig::default()) {
            Ok(store) => store,
            Err(error) => panic!("{error}"),
        };
        let (replies, answers) = channel();
        let (appends, syncs, processor) = (0, 0, Duration::ZERO);
        let load = Self { store, traffic, replies, answers, appends, syncs, processor };
        for request in load.traffic.preparation() {
            load.submit(request);
            load.next_answer();
        }
        load
    }

    /// Appends `count` messages and gives the time from the first request to the last answer.
    fn append(&mut self, count: u64) -> Duration {
        let (syncs, processor) = (self.store.counters().syncs, support::process_time());
        let start = Instant::now();
        for submitted in 0..count {
            if submitted >= IN_FLIGHT {
                assert_appended(&self.next_answer());
            }
            let request = self.traffic.next_append();
            self.submit(request);
        }
        for _ in 0..count.min(IN_FLIGHT) {
            assert_appended(&self.next_answer());
        }
        let elapsed = start.elapsed();
        self.appends += count;
        self.syncs += self.store.counters().syncs - syncs;
        self.processor += support::process_time().saturating_sub(processor);
        elapsed
    }

    fn submit(&self, request: StoreRequest) {
        let replies = self.replies.clone();
        self.store.submit(Wall(0), request, move |outcome| {
            // Nobody listens any more once the benchmark is over.
            let _ = replies.send(outcome);
        });
    }

    fn next_answer(&self) -> StoreAnswer {
        match self.answers.recv() {
            Ok(Outcome::Ok(answer)) => answer,
            other => panic!("the store did not answer: {other:?}"),
        }
    }

    #[expect(clippy::print_stderr, reason = "a benchmark prints what it measures")]
    fn print_cost(&self, name: &str) {
        let (appends, syncs) = (self.appends.max(1) as f64, self.syncs.max(1) as f64);
        eprintln!(
            "{name}: {:.0} appends per sync, {:.1} µs of processor time per append (all threads)",
            appends / syncs,
            self.processor.as_secs_f64() * 1e6 / appends,
        );
    }
}

/// Messages to groups of one size. Groups and then members take turns.
struct Traffic {
    groups: u64,
    size: u64,
    body: Arc<str>,
    sent: u64,
}

impl Traffic {
    fn new(groups: u64, size: u64) -> Self {
        Self { groups, size, body: "m".repeat(BODY_BYTES).into(), sent: 0 }
    }

    /// What has to be in the store before the first message: users, devices and groups.
    fn preparation(&self) -> Vec<StoreRequest> {
        let users = (0..self.groups * self.size).map(UserId);
        let register =
            |user: UserId| StoreRequest::Register { user, device: Some(DeviceId(user.0)) };
        users.map(register).chain((0..self.groups).map(|group| self.create(group))).collect()
    }

    fn create(&self, group: u64) -> StoreRequest {
        let members = (0..self.size).map(|member| self.user(group, member)).collect();
        let user = self.user(group, 0);
        StoreRequest::Change(ChangeRequest {
            given_id: MessageId::ZERO,
            user,
            device: DeviceId(user.0),
            channel: self.channel(group),
            operation: OperationId(1),
            change: Change::Create(members),
        })
    }

    fn next_append(&mut self) -> StoreRequest {
        let (group, turn) = (self.sent % self.groups, self.sent / self.groups);
        let user = self.user(group, turn % self.size);
        let client_id = ClientId(turn / self.size + 1);
        self.sent += 1;
        StoreRequest::Append(Append {
            given_id: MessageId::ZERO,
            user,
            device: DeviceId(user.0),
            channel: self.channel(group),
            // The entry that opened the group.
            membership: MessageId(1),
            client_id,
            oldest_pending: client_id,
            body: self.body.clone(),
        })
    }

    fn user(&self, group: u64, member: u64) -> UserId {
        UserId(group * self.size + member)
    }

    fn channel(&self, group: u64) -> ChannelId {
        ChannelId::group(self.user(group, 0), 1)
    }
}

fn rules() -> StoreRules {
    StoreRules::from(&Design::default())
}

fn assert_appended(answer: &StoreAnswer) {
    assert!(matches!(answer, StoreAnswer::Appended(_)), "not appended: {answer:?}");
}
