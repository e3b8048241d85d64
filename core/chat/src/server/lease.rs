//! The chat server's place among the others: its lease, whom it knows of, whether it takes new
//! sessions, and how it hands its sessions over before it stops.

use std::time::Duration;

use super::{ChatServer, Output, Timer, requests::Pending};
use crate::{
    design::Design,
    frame::CutReason,
    ids::{ServerId, SessionId},
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Outcome, Request,
        registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
    },
    presence::PresenceView,
    registry_watch::RegistryWatch,
    situation::{Situation, Situations},
    time::{Monotonic, Now},
};

/// How often sessions are handed over while the server drains.
const TURN: Duration = Duration::from_millis(100);

/// Turns in which all sessions are handed over, when logins are admitted as fast: three seconds.
const TURNS: usize = 30;

/// What a chat server says of itself to the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// A number that no other process has, and this one after a restart neither.
    pub holder: u64,
    /// Where clients reach it, as `host:port`.
    pub address: String,
    /// Where other servers reach it.
    pub peer_address: String,
    /// Its region; empty when there is only one.
    pub region: String,
    /// Sessions that it can hold; `session_limit` bounds it too.
    pub capacity: u32,
}

/// Where the server stands with the registry, and on its way out.
#[derive(Debug)]
pub(super) struct Place {
    registered: Option<Registered>,
    drain: Drain,
}

#[derive(Debug)]
struct Registered {
    keeper: LeaseKeeper,
    capacity: u32,
    watch: RegistryWatch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drain {
    No,
    HandingOver {
        /// Sessions cut in one turn at most.
        per_turn: usize,
        /// From then on sessions are cut whatever the store still owes them.
        patient_until: Monotonic,
    },
    /// No session is left; what is under way is answered.
    Finishing,
    Done,
}

impl Place {
    pub(super) fn new(
        server: ServerId,
        registration: Option<&Registration>,
        design: &Design,
    ) -> Self {
        let registered = registration.map(|registration| Registered {
            keeper: LeaseKeeper::new(
                LeaseTarget::Key(LeaseKey::Chat(server)),
                registration.holder,
                design,
                registration.info(design),
            ),
            capacity: registration.bounded_capacity(design),
            watch: RegistryWatch::default(),
        });
        Self { registered, drain: Drain::No }
    }

    pub(super) fn is_registered(&self) -> bool {
        self.registered.is_some()
    }

    pub(super) fn situations(&self) -> Situations {
        self.registered
            .as_ref()
            .map(|registered| registered.keeper.situations())
            .unwrap_or_default()
    }
}

impl Registration {
    fn info(&self, design: &Design) -> LeaseInfo {
        LeaseInfo {
            address: self.address.clone(),
            peer_address: self.peer_address.clone(),
            region: self.region.clone(),
            capacity: self.bounded_capacity(design),
            load: 0,
            open: true,
            high_water_ms: 0,
        }
    }

    fn bounded_capacity(&self, design: &Design) -> u32 {
        self.capacity.min(design.session_limit)
    }
}

impl ChatServer {
    /// Whether the server holds the lease of its id at this moment; false without a registry.
    #[must_use]
    pub fn holds_lease(&self, now: Now) -> bool {
        self.lease_epoch(now).is_some()
    }

    /// Under which epoch the server holds the lease of its id at this moment.
    #[must_use]
    pub fn lease_epoch(&self, now: Now) -> Option<u64> {
        self.place.registered.as_ref()?.keeper.epoch(now.monotonic)
    }

    /// Why a new session is not taken, if it is not. The sessions that it has go on: what the store
    /// decides is true whoever holds the lease.
    pub(super) fn turn_away(&self, now: Now) -> Option<CutReason> {
        if self.place.drain != Drain::No {
            return Some(CutReason::Draining);
        }
        let capacity = match &self.place.registered {
            Some(_) if !self.holds_lease(now) => 0,
            Some(registered) => registered.capacity,
            None => self.config.design.session_limit,
        };
        (self.sessions.len() >= capacity as usize).then_some(CutReason::Full)
    }

    pub(super) fn keep_lease(&mut self, now: Now) {
        let load = u32::try_from(self.sessions.len()).unwrap_or(u32::MAX);
        if let Some(registered) = &mut self.place.registered {
            registered.keeper.info_mut().load = load;
            registered.keeper.handle_timeout(now.monotonic);
        }
        self.drive_lease(now);
    }

    pub(super) fn settle_lease(&mut self, now: Now, number: u64, outcome: Outcome<RegistryAnswer>) {
        if let Some(registered) = &mut self.place.registered {
            registered.keeper.handle_answer(now.monotonic, number, outcome);
        }
        self.drive_lease(now);
    }

    pub(super) fn watch_registry(&mut self, now: Now) {
        let Some(registered) = &mut self.place.registered else { return };
        self.timers.set(Timer::Watch, RegistryWatch::again(now, &self.config.design));
        if registered.watch.begin() {
            self.request(now, Pending::Watch, Request::Registry(RegistryRequest::Watch));
        }
    }

    pub(super) fn settle_registry(&mut self, now: Now, outcome: Outcome<RegistryAnswer>) {
        let Some(registered) = &mut self.place.registered else { return };
        if let Some(told) = registered.watch.settle(outcome).filter(|told| told.is_new) {
            let view = PresenceView::of_snapshot(told.version, &told.members);
            // Whoever carries the requests that follow must know where they go.
            self.outputs.push_back(Output::Members(told.members));
            self.handle_presence_view(now, view);
        }
    }

    /// First nobody is sent here any more, then those who are here are handed over, and last what is
    /// under way is answered and the lease given back.
    pub(super) fn drain(&mut self, now: Now) {
        if self.place.drain != Drain::No {
            return;
        }
        let design = &self.config.design;
        let count = self.sessions.len();
        // Whoever is handed over comes back through discovery: cutting faster than logins are
        // admitted would only make devices wait without a server.
        let admitted = match design.login_rate {
            0 => usize::MAX,
            rate => (rate as usize / 10).max(1),
        };
        let per_turn = count.div_ceil(TURNS).clamp(1, admitted);
        // Discovery watches the registry as often as servers do, so by then it knows.
        let known_after = match self.place.registered {
            Some(_) => design.lease_ttl / 2,
            None => Duration::ZERO,
        };
        let first = now.monotonic.after(known_after);
        let turns = u32::try_from(count.div_ceil(per_turn)).unwrap_or(u32::MAX);
        let patient_until = first.after(TURN.saturating_mul(turns)).after(design.request_timeout);
        self.place.drain = Drain::HandingOver { per_turn, patient_until };
        self.timers.set(Timer::Drain, first);
        if let Some(registered) = &mut self.place.registered {
            registered.keeper.info_mut().open = false;
            registered.keeper.renew(now.monotonic);
        }
        self.drive_lease(now);
    }

    /// Cuts the next sessions, those that wait for the store last. What a device sends meanwhile
    /// without being answered it sends again to its next server, under the same number.
    pub(super) fn hand_over(&mut self, now: Now) {
        match self.place.drain {
            Drain::HandingOver { per_turn, patient_until } => {
                let is_patient = now.monotonic < patient_until;
                let leaving: Vec<SessionId> = self
                    .sessions
                    .iter()
                    .filter(|(_, session)| !is_patient || session.open_requests == 0)
                    .map(|(id, _)| *id)
                    .take(per_turn)
                    .collect();
                self.counts.handed_over += leaving.len() as u64;
                if !leaving.is_empty() {
                    self.situations.mark(Situation::HandedOver);
                }
                leaving.into_iter().for_each(|id| self.cut(now, id, CutReason::Draining));
                self.timers.set(Timer::Drain, now.monotonic.after(TURN));
            }
            // The ports have had their time: what is promised and not stored would be lost by any
            // other end of the process too.
            Drain::Finishing => {
                self.counts.promises_broken += self.retries.len() as u64;
                self.retries.clear();
                self.drained();
            }
            Drain::No | Drain::Done => {}
        }
    }

    /// To be called after every input and timer: says that the last session is gone, and then that
    /// the last answer is there.
    pub(super) fn finish_drain(&mut self, now: Now) {
        if matches!(self.place.drain, Drain::HandingOver { .. }) && self.sessions.is_empty() {
            self.place.drain = Drain::Finishing;
            self.flush_cursors(now);
            self.retry_appends(now);
            self.timers.clear(Timer::Watch);
            // One time-out for what is under way, and one for another try of what was promised.
            let last = now.monotonic.after(2 * self.config.design.request_timeout);
            self.timers.set(Timer::Drain, last);
            if let Some(registered) = &mut self.place.registered {
                registered.keeper.release(now.monotonic);
            }
            self.drive_lease(now);
        }
        let is_idle = self.requests.is_idle() && self.retries.is_empty();
        if self.place.drain == Drain::Finishing && is_idle {
            self.drained();
        }
    }

    fn drained(&mut self) {
        self.place.drain = Drain::Done;
        self.timers.clear(Timer::Drain);
        self.outputs.push_back(Output::Drained);
    }

    fn drive_lease(&mut self, now: Now) {
        while let Some(output) = self.poll_lease() {
            match output {
                LeaseOutput::Request { number, request } => {
                    self.request(now, Pending::Lease(number), Request::Registry(request));
                }
                LeaseOutput::Held { epoch, .. } => self.take_epoch(now, epoch),
                // The gate asks the keeper itself.
                LeaseOutput::Lost => {
                    if self.place.drain == Drain::No && self.requests.has_append() {
                        self.situations.mark(Situation::LeaseExpiredDuringAppend);
                    }
                }
                LeaseOutput::Released => {}
            }
        }
        let due =
            self.place.registered.as_ref().and_then(|registered| registered.keeper.poll_timeout());
        match due {
            Some(due) => self.timers.set(Timer::Lease, due),
            None => self.timers.clear(Timer::Lease),
        }
    }

    fn poll_lease(&mut self) -> Option<LeaseOutput> {
        self.place.registered.as_mut()?.keeper.poll_output()
    }

    /// The sessions that it kept while it had no lease are registered again, and those whom they
    /// observe are watched again: routing and presence servers forget what is of an older epoch.
    fn take_epoch(&mut self, now: Now, epoch: u64) {
        let is_new = std::mem::replace(&mut self.config.epoch, epoch) != epoch;
        if is_new && !self.sessions.is_empty() {
            self.resync(now);
            self.watch_again(now);
        }
    }
}
