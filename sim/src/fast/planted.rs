//! A place to plant a defect: between a machine and the engine that drives it. Tests use it to
//! prove that the checkers catch what they are there for.

use hubbub_chat::{
    DeviceId,
    device::DeviceOutput,
    discovery::Assignment,
    notifier::NotifierOutput,
    ports::{
        registry::{RegistryAnswer, RegistryRequest},
        store::{Handled, StoreRequest, StoreRules},
    },
    presence::PresenceOutput,
    server::Output,
};

/// Changes what machines do. The default changes nothing.
pub trait Planted {
    /// By which rules the store goes instead.
    fn store_rules(&mut self, rules: StoreRules) -> StoreRules {
        rules
    }

    /// The outputs that a chat server's output is replaced with.
    fn server_output(&mut self, output: Output) -> Vec<Output> {
        vec![output]
    }

    /// The outputs that a device's output is replaced with.
    fn device_output(&mut self, device: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        let _ = device;
        vec![output]
    }

    /// The outputs that a presence server's output is replaced with.
    fn presence_output(&mut self, output: PresenceOutput) -> Vec<PresenceOutput> {
        vec![output]
    }

    /// The outputs that a notifier's output is replaced with.
    fn notifier_output(&mut self, output: NotifierOutput) -> Vec<NotifierOutput> {
        vec![output]
    }

    /// What discovery answers instead.
    fn assignment(&mut self, assignment: Assignment) -> Assignment {
        assignment
    }

    /// What the store answers instead.
    fn store_answer(&mut self, request: &StoreRequest, handled: Handled) -> Handled {
        let _ = request;
        handled
    }

    /// What the registry answers instead.
    fn registry_answer(
        &mut self,
        request: &RegistryRequest,
        answer: RegistryAnswer,
    ) -> RegistryAnswer {
        let _ = request;
        answer
    }
}

/// Nothing is planted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Planted for Nothing {}
