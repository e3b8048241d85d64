//! What a run leaves behind.

use serde::{Deserialize, Serialize};

use crate::{
    cpu::{MachineUse, ProcessUse},
    histograms::LatencyTables,
    ledger::LedgerCounts,
    measurement::{Counts, Measured, MissingDelivery},
    plan::LoadSettings,
    series::Series,
    verdict::{Evidence, GeneratorCpu, Verdict, VerdictLimits, judge},
};

/// Everything that a report of a run is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadResult {
    /// What was asked for.
    pub settings: LoadSettings,
    /// What it came to.
    pub verdict: Verdict,
    /// Totals of the window.
    pub counts: Counts,
    /// The account of every send, warm-up included.
    pub ledger: LedgerCounts,
    /// The first deliveries that never came.
    pub missing_examples: Vec<MissingDelivery>,
    /// The distributions.
    pub latencies: LatencyTables,
    /// The window second by second.
    pub series: Series,
    /// What it took.
    pub costs: Costs,
}

/// What the window took. What was not measured is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// The server's process; absent for one on another machine.
    pub server: Option<ProcessCost>,
    /// The generator's process.
    pub generator: Option<ProcessCost>,
    /// The generator's CPU as the verdict weighs it.
    pub generator_cpu: Option<GeneratorCpu>,
    /// The whole machine.
    pub machine: Option<MachineCost>,
    /// The kernel's memory for sockets; absent for a server on another machine, and where the
    /// machine does not tell.
    pub kernel: Option<KernelCost>,
}

/// What a process used within the window, without the network's soft interrupts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessCost {
    /// CPU seconds in its own code.
    pub cpu_user_s: f64,
    /// CPU seconds in the kernel on its behalf.
    pub cpu_system_s: f64,
    /// All of its CPU over the sends of the window, in microseconds: one figure for everything
    /// that a send brings with it. Absent without sends.
    pub cpu_us_per_send: Option<f64>,
    /// All of its CPU over the deliveries of the window, in microseconds. Absent without
    /// deliveries.
    pub cpu_us_per_delivery: Option<f64>,
    /// Bytes of memory that it held before there were connections, when that was read.
    pub resident_unconnected_bytes: Option<u64>,
    /// Bytes of memory that it held once all connections were open and before the first send,
    /// when that was read.
    pub resident_connected_bytes: Option<u64>,
    /// Bytes of memory that it held at the end of the window.
    pub resident_bytes: u64,
    /// The most bytes of memory that it ever held until then.
    pub resident_peak_bytes: u64,
}

/// What the whole machine did within the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MachineCost {
    /// CPU seconds of all cores that were not idle.
    pub busy_s: f64,
    /// CPU seconds in soft interrupts: the network's part that no process is charged for.
    pub softirq_s: f64,
    /// Cores.
    pub cores: u32,
}

/// What the kernel held for the sockets of the whole machine, on which both ends of every
/// connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCost {
    /// Bytes before there were connections.
    pub unconnected_bytes: u64,
    /// Bytes once all connections were open and before the first send.
    pub connected_bytes: u64,
}

/// What one unit costs, as capacity planning takes it. Each figure divides a whole by one count,
/// so those of sends and of deliveries say the same CPU twice: take one. A slope over several
/// loads would say what a unit adds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The server's CPU seconds over the deliveries.
    pub server_cpu_s_per_delivery: Option<f64>,
    /// The server's CPU seconds over the sends.
    pub server_cpu_s_per_send: Option<f64>,
    /// The server's memory with all connections open, before the first send, without what it held
    /// unconnected, over the connections, in bytes. What messages and the store's caches take later
    /// is no part of it.
    pub server_resident_bytes_per_connection: Option<f64>,
    /// The kernel's memory for the server's end of a connection, in bytes: half of what all ends
    /// took.
    pub server_kernel_bytes_per_connection: Option<f64>,
    /// The generator's CPU seconds over the deliveries.
    pub generator_cpu_s_per_delivery: Option<f64>,
    /// The generator's CPU seconds over the sends.
    pub generator_cpu_s_per_send: Option<f64>,
}

impl LoadResult {
    /// Judges a run that is over and puts everything together.
    #[must_use]
    pub fn new(
        settings: LoadSettings,
        objective_ns: u64,
        measured: Measured,
        costs: Costs,
        limits: &VerdictLimits,
    ) -> Self {
        let evidence = Evidence::new(&measured, objective_ns, costs.generator_cpu);
        Self {
            settings,
            verdict: judge(&evidence, limits),
            counts: measured.counts,
            ledger: measured.ledger,
            missing_examples: measured.missing_examples,
            latencies: measured.histograms.tables(),
            series: measured.series,
            costs,
        }
    }

    /// Deliveries per second within the window.
    #[must_use]
    pub fn deliveries_per_second(&self) -> f64 {
        self.counts.deliveries as f64 / self.series.window.length_s()
    }

    /// Bytes of memory that the server held with all connections open, before the first send.
    /// Nothing when the measurement is invalid.
    #[must_use]
    pub fn server_connected_bytes(&self) -> Option<u64> {
        let server = self.costs.server.as_ref();
        let server = server.filter(|_| self.verdict.is_measurement_valid());
        server.and_then(|cost| cost.resident_connected_bytes)
    }

    /// What a unit costs. Nothing when the measurement is invalid: such a run must not become a
    /// number that somebody buys servers by.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        if !self.verdict.is_measurement_valid() {
            return Calibration::default();
        }
        let (server, generator) = (self.costs.server.as_ref(), self.costs.generator.as_ref());
        // Less than the clock's tick of 10 ms reads as 0, which no unit can cost.
        let seconds = |us: Option<f64>| us.filter(|us| *us > 0.0).map(|us| us / 1e6);
        let per_delivery = |cost: &ProcessCost| seconds(cost.cpu_us_per_delivery);
        let per_send = |cost: &ProcessCost| seconds(cost.cpu_us_per_send);
        Calibration {
            server_cpu_s_per_delivery: server.and_then(per_delivery),
            server_cpu_s_per_send: server.and_then(per_send),
            server_resident_bytes_per_connection: server
                .and_then(|cost| cost.resident_bytes_per_connection(self.settings.connections)),
            server_kernel_bytes_per_connection: self
                .costs
                .kernel
                .and_then(|cost| cost.bytes_per_end(self.settings.connections)),
            generator_cpu_s_per_delivery: generator.and_then(per_delivery),
            generator_cpu_s_per_send: generator.and_then(per_send),
        }
    }
}

impl ProcessCost {
    /// What a process used between two readings, over what `counts` says happened meanwhile.
    #[must_use]
    pub fn between(
        unconnected: Option<&ProcessUse>,
        connected: Option<&ProcessUse>,
        start: &ProcessUse,
        end: &ProcessUse,
        counts: &Counts,
    ) -> Self {
        let cpu_us = (end.cpu_s() - start.cpu_s()) * 1e6;
        let over = |count: u64| (count > 0).then(|| cpu_us / count as f64);
        Self {
            cpu_user_s: end.cpu_user_s - start.cpu_user_s,
            cpu_system_s: end.cpu_system_s - start.cpu_system_s,
            cpu_us_per_send: over(counts.sends_begun),
            cpu_us_per_delivery: over(counts.deliveries),
            resident_unconnected_bytes: unconnected.map(|before| before.resident_bytes),
            resident_connected_bytes: connected.map(|before| before.resident_bytes),
            resident_bytes: end.resident_bytes,
            resident_peak_bytes: end.resident_peak_bytes,
        }
    }

    /// CPU seconds altogether.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.cpu_user_s + self.cpu_system_s
    }

    fn resident_bytes_per_connection(&self, connections: u32) -> Option<f64> {
        let before = self.resident_unconnected_bytes?;
        let grown = self.resident_connected_bytes?.checked_sub(before)?;
        (connections > 0 && grown > 0).then(|| grown as f64 / f64::from(connections))
    }
}

impl KernelCost {
    /// Client and server are alike to the kernel, so each end took half.
    fn bytes_per_end(self, connections: u32) -> Option<f64> {
        let grown = self.connected_bytes.checked_sub(self.unconnected_bytes)?;
        (connections > 0 && grown > 0).then(|| grown as f64 / (2.0 * f64::from(connections)))
    }
}

impl MachineCost {
    /// What the machine did between two readings.
    #[must_use]
    pub fn between(start: &MachineUse, end: &MachineUse) -> Self {
        Self {
            busy_s: end.busy_s - start.busy_s,
            softirq_s: end.softirq_s - start.softirq_s,
            cores: end.cores,
        }
    }
}
