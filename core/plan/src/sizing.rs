//! The whole result of planning.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::{
    Assumption, Calibration, Comparison, ConnectionDesign, Cost, Demand, Failure, FanOutDesign,
    Hour, Memory, Network, Sensitivity, Servers, Source, Storage, UnitCost,
};
use crate::{
    assumptions, cost, day, demand, designs, failure, memory, network, sensitivity, servers,
    storage, validation,
};

/// What the plan of a population comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sizing {
    /// The section that was planned, defaults filled in.
    pub section: Plan,
    /// The measured run whose unit costs were used, if there was one.
    pub calibration: Option<Calibration>,
    /// What the word "message" and the figures cover, a sentence each.
    pub scope: Vec<String>,
    /// Every parameter with its range, source and mark.
    pub assumptions: Vec<Assumption>,
    /// The sources that the assumptions name.
    pub sources: Vec<Source>,
    /// The unit costs, measured, assumed or not measured.
    pub unit_costs: Vec<UnitCost>,
    /// What the population does.
    pub demand: Demand,
    /// A usual day, hour by hour.
    pub day: Vec<Hour>,
    /// How many servers of each role.
    pub servers: Servers,
    /// Memory of the connections.
    pub memory: Memory,
    /// Network traffic to the devices.
    pub network: Network,
    /// Disk space.
    pub storage: Storage,
    /// What happens when something fails.
    pub failures: Vec<Failure>,
    /// The connection policies side by side.
    pub connection_designs: Vec<ConnectionDesign>,
    /// A copy per recipient beside a copy per channel.
    pub fan_out_designs: Vec<FanOutDesign>,
    /// What it costs, line by line.
    pub cost: Cost,
    /// How much each assumption matters.
    pub sensitivity: Sensitivity,
    /// The formulas against published systems.
    pub validation: Vec<Comparison>,
    /// What is left out, a sentence each.
    pub exclusions: Vec<String>,
}

/// Plans for the base values of `section`, with the unit costs of `calibration` where it has them.
/// A cost that it lacks is assumed where the section has it, and otherwise "not measured".
#[must_use]
pub fn plan(section: &Plan, calibration: Option<&Calibration>) -> Sizing {
    let demand = demand::demand(section);
    let servers = servers::servers(section, &demand, calibration);
    let storage = storage::storage(section, &demand, calibration);
    let network = network::network(section, &demand, calibration);
    Sizing {
        scope: lines(&SCOPE),
        assumptions: assumptions::assumptions(section),
        sources: assumptions::sources(),
        unit_costs: crate::unit_costs(section, calibration),
        day: day::hours(section, &demand),
        memory: memory::memory(section, &demand, &servers, calibration),
        failures: failure::failures(section, &demand, &servers),
        connection_designs: designs::connection_designs(section, calibration),
        fan_out_designs: designs::fan_out_designs(section, &demand),
        cost: cost::cost(section, &demand, &servers, &storage, &network),
        sensitivity: sensitivity::sensitivity(section, calibration),
        validation: validation::comparisons(section),
        exclusions: lines(&EXCLUSIONS),
        section: section.clone(),
        calibration: calibration.cloned(),
        demand,
        servers,
        network,
        storage,
    }
}

const SCOPE: [&str; 4] = [
    "A send is a message that a user writes. A delivery is that message reaching one recipient; the sender's own devices do not count. A session delivery is a delivery to one device.",
    "Average is over a day, peak the busiest moment of a usual day, event the busiest moment of a special day, storm what clients attempt while they retry after an outage.",
    "Servers are sized for the connections of the peak and the messages of an event at once, with the lost zones gone.",
    "Figures use the base value of every parameter; the draws vary all of them.",
];

const EXCLUSIONS: [&str; 8] = [
    "One region: replication between regions and the loss of a region are not planned.",
    "Growth of the population: storage grows with time alone.",
    "Presence, notifier and store servers: their unit capacities are not measured.",
    "The chat servers' traffic among themselves and to the store.",
    "Storage requests, load balancers, monitoring, staff and discounts are not in the cost.",
    "Spam, encryption in transit beyond what the measured run used, voice and video calls.",
    "A measured cost holds for the machine, message size, batching and fan-out of its run; scaling to larger machines is assumed linear.",
    "Retry storms are for admission and priority classes to hold back: servers are not sized for them.",
];

fn lines(sentences: &[&str]) -> Vec<String> {
    sentences.iter().map(|&sentence| sentence.to_owned()).collect()
}
