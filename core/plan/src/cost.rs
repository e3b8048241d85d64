//! What it costs a month.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{Demand, Network, Servers, Storage};

/// Hours of a month: 8,760 / 12.
const MONTH_HOURS: f64 = 730.0;
/// Seconds of a month.
const MONTH_S: f64 = MONTH_HOURS * 3600.0;

/// What it costs a month, at list prices, after the first year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The cost line by line.
    pub lines: Vec<CostLine>,
    /// All lines.
    pub total_usd_per_month: f64,
    /// The total over the daily users.
    pub daily_user_usd_per_month: f64,
    /// The total over the month's sends, for a million of them.
    pub million_sends_usd: f64,
}

/// A line of the cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    /// What is paid for.
    pub name: String,
    /// How much of it a month.
    pub quantity: f64,
    /// The quantity's unit.
    pub unit: String,
    /// The price of a unit.
    pub unit_usd: f64,
    /// Quantity times price.
    pub usd_per_month: f64,
}

/// Quantities times prices. History and media are those of the first year, still all kept.
pub(crate) fn cost(
    section: &Plan,
    demand: &Demand,
    servers: &Servers,
    storage: &Storage,
    network: &Network,
) -> Cost {
    let prices = &section.cost;
    let first_year = storage.growth[0];
    let vcpu_hours = |servers: Option<u64>| {
        servers.unwrap_or(0) as f64 * prices.vcpu_per_chat_server.base * MONTH_HOURS
    };
    let chat_gbit_per_s = network.chat.average_gbit_per_s
        + network.presence.average_gbit_per_s
        + network.heartbeats.average_gbit_per_s;
    let gigabytes = |gbit_per_s: f64| gbit_per_s / 8.0 * MONTH_S;
    let (cpu, ssd) = (prices.usd_per_vcpu_hour.base, prices.usd_per_ssd_gb_month.base);
    let (object, egress) = (prices.usd_per_object_gb_month.base, prices.usd_per_egress_gb.base);
    let mut lines = vec![line("chat servers", vcpu_hours(servers.chat.total), "vCPU h", cpu)];
    for role in servers.others.iter().filter(|role| role.total.is_some()) {
        lines.push(line(&format!("{} servers", role.role), vcpu_hours(role.total), "vCPU h", cpu));
    }
    lines.extend([
        line("history on SSD", first_year.log_provisioned_bytes / 1e9, "GB month", ssd),
        line("inboxes on SSD", first_year.inbox_provisioned_bytes / 1e9, "GB month", ssd),
        line("media in object storage", first_year.media_bytes / 1e9, "GB month", object),
        line("chat egress", gigabytes(chat_gbit_per_s), "GB", egress),
        line("media egress", gigabytes(network.media.average_gbit_per_s), "GB", egress),
    ]);
    let total = lines.iter().map(|line| line.usd_per_month).sum();
    let million_sends = demand.sends.average_per_s * MONTH_S / 1e6;
    Cost {
        lines,
        total_usd_per_month: total,
        daily_user_usd_per_month: total / demand.daily_users,
        million_sends_usd: total / million_sends,
    }
}

fn line(name: &str, quantity: f64, unit: &str, unit_usd: f64) -> CostLine {
    CostLine {
        name: name.to_owned(),
        quantity,
        unit: unit.to_owned(),
        unit_usd,
        usd_per_month: quantity * unit_usd,
    }
}
