//! Designs side by side.

use crate::{
    html::markup::{Field, chosen, plain, records},
    place::Place,
    unit::Unit,
};

pub(super) fn section(plan: &Place<'_>) -> String {
    let tables = [
        records(
            "When a device holds a connection",
            &plan.at("/connection_designs"),
            &CONNECTIONS,
            chosen,
        ),
        records(
            "Who is told of a change of status",
            &plan.at("/demand/presence_choices"),
            &PRESENCE,
            chosen,
        ),
        records(
            "A copy per recipient, or one per channel",
            &plan.at("/fan_out_designs"),
            &FAN_OUT,
            plain,
        ),
    ]
    .concat();
    format!("<h3>Designs side by side</h3>\n{tables}")
}

const CONNECTIONS: [Field; 7] = [
    ("Policy", "/policy", Unit::Text),
    ("Connections", "/connections_peak", Unit::Quantity),
    ("Heartbeats", "/heartbeats_per_s", Unit::PerSecond),
    ("Logins", "/logins_per_s", Unit::PerSecond),
    ("Memory", "/connections_bytes", Unit::Bytes),
    ("Chat servers needed", "/chat_servers_needed", Unit::Quantity),
    ("In all", "/chat_servers_total", Unit::Quantity),
];

const PRESENCE: [Field; 3] = [
    ("Policy", "/policy", Unit::Text),
    ("Devices told per change", "/recipients_per_change", Unit::Number),
    ("Updates at the peak", "/updates_peak_per_s", Unit::PerSecond),
];

const FAN_OUT: [Field; 5] = [
    ("Design", "/design", Unit::Text),
    ("How", "/summary", Unit::Text),
    ("Rows at the peak", "/rows_written_peak_per_s", Unit::PerSecond),
    ("Written at the peak", "/bytes_written_peak_per_s", Unit::BytesPerSecond),
    ("Disk after a year", "/provisioned_bytes_after_a_year", Unit::Bytes),
];
