//! Memory, network, disk and money.

use crate::{
    figure::figure,
    html::markup::{
        Column::{Figures, Words},
        Field, Table, facts, plain, records,
    },
    place::Place,
    unit::Unit,
};

pub(super) fn section(plan: &Place<'_>) -> String {
    let mut html = String::from("<h3>Memory, network and storage</h3>\n<div class=\"columns\">\n");
    html.push_str(&facts("Memory of connections", &plan.at("/memory"), &MEMORY));
    html.push_str(&network(&plan.at("/network")));
    html.push_str("</div>\n");
    html.push_str(&facts("Storage", &plan.at("/storage"), &STORAGE));
    html.push_str(&records(
        "Disk to have as time passes",
        &plan.at("/storage/growth"),
        &GROWTH,
        plain,
    ));
    html.push_str("<h3>Cost</h3>\n");
    html.push_str(&records("A month at list prices", &plan.at("/cost/lines"), &COST, plain));
    let total = |pointer| figure(&plan.at("/cost").at(pointer), Unit::Dollars);
    html.push_str(&format!(
        "<p>In all {} a month: {} per daily user, {} per million sends.</p>\n",
        total("/total_usd_per_month"),
        total("/daily_user_usd_per_month"),
        total("/million_sends_usd"),
    ));
    html
}

const MEMORY: [Field; 5] = [
    ("A connection, assumed", "/connection_assumed_bytes", Unit::Bytes),
    ("A connection, measured", "/connection_measured_bytes", Unit::Bytes),
    ("All connections", "/connections_bytes", Unit::Bytes),
    ("Per chat server", "/per_server_bytes", Unit::Bytes),
    ("Per chat server, zones lost", "/per_server_degraded_bytes", Unit::Bytes),
];

const STORAGE: [Field; 9] = [
    ("Disk per logical byte", "/provisioned_over_logical", Unit::Number),
    ("History, logical", "/log_logical_bytes_per_day", Unit::BytesPerDay),
    ("History, disk to add", "/log_provisioned_bytes_per_day", Unit::BytesPerDay),
    ("History, disk to add a year", "/log_provisioned_bytes_per_year", Unit::Bytes),
    ("Inboxes, logical", "/inbox_logical_bytes", Unit::Bytes),
    ("Inboxes, disk to have", "/inbox_provisioned_bytes", Unit::Bytes),
    (
        "Disk to add, by the measured store",
        "/measured_provisioned_bytes_per_day",
        Unit::BytesPerDay,
    ),
    ("The same, by assumption", "/assumed_provisioned_bytes_per_day", Unit::BytesPerDay),
    ("Media in object storage", "/media_bytes_per_day", Unit::BytesPerDay),
];

const GROWTH: [Field; 5] = [
    ("Months", "/months", Unit::Quantity),
    ("History", "/log_provisioned_bytes", Unit::Bytes),
    ("Inboxes", "/inbox_provisioned_bytes", Unit::Bytes),
    ("Both", "/total_provisioned_bytes", Unit::Bytes),
    ("Media", "/media_bytes", Unit::Bytes),
];

const COST: [Field; 5] = [
    ("What", "/name", Unit::Text),
    ("Quantity", "/quantity", Unit::Quantity),
    ("Unit", "/unit", Unit::Text),
    ("Price", "/unit_usd", Unit::Dollars),
    ("A month", "/usd_per_month", Unit::Dollars),
];

fn network(network: &Place<'_>) -> String {
    let rows = [
        ("Chat", "/chat"),
        ("Presence", "/presence"),
        ("Heartbeats", "/heartbeats"),
        ("Media, apart", "/media"),
    ];
    let columns = [("", Words), ("Average", Figures), ("Peak", Figures)];
    let mut table = Table::new("Network, to the devices", &columns);
    for (name, pointer) in rows {
        let row = network.at(pointer);
        let moments = ["/average_gbit_per_s", "/peak_gbit_per_s"];
        let figures = moments.map(|moment| figure(&row.at(moment), Unit::GigabitsPerSecond));
        table.row([name.to_owned()].into_iter().chain(figures).collect());
    }
    table.html()
}
