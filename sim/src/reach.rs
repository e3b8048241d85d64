//! How far faults reach: what may hold a message up because of one, and for how long after its end.

use std::time::Duration;

use hubbub_chat::Design;
use hubbub_scenario::FaultKind;

use crate::{
    faults::{ActiveFault, Strike},
    hosts::{HostId, Hosts},
};

/// What is handled on a slow host is late by as many times its `latency` at most.
pub(crate) const BEHIND_MAX: u32 = 100;

/// How long servers and their ports take at most to connect again.
const CONNECT_AGAIN: Duration = Duration::from_secs(1);

impl ActiveFault {
    /// Whether it may hold up messages on their way from device to device: neither a wrong clock nor
    /// what befalls the hosts of presence and pushes or the push gateway does, nor a hint that comes
    /// twice. Without the registry chat servers take no new sessions, and a generator gives no ids.
    #[must_use]
    pub fn is_on_message_path(&self, hosts: &Hosts) -> bool {
        let is_on = |host: HostId| hosts.is_on_message_path(host);
        let may_hold_up = !matches!(
            self.kind,
            FaultKind::Skew
                | FaultKind::ClockStep
                | FaultKind::HintDuplication
                | FaultKind::GatewayFailing
                | FaultKind::GatewaySlow
        );
        may_hold_up
            && match &self.strike {
                Strike::Host(host) => is_on(*host),
                Strike::Links(links) | Strike::Slow(links, _) => {
                    links.iter().any(|(from, to)| is_on(*from) && is_on(*to))
                }
                Strike::Devices(_) | Strike::Rolling(_) | Strike::Port => true,
            }
    }

    /// How long after its end messages may still be held up: a device and its chat server notice a
    /// dead connection by `silence_limit`, servers and their ports by `request_timeout` and the
    /// second in which they connect again.
    #[must_use]
    pub fn notice_within(&self, hosts: &Hosts, design: &Design) -> Duration {
        let of_connections = if self.strikes_devices(hosts) {
            design.silence_limit()
        } else {
            design.request_timeout + CONNECT_AGAIN
        };
        match self.kind {
            // What was held is delivered, and what is slow arrives: no connection dies. Nor does
            // one because of a clock, or of what becomes of hints twice, or of pushes.
            FaultKind::Blip
            | FaultKind::Latency
            | FaultKind::Skew
            | FaultKind::ClockStep
            | FaultKind::HintDuplication
            | FaultKind::GatewayFailing
            | FaultKind::GatewaySlow => Duration::ZERO,
            // What was sent last is still on its way, and what follows waits behind it.
            FaultKind::Jitter => self.latency(),
            // What overtook it left a hole, and the sync that fills it may be kept back as well.
            FaultKind::Reorder => self.latency() + of_connections,
            // No other hint may come that shows the hole: the next comparison finds it, which is
            // up to a fifth later than its interval.
            FaultKind::HintLoss => design.resync_interval.mul_f64(1.2) + of_connections,
            FaultKind::Slow => BEHIND_MAX * self.latency() + of_connections,
            FaultKind::StoreSlow => self.latency() + of_connections,
            // A lease that ran out is asked for again within a third of its time, and whoever was
            // turned away meanwhile comes back within `reconnect_max`.
            FaultKind::RegistryUnavailable | FaultKind::LeaseLost => {
                design.lease_ttl / 3 + design.reconnect_max + of_connections
            }
            FaultKind::Partition
            | FaultKind::PartitionOneWay
            | FaultKind::BlackHole
            | FaultKind::Crash
            | FaultKind::PowerLoss
            | FaultKind::Restart
            | FaultKind::Pause
            | FaultKind::Drain
            | FaultKind::RollingRestart
            | FaultKind::StoreUnavailable
            | FaultKind::StoreAnswerLost
            | FaultKind::AirplaneMode
            | FaultKind::SwitchedNetwork
            | FaultKind::Churn
            | FaultKind::ReconnectStorm => of_connections,
        }
    }

    /// Whether connections of devices may die of it.
    fn strikes_devices(&self, hosts: &Hosts) -> bool {
        let holds_sessions =
            |host: HostId| hosts.is_devices(host) || hosts.chat_index(host).is_some();
        match &self.strike {
            Strike::Host(host) => holds_sessions(*host),
            Strike::Links(links) | Strike::Slow(links, _) => {
                links.iter().any(|(from, to)| hosts.is_devices(*from) || hosts.is_devices(*to))
            }
            Strike::Devices(_) | Strike::Rolling(_) => true,
            Strike::Port => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use hubbub_scenario::Scenario;

    use crate::Setup;

    fn setup(faults: &str) -> Setup {
        let text = format!(
            "version = 1\nname = \"reach\"\nsummary = \"Faults.\"\n[cluster]\nnotify = 1\n\
             [workload]\nusers = 4\nduration = \"60s\"\n{faults}"
        );
        let document = Scenario::parse("reach.toml", &text).unwrap();
        let scenario = document.scenario();
        Setup::new(scenario, "hash", "", &scenario.design, 1).unwrap()
    }

    fn fault(rest: &str) -> String {
        format!("[[fault]]\nat = \"5s\"\nfor = \"5s\"\n{rest}\n")
    }

    fn is_on_path(rest: &str) -> bool {
        let setup = setup(&fault(rest));
        setup.faults[0].is_on_message_path(&setup.hosts)
    }

    fn notice_ms(rest: &str) -> u128 {
        let setup = setup(&fault(rest));
        setup.faults[0].notice_within(&setup.hosts, &setup.design).as_millis()
    }

    #[test]
    fn what_befalls_hints_once_stores_and_registries_may_hold_messages_up() {
        for rest in [
            "kind = \"hint-loss\"\nhost = \"chat-1\"",
            "kind = \"store-unavailable\"",
            "kind = \"registry-unavailable\"",
            "kind = \"rolling-restart\"",
            "kind = \"churn\"\nusers = \"50%\"",
            "kind = \"slow\"\nhost = \"devices-1\"\nlatency = \"10ms\"",
        ] {
            assert!(is_on_path(rest), "{rest}");
        }
        for rest in [
            "kind = \"hint-duplication\"\nhost = \"chat-1\"",
            "kind = \"slow\"\nhost = \"notify-1\"\nlatency = \"10ms\"",
            "kind = \"jitter\"\nhost = \"notify-1\"\nlatency = \"10ms\"",
        ] {
            assert!(!is_on_path(rest), "{rest}");
        }
    }

    #[test]
    fn what_is_late_is_on_its_way_after_the_end() {
        let (jitter, slow) = (
            notice_ms("kind = \"jitter\"\nhost = \"chat-1\"\nlatency = \"70ms\""),
            notice_ms("kind = \"slow\"\nhost = \"store\"\nlatency = \"70ms\""),
        );
        let store = notice_ms("kind = \"store-unavailable\"");
        assert_eq!((jitter, slow), (70, 7000 + store));
        assert!(notice_ms("kind = \"switched-network\"\nusers = \"50%\"") > store);
    }
}
