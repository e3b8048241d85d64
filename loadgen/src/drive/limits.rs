//! What the machine allows.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::LoadError;

/// Files that a process has open beside its connections: its store, its library, its output.
const SPARE_FILES: u64 = 128;

/// Lets this process, and those that it starts from now on, have so many connections open. Call it
/// before starting a server that shall take them.
///
/// # Errors
/// When the hard limit is lower.
pub fn raise_file_limit(connections: u32) -> Result<(), LoadError> {
    let wanted = u64::from(connections) + SPARE_FILES;
    let allows = |limit: Option<u64>| limit.is_none_or(|limit| limit >= wanted);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if allows(current) {
        return Ok(());
    }
    let refused = |limit| LoadError::Files { connections, limit };
    if !allows(maximum) {
        return Err(refused(maximum.unwrap_or_default()));
    }
    let raised = Rlimit { current: maximum.or(Some(wanted)), maximum };
    setrlimit(Resource::Nofile, raised).map_err(|_| refused(current.unwrap_or_default()))
}

/// Whether this machine can have so many connections to one server.
pub(super) fn check(connections: u32) -> Result<(), LoadError> {
    raise_file_limit(connections)?;
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    match range.as_deref().and_then(parse_ports) {
        Some(ports) if u64::from(connections) > ports => {
            Err(LoadError::Ports { connections, ports })
        }
        // Where there is no such file, connecting will tell.
        _ => Ok(()),
    }
}

/// The number of ports in a range as Linux writes it: the first and the last one (ip(7)).
fn parse_ports(range: &str) -> Option<u64> {
    let mut ends = range.split_ascii_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_counted_with_both_ends() {
        assert_eq!(parse_ports("32768\t60999\n"), Some(28_232));
        assert_eq!((parse_ports(""), parse_ports("9 8"), parse_ports("a b")), (None, None, None));
    }

    #[test]
    fn more_connections_than_files_are_refused_with_both_numbers() {
        // Nobody may have four billion open files: Linux caps the hard limit at `fs.nr_open`, a
        // billion at most.
        let Err(error) = raise_file_limit(u32::MAX) else {
            assert_eq!(getrlimit(Resource::Nofile).maximum, None);
            return;
        };
        let text = error.to_string();
        assert!(text.contains("4294967295 connections"), "{text}");
        assert!(matches!(error, LoadError::Files { limit, .. } if limit > 0), "{text}");
    }
}
