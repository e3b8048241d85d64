//! A load result, in the form that the load generator writes.

use serde_json::{Value, json};

const WINDOW_S: u64 = 20;
const DELIVERIES_PER_S: u64 = 4_000;

/// A run of 2,000 connections that met its objective.
pub(crate) fn load_result() -> Value {
    let sends = 32_000;
    let deliveries = DELIVERIES_PER_S * WINDOW_S;
    json!({
        "settings": {
            "seed": 7, "connections": 2_000, "deliveries_per_second": 4_000.0, "mean_fan_out": 2.5,
            "sends_per_second": 1_600.0, "group_count": 60, "group_size": [3, 20], "group_share": 0.25,
            "body_bytes": 40, "warmup_s": 3.0, "window_s": WINDOW_S as f64, "objective_ms": 50.0,
        },
        "verdict": {
            "outcome": "pass",
            "reasons": [{ "kind": "remark", "text": "the slowest delivery took 26.9 ms" }],
        },
        "counts": {
            "sends_scheduled": sends, "sends_begun": sends, "acceptances": sends,
            "deliveries": deliveries + 26, "connections_ended": 0,
        },
        "ledger": {
            "sends": 36_800, "accepted": 36_800, "refused": 0, "first_refusal": null, "unanswered": 0,
            "expected": 92_004, "delivered": 92_004, "missing": 0, "duplicate": 0, "reordered": 0,
            "unexpected": 0, "unknown": 0, "late": 11,
        },
        "missing_examples": [],
        "latencies": {
            "schedule_lag": table(0.06, 0.5, sends),
            "acceptance": kinds(2.1, 0.42, sends),
            "delivery": kinds(2.9, 0.55, deliveries),
            "last_recipient": kinds(4.6, 0.62, sends),
            "delivery_uncorrected": kinds(2.8, 0.55, deliveries),
        },
        "series": {
            "window": { "start_ns": 3_000_000_000_u64, "end_ns": 23_000_000_000_u64 },
            "seconds": (0..WINDOW_S).map(|second| json!({
                "sends": 1_600, "acceptances": 1_600, "deliveries": DELIVERIES_PER_S + second % 3,
                "slowest_delivery_ns": 31_000_000 + second * 400_000,
            })).collect::<Vec<_>>(),
        },
        "costs": {
            "server": {
                "cpu_user_s": 0.71, "cpu_system_s": 0.43, "cpu_us_per_send": 35.6,
                "cpu_us_per_delivery": 14.2, "resident_unconnected_bytes": 14_200_000, "resident_connected_bytes": 42_600_000,
                "resident_bytes": 33_800_000, "resident_peak_bytes": 36_100_000,
            },
            "generator": {
                "cpu_user_s": 0.52, "cpu_system_s": 0.47, "cpu_us_per_send": 30.9,
                "cpu_us_per_delivery": 12.4, "resident_unconnected_bytes": null, "resident_connected_bytes": null,
                "resident_bytes": 61_000_000, "resident_peak_bytes": 61_900_000,
            },
            "generator_cpu": { "used_s": 0.99, "threads": 2, "machine_cores": 2 },
            "machine": { "busy_s": 3.4, "softirq_s": 0.61, "cores": 2 },
            "kernel": { "unconnected_bytes": 500_000, "connected_bytes": 820_000 },
        },
    })
}

fn kinds(median_ms: f64, spread: f64, samples: u64) -> Value {
    json!({
        "all": table(median_ms, spread, samples),
        "direct": table(median_ms * 0.9, spread, samples / 4 * 3),
        "group": table(median_ms * 1.3, spread, samples / 4),
    })
}

/// A log-normal distribution read at its quantiles, so that it is the same on every machine up to
/// rounding.
fn table(median_ms: f64, spread: f64, samples: u64) -> Value {
    let latency_ns =
        |share: f64| (median_ms * 1e6 * (spread * normal_quantile(share)).exp()).round() as u64;
    let mut buckets = Vec::new();
    let mut passed = 0;
    let steps = (1..=400).map(|step| 1.0 - 10f64.powf(-f64::from(step) / 80.0));
    for share in steps {
        let rank = (samples as f64 * share).ceil() as u64;
        if rank > passed {
            buckets.push(json!({ "up_to_ns": latency_ns(share), "count": rank - passed }));
            passed = rank;
        }
    }
    let reading = |share| json!({ "nanoseconds": latency_ns(share) });
    json!({
        "summary": {
            "samples": samples, "missing": 0, "negative": 0, "mean_ns": latency_ns(0.6) as f64,
            "min": reading(0.0005), "p50": reading(0.5), "p90": reading(0.9), "p99": reading(0.99),
            "p999": reading(0.999), "max": { "nanoseconds": buckets.last().map_or(0, |bucket| bucket["up_to_ns"].as_u64().unwrap()) },
        },
        "buckets": buckets,
    })
}

/// Of the standard normal distribution, by the approximation 26.2.23 of Abramowitz and Stegun.
fn normal_quantile(share: f64) -> f64 {
    let tail = if share > 0.5 { 1.0 - share } else { share };
    let t = (-2.0 * tail.ln()).sqrt();
    let quantile = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if share > 0.5 { quantile } else { -quantile }
}
