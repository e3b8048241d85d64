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
    /// In which order users stand in the ring of friends.
    Friends = 0x107,
    /// Which users have a push token.
    Push = 0x108,
    /// Which conversations a user has muted; the subject is the user.
    Muted = 0x109,
    /// Which users never send.
    Quiet = 0x10a,
    /// When a user looks at whose status; the subject is the user.
    Looks = 0x10b,
    /// Who tries to join which group when.
    Joins = 0x10c,
    /// Whom a fault strikes that strikes a share of the users; the subject is the fault's place.
    Struck = 0x10d,
}

/// The numbers of one purpose and subject under `seed`. Subjects stay below 2^48.
pub(crate) fn stream(seed: u64, purpose: Purpose, subject: u64) -> Random {
    Random::stream(seed, ((purpose as u64) << 48) | subject)
}
