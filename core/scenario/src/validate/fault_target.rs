//! Does a fault say what it strikes, and is that there?

use crate::error::Problem;
use crate::nearest::nearest;
use crate::{Cluster, Fault, FaultKind, Role};

pub(super) fn problems(place: &str, fault: &Fault, cluster: &Cluster) -> Vec<Problem> {
    let hosts = cluster.hosts();
    let mut problems = given_problems(place, fault);
    problems.extend(host_problems(place, fault, &hosts));
    problems.extend(share_problem(place, fault));
    problems.extend(drain_problem(place, fault, cluster));
    problems
}

/// A way in which a fault can say what it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// One host.
    Host,
    /// What lies between two groups of hosts.
    Between,
    /// The devices of a share of the users.
    Users,
}

impl Target {
    const ALL: [Self; 3] = [Self::Host, Self::Between, Self::Users];

    fn key(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Between => "between",
            Self::Users => "users",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Host => "`host = \"chat-1\"`",
            Self::Between => "`between = [[\"chat-1\"], [\"store\"]]`",
            Self::Users => "`users = \"10%\"`",
        }
    }

    fn is_given(self, fault: &Fault) -> bool {
        match self {
            Self::Host => fault.host.is_some(),
            Self::Between => fault.between.is_some(),
            Self::Users => fault.users.is_some(),
        }
    }
}

impl FaultKind {
    /// The ways in which it can be aimed, and the words for them.
    fn targets(self) -> (&'static [Target], &'static str) {
        use Target::{Between, Host, Users};
        match self {
            Self::Skew | Self::ClockStep | Self::Pause | Self::Drain => (&[Host], "one host"),
            Self::Crash | Self::PowerLoss => (&[Host, Users], "one host, or a share of the users"),
            Self::PartitionOneWay => (&[Between], "between two groups of hosts"),
            Self::Latency => (&[Host, Between], "a host, or between two groups of hosts"),
            Self::Partition | Self::Blip => {
                (&[Host, Between, Users], "a host, between two groups of hosts, or some users")
            }
        }
    }
}

/// Each kind has its targets, and each fault one.
fn given_problems(place: &str, fault: &Fault) -> Vec<Problem> {
    let (possible, words) = fault.kind.targets();
    let message = format!("`{}` strikes {words}", fault.kind);
    let given = Target::ALL.into_iter().filter(|target| target.is_given(fault));
    let (right, wrong): (Vec<Target>, Vec<Target>) =
        given.partition(|target| possible.contains(target));
    if right.is_empty() {
        let examples: Vec<&str> = possible.iter().map(|target| target.example()).collect();
        let advice = format!("write which: {}", examples.join(" or "));
        return vec![Problem::new(format!("{place}.kind"), message).advise(advice)];
    }
    let mut problems: Vec<Problem> = wrong
        .iter()
        .map(|target| {
            let key = target.key();
            Problem::new(format!("{place}.{key}"), message.clone())
                .advise(format!("remove `{key}`"))
        })
        .collect();
    if let [one, other, ..] = right[..] {
        let (one, other) = (one.key(), other.key());
        let advice = if possible.contains(&Target::Between) {
            "remove one; `host` and `users` mean these against all others"
        } else {
            "remove one, or write a fault for each"
        };
        problems.push(
            Problem::new(
                format!("{place}.{one}"),
                format!("a fault has `{one}` or `{other}`, not both"),
            )
            .advise(advice),
        );
    }
    problems
}

fn host_problems(place: &str, fault: &Fault, hosts: &[String]) -> Vec<Problem> {
    let mut named: Vec<(String, &str)> =
        fault.host.iter().map(|host| (format!("{place}.host"), host.as_str())).collect();
    let mut problems = Vec::new();
    for (side, group) in fault.between.iter().flatten().enumerate() {
        let place = format!("{place}.between.{side}");
        if group.is_empty() {
            problems.push(
                Problem::new(&place, "an empty group of hosts").advise("name at least one host"),
            );
        }
        for (index, host) in group.iter().enumerate() {
            let place = format!("{place}.{index}");
            if named.iter().any(|(_, other)| other == host) {
                let message = format!("the host `{host}` comes twice");
                problems.push(
                    Problem::new(&place, message).advise("a host belongs to one group, once"),
                );
            }
            named.push((place, host));
        }
    }
    let unknown = named.into_iter().filter(|(_, host)| !hosts.iter().any(|known| known == host));
    problems.extend(unknown.map(|(place, host)| {
        let near = nearest(host, hosts.iter().map(String::as_str));
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Problem::new(place, format!("unknown host `{host}`"))
            .advise(format!("{near}this cluster has {}", hosts.join(", ")))
    }));
    problems
}

fn share_problem(place: &str, fault: &Fault) -> Option<Problem> {
    let is_nobody = fault.users.is_some_and(|users| users.share() <= 0.0);
    is_nobody.then(|| Problem::new(format!("{place}.users"), "`users` must be more than 0%"))
}

/// Only a chat server has sessions to hand over.
fn drain_problem(place: &str, fault: &Fault, cluster: &Cluster) -> Option<Problem> {
    let host = fault.host.as_ref().filter(|_| fault.kind == FaultKind::Drain)?;
    let is_other = cluster.role_of(host).is_some_and(|role| role != Role::Chat);
    is_other.then(|| {
        Problem::new(format!("{place}.host"), format!("`{host}` has no sessions to hand over"))
            .advise(format!("drain a chat server: {}", cluster.hosts_of(Role::Chat).join(", ")))
    })
}
