//! How many servers of each role, and what binds.
//!
//! # The chat servers' rule
//! Two resources are known separately: how many connections a server holds (`conns_per_server`, an
//! assumption between published systems) and, where a run measured it, the CPU time of a send, a
//! delivery and a held connection. Each asks for so many servers, in fractions:
//!
//! - connections: `C / (conns_per_server · u)`
//! - connection CPU: `C · cpu_per_connection_second / (vcpu · u)`
//! - message CPU: `(event sends · cpu_per_send + event session deliveries · cpu_per_delivery) /
//!   (vcpu · u)`
//!
//! with `u` the most of a server that may be in use while zones are lost. A published number of
//! connections is reached by servers whose cores are busy with holding them, and the same cores
//! carry the messages; so what holding asks for, the larger of the first two, and what messages ask
//! for are added: `N = ⌈max(connections, connection CPU) + message CPU⌉`. Adding is on the safe
//! side: if the published figure is bound by memory alone, N is too high by the message CPU. Without
//! a measurement N is the connections' alone, `⌈C/(cap·u)⌉`.
//!
//! The zones that are left must carry N: per zone `⌈N/(Z−z)⌉`, in total `Z · per zone + spares`
//! (static stability: nothing has to be started while a zone is failing).

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{Calibration, Demand};

/// How many servers of each role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Servers {
    /// How the chat servers are counted, in words.
    pub rule: String,
    /// The chat servers.
    pub chat: Role,
    /// The other roles: their load, and their servers where a cost was measured.
    pub others: Vec<Role>,
}

/// A row of the role table. What is `None` needs a cost that was not measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The role's name.
    pub role: String,
    /// The load it is sized for.
    pub load: f64,
    /// The load's unit.
    pub load_unit: String,
    /// What each resource asks for.
    pub bounds: Vec<Bound>,
    /// The resource that asks for most.
    pub binds: Option<Resource>,
    /// Servers that the load needs, in fractions.
    pub needed_exact: Option<f64>,
    /// Servers that the load needs: N.
    pub needed: Option<u64>,
    /// Servers in each zone, so that N are left when zones are lost.
    pub per_zone: Option<u64>,
    /// Servers in all zones, spares aside.
    pub serving: Option<u64>,
    /// Servers left when zones are lost, spares aside.
    pub serving_degraded: Option<u64>,
    /// Servers in all zones and spares.
    pub total: Option<u64>,
    /// Share of the servers' capacity in use while all zones are there.
    pub utilisation: Option<f64>,
    /// Share of the capacity in use when zones are lost.
    pub utilisation_degraded: Option<f64>,
    /// Load that may be added, as a share, before the utilisation after losing the zones is above
    /// the most that is allowed.
    pub headroom: Option<f64>,
}

/// What one resource of a role asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The resource.
    pub resource: Resource,
    /// What is asked of it by the whole load; `None` where it was not measured.
    pub load: Option<f64>,
    /// The load's unit.
    pub unit: String,
    /// What one server has of it.
    pub per_server: Option<f64>,
    /// Servers that it asks for, in fractions.
    pub servers_exact: Option<f64>,
    /// Where one server's share, or the cost, comes from.
    pub source: String,
}

/// What a server can run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Connections that it may hold.
    Connections,
    /// CPU time for holding connections.
    ConnectionCpu,
    /// CPU time for messages.
    MessageCpu,
    /// CPU time for the role's requests.
    RequestCpu,
}

/// Keeps a quotient such as 154.00000000000003 from becoming one server more.
const ROUNDING: f64 = 1e-9;

const RULE: &str = "N = ceil(max(connections / (connections per server x u), connection CPU / (vCPU x u)) + message CPU / (vCPU x u)), with u the most of a server in use while zones are lost; per zone ceil(N / zones left); total = zones x per zone + spares. A CPU cost that was not measured counts nothing.";

/// The role table of `section`.
pub(crate) fn servers(
    section: &Plan,
    demand: &Demand,
    calibration: Option<&Calibration>,
) -> Servers {
    Servers {
        rule: RULE.to_owned(),
        chat: chat(section, demand, calibration),
        others: vec![
            api(section, demand, calibration),
            unmeasured("presence", demand.presence_updates_peak_per_s, "updates/s at the peak"),
            unmeasured("notifier", demand.pushes_peak_per_s, "notifications/s at the peak"),
            unmeasured("store", demand.sends.event_per_s, "messages/s in an event"),
        ],
    }
}

fn chat(section: &Plan, demand: &Demand, calibration: Option<&Calibration>) -> Role {
    let most = section.reliability.max_utilisation_degraded.base;
    let per_server = section.connections.conns_per_server.base;
    let connections = demand.connections_peak;
    let connection_cost = calibration.and_then(|run| run.cpu_seconds_per_connection_second);
    let bounds = vec![
        Bound {
            resource: Resource::Connections,
            load: Some(connections),
            unit: "connections".to_owned(),
            per_server: Some(per_server),
            servers_exact: Some(connections / (per_server * most)),
            source: "connections.conns_per_server".to_owned(),
        },
        cpu_bound(section, Resource::ConnectionCpu, connection_cost.map(|cost| connections * cost)),
        cpu_bound(section, Resource::MessageCpu, message_cores(demand, calibration)),
    ];
    let [holding, connection_cpu, message_cpu] =
        [0, 1, 2].map(|place| bounds[place].servers_exact.unwrap_or(0.0));
    let exact = holding.max(connection_cpu) + message_cpu;
    role("chat", (connections, "connections at the peak"), bounds, Some(exact), section)
}

/// Cores that an event's messages keep busy. A run that measured only one of the two costs has put
/// all of its CPU time there.
fn message_cores(demand: &Demand, calibration: Option<&Calibration>) -> Option<f64> {
    let calibration = calibration?;
    let sends = calibration.cpu_seconds_per_send.map(|cost| demand.sends.event_per_s * cost);
    let deliveries = calibration
        .cpu_seconds_per_delivery
        .map(|cost| demand.session_deliveries.event_per_s * cost);
    match (sends, deliveries) {
        (None, None) => None,
        (sends, deliveries) => Some(sends.unwrap_or(0.0) + deliveries.unwrap_or(0.0)),
    }
}

/// Logins are few beside messages, but a password hash is made to be slow. When zones are lost
/// their devices log in beside the usual ones; admission spreads them over five minutes.
fn api(section: &Plan, demand: &Demand, calibration: Option<&Calibration>) -> Role {
    let lost = crate::failure::zones_lost_share(section);
    let reconnects = demand.connections_peak * lost / crate::failure::SLOW_WINDOW_S;
    let logins = demand.logins_per_s + reconnects;
    let cost = calibration.and_then(|run| run.cpu_seconds_per_login);
    let bound = cpu_bound(section, Resource::RequestCpu, cost.map(|cost| logins * cost));
    let exact = bound.servers_exact;
    role("api", (logins, "logins/s with zones lost"), vec![bound], exact, section)
}

fn unmeasured(name: &str, load: f64, unit: &str) -> Role {
    Role {
        role: name.to_owned(),
        load,
        load_unit: unit.to_owned(),
        bounds: Vec::new(),
        binds: None,
        needed_exact: None,
        needed: None,
        per_zone: None,
        serving: None,
        serving_degraded: None,
        total: None,
        utilisation: None,
        utilisation_degraded: None,
        headroom: None,
    }
}

fn cpu_bound(section: &Plan, resource: Resource, cores: Option<f64>) -> Bound {
    let vcpu = section.cost.vcpu_per_chat_server.base;
    let most = section.reliability.max_utilisation_degraded.base;
    Bound {
        resource,
        load: cores,
        unit: "busy cores".to_owned(),
        per_server: Some(vcpu),
        servers_exact: cores.map(|cores| cores / (vcpu * most)),
        source: if cores.is_some() { "calibration" } else { crate::NOT_MEASURED }.to_owned(),
    }
}

fn role(
    name: &str,
    (load, unit): (f64, &str),
    bounds: Vec<Bound>,
    exact: Option<f64>,
    section: &Plan,
) -> Role {
    let row = unmeasured(name, load, unit);
    let Some(exact) = exact else { return Role { bounds, ..row } };
    let zones = u64::from(section.reliability.zones).max(1);
    let zones_left = zones.saturating_sub(u64::from(section.reliability.zones_lost)).max(1);
    let needed = ((exact - ROUNDING).ceil() as u64).max(1);
    let per_zone = needed.div_ceil(zones_left);
    let serving = per_zone.saturating_mul(zones);
    let serving_degraded = per_zone.saturating_mul(zones_left);
    let spares = section.reliability.spares.base.ceil() as u64;
    let most = section.reliability.max_utilisation_degraded.base;
    // N servers at the most they may do are what the load needs, so the load fills N · u servers.
    let filled = exact * most;
    Role {
        binds: binding(&bounds),
        bounds,
        needed_exact: Some(exact),
        needed: Some(needed),
        per_zone: Some(per_zone),
        serving: Some(serving),
        serving_degraded: Some(serving_degraded),
        total: Some(serving.saturating_add(spares)),
        utilisation: Some(filled / serving as f64),
        utilisation_degraded: Some(filled / serving_degraded as f64),
        headroom: Some(serving_degraded as f64 / exact - 1.0),
        ..row
    }
}

fn binding(bounds: &[Bound]) -> Option<Resource> {
    let asked = bounds.iter().filter_map(|bound| Some((bound.servers_exact?, bound.resource)));
    asked.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, resource)| resource)
}
