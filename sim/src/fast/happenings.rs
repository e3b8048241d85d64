//! What the engine's queue holds: what will happen, and what goes over the network.

use std::collections::BTreeSet;

use hubbub_chat::{
    DeviceId, RequestId, SessionId,
    discovery::Assignment,
    frame::{ClientFrame, PeerFrame, ServerFrame},
    ports::{Answer, Request, push::PushAnswer},
    transport::{CallBody, CallId},
};

use hubbub_scenario::FaultKind;

use super::{Asker, Seat, discovery::Ask, group::Waiting, http::Reply, notifiers::Push};
use crate::hosts::HostId;

/// Something that will happen.
#[derive(Debug)]
pub(super) enum Happening {
    Action(usize),
    Arrival(HostId, Payload),
    /// A machine wants to be woken, as planned for this time.
    Wake(Seat, u64),
    WakeDevice(DeviceId, u64),
    /// A session over polls of this chat server wants to be woken.
    WakeSession(usize, SessionId, u64),
    /// Devices are attached: what quiet users cost counts from here.
    Attached,
    Start(Seat),
    StartDevices,
    /// The gateway gets a push of this notifier.
    Push(usize, Push),
    Fault(usize, bool),
    /// Nothing of a fault that has ended is left.
    FaultOver(usize),
    /// A rolling restart turns to the chat server at this place, or lets it start again.
    Rolling(usize, usize, bool),
    /// A spell of a device that comes and goes begins or ends.
    Episode {
        fault: usize,
        device: DeviceId,
        kind: FaultKind,
        on: bool,
    },
    /// The first server of this try has had its time: the device goes to the other one.
    Fallback(DeviceId, u64),
    /// A device's connection is closed under it.
    Severed {
        device: DeviceId,
        stream: u64,
    },
    /// The store turns to a request that a fault has kept waiting.
    StoreTurn(Waiting),
    /// The store has synced this group of requests.
    Synced(u64),
    /// It is the turn of what arrived on a slow host.
    Turn(HostId, Box<Happening>),
    /// A custom fault begins or ends.
    Custom(usize, bool),
    /// What a custom fault did to a host begins or ends.
    HostStrike(usize, bool),
    /// A chat server has had its time to hand its sessions over.
    DrainLimit(usize, u32),
    LeaseCheck,
    Heal,
    SettleCheck,
}

/// What goes over the network.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Open {
        stream: u64,
        device: DeviceId,
    },
    /// The stream is open; requests name its session by `number`.
    Opened {
        stream: u64,
        number: u64,
    },
    Refused {
        stream: u64,
    },
    ToServer {
        stream: u64,
        frame: ClientFrame,
    },
    ToDevice {
        stream: u64,
        frame: ServerFrame,
        bytes: u64,
    },
    CloseServer {
        stream: u64,
    },
    CloseDevice {
        stream: u64,
    },
    /// A connection for calls, and that it is open.
    Connect {
        stream: u64,
    },
    Connected {
        stream: u64,
    },
    Call {
        stream: u64,
        call: CallId,
        body: CallBody,
    },
    Reply {
        stream: u64,
        call: CallId,
        reply: Reply,
        bytes: u64,
    },
    Ask(Ask),
    Told {
        number: u64,
        device: DeviceId,
        assignment: Option<Assignment>,
    },
    Request {
        asker: Asker,
        id: RequestId,
        request: Request,
    },
    Answer {
        asker: Asker,
        id: RequestId,
        answer: Answer,
    },
    Peer {
        server: usize,
        frame: PeerFrame,
    },
    PushAnswer {
        notifier: usize,
        incarnation: u32,
        id: u64,
        answer: PushAnswer,
    },
}

impl Payload {
    /// The connection of a device over which it goes.
    pub(super) fn stream(&self) -> Option<u64> {
        match self {
            Self::Open { stream, .. }
            | Self::Opened { stream, .. }
            | Self::Refused { stream }
            | Self::ToServer { stream, .. }
            | Self::ToDevice { stream, .. }
            | Self::CloseServer { stream }
            | Self::CloseDevice { stream }
            | Self::Connect { stream }
            | Self::Connected { stream }
            | Self::Call { stream, .. }
            | Self::Reply { stream, .. } => Some(*stream),
            Self::Ask(_)
            | Self::Told { .. }
            | Self::Request { .. }
            | Self::Answer { .. }
            | Self::Peer { .. }
            | Self::PushAnswer { .. } => None,
        }
    }
}

/// A connection of a device to a chat server: a stream, or what carries the calls of a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stream {
    pub(super) device: DeviceId,
    pub(super) server: usize,
    /// The server's incarnation that knows it.
    pub(super) opened_by: Option<u32>,
    /// A message on it was lost, so nothing that follows in that direction arrives: there is no
    /// retransmission. Towards the server, and towards the device.
    pub(super) wedged: [bool; 2],
    /// The same, as far as messages were lost on the way and not because an end is gone.
    pub(super) broken: [bool; 2],
}

impl Stream {
    pub(super) fn new(device: DeviceId, server: usize) -> Self {
        Self { device, server, opened_by: None, wedged: [false; 2], broken: [false; 2] }
    }
}

/// A host whose processes do nothing.
#[derive(Debug, Default)]
pub(super) struct Paused {
    pub(super) faults: BTreeSet<u32>,
    pub(super) deferred: Vec<Happening>,
}
