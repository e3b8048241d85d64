//! How WebSockets are set up at both ends.

use hubbub_chat::transport::REQUEST_FRAMES_MAX;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Bytes of a frame from a device at least: a `hello` names a cursor for each of its channels, at
/// most 50 bytes each, so this has room for 20,000 channels.
const FRAME_BYTES_MIN: usize = 1024 * 1024;

/// Bytes that a `send` has around its message's text, at most.
const FRAME_OVERHEAD: usize = 16 * 1024;

/// The same with text whose fields are all as long as they can be.
const SEND_OVERHEAD: usize = 512;

/// Small buffers: most connections are idle most of the time, and the default read buffer of
/// 128 KiB is zeroed at each read.
#[must_use]
pub fn socket_config(message_bytes_max: u32) -> WebSocketConfig {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 4096;
    config.write_buffer_size = 16 * 1024;
    config.max_write_buffer_size = 16 * 1024 * 1024;
    // JSON may spell one byte of text with six (`\u0000`).
    let send_max = message_bytes_max as usize * 6 + FRAME_OVERHEAD;
    config.max_message_size = Some(send_max.max(FRAME_BYTES_MIN));
    config.max_frame_size = config.max_message_size;
    config
}

/// Bytes of a request with frames at most: as many sends as it may have, or one frame that names a
/// cursor for each channel.
#[must_use]
pub fn body_bytes_max(message_bytes_max: u32) -> usize {
    REQUEST_FRAMES_MAX * (message_bytes_max as usize * 6 + SEND_OVERHEAD) + FRAME_BYTES_MIN
}

/// What a client accepts: a page holds many messages.
#[must_use]
pub fn client_socket_config() -> WebSocketConfig {
    let mut config = socket_config(0);
    config.max_message_size = Some(64 * 1024 * 1024);
    config.max_frame_size = config.max_message_size;
    config
}
