//! Unit costs of a measured run.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

/// What a report prints for a cost that nobody measured.
pub const NOT_MEASURED: &str = "not measured";

/// Unit costs of a measured run, as kept in `calibration.json`. A cost that is absent was not
/// measured. They hold for the machine, message size, batching and fan-out of that run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The version of this form: 1.
    pub version: u32,
    /// The machine that was measured: processor, cores, kernel.
    pub machine: String,
    /// The revision of the code that was measured.
    pub revision: String,
    /// The scenario that was run, and what its costs include, such as "chat and store in one
    /// process".
    #[serde(default)]
    pub scope: String,
    /// Connections that were open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<f64>,
    /// Deliveries to devices while measuring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries_per_s: Option<f64>,
    /// CPU time of the server for accepting one send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds_per_send: Option<f64>,
    /// CPU time of the server for one delivery to one device. A run at one rate cannot tell sends
    /// from deliveries: it puts all of the CPU time here and leaves the send's absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds_per_delivery: Option<f64>,
    /// CPU time of the server for holding one connection for a second: heartbeats and timers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds_per_connection_second: Option<f64>,
    /// CPU time of the server for one login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds_per_login: Option<f64>,
    /// Memory of the server for one connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_connection: Option<f64>,
    /// Disk space of one copy of the store for one accepted message: its row, the recipients'
    /// inbox rows and the engine's overhead, after compression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_bytes_per_message: Option<f64>,
    /// Bytes on the wire for one delivery to one device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire_bytes_per_delivery: Option<f64>,
}

/// Something in a calibration that cannot be planned with.
#[derive(Debug, Clone, PartialEq)]
pub enum CalibrationProblem {
    /// The file is of another version than 1.
    Version(u32),
    /// The cost of this name is not a finite number above 0.
    Cost(&'static str, f64),
}

/// Where a unit cost comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// From the measured run.
    #[serde(rename = "measured")]
    Measured,
    /// From the `[plan]` section.
    #[serde(rename = "assumed")]
    Assumed,
    /// From nowhere: what depends on it is not sized by it.
    #[serde(rename = "not measured")]
    NotMeasured,
}

/// A unit cost and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitCost {
    /// Its name in the calibration.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What the measured run says.
    pub measured: Option<f64>,
    /// What the section says.
    pub assumed: Option<f64>,
    /// What is used: the measured cost, or else the assumed one.
    pub basis: Basis,
}

impl Calibration {
    /// The version of the form that this code reads and writes.
    pub const VERSION: u32 = 1;

    /// What cannot be planned with. Empty when all is well.
    #[must_use]
    pub fn problems(&self) -> Vec<CalibrationProblem> {
        let version =
            (self.version != Self::VERSION).then_some(CalibrationProblem::Version(self.version));
        let costs = self.costs().into_iter().filter_map(|(name, _, cost)| {
            let cost = cost.filter(|cost| !(cost.is_finite() && *cost > 0.0))?;
            Some(CalibrationProblem::Cost(name, cost))
        });
        version.into_iter().chain(costs).collect()
    }

    fn costs(&self) -> [(&'static str, &'static str, Option<f64>); 7] {
        [
            ("cpu_seconds_per_send", "CPU s", self.cpu_seconds_per_send),
            ("cpu_seconds_per_delivery", "CPU s", self.cpu_seconds_per_delivery),
            (
                "cpu_seconds_per_connection_second",
                "CPU s/s",
                self.cpu_seconds_per_connection_second,
            ),
            ("cpu_seconds_per_login", "CPU s", self.cpu_seconds_per_login),
            ("bytes_per_connection", "B", self.bytes_per_connection),
            ("store_bytes_per_message", "B", self.store_bytes_per_message),
            ("wire_bytes_per_delivery", "B", self.wire_bytes_per_delivery),
        ]
    }
}

impl std::fmt::Display for CalibrationProblem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version(version) => write!(
                formatter,
                "version {version} is not known: measure again, or write version = {}",
                Calibration::VERSION
            ),
            Self::Cost(name, cost) => {
                write!(formatter, "{name} is {cost}: write a number above 0 or leave it out")
            }
        }
    }
}

impl UnitCost {
    /// The cost that is used, if there is one.
    #[must_use]
    pub fn used(&self) -> Option<f64> {
        self.measured.or(self.assumed)
    }
}

/// Every unit cost, with what the section assumes where the run did not measure.
#[must_use]
pub fn unit_costs(section: &Plan, calibration: Option<&Calibration>) -> Vec<UnitCost> {
    let nothing = Calibration::default();
    let unit_cost = |(name, unit, measured): (&str, &str, Option<f64>)| {
        let assumed = assumed(section, name);
        UnitCost {
            name: name.to_owned(),
            unit: unit.to_owned(),
            measured,
            assumed,
            basis: match (measured, assumed) {
                (Some(_), _) => Basis::Measured,
                (None, Some(_)) => Basis::Assumed,
                (None, None) => Basis::NotMeasured,
            },
        }
    };
    calibration.unwrap_or(&nothing).costs().into_iter().map(unit_cost).collect()
}

fn assumed(section: &Plan, name: &str) -> Option<f64> {
    match name {
        "bytes_per_connection" => Some(section.connections.mem_per_conn_bytes.base),
        "store_bytes_per_message" => {
            let storage = &section.storage;
            let inbox = crate::demand::fan_out(section) * storage.inbox_row_bytes.base;
            Some((storage.row_bytes.base + inbox) * storage.compression_ratio.base)
        }
        "wire_bytes_per_delivery" => Some(section.messages.wire_bytes_per_delivery.base),
        _ => None,
    }
}
