//! What processes use of the machine, from the operating system's own account in `/proc`.
//!
//! A process's account leaves out what the kernel does for it in soft interrupts: receiving from
//! the network is mostly there. [`MachineUse`] names that part, for the machine as a whole. Where
//! there is no `/proc`, nothing is measured and every reading is `None`.

use std::fs;

use serde::{Deserialize, Serialize};

/// What a process has used since it started, all its threads together and without the network's
/// soft interrupts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProcessUse {
    /// CPU seconds in its own code.
    pub cpu_user_s: f64,
    /// CPU seconds in the kernel on its behalf.
    pub cpu_system_s: f64,
    /// Bytes of memory that it holds now.
    pub resident_bytes: u64,
    /// The most bytes of memory that it ever held.
    pub resident_peak_bytes: u64,
}

/// What the whole machine has used since it started, over all its cores.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MachineUse {
    /// CPU seconds that were not idle, soft interrupts among them.
    pub busy_s: f64,
    /// CPU seconds in soft interrupts, mostly the network's.
    pub softirq_s: f64,
    /// Cores that are online.
    pub cores: u32,
}

/// What this process has used.
#[must_use]
pub fn process_use() -> Option<ProcessUse> {
    read_process("self")
}

/// What the process with this id has used; `None` too when there is none.
#[must_use]
pub fn process_use_of(process_id: u32) -> Option<ProcessUse> {
    read_process(&process_id.to_string())
}

/// What the machine has used.
#[must_use]
pub fn machine_use() -> Option<MachineUse> {
    parse_machine(&fs::read_to_string("/proc/stat").ok()?, ticks_per_second())
}

impl ProcessUse {
    /// CPU seconds altogether.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.cpu_user_s + self.cpu_system_s
    }
}

fn read_process(name: &str) -> Option<ProcessUse> {
    let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{name}/status")).ok()?;
    parse_process(&stat, &status, ticks_per_second())
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

/// The fields `utime` and `stime` are the 14th and 15th of `stat` (proc_pid_stat(5)). The second is
/// the program's name in parentheses, which may hold anything, so counting begins after the last.
fn parse_process(stat: &str, status: &str, ticks_per_second: f64) -> Option<ProcessUse> {
    const USER_TICKS_AFTER_NAME: usize = 14 - 3;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut ticks = after_name.split_ascii_whitespace().skip(USER_TICKS_AFTER_NAME);
    let mut seconds = || Some(ticks.next()?.parse::<u64>().ok()? as f64 / ticks_per_second);
    Some(ProcessUse {
        cpu_user_s: seconds()?,
        cpu_system_s: seconds()?,
        resident_bytes: status_bytes(status, "VmRSS:")?,
        resident_peak_bytes: status_bytes(status, "VmHWM:")?,
    })
}

/// A line of `status` such as `VmRSS:    1234 kB`; its kB are 1,024 bytes (proc_pid_status(5)).
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The line `cpu` of `/proc/stat` (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq,
/// steal, and the guests' time, which user and nice contain already.
fn parse_machine(stat: &str, ticks_per_second: f64) -> Option<MachineUse> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks.as_slice() else {
        return None;
    };
    let is_core = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    Some(MachineUse {
        busy_s: (user + nice + system + irq + softirq + steal) as f64 / ticks_per_second,
        softirq_s: softirq as f64 / ticks_per_second,
        cores: u32::try_from(stat.lines().filter(is_core).count()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t1\n";

    #[test]
    fn a_programs_name_may_hold_anything() {
        let stat = "42 (a b) c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 9 20 0 1 0 167 313 381";
        let used = parse_process(stat, STATUS, 100.0).unwrap();
        assert_eq!((used.cpu_user_s, used.cpu_system_s, used.cpu_s()), (2.5, 0.5, 3.0));
        assert_eq!((used.resident_bytes, used.resident_peak_bytes), (1 << 20, 2 << 20));
    }

    #[test]
    fn what_cannot_be_read_is_not_measured() {
        assert_eq!(parse_process("", STATUS, 100.0), None);
        assert_eq!(parse_process("42 (x) S 1 2 3", STATUS, 100.0), None);
        assert_eq!(parse_process("42 (x) S 1 42 42 0 -1 4 1 0 0 0 25 5", "Name: x\n", 100.0), None);
        assert_eq!(parse_machine("cpu  1 2 3\n", 100.0), None);
        assert_eq!(process_use_of(u32::MAX), None);
    }

    #[test]
    fn the_machine_is_busy_without_its_idle_time() {
        let stat = "cpu  100 20 30 9000 500 1 40 9 7 7\ncpu0 50 10\ncpu1 50 10\nintr 5\n";
        let used = parse_machine(stat, 100.0).unwrap();
        assert_eq!(used, MachineUse { busy_s: 2.0, softirq_s: 0.4, cores: 2 });
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_what_it_burns() {
        let before = process_use().expect("linux has /proc");
        assert!(before.resident_bytes > 0 && before.resident_peak_bytes >= before.resident_bytes);
        let mut random = hubbub_chat::random::Random::new(1);
        let mut sum = 0_u64;
        // Ends when the account has moved by a tick, however fast the machine is.
        while process_use().is_some_and(|now| now.cpu_s() <= before.cpu_s()) {
            sum = (0..100_000).fold(sum, |sum, _| sum ^ random.next());
        }
        assert!(process_use_of(std::process::id()).unwrap().cpu_s() > before.cpu_s(), "{sum}");
        assert!(machine_use().is_some_and(|machine| machine.cores > 0 && machine.busy_s > 0.0));
    }
}
