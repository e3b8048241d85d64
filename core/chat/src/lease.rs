//! The holder's side of a lease: taking it, renewing it, and knowing when it has gone.
//!
//! A part of the machines that need a lease. The holder counts its time from when it *sent* the
//! request that was granted, and the registry from when it received it, which is later: so the
//! holder stops before anybody else can start, however long requests and answers travel, and
//! whether they are lost or come twice.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    design::Design,
    ports::{
        Outcome,
        registry::{LeaseInfo, LeaseKey, RegistryAnswer, RegistryRequest},
    },
    situation::{Situation, Situations},
    time::Monotonic,
};

/// A lease is renewed these many times within its time, so that two renewals in a row may be lost.
pub const RENEWALS_PER_TTL: u32 = 3;

/// The holder relies on nine tenths of the time. The rest is for clocks that do not run equally
/// fast: they may differ by a ninth, and quartz differs by a ten-thousandth.
const RELIED_TENTHS: u32 = 9;

/// Requests whose answer is waited for, at most; the oldest is forgotten, and its answer ignored.
const OPEN_MAX: usize = 8;

/// What to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseTarget {
    /// This lease.
    Key(LeaseKey),
    /// The lease of any Snowflake worker.
    AnyWorker,
}

/// What the keeper of a lease wants done or has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutput {
    /// Ask the registry, and pass the answer on with this number.
    Request {
        /// Pairs the answer with this.
        number: u64,
        /// What to ask.
        request: RegistryRequest,
    },
    /// The lease is held from now on. A new epoch means that somebody else may have had it since.
    Held {
        /// Which.
        key: LeaseKey,
        /// Under which epoch.
        epoch: u64,
        /// For a worker: the recorded high-water time.
        high_water_ms: u64,
    },
    /// The lease is not held any more: whatever needs it stops at once.
    Lost,
    /// The lease was given back, or will end by itself; nothing more comes.
    Released,
}

/// Keeps one lease.
#[derive(Debug)]
pub struct LeaseKeeper {
    target: LeaseTarget,
    holder: u64,
    ttl: Duration,
    #[cfg(feature = "planted-bugs")]
    planted: Option<crate::planted::PlantedBug>,
    info: LeaseInfo,
    held: Option<HeldLease>,
    /// The newest epoch that was ever held.
    newest: u64,
    /// When each request was sent that has no answer.
    open: BTreeMap<u64, Monotonic>,
    last_number: u64,
    /// The release, if it was asked for.
    release: Option<u64>,
    next_request: Monotonic,
    outputs: VecDeque<LeaseOutput>,
    situations: Situations,
}

#[derive(Debug, Clone, Copy)]
struct HeldLease {
    key: LeaseKey,
    epoch: u64,
    until: Monotonic,
}

impl LeaseKeeper {
    /// A keeper that asks for the lease at once. `holder` is drawn anew at every start of the
    /// process: a process never takes itself for its predecessor.
    #[must_use]
    pub fn new(target: LeaseTarget, holder: u64, design: &Design, info: LeaseInfo) -> Self {
        Self {
            target,
            holder,
            ttl: design.lease_ttl,
            #[cfg(feature = "planted-bugs")]
            planted: design.planted,
            info,
            held: None,
            newest: 0,
            open: BTreeMap::new(),
            last_number: 0,
            release: None,
            next_request: Monotonic(0),
            outputs: VecDeque::new(),
            situations: Situations::default(),
        }
    }

    /// What is said of the holder from the next renewal on.
    pub fn info_mut(&mut self) -> &mut LeaseInfo {
        &mut self.info
    }

    /// Under which epoch the lease is held at this moment. To be asked before each step that needs
    /// the lease: a process may have been stopped since its last timer.
    #[must_use]
    pub fn epoch(&self, now: Monotonic) -> Option<u64> {
        self.held.filter(|held| now < held.until).map(|held| held.epoch)
    }

    /// The epoch of the lease that was last known to be held, and the time at which it ends by the
    /// holder's clock unless it is renewed.
    #[must_use]
    pub fn term(&self) -> Option<(u64, Monotonic)> {
        self.held.map(|held| (held.epoch, held.until))
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Monotonic) {
        self.check_end(now);
        if self.release.is_none() && self.next_request <= now {
            self.renew(now);
        }
    }

    /// Renews at once, since something that others have to know has changed.
    pub fn renew(&mut self, now: Monotonic) {
        if self.release.is_some() {
            return;
        }
        self.next_request = now.after(self.ttl / RENEWALS_PER_TTL);
        let (holder, ttl) = (self.holder, self.ttl);
        let request = match self.target {
            LeaseTarget::Key(key) => {
                RegistryRequest::Lease { key, holder, ttl, info: self.info.clone() }
            }
            LeaseTarget::AnyWorker => {
                let worker = self.held.and_then(|held| match held.key {
                    LeaseKey::Worker(worker) => Some(worker),
                    _ => None,
                });
                let high_water_ms = self.info.high_water_ms;
                RegistryRequest::Worker { holder, ttl, worker, high_water_ms }
            }
        };
        self.ask(now, request);
    }

    /// Gives the lease back. The holder has stopped before the registry is asked, and nothing is
    /// asked again: should the request be lost, the lease ends by itself.
    pub fn release(&mut self, now: Monotonic) {
        if self.release.is_some() {
            return;
        }
        self.open.clear();
        let key = match (self.held.take(), self.target) {
            (Some(held), _) => {
                self.outputs.push_back(LeaseOutput::Lost);
                Some(held.key)
            }
            (None, LeaseTarget::Key(key)) => Some(key),
            (None, LeaseTarget::AnyWorker) => None,
        };
        self.release = Some(self.last_number + 1);
        match key {
            Some(key) => self.ask(now, RegistryRequest::Release { key, holder: self.holder }),
            None => self.outputs.push_back(LeaseOutput::Released),
        }
    }

    /// Takes in the answer to the request with this number. Answers that come late, twice or never
    /// do no harm.
    pub fn handle_answer(&mut self, now: Monotonic, number: u64, answer: Outcome<RegistryAnswer>) {
        self.check_end(now);
        let Some(sent) = self.open.remove(&number) else { return };
        if self.release == Some(number) {
            self.outputs.push_back(LeaseOutput::Released);
            return;
        }
        // Any other answer leaves the lease as it is: one that is held stands until its end, since
        // the registry gave it until then.
        if let Outcome::Ok(RegistryAnswer::Leased { key, epoch, high_water_ms }) = answer {
            let since = if planted!(self, LeaseFromAnswer) { now } else { sent };
            let mut until = since.after(self.ttl / 10 * RELIED_TENTHS);
            if planted!(self, LeaseWithoutEnd) {
                until = Monotonic(u64::MAX);
            }
            if epoch >= self.newest && until > now {
                self.hold(HeldLease { key, epoch, until }, high_water_ms);
            }
        }
    }

    /// What is to be done next; drained after every call.
    pub fn poll_output(&mut self) -> Option<LeaseOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Monotonic> {
        if self.release.is_some() {
            return None;
        }
        let end = self.held.map_or(self.next_request, |held| held.until);
        Some(self.next_request.min(end))
    }

    /// The situations that it has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    fn hold(&mut self, lease: HeldLease, high_water_ms: u64) {
        match &mut self.held {
            Some(held) if held.epoch == lease.epoch => {
                held.until = held.until.max(lease.until);
                return;
            }
            Some(_) => self.lose(),
            None => {}
        }
        // Epochs begin with 1.
        if self.newest > 0 {
            self.situations.mark(Situation::LeaseHeldAgain);
        }
        self.newest = lease.epoch;
        self.held = Some(lease);
        let HeldLease { key, epoch, .. } = lease;
        self.outputs.push_back(LeaseOutput::Held { key, epoch, high_water_ms });
    }

    fn check_end(&mut self, now: Monotonic) {
        if self.held.is_some_and(|held| held.until <= now) {
            self.held = None;
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.situations.mark(Situation::LeaseLost);
        self.outputs.push_back(LeaseOutput::Lost);
    }

    fn ask(&mut self, now: Monotonic, request: RegistryRequest) {
        self.last_number += 1;
        let number = self.last_number;
        self.open.insert(number, now);
        if self.open.len() > OPEN_MAX {
            self.open.pop_first();
        }
        self.outputs.push_back(LeaseOutput::Request { number, request });
    }
}
