//! Hashing of passwords and session tokens.

use std::fmt::Write as _;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use blake2::{Blake2s256, Digest};
use hubbub_chat::ports::directory::TokenHash;

use crate::net::Net;

/// How passwords are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Passwords {
    /// Argon2id with the crate's default cost: about 25 ms of CPU, on a thread of its own.
    #[default]
    Argon2,
    /// A plain digest, for simulations: it takes no time and no thread. Never for real users.
    Digest,
}

/// A password could not be hashed or verified.
#[derive(Debug, Clone, thiserror::Error)]
#[error("passwords can't be hashed now: {reason}")]
pub struct PasswordError {
    reason: String,
}

impl Passwords {
    /// The form of a password that the directory keeps.
    ///
    /// # Errors
    /// When the hash can't be made.
    pub async fn hash(self, net: &dyn Net, password: String) -> Result<String, PasswordError> {
        match self {
            Self::Digest => Ok(digest(&password)),
            Self::Argon2 => {
                let salt = [net.random(), net.random()].map(u64::to_le_bytes).concat();
                apart(move || {
                    let hash =
                        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
                    hash.map(|hash| hash.to_string())
                        .map_err(|error| PasswordError { reason: error.to_string() })
                })
                .await
            }
        }
    }

    /// Whether a password is the one whose hash was kept.
    ///
    /// # Errors
    /// When that can't be found out.
    pub async fn verify(self, password: String, kept: String) -> Result<bool, PasswordError> {
        match self {
            Self::Digest => Ok(digest(&password) == kept),
            Self::Argon2 => {
                apart(move || {
                    let kept = PasswordHash::new(&kept)
                        .map_err(|error| PasswordError { reason: error.to_string() })?;
                    Ok(Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
                })
                .await
            }
        }
    }
}

/// A new session token: 128 bits, in hexadecimal.
#[must_use]
pub fn new_token(net: &dyn Net) -> String {
    format!("{:016x}{:016x}", net.random(), net.random())
}

/// The form of a session token that the directory keeps. A token has all the entropy it needs, so
/// one fast hash is enough.
#[must_use]
pub fn token_hash(token: &str) -> TokenHash {
    Blake2s256::digest(token.as_bytes()).into()
}

fn digest(password: &str) -> String {
    let hash = Blake2s256::digest(password.as_bytes());
    hash.iter().fold(String::from("digest:"), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Runs what takes long on a thread of its own.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "25 ms of CPU do not belong on the runtime; a simulation uses `Passwords::Digest`"
    )]
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(PasswordError { reason: error.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::RealNet;

    #[tokio::test]
    async fn a_password_is_verified_against_its_hash_alone() {
        let net = RealNet::new();
        for passwords in [Passwords::Argon2, Passwords::Digest] {
            let kept = passwords.hash(&net, "correct horse".into()).await.unwrap();
            assert!(!kept.contains("correct horse"));
            assert!(passwords.verify("correct horse".into(), kept.clone()).await.unwrap());
            assert!(!passwords.verify("wrong horse".into(), kept).await.unwrap());
        }
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let net = RealNet::new();
        let (one, other) = (new_token(&net), new_token(&net));
        assert_eq!(one.len(), 32);
        assert_ne!(token_hash(&one), token_hash(&other));
    }
}
