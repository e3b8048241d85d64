//! Traces: the same seed writes the same bytes.

use crate::program::{Program, library};

#[test]
fn two_runs_with_one_seed_write_the_same_trace() {
    let program = Program::new();
    let file = library("partition.toml");
    for engine in ["fast", "full"] {
        for name in ["a", "b"] {
            let arguments = ["sim", &file, "--seed", "7", "--engine", engine, "--trace", name];
            let ended = program.run(&arguments);
            assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
        }
        let [one, other] = ["a", "b"].map(|name| std::fs::read(program.path(name)).unwrap());
        assert!(one.len() > 100_000, "{engine}: {} bytes", one.len());
        assert!(one == other, "{engine}: the traces differ");
    }
}
