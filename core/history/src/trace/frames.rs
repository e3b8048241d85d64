//! Frames: of which kind they are and what they are about.

use hubbub_chat::{
    entry::body_hash,
    frame::{ClientFrame, PeerFrame, ServerFrame},
};

use super::about::About;

/// The kind of a device's frame, and what it is about.
#[must_use]
pub fn client_frame(frame: &ClientFrame) -> (&'static str, About) {
    match frame {
        ClientFrame::Hello { cursors, .. } => ("hello", About::cursors(cursors)),
        ClientFrame::Send(send) => (
            "send",
            About {
                client_id: Some(send.client_id),
                body_hash: Some(body_hash(&send.body)),
                ..About::channel(send.channel)
            },
        ),
        ClientFrame::Change(change) => ("change", About::channel(change.channel)),
        ClientFrame::Cursor { cursors } => ("cursor", About::cursors(cursors)),
        ClientFrame::Sync { cursors, .. } => ("sync", About::cursors(cursors)),
        ClientFrame::Look { .. } => ("look", About::default()),
        ClientFrame::Heartbeat { cursors } => ("heartbeat", About::cursors(cursors)),
    }
}

/// The kind of a chat server's frame, and what it is about.
#[must_use]
pub fn server_frame(frame: &ServerFrame) -> (&'static str, About) {
    match frame {
        ServerFrame::Accepted { channel, client_id, message_id, .. } => (
            "accepted",
            About {
                client_id: Some(*client_id),
                message_id: *message_id,
                ..About::channel(*channel)
            },
        ),
        ServerFrame::Refused { channel, client_id, .. } => {
            ("refused", About { client_id: Some(*client_id), ..About::channel(*channel) })
        }
        ServerFrame::Changed { channel, .. } => ("changed", About::channel(*channel)),
        ServerFrame::Entry { entry } => ("entry", About::entry(entry)),
        ServerFrame::Page { ranges, .. } => ("page", About::ranges(ranges)),
        ServerFrame::Statuses { .. } => ("statuses", About::default()),
        ServerFrame::Alive { cursors } => ("alive", About::cursors(cursors)),
        ServerFrame::Error { .. } => ("error", About::default()),
        ServerFrame::Bye { .. } => ("bye", About::default()),
    }
}

/// The kind of what one server tells another, and what it is about.
#[must_use]
pub fn peer_frame(frame: &PeerFrame) -> (&'static str, About) {
    match frame {
        PeerFrame::Hint { entry, .. } => ("hint", About::entry(entry)),
        PeerFrame::Statuses(_) => ("statuses", About::default()),
    }
}
