//! Every checker catches a machine that does what it is there to catch.

use std::collections::BTreeSet;

use crate::support::{busy_with, lively_with, setup};
use hubbub_chat::{
    ChannelId, Content, DeviceId, MessageId, ServerId, SessionId,
    design::{Ids, WorkerIds},
    device::{DeviceEvent, DeviceOutput},
    discovery::Assignment,
    frame::ServerFrame,
    notifier::NotifierOutput,
    ports::{
        presence::{PresenceAnswer, Status},
        registry::{LeaseKey, RegistryAnswer, RegistryRequest},
        store::{Handled, StoreAnswer, StoreRequest, StoreRules},
    },
    presence::PresenceOutput,
    server::Output,
};
use hubbub_scenario::Scenario;
use hubbub_sim::{
    fast::{self, Nothing, Planted},
    judge,
};

/// The checkers that a run with this defect violates.
fn violated(planted: &mut dyn Planted) -> BTreeSet<String> {
    violated_in(&lively_with(""), planted)
}

fn violated_in(scenario: &Scenario, planted: &mut dyn Planted) -> BTreeSet<String> {
    let setup = setup(scenario, &scenario.design, 3);
    let outcome = fast::run_planted(&setup, false, planted);
    let findings = judge(&setup, &outcome).findings;
    findings.into_iter().filter(|finding| finding.is_violated()).map(|it| it.checker).collect()
}

fn assert_caught(planted: &mut dyn Planted, checker: &str) {
    let violated = violated(planted);
    assert!(violated.contains(checker), "{checker} is not among {violated:?}");
}

/// Nothing but this checker finds something with the defect, and nothing at all without it.
fn assert_caught_alone(scenario: &Scenario, planted: &mut dyn Planted, checker: &str) {
    assert_eq!(violated_in(scenario, &mut Nothing), BTreeSet::new());
    assert_eq!(violated_in(scenario, planted), BTreeSet::from([checker.to_owned()]));
}

/// A device whose cursor moves although it forgets to store every tenth entry.
#[derive(Default)]
struct ForgetfulDevice {
    applied: u32,
}

impl Planted for ForgetfulDevice {
    fn device_output(&mut self, device: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        if device == DeviceId(1)
            && matches!(output, DeviceOutput::Event(DeviceEvent::Applied { .. }))
        {
            self.applied += 1;
            if self.applied.is_multiple_of(10) {
                return Vec::new();
            }
        }
        vec![output]
    }
}

#[test]
fn accepted_lost_catches_a_device_that_forgets() {
    assert_caught(&mut ForgetfulDevice::default(), "accepted-lost");
}

#[test]
fn converged_catches_a_device_that_differs_from_its_sibling() {
    // User 1 has two devices under this seed, or there would be nothing to compare.
    let setup = setup(&lively_with(""), &Default::default(), 3);
    assert!(setup.population.users()[0].devices.len() > 1);
    assert_caught(&mut ForgetfulDevice::default(), "converged");
}

/// A device that stores some entries twice, as after a restart that lost the cursor.
struct RepeatingDevice;

impl Planted for RepeatingDevice {
    fn device_output(&mut self, _: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        match &output {
            DeviceOutput::Event(DeviceEvent::Applied { entry, .. })
                if entry.message_id.0.is_multiple_of(7) =>
            {
                vec![output.clone(), output]
            }
            _ => vec![output],
        }
    }
}

#[test]
fn duplicated_catches_a_device_that_stores_twice() {
    assert_caught(&mut RepeatingDevice, "duplicated");
}

/// A device that stores an entry only after the next one.
#[derive(Default)]
struct SwappingDevice {
    held: Option<(ChannelId, DeviceOutput)>,
}

impl Planted for SwappingDevice {
    fn device_output(&mut self, device: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        let DeviceOutput::Event(DeviceEvent::Applied { entry, .. }) = &output else {
            return vec![output];
        };
        if device != DeviceId(1) {
            return vec![output];
        }
        match self.held.take() {
            Some((channel, held)) if channel == entry.channel => vec![output, held],
            Some((_, held)) => vec![held, output],
            None => {
                self.held = Some((entry.channel, output));
                Vec::new()
            }
        }
    }
}

#[test]
fn order_catches_a_device_that_stores_out_of_order() {
    assert_caught(&mut SwappingDevice::default(), "order");
}

/// A store that gives places two by two the wrong way round.
struct BackwardStore;

fn backward(message_id: MessageId) -> MessageId {
    MessageId(message_id.0 ^ 1)
}

impl Planted for BackwardStore {
    fn store_answer(&mut self, _: &StoreRequest, mut handled: Handled) -> Handled {
        if let (Some(entry), StoreAnswer::Appended(appended)) =
            (&mut handled.committed, &mut handled.answer)
        {
            std::sync::Arc::make_mut(entry).message_id = backward(appended.message_id);
            appended.message_id = backward(appended.message_id);
        }
        handled
    }
}

#[test]
fn real_time_catches_a_store_that_numbers_backwards() {
    assert_caught(&mut BackwardStore, "real-time");
}

#[test]
fn causality_catches_a_store_that_numbers_backwards() {
    assert_caught(&mut BackwardStore, "causality");
}

/// A server that sends what it delivers to one session too many.
#[derive(Default)]
struct GossipingServer {
    last: Option<SessionId>,
}

impl Planted for GossipingServer {
    fn server_output(&mut self, mut output: Output) -> Vec<Output> {
        match &mut output {
            Output::Frame(session, _) => self.last = Some(*session),
            Output::Deliver { sessions, entry } if matches!(entry.content, Content::Text(_)) => {
                sessions.extend(self.last);
            }
            _ => {}
        }
        vec![output]
    }
}

#[test]
fn unauthorised_catches_a_server_that_tells_too_many() {
    assert_caught(&mut GossipingServer::default(), "unauthorised");
}

/// A server that says nothing of one channel.
struct SilentServer {
    channel: ChannelId,
}

impl Planted for SilentServer {
    fn server_output(&mut self, mut output: Output) -> Vec<Output> {
        let silenced = match &mut output {
            Output::Deliver { entry, .. } => entry.channel == self.channel,
            Output::Frame(_, ServerFrame::Accepted { channel, .. }) => *channel == self.channel,
            Output::Frame(_, ServerFrame::Page { ranges, .. }) => {
                ranges.retain(|range| range.channel != self.channel);
                false
            }
            _ => false,
        };
        if silenced { Vec::new() } else { vec![output] }
    }
}

#[test]
fn liveness_catches_a_server_that_never_answers() {
    let setup = setup(&lively_with(""), &Default::default(), 3);
    let sent = setup.actions.iter().filter_map(|action| action.what.channel());
    let channel = sent.into_iter().find(|channel| channel.pair().is_some()).unwrap();
    assert_caught(&mut SilentServer { channel }, "liveness");
}

/// A store that now and then gives a place that is taken.
#[derive(Default)]
struct RepeatingStore {
    appended: u64,
    last: Option<MessageId>,
}

impl Planted for RepeatingStore {
    fn store_answer(&mut self, _: &StoreRequest, mut handled: Handled) -> Handled {
        if let (Some(entry), StoreAnswer::Appended(appended)) =
            (&mut handled.committed, &mut handled.answer)
        {
            self.appended += 1;
            let taken = appended.message_id.previous();
            if self.appended.is_multiple_of(10) && !taken.is_zero() {
                std::sync::Arc::make_mut(entry).message_id = taken;
                appended.message_id = taken;
                self.last = Some(taken);
            }
        }
        handled
    }
}

#[test]
fn ids_catches_a_store_that_gives_a_place_twice() {
    let mut store = RepeatingStore::default();
    assert_caught(&mut store, "ids");
    assert!(store.last.is_some());
}

#[test]
fn ids_catches_chat_servers_that_all_are_worker_1() {
    let mut scenario = lively_with(
        "[[fault]]\nat = \"5s\"\nfor = \"20s\"\nkind = \"skew\"\nhost = \"chat-1\"\nby = \"-2s\"\n",
    );
    scenario.design.ids = Ids::Snowflake;
    scenario.design.worker_ids = WorkerIds::Fixed;
    assert!(violated_in(&scenario, &mut Nothing).contains("ids"));
}

/// A store that takes in whoever comes.
struct WelcomingStore;

impl Planted for WelcomingStore {
    fn store_rules(&mut self, rules: StoreRules) -> StoreRules {
        StoreRules { group_limit: 1000, ..rules }
    }
}

#[test]
fn group_limit_catches_a_store_that_takes_in_whoever_comes() {
    let mut scenario = busy_with("");
    scenario.design.group_limit = 8;
    if let Some(workload) = &mut scenario.workload {
        workload.joins.per_second = 1.0;
    }
    assert_caught_alone(&scenario, &mut WelcomingStore, "group-limit");
}

const AWAY: &str =
    "[[fault]]\nat = \"8s\"\nfor = \"45s\"\nkind = \"power-loss\"\nusers = \"30%\"\n";

/// A presence server that says of nobody that he went.
struct ForgetfulPresence;

fn online(statuses: &mut Vec<Status>) {
    statuses.retain(|status| status.online);
}

impl Planted for ForgetfulPresence {
    fn presence_output(&mut self, mut output: PresenceOutput) -> Vec<PresenceOutput> {
        match &mut output {
            PresenceOutput::Publish(_, statuses)
            | PresenceOutput::Answer(_, PresenceAnswer::Statuses(statuses)) => online(statuses),
            _ => {}
        }
        vec![output]
    }
}

#[test]
fn status_catches_a_presence_server_that_forgets_who_went() {
    assert_caught_alone(&busy_with(AWAY), &mut ForgetfulPresence, "status");
}

/// A notifier that believes every other push to be out without asking the gateway.
#[derive(Default)]
struct DroppingNotifier {
    pushes: u64,
}

impl Planted for DroppingNotifier {
    fn notifier_output(&mut self, output: NotifierOutput) -> Vec<NotifierOutput> {
        if matches!(output, NotifierOutput::Push { .. }) {
            self.pushes += 1;
            if self.pushes.is_multiple_of(2) {
                return Vec::new();
            }
        }
        vec![output]
    }
}

#[test]
fn push_catches_a_notifier_that_drops_pushes() {
    let mut scenario = busy_with(AWAY);
    // A push that was dropped is tried again when no answer comes: no earlier than 3 s later.
    scenario.expect.push_settle_max = hubbub_scenario::Period::from_secs(2);
    assert_caught_alone(&scenario, &mut DroppingNotifier::default(), "push");
}

/// Discovery that knows of one server only, which is dead.
struct StubbornDiscovery;

impl Planted for StubbornDiscovery {
    fn assignment(&mut self, assignment: Assignment) -> Assignment {
        match assignment {
            Assignment::Server { .. } => {
                Assignment::Server { server: ServerId(1), address: "chat-1".into(), fallback: None }
            }
            other => other,
        }
    }
}

#[test]
fn reassigned_catches_discovery_that_sends_all_to_the_dead_server() {
    let faults =
        "[[fault]]\nat = \"8s\"\nfor = \"45s\"\nkind = \"power-loss\"\nhost = \"chat-1\"\n";
    let mut scenario = busy_with(faults);
    scenario.expect.reassign_max = hubbub_scenario::Period::from_secs(30);
    assert_eq!(violated_in(&scenario, &mut Nothing), BTreeSet::new());
    let violated = violated_in(&scenario, &mut StubbornDiscovery);
    assert!(violated.contains("reassigned"), "{violated:?}");
}

/// A registry that lets everybody be the notifier.
struct GenerousRegistry;

impl Planted for GenerousRegistry {
    fn registry_answer(
        &mut self,
        request: &RegistryRequest,
        answer: RegistryAnswer,
    ) -> RegistryAnswer {
        match (request, answer) {
            (RegistryRequest::Lease { key: LeaseKey::Notifier, .. }, RegistryAnswer::Held) => {
                let (key, epoch) = (LeaseKey::Notifier, 1_000_000);
                RegistryAnswer::Leased { key, epoch, high_water_ms: 0 }
            }
            (_, answer) => answer,
        }
    }
}

#[test]
fn leases_catches_a_registry_that_grants_twice() {
    let mut scenario = busy_with("");
    scenario.cluster.notify = 2;
    assert_eq!(violated_in(&scenario, &mut Nothing), BTreeSet::new());
    let violated = violated_in(&scenario, &mut GenerousRegistry);
    assert!(violated.contains("leases"), "{violated:?}");
}
