//! What the README shows works.

use std::path::Path;

use crate::program::Program;

#[test]
fn the_scenario_of_the_readme_runs_as_it_is() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let scenario = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let program = Program::new();
    program.write("tunnel.toml", scenario);
    for engine in ["fast", "full"] {
        let ended = program.run(&["sim", "tunnel.toml", "--engine", engine]);
        assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    }
}
