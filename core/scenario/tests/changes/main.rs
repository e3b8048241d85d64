//! The command line and variants change keys of a scenario.

mod overrides;
mod variants;

const TEXT: &str = "\
version = 1
name = \"x\"
summary = \"X.\"

[workload]
users = 20
groups = { count = 2, size = [3, 5] }
sends_per_user = \"6/min\"
duration = \"30s\"

[[fault]]
at = \"5s\"
for = \"5s\"
kind = \"blip\"
host = \"store\"
";
