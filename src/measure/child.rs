//! The server as a process of its own, so that its cost is its own.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use hubbub_loadgen::Target;

use crate::exit::Failure;

/// A server that runs as long as this value lives.
pub(super) struct ServerProcess {
    child: Child,
    address: String,
    /// The server's data, gone with it.
    _data: tempfile::TempDir,
}

impl ServerProcess {
    /// Starts `hubbub serve` with the design of a scenario's variant.
    pub(super) fn start(scenario: &str, variant: &str, set: &[String]) -> Result<Self, Failure> {
        let failed = |what: &str, error: std::io::Error| {
            Failure::new(format!("cannot start the server to measure: {what}: {error}"))
        };
        let program = std::env::current_exe().map_err(|error| failed("own path", error))?;
        let data = tempfile::tempdir().map_err(|error| failed("its data folder", error))?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--provision", "--until-stdin-ends"]);
        command
            .args(["--scenario", scenario, "--variant", variant])
            .arg("--data")
            .arg(data.path().join("data"));
        command.args(set.iter().flat_map(|change| ["--set", change]));
        // Ctrl-C reaches every process of the terminal; this one shall measure to its end first.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // The server ends when its standard input does, however this process ends.
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed("the process", error))?;
        let address = read_address(&mut child);
        match address {
            Some(address) => Ok(Self { child, address, _data: data }),
            None => {
                let status = child.wait().map(|status| status.to_string()).unwrap_or_default();
                let advice = "run `hubbub serve --listen 127.0.0.1:0` to see why";
                Err(Failure::new(format!(
                    "the server to measure did not start ({status}): {advice}"
                )))
            }
        }
    }

    pub(super) fn target(&self) -> Target {
        Target { address: self.address.clone(), server_pid: Some(self.child.id()) }
    }
}

/// The server's first line is `listening on HOST:PORT`.
fn read_address(child: &mut Child) -> Option<String> {
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    line.trim().strip_prefix("listening on ").map(str::to_owned)
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It stops by itself; if it is gone already, so much the better.
        let _ = self.child.wait();
    }
}
