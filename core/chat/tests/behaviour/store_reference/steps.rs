//! What is asked of both stores.

use hubbub_chat::{ChannelId, UserId, frame::Change};
use proptest::prelude::*;

pub(super) const USERS: u64 = 4;

/// A user's first or second device; a later one in its place once it was logged out.
pub(super) type Slot = u64;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Wait {
        seconds: u64,
    },
    Register {
        user: u64,
        slot: Option<Slot>,
        /// Whether a device that was logged out is registered once more, instead of a new one.
        again: bool,
    },
    Forget {
        user: u64,
        slot: Slot,
    },
    Append {
        user: u64,
        slot: Slot,
        channel: usize,
        number: Number,
        settled: u64,
        body: bool,
        old: bool,
    },
    Change {
        user: u64,
        slot: Slot,
        channel: usize,
        operation: u64,
        change: Change,
    },
    Report {
        user: u64,
        slot: Slot,
        channel: usize,
        back: u64,
    },
    Read {
        user: u64,
        slot: Slot,
        entries_max: u32,
        back: u64,
    },
    Attached {
        user: u64,
        slot: Slot,
    },
    Token {
        user: u64,
        slot: Slot,
        token: Option<u64>,
    },
    Mute {
        user: u64,
        channel: usize,
        muted: bool,
    },
    PushNow {
        channel: usize,
        back: u64,
        users: Vec<UserId>,
    },
    PushDue {
        rows_max: u32,
        /// How many of the rows are settled, and up to how far below what was due.
        settled: usize,
        back: u64,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Next,
    Below(u64),
    Above(u64),
}

pub(super) fn channel(index: usize) -> ChannelId {
    let user = |number| UserId(number);
    match index {
        0 => ChannelId::direct(user(1), user(2)),
        1 => ChannelId::direct(user(2), user(3)),
        2 => ChannelId::group(user(1), 1),
        _ => ChannelId::group(user(2), 1),
    }
}

fn user() -> impl Strategy<Value = u64> + Clone {
    // Few authors write much, so that their numbers run out of the remembered window.
    prop_oneof![4 => Just(1_u64), 4 => Just(2), 2 => Just(3), 1 => Just(4)]
}

fn slot() -> impl Strategy<Value = Slot> + Clone {
    prop_oneof![5 => Just(1_u64), 1 => Just(2)]
}

fn some_users() -> impl Strategy<Value = Vec<UserId>> {
    prop::collection::vec((1..=USERS + 1).prop_map(UserId), 0..3)
}

fn change() -> impl Strategy<Value = Change> {
    let user = || (1..=USERS).prop_map(UserId);
    prop_oneof![
        3 => some_users().prop_map(Change::Create),
        3 => some_users().prop_map(Change::Invite),
        3 => Just(Change::Join),
        2 => Just(Change::Leave),
        2 => user().prop_map(Change::Remove),
        2 => user().prop_map(Change::HandOver),
        2 => prop_oneof![Just(""), Just("tea"), Just("cake")]
            .prop_map(|name| Change::Rename(name.into())),
    ]
}

fn append() -> impl Strategy<Value = Step> {
    let number = prop_oneof![
        6 => Just(Number::Next),
        2 => (1..6_u64).prop_map(Number::Below),
        1 => (1..4_u64).prop_map(Number::Above),
    ];
    let channel = prop_oneof![4 => Just(0_usize), 2 => Just(2), 1 => 0..4_usize];
    let (body, old) = (prop::bool::weighted(0.9), prop::bool::weighted(0.1));
    (user(), slot(), channel, number, 0..3_u64, body, old).prop_map(
        |(user, slot, channel, number, settled, body, old)| Step::Append {
            user,
            slot,
            channel,
            number,
            settled,
            body,
            old,
        },
    )
}

fn push() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (user(), slot(), prop::option::weighted(0.8, 1..4_u64))
            .prop_map(|(user, slot, token)| Step::Token { user, slot, token }),
        1 => (user(), 0..4_usize, any::<bool>())
            .prop_map(|(user, channel, muted)| Step::Mute { user, channel, muted }),
        1 => (0..4_usize, 0..4_u64, some_users())
            .prop_map(|(channel, back, users)| Step::PushNow { channel, back, users }),
        3 => (0..4_u32, 0..3_usize, 0..3_u64)
            .prop_map(|(rows_max, settled, back)| Step::PushDue { rows_max, settled, back }),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let registered = (user(), prop::option::weighted(0.9, slot()), prop::bool::weighted(0.2));
    let group = 2..4_usize;
    let operation = prop_oneof![8 => Just(2_u64), 1 => 0..2_u64];
    prop_oneof![
        3 => (0..25_u64).prop_map(|seconds| Step::Wait { seconds }),
        3 => registered.prop_map(|(user, slot, again)| Step::Register { user, slot, again }),
        1 => (user(), prop_oneof![1 => Just(1), 3 => Just(2)])
            .prop_map(|(user, slot)| Step::Forget { user, slot }),
        20 => append(),
        8 => (user(), slot(), group, operation, change())
            .prop_map(|(user, slot, channel, operation, change)| {
                Step::Change { user, slot, channel, operation, change }
            }),
        4 => (user(), slot(), 0..4_usize, 0..4_u64)
            .prop_map(|(user, slot, channel, back)| Step::Report { user, slot, channel, back }),
        3 => (user(), slot(), 1..6_u32, 0..12_u64)
            .prop_map(|(user, slot, entries_max, back)| Step::Read { user, slot, entries_max, back }),
        2 => (user(), slot()).prop_map(|(user, slot)| Step::Attached { user, slot }),
        5 => push(),
    ]
}
