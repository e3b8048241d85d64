//! What a drawn fault strikes, and how hard.

use std::time::Duration;

use hubbub_chat::{Design, random::Random};
use hubbub_scenario::{Cluster, FaultKind, Offset, Parameter, Percent, Period, Role, Target};

/// What a fault strikes; at most one of them.
#[derive(Debug, Default)]
pub(super) struct Aim {
    pub(super) host: Option<String>,
    pub(super) between: Option<[Vec<String>; 2]>,
    pub(super) users: Option<Percent>,
    pub(super) region: Option<String>,
}

/// Shares of few users, so that each is somebody.
const USERS: [u64; 4] = [15, 30, 50, 100];
/// Shares of messages: some, most, all.
const SHARES: [u64; 3] = [30, 70, 100];
/// Added times of links, in milliseconds: below and above the time-outs of requests and silence.
const LATENCY_MS: (u64, u64) = (20, 6_000);
/// What a slow host takes for each thing that it does: much more and nothing gets done at all.
const SLOW_MS: (u64, u64) = (2, 300);
/// What a clock may be off, in milliseconds: below and above what designs allow for.
const BY_MS: (u64, u64) = (20, 3_000);
/// A clock that is off takes at least so much longer than what it is off by.
const AFTER_SKEW: Duration = Duration::from_millis(1);

/// What a fault of this kind strikes in this cluster: the host that is to be struck again, where it can
/// be; `None` where there is nothing.
pub(super) fn draw(
    cluster: &Cluster,
    kind: FaultKind,
    again: Option<&str>,
    random: &mut Random,
) -> Option<Aim> {
    let again = again.map(str::to_owned).filter(|host| hosts(cluster, kind).contains(host));
    if kind.targets().is_empty() {
        return Some(Aim::default());
    }
    let mut possible = kind.targets().to_vec();
    possible.retain(|target| is_there(cluster, kind, *target));
    let is_of_hosts = |target: &Target| matches!(target, Target::Host | Target::Between);
    if again.is_some() && possible.iter().any(is_of_hosts) {
        possible.retain(is_of_hosts);
    }
    Some(match pick(&possible, random)? {
        Target::Host => {
            let host = again.or_else(|| host(cluster, kind, random))?;
            Aim { host: Some(host), ..Aim::default() }
        }
        Target::Between => {
            Aim { between: Some(sides(cluster, kind, again, random)?), ..Aim::default() }
        }
        Target::Users => Aim { users: percent(&USERS, random), ..Aim::default() },
        Target::Region => Aim { region: pick(&cluster.regions, random), ..Aim::default() },
    })
}

/// How far a clock may be off, in milliseconds. The store's says how old a message is: beyond what the
/// design allows for, it removes messages too early, and no design can help that.
pub(super) fn clock_off_most_ms(design: &Design, host: Option<&str>) -> u64 {
    let allowed = u64::try_from(design.skew_max.as_millis()).unwrap_or(u64::MAX);
    let is_store = host == Some(Role::Store.as_str());
    if is_store { allowed.clamp(BY_MS.0, BY_MS.1) } else { BY_MS.1 }
}

/// What a fault of this kind that lasts so long needs to know; a clock is off by `by_most_ms`
/// milliseconds at most.
pub(super) fn parameters(
    kind: FaultKind,
    length: Duration,
    by_most_ms: u64,
    random: &mut Random,
) -> (Option<Period>, Option<Offset>, Option<Percent>) {
    let latency_ms = if kind == FaultKind::Slow { SLOW_MS } else { LATENCY_MS };
    match kind.parameter() {
        Parameter::Nothing => (None, None, None),
        Parameter::Latency => (Some(Period::from_millis(any_size(latency_ms, random))), None, None),
        Parameter::By => (None, Some(offset(length, by_most_ms, random)), None),
        Parameter::Share => (None, None, percent(&SHARES, random)),
    }
}

fn offset(length: Duration, by_most_ms: u64, random: &mut Random) -> Offset {
    let most_ms = length.saturating_sub(AFTER_SKEW).as_millis();
    let most_ms = u64::try_from(most_ms).unwrap_or(u64::MAX).clamp(BY_MS.0, by_most_ms);
    let by = i64::try_from(any_size((BY_MS.0, most_ms), random)).unwrap_or(i64::MAX);
    Offset::from_millis(if random.below(2) == 0 { by } else { -by })
}

fn is_there(cluster: &Cluster, kind: FaultKind, target: Target) -> bool {
    match target {
        Target::Host | Target::Users => true,
        Target::Between => hosts(cluster, kind).len() >= 2,
        Target::Region => !cluster.regions.is_empty(),
    }
}

/// A host of the kind's roles: first the role, so that four chat servers are not struck four times as
/// often as the store.
fn host(cluster: &Cluster, kind: FaultKind, random: &mut Random) -> Option<String> {
    let by_role: Vec<Vec<String>> = roles(kind)
        .iter()
        .map(|role| of_role(cluster, *role))
        .filter(|it| !it.is_empty())
        .collect();
    pick(&pick(&by_role, random)?, random)
}

/// Two groups of hosts: one against one, or one against several.
fn sides(
    cluster: &Cluster,
    kind: FaultKind,
    one: Option<String>,
    random: &mut Random,
) -> Option<[Vec<String>; 2]> {
    let mut others = hosts(cluster, kind);
    let one = one.or_else(|| pick(&others, random))?;
    others.retain(|other| *other != one);
    let count = match random.below(3) {
        0 => 1 + random.below(others.len() as u64),
        _ => 1,
    };
    while others.len() as u64 > count {
        others.remove(random.below(others.len() as u64) as usize);
    }
    let one = vec![one];
    Some(if random.below(2) == 0 { [one, others] } else { [others, one] })
}

/// The hosts that a fault of this kind can do something to.
fn hosts(cluster: &Cluster, kind: FaultKind) -> Vec<String> {
    roles(kind).iter().flat_map(|role| of_role(cluster, *role)).collect()
}

/// The roles whose hosts a fault of this kind can do something to. The others have nothing of what
/// it is about.
fn roles(kind: FaultKind) -> &'static [Role] {
    match kind {
        FaultKind::Drain | FaultKind::HintLoss | FaultKind::HintDuplication => &[Role::Chat],
        FaultKind::LeaseLost => &[Role::Chat, Role::Presence, Role::Notify],
        FaultKind::ReconnectStorm => &[Role::Chat, Role::Devices],
        FaultKind::Reorder => &[Role::Chat, Role::Presence, Role::Notify, Role::Api, Role::Store],
        _ => &Role::ALL,
    }
}

/// The hosts that a role has for itself.
fn of_role(cluster: &Cluster, role: Role) -> Vec<String> {
    let mut hosts = cluster.hosts();
    hosts.retain(|host| cluster.role_of(host) == Some(role));
    hosts
}

/// A number between these of any size: each doubling is as likely as the others.
fn any_size((least, most): (u64, u64), random: &mut Random) -> u64 {
    let doublings = u64::from((most / least.max(1)).max(1).ilog2()) + 1;
    let from = least << random.below(doublings);
    (from + random.below(from)).clamp(least, most)
}

fn percent(of: &[u64], random: &mut Random) -> Option<Percent> {
    let percent = of.get(random.below(of.len() as u64) as usize)?;
    Percent::parse(&format!("{percent}%")).ok()
}

fn pick<T: Clone>(of: &[T], random: &mut Random) -> Option<T> {
    of.get(random.below(of.len() as u64) as usize).cloned()
}
