//! Requests and answers over one connection, as length-prefixed frames: how chat servers reach
//! their ports and each other when these are other processes.
//!
//! A connection on which a request has waited for an answer too long is dropped and opened anew:
//! after a partition an old one may be dead without knowing it.

mod client;
mod server;

pub use client::{CallError, Link, LinkConfig};
pub use server::{Handler, serve};

use std::io;

use serde::{Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of a frame at most. The largest are pages of a sync and answers for a thousand users.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A request or an answer with the number that pairs them.
#[derive(serde::Serialize, serde::Deserialize)]
struct Numbered<T> {
    number: u64,
    body: T,
}

async fn read_frame<T: DeserializeOwned>(
    stream: &mut (impl AsyncReadExt + Unpin),
) -> io::Result<Numbered<T>> {
    let length = stream.read_u32().await? as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame too large"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    postcard::from_bytes(&bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
}

async fn write_frame<T: Serialize>(
    stream: &mut (impl AsyncWriteExt + Unpin),
    number: u64,
    body: &T,
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(&Numbered { number, body })
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    let length = u32::try_from(bytes.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "frame too large"))?;
    stream.write_u32(length).await?;
    stream.write_all(&bytes).await
}
