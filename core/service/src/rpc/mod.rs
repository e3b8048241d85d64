//! Requests and answers over one connection, as length-prefixed frames: how chat servers reach
//! their ports and each other when these are other processes.
//!
//! A connection on which a request has waited for an answer too long is dropped and opened anew:
//! after a partition an old one may be dead without knowing it. When nothing is asked, the asking
//! end sends pings, so that both ends notice that the other is gone. There is no authentication:
//! whoever reaches such a port may ask anything.

mod client;
mod server;

pub use client::{CallError, Link, LinkConfig};
pub use server::{Handler, ServeConfig, serve};

use std::{io, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of a frame at most. The largest are pages of a sync and answers for a thousand users.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes that are set aside for a frame before any of it has come.
const FRAME_BYTES_FIRST: usize = 64 * 1024;

/// A connection on which the asking end has sent nothing for so long is dropped by the answering
/// end. The asking end sends a ping three times as often at least.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the asking end sends.
#[derive(Serialize, Deserialize)]
enum Asked<Q> {
    /// Are you there?
    Ping,
    /// A request, with the number that its answer will carry.
    Call { number: u64, body: Q },
}

/// What the answering end sends.
#[derive(Serialize, Deserialize)]
enum Answered<A> {
    /// Yes.
    Pong,
    /// The answer to the request of this number.
    Answer { number: u64, body: A },
}

async fn read_frame<T: DeserializeOwned>(
    stream: &mut (impl AsyncReadExt + Unpin),
) -> io::Result<T> {
    let length = stream.read_u32().await? as usize;
    if length > FRAME_BYTES_MAX {
        return Err(invalid("frame too large"));
    }
    // A length alone costs its sender nothing, so memory grows only with what really comes.
    let mut bytes = Vec::with_capacity(length.min(FRAME_BYTES_FIRST));
    stream.take(length as u64).read_to_end(&mut bytes).await?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    postcard::from_bytes(&bytes).map_err(|error| invalid(&error.to_string()))
}

async fn write_frame<T: Serialize>(
    stream: &mut (impl AsyncWriteExt + Unpin),
    frame: &T,
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(frame).map_err(|error| invalid(&error.to_string()))?;
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= FRAME_BYTES_MAX);
    let length = length.ok_or_else(|| invalid("frame too large"))?;
    stream.write_u32(length).await?;
    stream.write_all(&bytes).await
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_is_read_as_it_was_written_and_a_cut_one_is_not_read_at_all() {
        let body = vec![7u8; 3 * FRAME_BYTES_FIRST];
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &Asked::Call { number: 9, body: &body }).await.unwrap();
        write_frame(&mut bytes, &Asked::<Vec<u8>>::Ping).await.unwrap();

        let mut stream = bytes.as_slice();
        match read_frame::<Asked<Vec<u8>>>(&mut stream).await.unwrap() {
            Asked::Call { number: 9, body: read } => assert!(read == body),
            _ => panic!("another frame"),
        }
        assert!(matches!(read_frame::<Asked<Vec<u8>>>(&mut stream).await, Ok(Asked::Ping)));

        let mut cut = &bytes[..bytes.len() / 2];
        let error = read_frame::<Asked<Vec<u8>>>(&mut cut).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut long = [255u8; 8].as_slice();
        let error = read_frame::<Asked<Vec<u8>>>(&mut long).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
