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
        let fault = &self.setup.faults[index];
        if on {
            self.record_fault(fault, FaultState::On, None);
        }
        match &fault.strike {
            Strike::Host(host) => self.strike_host(fault, *host, on),
            Strike::Devices(devices) => self.strike_devices(fault, devices, on),
            Strike::Slow(links, by) => self.network.slow(links, fault.id, on.then_some(*by)),
            Strike::Links(links) if fault.kind == FaultKind::Blip => {
                self.network.hold(links, fault.id, on);
            }
            Strike::Links(links) => self.network.cut(links, fault.id, on),
            Strike::Rolling(_) | Strike::Port => {}
        }
        self.record_links();
        if !on {
            self.release();
            match fault.strike {
                // What was sent last is still on its slow way, and what follows waits behind it.
                Strike::Slow(_, by) => {
                    self.at(self.now + nanoseconds(by), Happening::FaultOver(index));
                }
                _ => self.fault_over(index),
            }
        }
    }

    pub(super) fn fault_over(&mut self, index: usize) {
        let fault = &self.setup.faults[index];
        let affected = self.network.affected(fault.id);
        self.record_fault(fault, FaultState::Off, Some(affected));
    }

    fn strike_host(&mut self, fault: &ActiveFault, host: HostId, on: bool) {
        let silent = fault.kind == FaultKind::PowerLoss;
        match (fault.kind, on) {
            (FaultKind::Crash | FaultKind::PowerLoss, true) => {
                self.stop_host(host, silent, fault.id);
            }
            (FaultKind::Crash | FaultKind::PowerLoss, false) => self.start_host(host),
            (FaultKind::Drain, true) => self.drain(host, fault.id),
            (FaultKind::Drain, false) => {
                if let Some(index) = self.setup.hosts.chat_index(host) {
                    self.drain_limit(index, fault.id);
                }
                self.start_host(host);
            }
            (FaultKind::Pause, true) => self.pause(host, fault.id),
            (FaultKind::Pause, false) => self.resume(host, fault.id),
            // Whoever reads the clock finds it wrong.
            (FaultKind::Skew | FaultKind::ClockStep, _) => {}
            _ => {}
        }
    }

    fn strike_devices(&mut self, fault: &ActiveFault, devices: &[DeviceId], on: bool) {
        let silent = fault.kind == FaultKind::PowerLoss;
        match (fault.kind, on) {
            (FaultKind::Crash | FaultKind::PowerLoss, true) => {
                let stopped = devices.iter().map(|it| self.stop_one_device(*it, silent)).sum();
                self.network.count(fault.id, stopped);
            }
            (FaultKind::Crash | FaultKind::PowerLoss, false) => {
                devices.iter().for_each(|device| self.start_one_device(*device));
            }
            (FaultKind::Blip, _) => self.network.hold_devices(devices, fault.id, on),
            _ => self.network.cut_devices(devices, fault.id, on),
        }
    }

    fn record_fault(&mut self, fault: &ActiveFault, state: FaultState, affected: Option<u64>) {
        let body = fault.event(state, affected);
        self.record(Source::Harness, "harness", 0, body);
    }
}
