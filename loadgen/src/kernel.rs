//! What the kernel keeps for connections, from its own account in `/proc`.
//!
//! A process is not charged for it: each end of a connection is a socket, an inode, an open file
//! and its entries in epoll, from slabs of the kernel (`/proc/slabinfo`, slabinfo(5)), and what lies
//! in its buffers (`/proc/net/sockstat`). Directory entries, 192 bytes for each socket, are left out:
//! they cannot be told from those of files. Only root reads the slabs; where they cannot be read,
//! nothing is measured.

use std::fs;

/// The slabs that hold sockets and what belongs to them. A kernel may have merged those of epoll
/// with others of their size; then their 200 bytes are left out.
const SLABS: [&str; 6] =
    ["TCP", "TCPv6", "sock_inode_cache", "filp", "eventpoll_epi", "eventpoll_pwq"];

/// Bytes that the kernel holds for the open sockets of the whole machine.
#[must_use]
pub fn kernel_socket_bytes() -> Option<u64> {
    let slabs = fs::read_to_string("/proc/slabinfo").ok()?;
    let buffers = fs::read_to_string("/proc/net/sockstat").ok()?;
    slab_bytes(&slabs)?.checked_add(buffer_pages(&buffers)?.checked_mul(page_bytes())?)
}

fn page_bytes() -> u64 {
    rustix::param::page_size() as u64
}

/// Lines such as `TCP  79 130 2368 13 8 : …`: a name, its objects in use, all of them, and the bytes
/// of one. An account without the sockets themselves is none.
fn slab_bytes(slabs: &str) -> Option<u64> {
    let (mut bytes, mut tells_sockets) = (0_u64, false);
    for line in slabs.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(name) = words.next().filter(|name| SLABS.contains(name)) else { continue };
        let in_use: u64 = words.next()?.parse().ok()?;
        let object_bytes: u64 = words.nth(1)?.parse().ok()?;
        bytes = bytes.checked_add(in_use.checked_mul(object_bytes)?)?;
        tells_sockets |= name == "TCP";
    }
    tells_sockets.then_some(bytes)
}

/// The line `TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 10`, whose last figure is in pages.
fn buffer_pages(buffers: &str) -> Option<u64> {
    let line = buffers.lines().find_map(|line| line.strip_prefix("TCP: "))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLABS: &str = "\
slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
TCPv6                  2     26   2496   13    8 : tunables    0    0    0
MPTCP                  9     90   1984   16    8 : tunables    0    0    0
TCP                   10    130   2400   13    8 : tunables    0    0    0
sock_inode_cache     100    285    832   19    4 : tunables    0    0    0
filp                1000   1100    192   21    1 : tunables    0    0    0
dentry            400000 408261    192   21    1 : tunables    0    0    0
";

    #[test]
    fn slabs_of_sockets_are_added_up_and_no_others() {
        assert_eq!(slab_bytes(SLABS), Some(2 * 2_496 + 10 * 2_400 + 100 * 832 + 1_000 * 192));
    }

    #[test]
    fn buffers_are_counted_in_pages() {
        let text =
            "sockets: used 17\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 10\nUDP: inuse 0 mem 3\n";
        assert_eq!(buffer_pages(text), Some(10));
    }

    #[test]
    fn what_the_machine_does_not_tell_is_not_measured() {
        assert_eq!(slab_bytes(""), None);
        assert_eq!(slab_bytes("filp 1000 1100 192 21 1 : tunables"), None);
        assert_eq!(slab_bytes("TCP 10 130\n"), None);
        assert_eq!(slab_bytes("TCP many 130 2400\n"), None);
        assert_eq!(buffer_pages("TCP: inuse 1 orphan 0 tw 0 alloc 1\n"), None);
        assert_eq!(buffer_pages("UDP: inuse 0 mem 3\n"), None);
    }
}
