//! What the population does: messages, connections, presence and notifications a second.
//!
//! The formulas are those of queueing and of counting; the parameters' sources are listed in
//! `assumptions.rs`.

use hubbub_scenario::Plan;
use hubbub_scenario::plan::PresencePolicy;
use serde::{Deserialize, Serialize};

/// Seconds of a day.
pub(crate) const DAY_S: f64 = 86_400.0;

/// What the population does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Users who are active on a day.
    pub daily_users: f64,
    /// Users who are active in a month: daily users / their share of the monthly ones.
    pub monthly_users: f64,
    /// Sends: daily users · sends per user and day / 86,400, times the multiplier of the moment.
    pub sends: Levels,
    /// Attempts to send while clients retry after an outage: average · retry multiplier.
    pub send_attempts_storm_per_s: f64,
    /// Requests of any kind, retries aside: sends · requests per send.
    pub requests: Levels,
    /// Recipients of a send, on average: (1 − g) + g (s − 1), for a share g of the sends going to
    /// groups of s members.
    pub fan_out_recipients_per_send: f64,
    /// Deliveries to users: sends · fan-out.
    pub deliveries: Levels,
    /// Deliveries to devices: deliveries · devices of a connected user.
    pub session_deliveries: Levels,
    /// The connection policy that the figures below are for.
    pub connection_policy: String,
    /// Connections at the peak: daily users · share connected · devices.
    pub connections_peak: f64,
    /// Users with the app open at the peak: daily users · minutes open / 1,440 · peak to average,
    /// and no more than there are connections.
    pub foreground_users_peak: f64,
    /// Heartbeats: foreground / its interval + other connections / theirs.
    pub heartbeats_per_s: f64,
    /// Heartbeats if every connection used the shortest plausible interval.
    pub heartbeats_shortest_interval_per_s: f64,
    /// Logins: connections / how long one lasts (Little's law).
    pub logins_per_s: f64,
    /// Changes of status, day's average: daily users · 2 · launches · those not debounced / 86,400.
    pub status_changes_average_per_s: f64,
    /// Changes of status at the peak.
    pub status_changes_peak_per_s: f64,
    /// The presence policy that `presence_updates_peak_per_s` is for.
    pub presence_policy: String,
    /// Updates of status pushed to devices at the peak.
    pub presence_updates_peak_per_s: f64,
    /// The same under every policy.
    pub presence_choices: Vec<PresenceChoice>,
    /// Push notifications, day's average: deliveries · share announced.
    pub pushes_average_per_s: f64,
    /// Push notifications at the peak.
    pub pushes_peak_per_s: f64,
    /// Push notifications that Firebase Cloud Messaging takes by default.
    pub push_quota_per_s: f64,
    /// Whether the average already passes the default quota, so that a larger one must be agreed.
    pub push_quota_exceeded: bool,
}

/// A rate at three moments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Over a day.
    pub average_per_s: f64,
    /// At the busiest moment of a usual day.
    pub peak_per_s: f64,
    /// At the busiest moment of a special day.
    pub event_per_s: f64,
}

impl Levels {
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            average_per_s: self.average_per_s * factor,
            peak_per_s: self.peak_per_s * factor,
            event_per_s: self.event_per_s * factor,
        }
    }
}

/// What a presence policy costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PresenceChoice {
    /// The policy's name.
    pub policy: String,
    /// Devices told of one change, on average.
    pub recipients_per_change: f64,
    /// Updates pushed at the peak.
    pub updates_peak_per_s: f64,
    /// Whether the section chose it.
    pub chosen: bool,
}

/// What the population of `section` does, by the base values.
pub(crate) fn demand(section: &Plan) -> Demand {
    let daily_users = section.population.dau.base;
    let sends = sends(section);
    let fan_out = fan_out(section);
    let deliveries = sends.times(fan_out);
    let connections = &section.connections;
    let connections_peak = connections_peak(section);
    let foreground = foreground_users_peak(section).min(connections_peak);
    let background = connections_peak - foreground;
    let changes_average = status_changes_average_per_s(section);
    let changes_peak = changes_average * section.time.peak_to_average.base;
    let presence_choices = presence_choices(section, changes_peak, foreground / daily_users);
    let pushes_average_per_s = deliveries.average_per_s * section.push.push_per_delivery.base;
    Demand {
        daily_users,
        monthly_users: daily_users / section.population.dau_over_mau.base,
        sends,
        send_attempts_storm_per_s: sends.average_per_s * section.time.retry_storm_multiplier.base,
        requests: sends.times(section.messages.requests_per_send.base),
        fan_out_recipients_per_send: fan_out,
        deliveries,
        session_deliveries: deliveries.times(section.population.devices_per_connected.base),
        connection_policy: connections.policy.name().to_owned(),
        connections_peak,
        foreground_users_peak: foreground,
        heartbeats_per_s: foreground / connections.fg_heartbeat_s.base
            + background / connections.bg_keepalive_s.base,
        heartbeats_shortest_interval_per_s: connections_peak / connections.fg_heartbeat_s.low,
        logins_per_s: connections_peak / connections.conn_lifetime_s.base,
        status_changes_average_per_s: changes_average,
        status_changes_peak_per_s: changes_peak,
        presence_policy: section.presence.policy.name().to_owned(),
        presence_updates_peak_per_s: presence_choices
            .iter()
            .filter(|choice| choice.chosen)
            .map(|choice| choice.updates_peak_per_s)
            .sum(),
        presence_choices,
        pushes_average_per_s,
        pushes_peak_per_s: deliveries.peak_per_s * section.push.push_per_delivery.base,
        push_quota_per_s: section.push.fcm_default_quota_per_s,
        push_quota_exceeded: pushes_average_per_s > section.push.fcm_default_quota_per_s,
    }
}

fn sends(section: &Plan) -> Levels {
    let average = section.population.dau.base * section.messages.sends_per_dau_day.base / DAY_S;
    Levels {
        average_per_s: average,
        peak_per_s: average * section.time.peak_to_average.base,
        event_per_s: average * section.time.event_multiplier.base,
    }
}

/// A direct message has one recipient, a group message all members but the sender.
pub(crate) fn fan_out(section: &Plan) -> f64 {
    let group_share = section.messages.group_share_of_sends.base;
    let others = section.population.group_size_mean.base - 1.0;
    (1.0 - group_share) + group_share * others
}

fn connected_share(section: &Plan) -> f64 {
    let connections = &section.connections;
    connections.policy.connected_share(connections.peak_connected_over_dau)
}

fn connections_peak(section: &Plan) -> f64 {
    section.population.dau.base
        * connected_share(section)
        * section.population.devices_per_connected.base
}

fn foreground_users_peak(section: &Plan) -> f64 {
    let share_of_day = section.connections.foreground_min_per_day.base / 1440.0;
    section.population.dau.base * share_of_day * section.time.peak_to_average.base
}

/// Every launch is two changes: to online and back.
fn status_changes_average_per_s(section: &Plan) -> f64 {
    let changes_per_day = 2.0 * section.connections.launches_per_day.base;
    let survival = section.presence.debounce_survival.base;
    section.population.dau.base * changes_per_day * survival / DAY_S
}

fn presence_choices(section: &Plan, changes_peak: f64, foreground: f64) -> Vec<PresenceChoice> {
    let choice = |policy: PresencePolicy| {
        let recipients_per_change = recipients_per_change(section, policy, foreground);
        PresenceChoice {
            policy: policy.name().to_owned(),
            recipients_per_change,
            updates_peak_per_s: changes_peak * recipients_per_change,
            chosen: policy == section.presence.policy,
        }
    };
    PresencePolicy::ALL.map(choice).to_vec()
}

/// A change reaches all contacts; those connected; those with the app open; or those of them who
/// have the user on their screen.
fn recipients_per_change(section: &Plan, policy: PresencePolicy, foreground_share: f64) -> f64 {
    let contacts = section.population.contacts_mean.base;
    match policy {
        PresencePolicy::AllContacts => contacts,
        PresencePolicy::Connected => contacts * connected_share(section),
        PresencePolicy::Foreground => contacts * foreground_share,
        PresencePolicy::Viewport => section.presence.visible_subscriptions.base * foreground_share,
    }
}
