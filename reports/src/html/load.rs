//! The measured load: latency, throughput, the account of every message, and what it took.

use super::{
    absent, escape,
    markup::{
        Column::{Figures, Words},
        Field, Table, facts, list,
    },
    plot_figure,
};
use crate::{
    bundle::{Bundle, Part},
    figure::{figure, figure_per},
    place::Place,
    plot::{Latencies, Paint, latency_plot},
    unit::Unit,
};

const MILLISECOND_NS: f64 = 1e6;

pub(super) fn section(bundle: &Bundle) -> String {
    if bundle.document(Part::Load).is_none() {
        return absent(Part::Load, "Give the scenario a <code>[load]</code> to measure it.");
    }
    let load = bundle.place(Part::Load);
    let calibration = bundle.place(Part::Calibration);
    [
        introduction(&load),
        plot(&load),
        latency_table(&load.at("/latencies")),
        "<div class=\"columns\">\n".to_owned(),
        throughput_table(&load),
        facts("Ledger: every send, warm-up included", &load.at("/ledger"), &LEDGER),
        "</div>\n".to_owned(),
        missing_examples(&load),
        costs_table(&load.at("/costs")),
        unit_costs(&calibration),
    ]
    .concat()
}

const LEDGER: [Field; 12] = [
    ("Sends", "/sends", Unit::Count),
    ("Accepted", "/accepted", Unit::Count),
    ("Refused", "/refused", Unit::Count),
    ("Unanswered", "/unanswered", Unit::Count),
    ("Deliveries expected", "/expected", Unit::Count),
    ("Delivered", "/delivered", Unit::Count),
    ("Missing", "/missing", Unit::Count),
    ("Duplicate", "/duplicate", Unit::Count),
    ("Out of order", "/reordered", Unit::Count),
    ("To the wrong device", "/unexpected", Unit::Count),
    ("Of an unknown message", "/unknown", Unit::Count),
    ("Later than the objective", "/late", Unit::Count),
];

const PROCESS: [Field; 8] = [
    ("Processor time, own code", "/cpu_user_s", Unit::Seconds),
    ("Processor time, kernel", "/cpu_system_s", Unit::Seconds),
    ("Processor time per delivery", "/cpu_us_per_delivery", Unit::Microseconds),
    ("Processor time per send", "/cpu_us_per_send", Unit::Microseconds),
    ("Memory before connections", "/resident_unconnected_bytes", Unit::Bytes),
    ("Memory with all connections open", "/resident_connected_bytes", Unit::Bytes),
    ("Memory at the end", "/resident_bytes", Unit::Bytes),
    ("Memory at most", "/resident_peak_bytes", Unit::Bytes),
];

const UNIT_COSTS: [Field; 8] = [
    ("What the costs include", "/scope", Unit::Text),
    ("Processor seconds per send", "/cpu_seconds_per_send", Unit::Quantity),
    ("Processor seconds per delivery", "/cpu_seconds_per_delivery", Unit::Quantity),
    (
        "Processor seconds per connection and second",
        "/cpu_seconds_per_connection_second",
        Unit::Quantity,
    ),
    ("Processor seconds per login", "/cpu_seconds_per_login", Unit::Quantity),
    ("Memory per connection", "/bytes_per_connection", Unit::Bytes),
    ("Disk per message", "/store_bytes_per_message", Unit::Bytes),
    ("On the wire per delivery", "/wire_bytes_per_delivery", Unit::Bytes),
];

fn introduction(load: &Place<'_>) -> String {
    let settings = load.at("/settings");
    let value = |pointer, unit| figure(&settings.at(pointer), unit);
    let remarks: Vec<String> = load
        .at("/verdict/reasons")
        .items()
        .iter()
        .filter(|reason| reason.at("/kind").text() == Some("remark"))
        .map(|reason| figure(&reason.at("/text"), Unit::Text))
        .collect();
    format!(
        "<p>{} connections, deliveries wanted at {}, measured for {} after {} of warm-up. The objective: {} for 99 % of the deliveries. Each latency counts from the time at which the message was meant to be sent, so waiting to be sent is part of it, and a delivery that never came is longer than any other.</p>\n{}",
        value("/connections", Unit::Count),
        value("/deliveries_per_second", Unit::PerSecond),
        value("/window_s", Unit::Seconds),
        value("/warmup_s", Unit::Seconds),
        value("/objective_ms", Unit::Milliseconds),
        list(&remarks),
    )
}

fn plot(load: &Place<'_>) -> String {
    let curves = [
        ("accepted", Paint::First, "/latencies/acceptance/all"),
        ("delivered", Paint::Second, "/latencies/delivery/all"),
        ("delivered to the last recipient", Paint::Third, "/latencies/last_recipient/all"),
    ];
    let curves = curves.map(|(name, paint, pointer)| latencies(name, paint, &load.at(pointer)));
    let plot = latency_plot(&curves, load.at("/settings/objective_ms").number());
    let from = escape(&load.at("/latencies").to_string());
    plot_figure(
        &plot,
        &format!(
            "Latency by percentile; each nine takes the same room. Curves from <code>{from}</code>."
        ),
    )
}

fn latencies(name: &'static str, paint: Paint, table: &Place<'_>) -> Latencies {
    let buckets = table.at("/buckets").items();
    let bucket = |bucket: &Place<'_>| {
        let up_to_ns = bucket.at("/up_to_ns").number()?;
        Some((up_to_ns / MILLISECOND_NS, bucket.at("/count").number()?))
    };
    Latencies {
        name,
        paint,
        buckets: buckets.iter().filter_map(bucket).collect(),
        missing: table.at("/summary/missing").number().unwrap_or(0.0),
    }
}

fn latency_table(latencies: &Place<'_>) -> String {
    let rows = [
        ("Acceptance", "/acceptance/all"),
        ("Delivery", "/delivery/all"),
        ("Delivery, direct", "/delivery/direct"),
        ("Delivery, groups", "/delivery/group"),
        ("Delivery to the last recipient", "/last_recipient/all"),
        ("Delivery, from the actual send", "/delivery_uncorrected/all"),
        ("Generator behind its schedule", "/schedule_lag"),
    ];
    let columns = [
        ("", Words),
        ("Samples", Figures),
        ("Missing", Figures),
        ("p50", Figures),
        ("p90", Figures),
        ("p99", Figures),
        ("p99.9", Figures),
        ("Longest", Figures),
    ];
    let mut table = Table::new("Latency", &columns);
    for (name, pointer) in rows {
        let summary = latencies.at(pointer).at("/summary");
        let mut cells = vec![name.to_owned()];
        cells.extend(["/samples", "/missing"].map(|one| figure(&summary.at(one), Unit::Count)));
        let readings = ["/p50", "/p90", "/p99", "/p999", "/max"];
        cells.extend(readings.map(|one| figure(&summary.at(one), Unit::Latency)));
        table.row(cells);
    }
    table.html()
}

fn throughput_table(load: &Place<'_>) -> String {
    let (settings, counts) = (load.at("/settings"), load.at("/counts"));
    let window = settings.at("/window_s");
    let rate = |pointer| figure_per(&counts.at(pointer), &window, Unit::PerSecond);
    let rows = [
        ("Sends wanted", figure(&settings.at("/sends_per_second"), Unit::PerSecond)),
        ("Sends scheduled", rate("/sends_scheduled")),
        ("Sends begun", rate("/sends_begun")),
        ("Acceptances", rate("/acceptances")),
        ("Deliveries wanted", figure(&settings.at("/deliveries_per_second"), Unit::PerSecond)),
        ("Deliveries", rate("/deliveries")),
        ("Deliveries in the window", figure(&counts.at("/deliveries"), Unit::Count)),
        ("Recipients per send", figure(&settings.at("/mean_fan_out"), Unit::Number)),
        ("Text of a message", figure(&settings.at("/body_bytes"), Unit::Bytes)),
        ("Connections that ended", figure(&counts.at("/connections_ended"), Unit::Count)),
    ];
    let mut table = Table::new("Throughput in the window", &[("", Words), ("", Figures)]);
    for (name, value) in rows {
        table.row(vec![name.to_owned(), value]);
    }
    table.html()
}

/// An example has the message's number and the device that did not get it.
fn missing_examples(load: &Place<'_>) -> String {
    let columns = [("Message", Figures), ("Device that did not get it", Figures)];
    let mut table = Table::new("The first deliveries that never came", &columns);
    for example in load.at("/missing_examples").items() {
        table
            .row(["/number", "/device"].map(|one| figure(&example.at(one), Unit::Number)).to_vec());
    }
    table.html()
}

fn costs_table(costs: &Place<'_>) -> String {
    let columns = [("", Words), ("Server", Figures), ("Generator", Figures)];
    let mut table = Table::new("What the window took", &columns);
    for (name, pointer, unit) in PROCESS {
        let figures = ["/server", "/generator"].map(|one| figure(&costs.at(one).at(pointer), unit));
        table.row([name.to_owned()].into_iter().chain(figures).collect());
    }
    let machine = costs.at("/machine");
    let kernel = costs.at("/kernel");
    format!(
        "{}<p class=\"small\">The whole machine was busy for {} of processor time on {} cores, {} of it in the network's soft interrupts, which no process is charged for. The kernel's memory for sockets, both ends of every connection: {} before there were connections, {} with all of them open.</p>\n",
        table.html(),
        figure(&machine.at("/busy_s"), Unit::Seconds),
        figure(&machine.at("/cores"), Unit::Count),
        figure(&machine.at("/softirq_s"), Unit::Seconds),
        figure(&kernel.at("/unconnected_bytes"), Unit::Bytes),
        figure(&kernel.at("/connected_bytes"), Unit::Bytes),
    )
}

fn unit_costs(calibration: &Place<'_>) -> String {
    if !calibration.is_present() {
        return String::new();
    }
    facts("Unit costs that the plan can use", calibration, &UNIT_COSTS)
}
