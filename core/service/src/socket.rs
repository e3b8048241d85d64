//! How WebSockets are set up at both ends.

use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Bytes that a frame of the protocol has around a message's text, at most: JSON may spell one
/// byte of text with six (`\u0000`), and the rest of a `send` is short.
const FRAME_OVERHEAD: usize = 16 * 1024;

/// Small buffers: most connections are idle most of the time, and the default read buffer of
/// 128 KiB is zeroed at each read.
#[must_use]
pub fn socket_config(message_bytes_max: u32) -> WebSocketConfig {
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = 4096;
    config.write_buffer_size = 16 * 1024;
    config.max_write_buffer_size = 16 * 1024 * 1024;
    config.max_message_size = Some(message_bytes_max as usize * 6 + FRAME_OVERHEAD);
    config.max_frame_size = config.max_message_size;
    config
}

/// What a client accepts: a page holds many messages.
#[must_use]
pub fn client_socket_config() -> WebSocketConfig {
    let mut config = socket_config(0);
    config.max_message_size = Some(64 * 1024 * 1024);
    config.max_frame_size = config.max_message_size;
    config
}
