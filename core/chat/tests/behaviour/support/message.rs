//! What travels between the machines, and what a test can do to it.

use std::time::Duration;

use hubbub_chat::{
    DeviceId, RequestId,
    frame::{ClientFrame, PeerFrame, ServerFrame},
    ports::{Answer, Request, registry::RegistryRequest, store::StoreRequest},
};

/// A connection of a device; never used again.
pub(crate) type Stream = u64;

/// Something on its way from one machine to another.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    Open { stream: Stream, device: DeviceId },
    Opened { stream: Stream },
    Unreachable { stream: Stream },
    ToServer { stream: Stream, device: DeviceId, frame: ClientFrame },
    ToDevice { stream: Stream, device: DeviceId, frame: ServerFrame },
    CloseServer { stream: Stream },
    CloseDevice { stream: Stream },
    Request { server: usize, incarnation: u64, id: RequestId, request: Request },
    Answer { server: usize, incarnation: u64, id: RequestId, answer: Answer },
    Peer { server: usize, frame: PeerFrame },
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives.
    Pass,
    /// It is lost alone.
    Drop,
    /// It is lost, and so is everything behind it in its direction of the connection.
    Wedge,
    /// It waits until the test releases it.
    Hold,
    /// It arrives later than usual. What follows on the same connection waits for it.
    Delay(Duration),
    /// It arrives twice.
    Twice,
}

impl Message {
    /// The connection and the direction (`true` towards the server) whose order is kept.
    pub(crate) fn lane(&self) -> Option<(Stream, bool)> {
        match self {
            Self::Open { stream, .. }
            | Self::ToServer { stream, .. }
            | Self::CloseServer { stream } => Some((*stream, true)),
            Self::Opened { stream }
            | Self::Unreachable { stream }
            | Self::ToDevice { stream, .. }
            | Self::CloseDevice { stream } => Some((*stream, false)),
            Self::Request { .. } | Self::Answer { .. } | Self::Peer { .. } => None,
        }
    }

    pub(crate) fn client_frame(&self) -> Option<(DeviceId, &ClientFrame)> {
        match self {
            Self::ToServer { device, frame, .. } => Some((*device, frame)),
            _ => None,
        }
    }

    pub(crate) fn server_frame(&self) -> Option<(DeviceId, &ServerFrame)> {
        match self {
            Self::ToDevice { device, frame, .. } => Some((*device, frame)),
            _ => None,
        }
    }

    pub(crate) fn store_request(&self) -> Option<&StoreRequest> {
        match self {
            Self::Request { request: Request::Store(request), .. } => Some(request),
            _ => None,
        }
    }

    /// A request to the registry.
    pub(crate) fn registry_request(&self) -> Option<&RegistryRequest> {
        match self {
            Self::Request { request: Request::Registry(request), .. } => Some(request),
            _ => None,
        }
    }

    pub(crate) fn is_append(&self) -> bool {
        matches!(self.store_request(), Some(StoreRequest::Append(_)))
    }

    pub(crate) fn is_sync_read(&self) -> bool {
        matches!(self.store_request(), Some(StoreRequest::Sync(_)))
    }

    /// The answer to an append, whatever it says.
    pub(crate) fn is_append_answer(&self) -> bool {
        use hubbub_chat::ports::{Outcome, store::StoreAnswer};
        matches!(
            self,
            Self::Answer {
                answer: Answer::Store(Outcome::Ok(
                    StoreAnswer::Appended(_) | StoreAnswer::AppendRefused(_)
                )),
                ..
            }
        )
    }

    /// From one chat server to another.
    pub(crate) fn is_peer(&self) -> bool {
        matches!(self, Self::Peer { .. })
    }

    /// A live delivery to this device.
    pub(crate) fn is_entry_for(&self, to: DeviceId) -> bool {
        matches!(self.server_frame(), Some((device, ServerFrame::Entry { .. })) if device == to)
    }
}
