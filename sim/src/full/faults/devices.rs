//! Faults that strike single devices, through their gates.

use hubbub_chat::DeviceId;
use hubbub_scenario::FaultKind;

use super::World;
use crate::faults::ActiveFault;

/// What befalls a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// What passes waits.
    Held,
    /// What passes is lost.
    Cut,
    /// No network at all, and it knows.
    Off,
    /// Another network, when it begins and when it ends.
    Switched,
    /// Its connections are closed.
    Closed,
    /// It dies; without a word, its connections stay.
    Stopped { silent: bool },
    /// It dies and starts again, when it begins and when it ends.
    Restarted,
}

impl Blow {
    /// What a fault of this kind is to a device; nothing where it strikes no devices, or comes in
    /// episodes.
    fn of(kind: FaultKind) -> Option<Self> {
        match kind {
            FaultKind::Blip => Some(Self::Held),
            FaultKind::Partition => Some(Self::Cut),
            FaultKind::AirplaneMode => Some(Self::Off),
            FaultKind::SwitchedNetwork => Some(Self::Switched),
            FaultKind::ReconnectStorm => Some(Self::Closed),
            FaultKind::Crash => Some(Self::Stopped { silent: false }),
            FaultKind::PowerLoss => Some(Self::Stopped { silent: true }),
            FaultKind::Restart => Some(Self::Restarted),
            FaultKind::Churn
            | FaultKind::PartitionOneWay
            | FaultKind::Latency
            | FaultKind::Jitter
            | FaultKind::Reorder
            | FaultKind::HintLoss
            | FaultKind::HintDuplication
            | FaultKind::BlackHole
            | FaultKind::Pause
            | FaultKind::Slow
            | FaultKind::Skew
            | FaultKind::ClockStep
            | FaultKind::Drain
            | FaultKind::RollingRestart
            | FaultKind::StoreUnavailable
            | FaultKind::StoreSlow
            | FaultKind::StoreAnswerLost
            | FaultKind::RegistryUnavailable
            | FaultKind::LeaseLost
            | FaultKind::GatewayFailing
            | FaultKind::GatewaySlow => None,
        }
    }
}

impl World<'_, '_> {
    pub(super) fn strike_devices(&self, fault: &ActiveFault, devices: &[DeviceId], begins: bool) {
        devices.iter().for_each(|device| self.strike_device(fault, *device, fault.kind, begins));
    }

    /// Strikes one device as a fault of that kind.
    pub(super) fn strike_device(
        &self,
        fault: &ActiveFault,
        device: DeviceId,
        kind: FaultKind,
        begins: bool,
    ) {
        let gate = self.shared.with(|recording| Some(recording.devices.get(&device)?.gate.clone()));
        let (Some(gate), Some(blow)) = (gate, Blow::of(kind)) else { return };
        match (blow, begins) {
            (Blow::Held, _) => gate.hold(fault.id, begins),
            (Blow::Cut, _) => gate.cut(fault.id, begins),
            (Blow::Off, _) => {
                gate.turn_off(fault.id, begins);
                if begins {
                    self.end_streams(fault, |owner, _| owner == device);
                }
            }
            (Blow::Switched, _) => {
                let dead = self.shared.with(|recording| {
                    let dead = recording.kill_streams(device);
                    recording.count(fault.id, dead.len() as u64);
                    dead
                });
                gate.switch_network(dead);
            }
            (Blow::Closed, true) => self.end_streams(fault, |owner, _| owner == device),
            (Blow::Closed, false) => {}
            (Blow::Stopped { silent }, true) => self.stop_device(fault, device, silent),
            (Blow::Stopped { .. }, false) => self.start_device(fault, device),
            (Blow::Restarted, _) => {
                self.stop_device(fault, device, false);
                self.start_device(fault, device);
            }
        }
    }

    /// Ends the connections of devices for which that is so, by their device and the host that they
    /// lead to.
    pub(super) fn end_streams(
        &self,
        fault: &ActiveFault,
        is_struck: impl Fn(DeviceId, &str) -> bool,
    ) {
        let ending = self.shared.with(|recording| {
            let ending = recording.streams_of(is_struck);
            recording.count(fault.id, ending.values().map(Vec::len).sum::<usize>() as u64);
            let gate =
                |(device, streams)| Some((recording.devices.get(&device)?.gate.clone(), streams));
            ending.into_iter().filter_map(gate).collect::<Vec<_>>()
        });
        ending.into_iter().for_each(|(gate, streams)| gate.end(streams));
    }

    fn stop_device(&self, fault: &ActiveFault, device: DeviceId, silent: bool) {
        self.shared.with(|recording| {
            let was_up = recording.is_up(device);
            recording.count(fault.id, u64::from(was_up));
            if let Some(truth) = recording.devices.get(&device) {
                truth.gate.stop(fault.id, silent);
            }
            recording.detach(device);
            recording.record_device(device);
        });
    }

    fn start_device(&self, fault: &ActiveFault, device: DeviceId) {
        self.shared.with(|recording| {
            if let Some(truth) = recording.devices.get(&device) {
                truth.gate.start(fault.id);
            }
            recording.record_device(device);
        });
    }
}
