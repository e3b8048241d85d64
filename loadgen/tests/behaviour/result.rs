//! A result keeps its figures and gives out only those that may be believed.

use crate::model::{Faults, MILLISECOND, measure};
use hubbub_chat::Design;
use hubbub_loadgen::{
    Calibration, Costs, GeneratorCpu, KernelCost, LoadPlan, LoadResult, LoadSettings, MachineCost,
    MachineUse, ProcessCost, ProcessUse, VerdictLimits,
};
use hubbub_scenario::{Groups, Load, Period, Rate};

fn load() -> Load {
    Load {
        connections: 40,
        rate: Rate::per_second(1_000.0),
        warmup: Period::from_secs(1),
        duration: Period::from_secs(6),
        groups: Groups { count: 4, size: [5, 10] },
        group_share: 0.5,
        body_bytes: 60,
        deliver_p99: Period::from_millis(50),
    }
}

fn process(cpu_user_s: f64, resident_bytes: u64) -> ProcessUse {
    let resident_peak_bytes = resident_bytes + 4_096;
    ProcessUse { cpu_user_s, cpu_system_s: 0.5, resident_bytes, resident_peak_bytes }
}

fn result(faults: Faults) -> LoadResult {
    let load = load();
    let plan = LoadPlan::generate(3, &load, &Design::default());
    let settings = LoadSettings::new(3, &load, &plan.population);
    let measured = measure(plan, faults);
    let (before, connected) = (process(0.0, 1_000_000), process(0.5, 3_000_000));
    let (start, end) = (process(1.0, 3_500_000), process(3.0, 4_000_000));
    let cost =
        ProcessCost::between(Some(&before), Some(&connected), &start, &end, &measured.counts);
    let machine = |busy_s, softirq_s| MachineUse { busy_s, softirq_s, cores: 2 };
    let costs = Costs {
        server: Some(cost.clone()),
        generator: Some(ProcessCost { resident_unconnected_bytes: None, ..cost }),
        generator_cpu: Some(GeneratorCpu { used_s: 2.0, threads: 1, machine_cores: 2 }),
        machine: Some(MachineCost::between(&machine(10.0, 1.0), &machine(15.0, 1.25))),
        kernel: Some(KernelCost { unconnected_bytes: 500_000, connected_bytes: 820_000 }),
    };
    LoadResult::new(settings, 50 * MILLISECOND, measured, costs, &VerdictLimits::default())
}

#[test]
fn the_plan_is_the_one_that_the_section_asks_for() {
    let plan = LoadPlan::generate(3, &load(), &Design::default());
    let settings = LoadSettings::new(3, &load(), &plan.population);
    assert_eq!(plan.population.users().len(), 40);
    assert_eq!(plan.population.device_count(), 40);
    assert_eq!(plan.population.groups().count(), 4);
    assert_eq!(plan.drain_ns, 30_000 * MILLISECOND, "two comparisons with the store, 15 s apart");
    assert_eq!((settings.window_s, settings.objective_ms), (6.0, 50.0));
    let product = settings.mean_fan_out * settings.sends_per_second;
    assert!((product - 1_000.0).abs() < 1e-6, "{product}");
    // Seven seconds of sends; the standard deviation of a Poisson count is its root.
    let expected = settings.sends_per_second * 7.0;
    assert!((plan.actions.len() as f64 - expected).abs() < 5.0 * expected.sqrt());
}

#[test]
fn unit_costs_are_the_cpu_over_the_window() {
    let result = result(Faults::default());
    let deliveries = result.counts.deliveries as f64;
    assert!((result.deliveries_per_second() - deliveries / 6.0).abs() < 1e-9);
    let calibration = result.calibration();
    let per_delivery = calibration.server_cpu_s_per_delivery.unwrap();
    assert!((per_delivery * deliveries - 2.0).abs() < 1e-9, "{per_delivery}");
    let per_send = calibration.generator_cpu_s_per_send.unwrap();
    assert!((per_send * result.counts.sends_begun as f64 - 2.0).abs() < 1e-9, "{per_send}");
    assert_eq!(calibration.server_resident_bytes_per_connection, Some(50_000.0));
    assert_eq!(calibration.server_kernel_bytes_per_connection, Some(4_000.0), "one end of two");
    assert_eq!(result.server_connected_bytes(), Some(3_000_000));
    assert_eq!(result.costs.machine, Some(MachineCost { busy_s: 5.0, softirq_s: 0.25, cores: 2 }));
}

#[test]
fn an_invalid_run_gives_no_unit_costs() {
    let faults = Faults { generator_tick_ns: Some(20 * MILLISECOND), ..Faults::default() };
    let result = result(faults);
    assert_eq!(result.calibration(), Calibration::default());
    assert_eq!(result.server_connected_bytes(), None);
}

#[test]
fn a_result_survives_json_and_its_percentiles_can_be_drawn_again() {
    let result = result(Faults { drop_every: Some(1_000), ..Faults::default() });
    let text = serde_json::to_string(&result).unwrap();
    let read: LoadResult = serde_json::from_str(&text).unwrap();
    assert_eq!(read.verdict, result.verdict);
    assert_eq!(
        (&read.ledger, &read.counts, &read.series),
        (&result.ledger, &result.counts, &result.series)
    );
    assert!(!read.missing_examples.is_empty());
    let table = &read.latencies.delivery.all;
    assert_eq!(table.buckets, result.latencies.delivery.all.buckets);
    assert_eq!(table.reading(990), result.latencies.delivery.all.summary.p99);
    assert_eq!(table.reading(1000), result.latencies.delivery.all.summary.max);
    assert!(text.contains("\"max\":\"missing\""));
}

/// Reports find figures by their place. A name that changes here must change there.
#[test]
fn the_json_has_the_places_that_reports_read() {
    let json =
        serde_json::to_value(result(Faults { drop_every: Some(1_000), ..Faults::default() }))
            .unwrap();
    let under = |parent: &str, names: &[&str]| {
        for name in names {
            let pointer = format!("{parent}/{name}");
            assert!(json.pointer(&pointer).is_some(), "{pointer} is not there");
        }
    };
    under(
        "/settings",
        &[
            "connections",
            "deliveries_per_second",
            "window_s",
            "warmup_s",
            "objective_ms",
            "sends_per_second",
            "mean_fan_out",
            "body_bytes",
        ],
    );
    under("/verdict", &["outcome", "reasons/0/kind", "reasons/0/text"]);
    let counts = ["sends_scheduled", "sends_begun", "acceptances", "deliveries"];
    under("/counts", &counts);
    under("/counts", &["connections_ended"]);
    under("/ledger", &["sends", "accepted", "refused", "unanswered", "expected", "delivered"]);
    under("/ledger", &["missing", "duplicate", "reordered", "unexpected", "unknown", "late"]);
    under("/missing_examples/0", &["number", "device"]);
    let summary = ["samples", "missing", "p50", "p90", "p99", "p999", "max"];
    for distribution in [
        "acceptance/all",
        "delivery/all",
        "delivery/direct",
        "delivery/group",
        "last_recipient/all",
        "delivery_uncorrected/all",
        "schedule_lag",
    ] {
        under(&format!("/latencies/{distribution}/summary"), &summary);
    }
    under("/latencies/delivery/all/buckets/0", &["up_to_ns", "count"]);
    under("/series/seconds/0", &["sends", "acceptances", "deliveries", "slowest_delivery_ns"]);
    for process in ["/costs/server", "/costs/generator"] {
        under(process, &["cpu_user_s", "cpu_system_s", "cpu_us_per_delivery", "cpu_us_per_send"]);
        under(process, &["resident_unconnected_bytes", "resident_connected_bytes"]);
        under(process, &["resident_bytes", "resident_peak_bytes"]);
    }
    under("/costs/machine", &["busy_s", "cores", "softirq_s"]);
    under("/costs/kernel", &["unconnected_bytes", "connected_bytes"]);
}
