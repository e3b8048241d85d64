//! Hashing of passwords and session tokens.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use blake2::{Blake2s256, Digest};
use hubbub_chat::ports::directory::TokenHash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

/// Passwords that are hashed at a time. Each takes a thread and, with Argon2's default cost, 19 MiB.
const HASHES_MAX: usize = 4;

/// Passwords that wait for their turn at most: about two seconds of work.
const WAITING_MAX: usize = 256;

/// A hash that no known password has: its salt and its digest were drawn, not computed. A login is
/// verified against it when there is nothing else to verify it against, so that an unknown name
/// takes as long as a wrong password.
pub const NO_PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$NJ+bQd8EgG9rNSq2zVlMzw$aaPcTkG9JcLJy2dZl+DqxnrBxwQdvVRqbTEJ5wA0Tlg";

/// Why a password could not be hashed or verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The hash could not be made or read.
    #[error("passwords can't be hashed now: {reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
    /// Too many wait already.
    #[error("too many passwords wait to be checked: try again later")]
    Busy,
}

/// Hashes passwords, a few at a time, so that a crowd of logins takes neither all of the processor
/// nor all of the memory.
#[derive(Debug)]
pub struct PasswordDesk {
    passwords: Passwords,
    /// One for each password that is here, waiting or not.
    places: Semaphore,
    turns: Arc<Semaphore>,
    verified: AtomicU64,
}

impl PasswordDesk {
    /// A desk where nobody waits.
    #[must_use]
    pub fn new(passwords: Passwords) -> Self {
        let places = Semaphore::new(HASHES_MAX + WAITING_MAX);
        let turns = Arc::new(Semaphore::new(HASHES_MAX));
        Self { passwords, places, turns, verified: AtomicU64::new(0) }
    }

    /// The form of a password that the directory keeps.
    ///
    /// # Errors
    /// When too many wait, or the hash can't be made.
    pub async fn hash(&self, net: &dyn Net, password: String) -> Result<String, PasswordError> {
        let _place = self.places.try_acquire().map_err(|_| PasswordError::Busy)?;
        self.passwords.hash(net, password, self.turn().await?).await
    }

    /// Whether a password is the one whose hash was kept.
    ///
    /// # Errors
    /// When too many wait, or that can't be found out.
    pub async fn verify(&self, password: String, kept: String) -> Result<bool, PasswordError> {
        let _place = self.places.try_acquire().map_err(|_| PasswordError::Busy)?;
        let turn = self.turn().await?;
        self.verified.fetch_add(1, Relaxed);
        self.passwords.verify(password, kept, turn).await
    }

    /// How many passwords were compared with a hash.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.load(Relaxed)
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        self.turns.clone().acquire_owned().await.map_err(|error| failed(&error))
    }
}

impl Passwords {
    /// The form of a password that the directory keeps.
    async fn hash(
        self,
        net: &dyn Net,
        password: String,
        turn: OwnedSemaphorePermit,
    ) -> Result<String, PasswordError> {
        match self {
            Self::Digest => Ok(digest(&password)),
            Self::Argon2 => {
                let salt = [net.random(), net.random()].map(u64::to_le_bytes).concat();
                apart(turn, move || {
                    let hash =
                        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
                    hash.map(|hash| hash.to_string()).map_err(|error| failed(&error))
                })
                .await
            }
        }
    }

    /// Whether a password is the one whose hash was kept.
    async fn verify(
        self,
        password: String,
        kept: String,
        turn: OwnedSemaphorePermit,
    ) -> Result<bool, PasswordError> {
        match self {
            Self::Digest => Ok(digest(&password) == kept),
            Self::Argon2 => {
                apart(turn, move || {
                    let kept = PasswordHash::new(&kept).map_err(|error| failed(&error))?;
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

fn failed(error: &dyn std::fmt::Display) -> PasswordError {
    PasswordError::Failed { reason: error.to_string() }
}

/// Runs what takes long on a thread of its own. The turn ends with the work, which goes on when
/// nobody waits for it any more.
async fn apart<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "25 ms of CPU do not belong on the runtime; a simulation uses `Passwords::Digest`"
    )]
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    })
    .await;
    done.unwrap_or_else(|error| Err(failed(&error)))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::net::RealNet;

    #[tokio::test]
    async fn a_password_is_verified_against_its_hash_alone() {
        let net = RealNet::new();
        for passwords in [Passwords::Argon2, Passwords::Digest] {
            let passwords = PasswordDesk::new(passwords);
            let kept = passwords.hash(&net, "correct horse".into()).await.unwrap();
            assert!(!kept.contains("correct horse"));
            assert!(passwords.verify("correct horse".into(), kept.clone()).await.unwrap());
            assert!(!passwords.verify("wrong horse".into(), kept).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_password_too_many_is_turned_away_and_the_others_get_their_turn() {
        let net = RealNet::new();
        let desk = PasswordDesk::new(Passwords::Digest);
        let turns = desk.turns.clone().acquire_many_owned(HASHES_MAX as u32).await.unwrap();
        let hash = || Box::pin(desk.hash(&net, "correct horse".into()));
        let mut waiting: Vec<_> = (0..HASHES_MAX + WAITING_MAX).map(|_| hash()).collect();
        for hashing in &mut waiting {
            assert_eq!(hashing.now_or_never(), None);
        }
        assert_eq!(hash().await, Err(PasswordError::Busy));
        let verifying = desk.verify("correct horse".into(), String::new());
        assert_eq!(verifying.await, Err(PasswordError::Busy));
        // Whoever goes away leaves a place.
        waiting.pop();
        waiting.push(hash());
        drop(turns);
        for hashing in waiting {
            assert!(hashing.await.is_ok());
        }
    }

    /// Else an unknown name would be told from a wrong password by the time it takes.
    #[tokio::test]
    async fn no_password_costs_what_a_password_costs() {
        let net = RealNet::new();
        let desk = PasswordDesk::new(Passwords::Argon2);
        let kept = desk.hash(&net, "correct horse".into()).await.unwrap();
        let (kept, none) = (PasswordHash::new(&kept).unwrap(), PasswordHash::new(NO_PASSWORD));
        let none = none.unwrap();
        assert_eq!((kept.algorithm, kept.version), (none.algorithm, none.version));
        assert_eq!(kept.params.to_string(), none.params.to_string());
        let bytes = |hash: &PasswordHash| hash.hash.map(|hash| hash.as_bytes().len());
        assert_eq!(bytes(&kept), bytes(&none));
        for desk in [desk, PasswordDesk::new(Passwords::Digest)] {
            assert!(!desk.verify("correct horse".into(), NO_PASSWORD.into()).await.unwrap());
            assert_eq!(desk.verified(), 1);
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
