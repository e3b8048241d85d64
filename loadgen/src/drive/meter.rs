//! Readings of what server and generator use, at the moments that matter.

use crate::{
    cpu::{MachineUse, ProcessUse, machine_use, process_use, process_use_of},
    kernel::kernel_socket_bytes,
    measurement::Counts,
    result::{Costs, KernelCost, MachineCost, ProcessCost},
    verdict::GeneratorCpu,
};

/// The readings of a run.
pub(super) struct Meter {
    server_pid: Option<u32>,
    unconnected: Reading,
    connected: Option<Reading>,
    window_start: Option<Reading>,
    window_end: Option<Reading>,
}

struct Reading {
    server: Option<ProcessUse>,
    generator: Option<ProcessUse>,
    machine: Option<MachineUse>,
    kernel_socket_bytes: Option<u64>,
}

impl Meter {
    /// Takes the first reading, before there are connections.
    pub(super) fn start(server_pid: Option<u32>) -> Self {
        let unconnected = Reading::take(server_pid);
        Self { server_pid, unconnected, connected: None, window_start: None, window_end: None }
    }

    pub(super) fn note_connected(&mut self) {
        self.connected = Some(Reading::take(self.server_pid));
    }

    pub(super) fn note_window_start(&mut self) {
        self.window_start = Some(Reading::take(self.server_pid));
    }

    /// Only the first call counts; it gives `true`.
    pub(super) fn note_window_end(&mut self) -> bool {
        let is_first = self.window_end.is_none();
        if is_first {
            self.window_end = Some(Reading::take(self.server_pid));
        }
        is_first
    }

    /// What the window took; nothing when it never began.
    pub(super) fn costs(&self, counts: &Counts) -> Costs {
        let (Some(start), Some(end)) = (&self.window_start, &self.window_end) else {
            return Costs::default();
        };
        let process = |of: fn(&Reading) -> Option<&ProcessUse>| {
            let connected = self.connected.as_ref().and_then(of);
            let unconnected = of(&self.unconnected);
            Some(ProcessCost::between(unconnected, connected, of(start)?, of(end)?, counts))
        };
        let generator = process(|reading| reading.generator.as_ref());
        let machine = start.machine.zip(end.machine);
        let machine = machine.map(|(start, end)| MachineCost::between(&start, &end));
        let generator_cpu = generator.as_ref().zip(machine).map(|(cost, machine)| GeneratorCpu {
            used_s: cost.cpu_s(),
            threads: worker_threads(),
            machine_cores: machine.cores,
        });
        let server = process(|reading| reading.server.as_ref());
        Costs { server, generator, generator_cpu, machine, kernel: self.kernel() }
    }

    /// Only where both ends of every connection are on this machine is it known of how many ends
    /// the kernel's memory is.
    fn kernel(&self) -> Option<KernelCost> {
        self.server_pid?;
        Some(KernelCost {
            unconnected_bytes: self.unconnected.kernel_socket_bytes?,
            connected_bytes: self.connected.as_ref()?.kernel_socket_bytes?,
        })
    }
}

impl Reading {
    fn take(server_pid: Option<u32>) -> Self {
        Self {
            server: server_pid.and_then(process_use_of),
            generator: process_use(),
            machine: machine_use(),
            kernel_socket_bytes: kernel_socket_bytes(),
        }
    }
}

/// The threads that drive devices. The one that gives out the sends may be another; it does little,
/// and counting it would hide that the others are saturated.
fn worker_threads() -> u32 {
    let workers = tokio::runtime::Handle::current().metrics().num_workers();
    u32::try_from(workers).unwrap_or(u32::MAX)
}
