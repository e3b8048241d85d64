//! A claim with its lines, and a probe of two stores.

use hubbub_report::{ClaimCrossing, ClaimFigure, ClaimLine, ClaimPoint, ClaimReport};
use serde_json::{Value, json};

/// Inboxes against one log, by the size of the group.
pub(crate) fn claim() -> ClaimReport {
    let line = |name: &str, slope: f64| ClaimLine {
        name: name.to_owned(),
        figure: "store_rows_per_message".to_owned(),
        points: [3.0, 10.0, 30.0, 100.0]
            .map(|level| ClaimPoint { level, value: Some(1.0 + slope * level) })
            .to_vec(),
        slope: Some(slope),
        intercept: Some(1.0),
        r_squared: Some(0.9975),
        projected_at: Some(500.0),
        projected: Some(1.0 + slope * 500.0),
    };
    ClaimReport {
        text: "A copy to each recipient's queue is fine for small groups".to_owned(),
        verdict: "costs".to_owned(),
        confirmed: true,
        sentence: "An inbox writes 1.02 rows for each further member.".to_owned(),
        seeds: 3,
        command: "hubbub run scenarios/claims/inbox-or-log.toml".to_owned(),
        variants: vec!["base".to_owned(), "log".to_owned()],
        figures: vec![ClaimFigure {
            name: "store_rows_per_message".to_owned(),
            unit: "rows".to_owned(),
            description: "Rows that the store wrote for an accepted message.".to_owned(),
            values: vec![Some(11.4), None],
        }],
        lines: vec![line("inbox", 1.02), line("log", 0.004)],
        crossings: vec![ClaimCrossing {
            name: "writes".to_owned(),
            of: ["inbox".to_owned(), "log".to_owned()],
            at: Some(2.5),
            projected: true,
        }],
    }
}

/// Two engines at two sizes.
pub(crate) fn probe() -> Value {
    let row = |engine: &str, messages: u64, jump: f64| {
        json!({
            "engine": engine, "messages": messages,
            "jump_p50_us": jump, "jump_p99_us": jump * 9.0,
            "search_p50_us": jump * 21.0, "search_p99_us": jump * 30.0,
            "jump_cpu_p50_us": jump * 0.9, "jump_growth": jump / 15.0,
            "search_cpu_p50_us": jump * 20.5, "search_growth": 1.25,
            "search_messages": 417.5,
            "bytes_per_message": 161.5, "fill_per_s": 41_500.0,
        })
    };
    let rows = [
        row("key-value", 10_000, 57.0),
        row("key-value", 1_000_000, 61.5),
        row("relational", 10_000, 15.0),
        row("relational", 1_000_000, 52.0),
    ];
    json!({ "reads": 200, "is_complete": true, "rows": rows })
}
