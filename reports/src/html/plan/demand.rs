//! What the population does.

use crate::{
    figure::figure,
    html::{
        escape,
        markup::{
            Column::{Figures, Words},
            Field, Table, facts,
        },
        plot_figure,
    },
    place::Place,
    plot::day_plot,
    unit::Unit,
};

pub(super) fn section(plan: &Place<'_>) -> String {
    let demand = plan.at("/demand");
    let mut html = String::from("<h3>Demand</h3>\n");
    html.push_str(&day(&plan.at("/day")));
    html.push_str(&levels(&demand));
    html.push_str("<div class=\"columns\">\n");
    html.push_str(&facts("Connections at the peak", &demand, &CONNECTIONS));
    html.push_str(&facts("Presence and notifications", &demand, &PRESENCE));
    html.push_str("</div>\n");
    html
}

const CONNECTIONS: [Field; 7] = [
    ("Policy", "/connection_policy", Unit::Text),
    ("Connections", "/connections_peak", Unit::Quantity),
    ("Users with the app open", "/foreground_users_peak", Unit::Quantity),
    ("Heartbeats", "/heartbeats_per_s", Unit::PerSecond),
    ("Heartbeats at the shortest interval", "/heartbeats_shortest_interval_per_s", Unit::PerSecond),
    ("Logins", "/logins_per_s", Unit::PerSecond),
    ("Attempts to send in a retry storm", "/send_attempts_storm_per_s", Unit::PerSecond),
];

const PRESENCE: [Field; 8] = [
    ("Policy", "/presence_policy", Unit::Text),
    ("Changes of status, average", "/status_changes_average_per_s", Unit::PerSecond),
    ("Changes of status, peak", "/status_changes_peak_per_s", Unit::PerSecond),
    ("Updates of status pushed, peak", "/presence_updates_peak_per_s", Unit::PerSecond),
    ("Push notifications, average", "/pushes_average_per_s", Unit::PerSecond),
    ("Push notifications, peak", "/pushes_peak_per_s", Unit::PerSecond),
    ("Default quota of push notifications", "/push_quota_per_s", Unit::PerSecond),
    ("Larger quota needed", "/push_quota_exceeded", Unit::Text),
];

fn day(day: &Place<'_>) -> String {
    let column = |pointer: &str| -> Vec<f64> {
        day.items().iter().filter_map(|hour| hour.at(pointer).number()).collect()
    };
    let plot = day_plot(&column("/sends_per_s"), &column("/deliveries_per_s"));
    let from = escape(&day.to_string());
    plot_figure(
        &plot,
        &format!("A usual day, the average of each hour. Curves from <code>{from}</code>."),
    )
}

fn levels(demand: &Place<'_>) -> String {
    let rows = [
        ("Sends", "/sends"),
        ("Deliveries to users", "/deliveries"),
        ("Deliveries to devices", "/session_deliveries"),
        ("Requests of any kind", "/requests"),
    ];
    let mut table = Table::new(
        "Messages",
        &[("", Words), ("Average", Figures), ("Peak", Figures), ("Event", Figures)],
    );
    for (name, pointer) in rows {
        let row = demand.at(pointer);
        let levels = ["/average_per_s", "/peak_per_s", "/event_per_s"];
        let figures = levels.map(|level| figure(&row.at(level), Unit::PerSecond));
        table.row([name.to_owned()].into_iter().chain(figures).collect());
    }
    let fan_out = figure(&demand.at("/fan_out_recipients_per_send"), Unit::Number);
    format!("{}<p>A send has {fan_out} recipients on average.</p>\n", table.html())
}
