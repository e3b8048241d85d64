//! One stream of random numbers per purpose and subject, so that a change of one does not move the
//! numbers of another.

use hubbub_chat::random::Random;

/// What a stream is for. The numbers are part of every recorded seed's meaning: never reuse one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// Which users have one device more than the others.
    Devices = 0x101,
    /// Whom a user opens direct conversations with; the subject is the user.
    Contacts = 0x102,
    /// Who is in a group; the subject is the group's place.
    Group = 0x103,
    /// When a user sends, what and where; the subject is the user.
    Sends = 0x104,
    /// Who leaves a group when.
    MemberChanges = 0x105,
    /// The sends of a load, over all users together.
    Load = 0x106,
}

/// The numbers of one purpose and subject under `seed`. Subjects stay below 2^48.
pub(crate) fn stream(seed: u64, purpose: Purpose, subject: u64) -> Random {
    Random::stream(seed, ((purpose as u64) << 48) | subject)
}
