//! The file that `hubbub new` writes.

use crate::error::Location;
use crate::validate::name_problem;
use crate::{LocatedProblem, ScenarioError};

/// A commented scenario file with every section, to change at will. It runs as it is.
///
/// # Errors
/// When `name` is not one: lower-case letters, digits and single dashes.
pub fn template(name: &str) -> Result<String, ScenarioError> {
    match name_problem("name", name) {
        Some(problem) => Err(ScenarioError::Invalid {
            problems: vec![LocatedProblem {
                message: problem.message,
                advice: problem.advice,
                location: Location::Argument(name.into()),
            }],
            overrides: Vec::new(),
        }),
        None => Ok(TEMPLATE.replace("NAME", name)),
    }
}

const TEMPLATE: &str = r#"#:schema ../docs/scenario.schema.json
# Every key, its default and what it means: docs/scenario.md.
version = 1
name = "NAME"
summary = "Says in a sentence or two what this scenario shows."

# Which hosts there are: chat-1 to chat-3, store, devices-1 and devices-2.
[cluster]
chat = 3
devices = 2
latency_min = "1ms"
latency_max = "20ms"

# The design. Knobs that are left out have the hardened default: `hubbub list knobs`.
[design]
accept = "after-append"
heartbeat = "5s"
silence_after = "15s"

# What users do in simulated time. Without this section nothing is simulated.
[workload]
users = 20
devices_per_user = 1.5
contacts = 4
groups = { count = 4, size = [3, 8] }
group_share = 0.25
sends_per_user = "12/min"
duration = "30s"

# What goes wrong: `hubbub list faults`. A fault without effect fails the run.
[[fault]]
at = "8s"
for = "6s"
kind = "partition"
between = [["chat-1"], ["store"]]

[[fault]]
at = "18s"
for = "5s"
kind = "crash"
host = "chat-2"

# What must come out. `violations` is the exact set over all seeds: none for a design that holds.
[expect]
violations = []

# A change of design that runs beside the base, with the expectations that differ. Any other key
# of the cluster, the workload and the faults can differ too: `set = { "cluster.chat" = 1 }`.
[[variant]]
name = "patient"
design = { retry_after = "10s" }

# What somebody says about the design, and what was found: holds, broken or costs. Figures stand in
# braces: `hubbub list figures`.
[claim]
text = "Asking again later costs nothing."
verdict = "costs"
finding = "Acceptance takes {patient.accept_p99_ms} ms instead of {base.accept_p99_ms} ms."
figures = ["accept_p50_ms", "accept_p99_ms", "lost_messages"]

# Every seed is a run of its own. The engine is `full` or `fast`.
[run]
seeds = [1]
engine = "full"

# What `hubbub hunt` draws for each seed: a schedule of these kinds of fault (`hubbub list faults`),
# and one of the values for each key. Situations in `reach` must come up in a whole batch.
[hunt]
faults = ["partition", "blip", "crash", "power-loss", "latency", "churn"]
faults_max = 6
vary = { "cluster.chat" = [2, 3], "design.fanout" = ["inbox", "channel-log"] }
reach = ["retry-met-append", "hole-filled"]

# What `hubbub load` does, on a real server. Without this section nothing is measured.
[load]
connections = 200
rate = "1000/s"
groups = { count = 10, size = [3, 8] }
group_share = 0.25
warmup = "3s"
duration = "10s"
deliver_p99 = "250ms"

# What `hubbub plan` sizes: 50 million daily users unless it says otherwise. A parameter is one
# number, or its low, base and high value.
[plan.population]
dau = 50e6

# What random reads of old messages cost on this machine, at several numbers of them. Without this
# section none are measured.
[store_probe]
levels = [10000, 100000, 1000000]
engines = ["key-value", "relational"]
"#;
