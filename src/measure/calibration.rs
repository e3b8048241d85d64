//! From what a load measured to what the plan takes.

use hubbub_loadgen::LoadResult;
use hubbub_plan::Calibration;
use hubbub_report::Machine;

/// The unit costs of a measurement. One rate cannot tell sends from deliveries, so all of the
/// server's CPU time goes to the deliveries.
pub(crate) fn calibration(result: &LoadResult, machine: &Machine, scope: &str) -> Calibration {
    let costs = result.calibration();
    let measured = costs.server_cpu_s_per_delivery.is_some();
    Calibration {
        version: Calibration::VERSION,
        machine: describe(machine),
        revision: env!("HUBBUB_REVISION").to_owned(),
        scope: scope.to_owned(),
        connections: measured.then(|| f64::from(result.settings.connections)),
        deliveries_per_s: measured.then(|| result.deliveries_per_second()),
        cpu_seconds_per_delivery: costs.server_cpu_s_per_delivery,
        bytes_per_connection: costs.server_resident_bytes_per_connection,
        ..Calibration::default()
    }
}

fn describe(machine: &Machine) -> String {
    let Machine { cpu, cores, system, .. } = machine;
    let cpu = cpu.as_deref().unwrap_or("unknown processor");
    let cores = cores.map_or_else(|| "unknown".to_owned(), |cores| cores.to_string());
    format!("{cpu}, {cores} cores, {system}")
}
