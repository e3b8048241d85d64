//! What happens when something fails.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{Demand, Servers};

/// Seconds over which devices reconnect when little holds them back.
pub(crate) const FAST_WINDOW_S: f64 = 30.0;
/// Seconds over which devices reconnect when backoff and admission spread them.
pub(crate) const SLOW_WINDOW_S: f64 = 300.0;

/// What happens when something fails at the peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What fails.
    pub failed: String,
    /// Chat servers left, spares aside.
    pub servers_left: u64,
    /// Share of the chat servers' capacity in use before.
    pub utilisation_before: f64,
    /// The same once all devices are back; above 1 they do not all fit. `None` if no server is left.
    pub utilisation_after: Option<f64>,
    /// Whether that is no more than the most that is allowed.
    pub holds: bool,
    /// Connections that are cut.
    pub connections_cut: f64,
    /// Logins if they come back within 30 s.
    pub reconnects_in_30_s_per_s: f64,
    /// Logins if they come back within 300 s.
    pub reconnects_in_300_s_per_s: f64,
    /// Logins of a usual peak, to compare with.
    pub usual_logins_per_s: f64,
}

/// One server, then the zones. Connections are spread evenly, so what fails takes its share.
pub(crate) fn failures(section: &Plan, demand: &Demand, servers: &Servers) -> Vec<Failure> {
    let serving = servers.chat.serving.unwrap_or(1);
    let zones = section.reliability.zones.max(1);
    let lost = zones_lost(section);
    let per_zone = servers.chat.per_zone.unwrap_or(1);
    let failure = |failed: String, servers_left: u64| {
        let utilisation_before = servers.chat.utilisation.unwrap_or(0.0);
        let left = servers_left as f64 / serving as f64;
        let utilisation_after = (servers_left > 0).then(|| utilisation_before / left);
        let connections_cut = demand.connections_peak * (1.0 - left);
        let most = section.reliability.max_utilisation_degraded.base;
        Failure {
            failed,
            servers_left,
            utilisation_before,
            utilisation_after,
            holds: utilisation_after.is_some_and(|after| after <= most + 1e-9),
            connections_cut,
            reconnects_in_30_s_per_s: connections_cut / FAST_WINDOW_S,
            reconnects_in_300_s_per_s: connections_cut / SLOW_WINDOW_S,
            usual_logins_per_s: demand.logins_per_s,
        }
    };
    let zones_left = u64::from(zones.saturating_sub(lost));
    vec![
        failure("one chat server".to_owned(), serving.saturating_sub(1)),
        failure(format!("{lost} of {zones} zones"), per_zone.saturating_mul(zones_left)),
    ]
}

/// Share of the servers, and so of the connections, that is in the zones that are lost.
pub(crate) fn zones_lost_share(section: &Plan) -> f64 {
    f64::from(zones_lost(section)) / f64::from(section.reliability.zones.max(1))
}

/// A plan that survives no lost zone is still shown what losing one does.
fn zones_lost(section: &Plan) -> u32 {
    section.reliability.zones_lost.max(1).min(section.reliability.zones.max(1))
}
