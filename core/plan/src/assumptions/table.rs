//! The parameters that have a range.
//!
//! A source text names codes of `sources.rs`; "D:" before one means derived from it, "A" assumed,
//! "G" given with the question. The mark is the base value's.

use hubbub_scenario::{Plan, Spread};

use super::Mark;

/// A parameter that has a range.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) spread: fn(&mut Plan) -> &mut Spread,
    pub(crate) unit: &'static str,
    pub(crate) mark: Mark,
    pub(crate) source: &'static str,
}

/// Names each parameter by the path that reads it, so that the two cannot differ.
macro_rules! parameters {
    ($($table:ident . $key:ident, $unit:literal, $mark:ident, $source:literal;)+) => {
        &[$(Parameter {
            name: concat!(stringify!($table), ".", stringify!($key)),
            spread: |plan| &mut plan.$table.$key,
            unit: $unit,
            mark: Mark::$mark,
            source: $source,
        }),+]
    };
}

/// Every parameter that has a range, in the order of the section.
pub(crate) const PARAMETERS: &[Parameter] = parameters! {
    population.dau, "users", Given, "G";
    population.dau_over_mau, "", Assumption, "A low/base; S30 0.70/0.80/0.83";
    population.contacts_mean, "contacts", Derived, "S30 65, S5 128; lognormal S31, sigma=1.0 A";
    population.groups_per_user_mean, "groups", Assumption, "A; exponential S31; no formula reads it";
    population.group_size_mean, "members", Assumption, "A, fitted to S4 fan-out; lognormal mu=1.6 sigma=0.8 on 3..100";
    population.devices_per_connected, "devices", Assumption, "A";
    messages.sends_per_dau_day, "sends", Derived, "D:S1,S4,S5";
    messages.group_share_of_sends, "", Published, "S6 base; A";
    messages.media_share_of_sends, "", Derived, "D:S28";
    messages.media_object_bytes, "B", Assumption, "A";
    messages.media_download_ratio, "", Assumption, "A";
    messages.body_chars, "characters", Published, "S13; lognormal mu=2.83 sigma=1.15; no formula reads it";
    messages.wire_bytes_per_delivery, "B", Assumption, "A";
    messages.receipts_per_delivery, "receipts", Assumption, "A";
    messages.receipt_wire_bytes, "B", Assumption, "A";
    messages.requests_per_send, "requests", Derived, "D:S1 11.1; S9 12.5; A low";
    time.peak_to_average, "x the average", Assumption, "D:S4 low; A";
    time.event_multiplier, "x the average", Published, "S1,S8,D:S2";
    time.retry_storm_multiplier, "x the average", Assumption, "S3 high; A";
    connections.peak_connected_over_dau, "", Derived, "D:S11 / S4 / S2,S16; one value for each connection policy";
    connections.launches_per_day, "launches", Published, "S11, D:S12";
    connections.foreground_min_per_day, "min", Assumption, "D:S12; S11 35; A";
    connections.conn_lifetime_s, "s", Derived, "D:S4; S15 3600; A low";
    connections.fg_heartbeat_s, "s", Assumption, "G; A; ~S17 41.25";
    connections.bg_keepalive_s, "s", Published, "D:S32; S14";
    connections.mem_per_conn_bytes, "B", Published, "G; S15";
    connections.conns_per_server, "connections", Assumption, "S7; A; S4";
    presence.debounce_survival, "", Assumption, "A";
    presence.visible_subscriptions, "contacts", Assumption, "A";
    presence.presence_wire_bytes, "B", Assumption, "A";
    presence.heartbeat_wire_bytes, "B", Assumption, "A";
    push.push_per_delivery, "", Assumption, "A; S21 high";
    storage.row_bytes, "B", Assumption, "A; high D:S9";
    storage.inbox_row_bytes, "B", Assumption, "A on S23";
    storage.inbox_retention_days, "days", Published, "S29 base; A";
    storage.replication_factor, "copies", Published, "S23";
    storage.compression_ratio, "", Assumption, "A";
    storage.max_disk_fill, "", Published, "S23";
    reliability.max_utilisation_degraded, "", Assumption, "A; S24 0.5";
    reliability.spares, "servers", Assumption, "A";
    cost.usd_per_vcpu_hour, "USD", Derived, "D:S25";
    cost.usd_per_ssd_gb_month, "USD", Assumption, "A";
    cost.usd_per_object_gb_month, "USD", Assumption, "A";
    cost.usd_per_egress_gb, "USD", Published, "S25 base/high; A low";
    cost.vcpu_per_chat_server, "vCPU", Assumption, "A; S15 40";
};
