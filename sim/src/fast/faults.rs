//! How the fast engine carries out faults.

use hubbub_chat::{DeviceId, time::nanoseconds};
use hubbub_history::{FaultState, Source};
use hubbub_scenario::FaultKind;

use super::{Engine, Happening};
use crate::{
    faults::{ActiveFault, Strike},
    hosts::HostId,
};

impl Engine<'_> {
    pub(super) fn fault(&mut self, index: usize, on: bool) {
        let setup = self.setup;
        let fault = &setup.faults[index];
        if on {
            self.record_fault(fault, FaultState::On, None);
        }
        match &fault.strike {
            Strike::Host(host) => self.strike_host(index, *host, on),
            Strike::Devices(devices) if fault.kind == FaultKind::Churn => {
                if on {
                    self.churn(index, fault, devices);
                }
            }
            Strike::Devices(devices) => self.strike_devices(fault, fault.kind, devices, on),
            Strike::Links(links) | Strike::Slow(links, _) => self.strike_links(fault, links, on),
            Strike::Rolling(hosts) => self.roll(index, hosts, on),
            Strike::Port => self.trouble(index, on),
        }
        self.record_links();
        if !on {
            self.release();
            match self.lasts_until(fault) {
                Some(until) => self.at(until, Happening::FaultOver(index)),
                None => self.fault_over(index),
            }
        }
    }

    pub(super) fn fault_over(&mut self, index: usize) {
        let fault = &self.setup.faults[index];
        let affected = self.network.affected(fault.id);
        self.record_fault(fault, FaultState::Off, Some(affected));
    }

    /// When nothing of a fault is left that has ended: what was sent last is still on its slow way,
    /// and what follows waits behind it.
    fn lasts_until(&mut self, fault: &ActiveFault) -> Option<u64> {
        match (&fault.strike, fault.kind) {
            (Strike::Slow(_, by), _) => Some(self.now + nanoseconds(*by)),
            (Strike::Host(host), FaultKind::Slow) => Some(self.slow_down(*host, fault.id, None)),
            (Strike::Port, FaultKind::StoreSlow) => Some(self.now + nanoseconds(fault.latency())),
            _ => None,
        }
    }

    fn strike_links(&mut self, fault: &ActiveFault, links: &[(HostId, HostId)], on: bool) {
        let (id, by, share) =
            (fault.id, on.then_some(fault.latency()), on.then_some(fault.share()));
        match fault.kind {
            FaultKind::Partition | FaultKind::PartitionOneWay => self.network.cut(links, id, on),
            FaultKind::Blip => self.network.hold(links, id, on),
            FaultKind::Latency => self.network.slow(links, id, by),
            FaultKind::Jitter => self.network.jitter(links, id, by),
            FaultKind::Reorder => self.network.reorder(links, id, by),
            FaultKind::HintLoss => self.network.lose_hints(links, id, share),
            FaultKind::HintDuplication => self.network.repeat_hints(links, id, share),
            FaultKind::BlackHole
            | FaultKind::Crash
            | FaultKind::PowerLoss
            | FaultKind::Restart
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
            | FaultKind::GatewaySlow
            | FaultKind::AirplaneMode
            | FaultKind::SwitchedNetwork
            | FaultKind::Churn
            | FaultKind::ReconnectStorm => {}
        }
    }

    fn strike_host(&mut self, index: usize, host: HostId, on: bool) {
        let fault = &self.setup.faults[index];
        let id = fault.id;
        match (fault.kind, on) {
            (FaultKind::Crash, true) => self.stop_host(host, false, id),
            (FaultKind::PowerLoss, true) => self.stop_host(host, true, id),
            (FaultKind::Crash | FaultKind::PowerLoss, false) => self.start_host(host),
            (FaultKind::Restart, _) => {
                self.stop_host(host, false, id);
                self.start_host(host);
            }
            (FaultKind::Drain, true) => self.drain(host, id),
            (FaultKind::Drain, false) => self.undrain(host, id),
            (FaultKind::Pause, true) => self.pause(host, id),
            (FaultKind::Pause, false) => self.resume(host, id),
            (FaultKind::Slow, true) => drop(self.slow_down(host, id, Some(fault.latency()))),
            (FaultKind::ReconnectStorm, true) => self.storm(&self.devices_at(host), id),
            (FaultKind::BlackHole | FaultKind::LeaseLost, _) => self.trouble(index, on),
            // Whoever reads the clock finds it wrong.
            (FaultKind::Skew | FaultKind::ClockStep, _)
            // Its end is the time at which nothing waits any more; a storm has none.
            | (FaultKind::Slow | FaultKind::ReconnectStorm, false)
            // What strikes links, ports, users or many hosts.
            | (
                FaultKind::Partition
                | FaultKind::PartitionOneWay
                | FaultKind::Blip
                | FaultKind::Latency
                | FaultKind::Jitter
                | FaultKind::Reorder
                | FaultKind::HintLoss
                | FaultKind::HintDuplication
                | FaultKind::RollingRestart
                | FaultKind::StoreUnavailable
                | FaultKind::StoreSlow
                | FaultKind::StoreAnswerLost
                | FaultKind::RegistryUnavailable
                | FaultKind::GatewayFailing
                | FaultKind::GatewaySlow
                | FaultKind::AirplaneMode
                | FaultKind::SwitchedNetwork
                | FaultKind::Churn,
                _,
            ) => {}
        }
    }

    /// Has devices go through what a kind does: that of the fault, or of a spell of it.
    pub(super) fn strike_devices(
        &mut self,
        fault: &ActiveFault,
        kind: FaultKind,
        devices: &[DeviceId],
        on: bool,
    ) {
        let id = fault.id;
        match (kind, on) {
            (FaultKind::Crash, true) => self.stop_devices(devices, false, id),
            (FaultKind::PowerLoss, true) => self.stop_devices(devices, true, id),
            (FaultKind::Crash | FaultKind::PowerLoss, false) => self.start_devices(devices, id),
            (FaultKind::Restart, _) => {
                self.stop_devices(devices, false, id);
                self.start_devices(devices, id);
            }
            (FaultKind::Partition, _) => self.network.cut_devices(devices, id, on),
            (FaultKind::Blip, _) => self.network.hold_devices(devices, id, on),
            (FaultKind::AirplaneMode, _) => {
                devices.iter().for_each(|device| self.airplane(*device, id, on));
            }
            (FaultKind::SwitchedNetwork, _) => {
                devices.iter().for_each(|device| self.switch_network(*device, id));
            }
            (FaultKind::ReconnectStorm, true) => self.storm(devices, id),
            (FaultKind::ReconnectStorm, false)
            | (
                FaultKind::PartitionOneWay
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
                | FaultKind::GatewaySlow
                | FaultKind::Churn,
                _,
            ) => {}
        }
    }

    /// One chat server after the other is drained and started again, each in its part of the time.
    fn roll(&mut self, index: usize, hosts: &[HostId], on: bool) {
        let fault = &self.setup.faults[index];
        let Some(last) = hosts.len().checked_sub(1) else { return };
        if !on {
            return self.undrain(hosts[last], fault.id);
        }
        let part = (fault.until - fault.at) / u32::try_from(hosts.len()).unwrap_or(u32::MAX);
        for (place, at) in (0_u32..).map(|turn| part * turn).enumerate().take(hosts.len()) {
            let begins = nanoseconds(fault.at + at);
            if let Some(before) = place.checked_sub(1) {
                self.at(begins, Happening::Rolling(index, before, false));
            }
            self.at(begins, Happening::Rolling(index, place, true));
        }
    }

    pub(super) fn roll_on(&mut self, index: usize, place: usize, on: bool) {
        let fault = &self.setup.faults[index];
        let Strike::Rolling(hosts) = &fault.strike else { return };
        let Some(host) = hosts.get(place) else { return };
        if on {
            self.drain(*host, fault.id);
        } else {
            self.undrain(*host, fault.id);
        }
    }

    fn record_fault(&mut self, fault: &ActiveFault, state: FaultState, affected: Option<u64>) {
        let body = fault.event(state, affected);
        self.record(Source::Harness, "harness", 0, body);
    }
}
