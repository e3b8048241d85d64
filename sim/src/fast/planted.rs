//! A place to plant a defect: between a machine and the engine that drives it. Tests use it to
//! prove that the checkers catch what they are there for.

use hubbub_chat::{
    DeviceId,
    device::DeviceOutput,
    ports::store::{Handled, StoreRequest},
    server::Output,
};

/// Changes what machines do. The default changes nothing.
pub trait Planted {
    /// The outputs that a chat server's output is replaced with.
    fn server_output(&mut self, output: Output) -> Vec<Output> {
        vec![output]
    }

    /// The outputs that a device's output is replaced with.
    fn device_output(&mut self, device: DeviceId, output: DeviceOutput) -> Vec<DeviceOutput> {
        let _ = device;
        vec![output]
    }

    /// What the store answers instead.
    fn store_answer(&mut self, request: &StoreRequest, handled: Handled) -> Handled {
        let _ = request;
        handled
    }
}

/// Nothing is planted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Planted for Nothing {}
