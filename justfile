# The commands of every day. `just check` is what CI runs.

default:
    @just --list

check:
    .ci/run

test:
    cargo test --workspace

lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Regenerates what is generated.
docs:
    cargo run -- schema > docs/scenario.schema.json
    cargo run -- schema --markdown > docs/scenario.md

# Tries every claim again and writes the page.
findings:
    cargo run --release -- findings --out docs/findings.md

quickstart:
    cargo run --release -- run scenarios/quickstart.toml
