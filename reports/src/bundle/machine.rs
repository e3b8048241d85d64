//! The machine that a run took place on.

use std::fs;

use serde::{Deserialize, Serialize};

/// A machine, as far as measurements depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name; absent when the system does not tell.
    pub cpu: Option<String>,
    /// Cores that this process may use.
    pub cores: Option<u64>,
    /// Memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// The operating system and its kernel.
    pub system: String,
}

impl Machine {
    /// Asks the system. What it does not tell stays absent.
    #[must_use]
    pub fn of_this_host() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let mut machine = Self::from_texts(
            &read("/proc/cpuinfo"),
            &read("/proc/meminfo"),
            &read("/proc/sys/kernel/osrelease"),
        );
        machine.cores = std::thread::available_parallelism()
            .ok()
            .and_then(|count| u64::try_from(count.get()).ok());
        machine
    }

    /// Reads the texts of Linux's `/proc/cpuinfo`, `/proc/meminfo` and kernel release; on other
    /// systems they are empty.
    fn from_texts(cpuinfo: &str, meminfo: &str, kernel: &str) -> Self {
        let memory = field(meminfo, "MemTotal").and_then(|text| {
            // `/proc/meminfo` says kB and means 1,024 bytes.
            text.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
        });
        let system = std::env::consts::OS;
        let system = match kernel.trim() {
            "" => system.to_owned(),
            kernel => format!("{system} {kernel}"),
        };
        Self {
            cpu: field(cpuinfo, "model name").map(str::to_owned),
            cores: None,
            memory_bytes: memory,
            system,
        }
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name && !value.trim().is_empty()).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_read_from_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Example 9000 @ 3.0GHz\nprocessor\t: 1\n";
        let machine =
            Machine::from_texts(cpuinfo, "MemTotal:  2048 kB\nMemFree: 1 kB\n", "6.1.0\n");
        assert_eq!(machine.cpu.as_deref(), Some("Example 9000 @ 3.0GHz"));
        assert_eq!(machine.memory_bytes, Some(2_097_152));
        assert!(machine.system.ends_with(" 6.1.0"), "{}", machine.system);
    }

    #[test]
    fn what_the_system_does_not_tell_stays_absent() {
        let machine = Machine::from_texts("", "MemTotal: much\n", "");
        assert_eq!((machine.cpu, machine.memory_bytes), (None, None));
        assert_eq!(machine.system, std::env::consts::OS);
    }
}
