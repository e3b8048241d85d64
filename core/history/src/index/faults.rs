//! The faults of a run, as far as checkers excuse something by them.

use hubbub_chat::{
    notifier::{RETRY_BASE, RETRY_MAX},
    time::nanoseconds,
};

use super::spans::{Span, united};
use crate::event::{Event, EventBody, FaultState};

/// A fault under way.
#[derive(Debug, Clone)]
struct Strike {
    id: u32,
    kind: String,
    target: String,
    from_ns: u64,
    to_ns: Option<u64>,
}

/// All faults.
#[derive(Debug, Default)]
pub struct Faults {
    strikes: Vec<Strike>,
    /// When the harness said that a network does not work.
    unlinked: Vec<u64>,
    between_servers: Vec<Span>,
    among_servers: Vec<Span>,
    before_pushes: Vec<Span>,
}

/// Kinds that make messages, or those who handle them, take their time. The bounds of presence count
/// on messages that take no time to speak of.
const SLOW: [&str; 5] = ["latency", "jitter", "reorder", "slow", "store-slow"];

/// Kinds that leave servers talking to one another and to their ports: what is drained goes on
/// talking until it has handed everything over.
const HARMLESS: [&str; 5] =
    ["drain", "rolling-restart", "hint-loss", "hint-duplication", "reconnect-storm"];

/// What befalls the push gateway is the matter of pushes alone.
const OF_GATEWAY: [&str; 2] = ["gateway-failing", "gateway-slow"];

impl Faults {
    /// When servers could not talk to one another or to their ports as usual, united. A fault that
    /// has only devices or users on a side is their own matter, if the harness says meanwhile whose network does
    /// not work; if it does not, nobody can tell, and the fault excuses as the others do. Slow
    /// messages are everybody's matter; what has a wrong clock or is drained still talks, and so does
    /// who lost connections and may open others. The death of the store's host is among them, that of
    /// others is not.
    #[must_use]
    pub fn between_servers(&self) -> &[Span] {
        &self.between_servers
    }

    /// As [`Self::between_servers`], and with them the time in which a server was down.
    #[must_use]
    pub fn among_servers(&self) -> &[Span] {
        &self.among_servers
    }

    /// As [`Self::among_servers`], and with them the time in which the push gateway failed or was slow,
    /// and after it the pause that a notifier may make by then.
    #[must_use]
    pub fn before_pushes(&self) -> &[Span] {
        &self.before_pushes
    }

    /// As [`Self::among_servers`], but without what befell this host alone; not united. Slow messages
    /// are the matter of devices that come back, too.
    pub fn others_among_servers(&self, host: &str) -> impl Iterator<Item = Span> + '_ {
        let host = host.to_owned();
        let others = self.strikes.iter().filter(move |one| {
            let concerns = one.is_slow() || !self.is_of_devices(one);
            concerns && !one.is_about(&host) && (one.cuts() || one.is_death())
        });
        others.map(|one| Span::new(one.from_ns, one.to_ns.unwrap_or(u64::MAX)))
    }

    /// All but those of this host alone and those of the push gateway; not united.
    pub fn beside(&self, host: &str) -> impl Iterator<Item = Span> + '_ {
        let host = host.to_owned();
        let beside =
            self.strikes.iter().filter(move |one| one.target != host && !one.is_of_gateway());
        beside.map(|one| Span::new(one.from_ns, one.to_ns.unwrap_or(u64::MAX)))
    }

    pub(super) fn note(&mut self, event: &Event) {
        if let EventBody::Truth { link: Some(false), .. }
        | EventBody::Truth { hears: Some(false), .. } = &event.body
        {
            self.unlinked.push(event.t_ns);
        }
        let EventBody::Fault { id, kind, state, target, .. } = &event.body else { return };
        match state {
            FaultState::On => self.strikes.push(Strike {
                id: *id,
                kind: kind.clone(),
                target: target.clone(),
                from_ns: event.t_ns,
                to_ns: None,
            }),
            FaultState::Off => {
                let open = |one: &&mut Strike| one.id == *id && one.to_ns.is_none();
                if let Some(strike) = self.strikes.iter_mut().rev().find(open) {
                    strike.to_ns = Some(event.t_ns);
                }
            }
        }
    }

    /// Whether the host was stopped by a fault that is under way and neither a crash nor a power
    /// loss. Without one at all nobody knows of a clean stop.
    pub(super) fn is_clean_stop(&self, host: &str) -> bool {
        let names_it = |one: &&Strike| one.to_ns.is_none() && names(&one.target, host);
        let mut of_host = self.strikes.iter().filter(names_it).peekable();
        of_host.peek().is_some() && of_host.all(|one| !one.is_death())
    }

    pub(super) fn finish(&mut self, end_ns: u64) {
        let span = |one: &Strike| Span::new(one.from_ns, one.to_ns.unwrap_or(end_ns));
        let of_servers = || self.strikes.iter().filter(|one| !self.is_of_devices(one));
        // The bounds of presence count on messages that take no time to speak of, and servers ask
        // the store's host for the registry and for who is whose friend.
        let slow = self.strikes.iter().filter(|one| one.is_slow());
        let between = of_servers().filter(|one| one.cuts() || names(&one.target, "store"));
        let between = between.chain(slow).map(span).collect();
        let among: Vec<Span> =
            of_servers().filter(|one| one.cuts() || one.is_death()).map(span).collect();
        let of_gateway = self.strikes.iter().filter(|one| one.is_of_gateway());
        let of_gateway = of_gateway.map(span).map(with_pause);
        let before_pushes = among.iter().copied().chain(of_gateway).collect();
        self.between_servers = united(between);
        self.among_servers = united(among);
        self.before_pushes = united(before_pushes);
    }

    fn is_of_devices(&self, strike: &Strike) -> bool {
        let first = self.unlinked.partition_point(|t_ns| *t_ns < strike.from_ns);
        let meanwhile = |t_ns: &u64| strike.to_ns.is_none_or(|to_ns| *t_ns <= to_ns);
        let is_told = self.unlinked.get(first).is_some_and(meanwhile);
        strike.is_about_devices() && (strike.is_death() || is_told)
    }
}

impl Strike {
    fn is_death(&self) -> bool {
        ["crash", "power-loss", "restart"].contains(&self.kind.as_str())
    }

    /// Kinds that checkers do not know are taken to cut links: they excuse more, not less. So does
    /// latency, which may be longer than servers wait for one another.
    fn cuts(&self) -> bool {
        let wrong_clock = self.kind.contains("clock") || self.kind.contains("skew");
        let is_harmless = HARMLESS.contains(&self.kind.as_str());
        !self.is_death() && !wrong_clock && !is_harmless && !self.is_of_gateway()
    }

    fn is_slow(&self) -> bool {
        SLOW.contains(&self.kind.as_str())
    }

    fn is_of_gateway(&self) -> bool {
        OF_GATEWAY.contains(&self.kind.as_str())
    }

    /// Whether it is about devices or users and nobody else: one of its two sides, if it has two,
    /// or all that it names. Between a server and others, devices among them, it is the server's too.
    fn is_about_devices(&self) -> bool {
        let is_of_devices = |name: &str| name.contains("device") || name.contains("user");
        self.sides().any(|side| side.split(", ").all(is_of_devices))
    }

    /// Whether a side is the host alone.
    fn is_about(&self, host: &str) -> bool {
        self.sides().any(|side| side == host)
    }

    /// The two sides of its target, or the only one.
    fn sides(&self) -> impl Iterator<Item = &str> {
        self.target.split(" and ").flat_map(|part| part.split(" to "))
    }
}

/// The pauses between attempts of a push double: the last is at most twice as long as what went
/// before.
fn with_pause(span: Span) -> Span {
    let pause_ns = span.length_ns().saturating_mul(2).saturating_add(nanoseconds(RETRY_BASE));
    let pause_ns = pause_ns.min(nanoseconds(RETRY_MAX));
    Span::new(span.from_ns, span.to_ns.saturating_add(pause_ns))
}

/// Whether a target, as it is written for people, names the host.
fn names(target: &str, host: &str) -> bool {
    target.split(|sign: char| !(sign.is_alphanumeric() || sign == '-')).any(|word| word == host)
}
