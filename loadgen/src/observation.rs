//! What connections tell the measurement.

use hubbub_chat::{DeviceId, MessageId};

/// Something that happened on a connection. Devices are those of the generated population, and a
/// message is named by the number in its text ([`hubbub_traffic::message_number`]); the ids that
/// the server gave out stay with the connection.
///
/// `at_ns` is read where it happened, when the bytes went out or came in, and not when the
/// observation is handled, so that a queue in between adds nothing to a latency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A device took on a send: the generator acted. From here on the message waits for the
    /// server, be it because too many are in flight.
    Begun {
        /// The message.
        number: u64,
        /// When.
        at_ns: u64,
    },
    /// The first attempt of a send went to the socket. A device may hold a send back while too
    /// many are in flight, so this can be long after the action was given out.
    Sent {
        /// The message.
        number: u64,
        /// When.
        at_ns: u64,
    },
    /// The server accepted a send. Tell it once per send, whichever attempt it was, also when a
    /// sync told the device so.
    Accepted {
        /// The message.
        number: u64,
        /// Its place in the channel's log, when the design tells.
        message_id: Option<MessageId>,
        /// When.
        at_ns: u64,
    },
    /// A send was refused for good, by the server or by its own device.
    Refused {
        /// The message.
        number: u64,
        /// Why, in a word.
        reason: String,
        /// When.
        at_ns: u64,
    },
    /// A device asks no more what became of a send. It may be stored, and may reach its recipients.
    GivenUp {
        /// The message.
        number: u64,
        /// When.
        at_ns: u64,
    },
    /// A device applied a message: its user has it. A frame that the device dropped as a repeat
    /// is none.
    Delivered {
        /// The device.
        device: DeviceId,
        /// The message's place in the channel's log.
        message_id: MessageId,
        /// The message.
        number: u64,
        /// When.
        at_ns: u64,
    },
    /// A device's connection, or its attempt at one, is over.
    Detached {
        /// The device.
        device: DeviceId,
        /// When.
        at_ns: u64,
    },
}
