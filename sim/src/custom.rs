//! Faults that a user of this crate writes: they see what goes over the links of the fast engine and
//! say what becomes of it.

use std::{ops::Range, time::Duration};

use hubbub_chat::{DeviceId, ports::Port};

use crate::{
    hosts::{HostId, Hosts},
    setup::LEAD,
};

/// The kind by which the lines of a history name every custom fault.
pub const CUSTOM_KIND: &str = "custom";

/// A fault of the fast engine that a scenario file cannot say.
///
/// The engine counts what it did: a fault without effect fails the run, as any other. Whatever it
/// says, the run heals before its liveness phase: the fault is over by then, what it kept back
/// arrives, and the hosts that it struck run again. For the same seed it must do the same: a fault
/// that wants to draw takes a [`hubbub_chat::random::Random`] with a seed of its own.
pub trait CustomFault {
    /// Its name, as reports show it. A name that speaks of devices or users says that the fault
    /// strikes nothing else: then checkers excuse delays among servers by it no longer.
    fn name(&self) -> &str;

    /// When it is under way, from the start of the run: from the first send to the healing, unless
    /// it says otherwise. The healing ends it in any case.
    fn span(&self) -> Range<Duration> {
        LEAD..Duration::MAX
    }

    /// It begins.
    fn begin(&mut self, hosts: &Hosts, strikes: &mut HostStrikes) {
        let _ = (hosts, strikes);
    }

    /// What becomes of a message that would arrive. It is asked once for each message while it is
    /// under way; what another fault drops or holds is not shown, nor what stays on its host.
    fn message(&mut self, message: &Message, strikes: &mut HostStrikes) -> Fate {
        let _ = (message, strikes);
        Fate::Arrives
    }
}

/// A message that is about to go over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// The time, from the start of the run.
    pub now: Duration,
    /// The host that sends it.
    pub from: HostId,
    /// The host that it is for.
    pub to: HostId,
    /// The device whose connection it is on; `None` between servers.
    pub device: Option<DeviceId>,
    /// What it is.
    pub kind: MessageKind,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A device wants a connection to a chat server.
    Connect,
    /// The connection is there.
    Connected,
    /// There is no chat server to connect to.
    Refused,
    /// A frame or a call of a device.
    ToServer,
    /// A frame, or the reply to a call, for a device.
    ToDevice,
    /// A connection is closed.
    Close,
    /// A device asks for a chat server.
    AskServer,
    /// What it is told.
    TellServer,
    /// A request to a port.
    Request(Port),
    /// The answer of a port.
    Answer(Port),
    /// A hint from one chat server to another.
    Hint,
    /// What the push gateway answers.
    PushAnswer,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives as it would.
    Arrives,
    /// It is lost. On a connection of a device nothing behind it arrives either, as there is no
    /// retransmission: the connection is dead, and nobody is told.
    Dropped,
    /// It arrives later by so much, and no later than the end of the fault: with [`Duration::MAX`]
    /// it is held until then. On a connection of a device what follows waits behind it; between
    /// servers it is overtaken.
    Late(Duration),
    /// It arrives twice, the second time later by so much. Only hints can: everything else travels
    /// on connections, which repeat nothing, and arrives as it would.
    Twice(Duration),
}

/// What a fault does to hosts.
#[derive(Debug, Default)]
pub struct HostStrikes {
    strikes: Vec<HostStrike>,
}

/// Something that befalls a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostStrike {
    pub(crate) host: HostId,
    pub(crate) kind: HostStrikeKind,
    pub(crate) lasts: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostStrikeKind {
    Crash,
    Pause,
}

impl HostStrikes {
    /// The host's processes die now, its connections are closed, and they start again after `lasts`
    /// or with the healing. A host that is down or paused is left as it is.
    pub fn crash(&mut self, host: HostId, lasts: Duration) {
        self.strikes.push(HostStrike { host, kind: HostStrikeKind::Crash, lasts });
    }

    /// The host's processes do nothing from now on, until `lasts` is over or the run heals. A host
    /// that is down or paused is left as it is.
    pub fn pause(&mut self, host: HostId, lasts: Duration) {
        self.strikes.push(HostStrike { host, kind: HostStrikeKind::Pause, lasts });
    }

    pub(crate) fn take(&mut self) -> Vec<HostStrike> {
        std::mem::take(&mut self.strikes)
    }
}

impl HostStrikeKind {
    /// As the faults of a scenario are called that do the same.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Pause => "pause",
        }
    }
}
