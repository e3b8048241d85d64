//! Does a fault say what it strikes, and is that there?

use crate::error::Problem;
use crate::nearest::nearest;
use crate::{Cluster, Fault, FaultKind, Role, Target};

pub(super) fn problems(place: &str, fault: &Fault, cluster: &Cluster) -> Vec<Problem> {
    let hosts = cluster.hosts();
    let mut problems = given_problems(place, fault);
    problems.extend(host_problems(place, fault, &hosts));
    problems.extend(users_problem(place, fault));
    problems.extend(region_problem(place, fault, cluster));
    problems.extend(drain_problem(place, fault, cluster));
    problems
}

fn is_given(target: Target, fault: &Fault) -> bool {
    match target {
        Target::Host => fault.host.is_some(),
        Target::Between => fault.between.is_some(),
        Target::Users => fault.users.is_some(),
        Target::Region => fault.region.is_some(),
    }
}

/// What a kind can be aimed at, in words.
fn words(kind: FaultKind) -> String {
    let words: Vec<_> = kind.targets().iter().map(|target| target.words()).collect();
    match words.split_last() {
        None => "what its name says, and no other".into(),
        Some((last, [])) => (*last).into(),
        Some((last, others)) => format!("{}, or {last}", others.join(", ")),
    }
}

/// Each kind has its targets, and each fault one.
fn given_problems(place: &str, fault: &Fault) -> Vec<Problem> {
    let possible = fault.kind.targets();
    let message = format!("`{}` strikes {}", fault.kind, words(fault.kind));
    let given = Target::ALL.into_iter().filter(|target| is_given(*target, fault));
    let (right, wrong): (Vec<Target>, Vec<Target>) =
        given.partition(|target| possible.contains(target));
    if right.is_empty() && !possible.is_empty() {
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
            "remove one; `host`, `users` and `region` mean these against all others"
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

fn users_problem(place: &str, fault: &Fault) -> Option<Problem> {
    let is_nobody = fault.users.is_some_and(|users| users.share() <= 0.0);
    is_nobody.then(|| Problem::new(format!("{place}.users"), "`users` must be more than 0%"))
}

fn region_problem(place: &str, fault: &Fault, cluster: &Cluster) -> Option<Problem> {
    let region = fault.region.as_ref().filter(|region| !cluster.regions.contains(region))?;
    let near = nearest(region, cluster.regions.iter().map(String::as_str));
    let advice = match (near, cluster.regions.is_empty()) {
        (_, true) => "name regions in [cluster]: `regions = [\"eu\", \"us\"]`".into(),
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, _) => format!("this cluster has {}", cluster.regions.join(", ")),
    };
    let place = format!("{place}.region");
    Some(Problem::new(place, format!("unknown region `{region}`")).advise(advice))
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
