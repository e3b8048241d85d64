//! Every checker catches a machine that does what it is there to catch.

use std::collections::BTreeSet;

use crate::support::{lively_with, setup};
use hubbub_chat::{
    ChannelId, Content, DeviceId, MessageId, SessionId,
    device::{DeviceEvent, DeviceOutput},
    frame::ServerFrame,
    ports::store::{Handled, StoreAnswer, StoreRequest},
    server::Output,
};
use hubbub_sim::{
    fast::{self, Planted},
    judge,
};

/// The checkers that a run with this defect violates.
fn violated(planted: &mut dyn Planted) -> BTreeSet<String> {
    let setup = setup(&lively_with(""), &Default::default(), 3);
    let outcome = fast::run_planted(&setup, false, planted);
    let findings = judge(&setup, &outcome).findings;
    findings.into_iter().filter(|finding| finding.is_violated()).map(|it| it.checker).collect()
}

fn assert_caught(planted: &mut dyn Planted, checker: &str) {
    let violated = violated(planted);
    assert!(violated.contains(checker), "{checker} is not among {violated:?}");
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
