//! The messages that every engine is filled with: which conversation each belongs to, and its text.
//!
//! Everything follows from the seed. A text follows from its place alone, so that none is kept.

use hubbub_chat::{
    ids::{ChannelId, UserId},
    random::Random,
};

/// Share of the messages that begin a conversation, so that one has 50 messages at the mean.
const NEW_SHARE: f64 = 0.02;
/// Conversations that are there before any goes on: with one alone, that one would get most of the
/// messages for a long time.
const FIRST: usize = 64;
/// Messages of a conversation at most: years of a busy one.
const LENGTH_MAX: u32 = 50_000;
/// Draws of a conversation that is not full yet; then a new one begins.
const DRAWS_MAX: u32 = 8;
/// Bytes of a text at least; the last word may exceed it.
const BODY_BYTES: usize = 100;
/// One text in so many holds a rare word.
const RARE_EVERY: u64 = 50;
/// Milliseconds of the wall clock between messages: 100 million of them take 70 days, so that
/// nothing that a store keeps for a time runs out.
const STEP_MS: u64 = 60;
/// The time of the first message, in milliseconds since the Unix epoch: the middle of November 2023.
const START_MS: u64 = 1_700_000_000_000;

/// Purposes of random numbers.
const OF_CONVERSATIONS: u64 = 1;
const OF_TEXTS: u64 = 2;
const OF_READS: u64 = 3;

const COMMON: [&str; 48] = [
    "about", "after", "again", "always", "because", "before", "better", "bring", "call", "coming",
    "could", "dinner", "early", "every", "friday", "going", "great", "house", "idea", "just",
    "know", "later", "little", "lunch", "maybe", "meet", "minutes", "morning", "need", "never",
    "office", "people", "photo", "please", "really", "right", "school", "should", "soon",
    "station", "thanks", "think", "today", "tomorrow", "train", "want", "weekend", "with",
];
const RARE: [&str; 16] = [
    "accordion",
    "beekeeper",
    "chandelier",
    "dromedary",
    "eucalyptus",
    "filigree",
    "gondola",
    "harpsichord",
    "isthmus",
    "juniper",
    "kaleidoscope",
    "labyrinth",
    "marzipan",
    "nutcracker",
    "obelisk",
    "periwinkle",
];

/// A message to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message {
    /// The number of its conversation.
    pub(super) conversation: u32,
    /// Its place in the conversation, from 1 on.
    pub(super) place: u32,
    /// Its place among all messages, from 0 on.
    pub(super) index: u64,
}

/// The order of the messages, as far as it was asked for.
///
/// Each begins a conversation or goes on with the one of an earlier message, whichever that is, so
/// that long conversations grow faster: their lengths then follow a power law (Simon, "On a class of
/// skew distribution functions", 1955). This takes four bytes for each message.
#[derive(Debug)]
pub(super) struct Traffic {
    seed: u64,
    random: Random,
    conversation_of: Vec<u32>,
    lengths: Vec<u32>,
}

/// A read of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// The conversation.
    pub(super) conversation: u32,
    /// How many messages it has.
    pub(super) length: u32,
    /// A place in it, from 1 on.
    pub(super) place: u32,
    /// A rare word.
    pub(super) word: &'static str,
}

impl Message {
    /// When it was written, in milliseconds since the Unix epoch.
    pub(super) const fn written_ms(self) -> u64 {
        START_MS + self.index * STEP_MS
    }

    /// Which of the two talks: the first says the odd ones.
    pub(super) fn author(self) -> UserId {
        pair(self.conversation)[if self.place.is_multiple_of(2) { 1 } else { 0 }]
    }

    /// Its text.
    pub(super) fn body(self, seed: u64) -> String {
        let own = u64::from(self.conversation) << 32 | u64::from(self.place);
        let mut random = Random::stream(seed ^ own.wrapping_mul(0x9e37_79b9_7f4a_7c15), OF_TEXTS);
        let mut body = String::with_capacity(BODY_BYTES + 16);
        if random.below(RARE_EVERY) == 0 {
            body.push_str(pick(&mut random, &RARE));
        }
        while body.len() < BODY_BYTES {
            if !body.is_empty() {
                body.push(' ');
            }
            body.push_str(pick(&mut random, &COMMON));
        }
        body
    }
}

/// The two who talk in a conversation, and in no other.
pub(super) fn pair(conversation: u32) -> [UserId; 2] {
    let first = u64::from(conversation) * 2 + 1;
    [UserId(first), UserId(first + 1)]
}

/// The conversation as the key-value store names it.
pub(super) fn channel(conversation: u32) -> ChannelId {
    let [one, other] = pair(conversation);
    ChannelId::direct(one, other)
}

impl Traffic {
    pub(super) fn new(seed: u64) -> Self {
        let random = Random::stream(seed, OF_CONVERSATIONS);
        Self { seed, random, conversation_of: Vec::new(), lengths: Vec::new() }
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Brings the order to so many messages.
    pub(super) fn extend_to(&mut self, messages: u64) {
        while (self.conversation_of.len() as u64) < messages {
            let conversation = self.next_conversation();
            match self.lengths.get_mut(conversation as usize) {
                Some(length) => *length += 1,
                None => self.lengths.push(1),
            }
            self.conversation_of.push(conversation);
        }
    }

    /// The conversations of these messages; of those only to which the order was brought.
    pub(super) fn conversations(&self, first: u64, end: u64) -> &[u32] {
        let place = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        self.conversation_of.get(place(first)..place(end)).unwrap_or_default()
    }

    /// Where to read in a store of so many messages of which `lengths` says how they are spread:
    /// each message is as likely as any other, so a conversation counts by its length.
    pub(super) fn reads<'a>(
        &'a self,
        messages: u64,
        lengths: &'a [u32],
        count: u32,
    ) -> impl Iterator<Item = Read> + 'a {
        let mut random = Random::stream(self.seed ^ messages, OF_READS);
        (0..count).filter_map(move |_| {
            let index = random.below(messages);
            let conversation = *self.conversation_of.get(usize::try_from(index).ok()?)?;
            let length = *lengths.get(conversation as usize)?;
            let place = 1 + u32::try_from(random.below(u64::from(length))).ok()?;
            Some(Read { conversation, length, place, word: pick(&mut random, &RARE) })
        })
    }

    /// For each of these reads one of as many messages in a store where `lengths` are the
    /// conversations': of the whole of a conversation that is as long, or of the beginning of one
    /// that is next longer. So what differs is the size of the store alone.
    pub(super) fn reads_as_long(&self, lengths: &[u32], reads: &[Read]) -> Vec<Read> {
        let mut random = Random::stream(self.seed ^ lengths.len() as u64, OF_READS);
        let mut by_length: Vec<(u32, u32)> = (0..).zip(lengths).map(|(c, l)| (*l, c)).collect();
        by_length.sort_unstable();
        let as_long = |read: &Read| {
            let longer = by_length.partition_point(|(length, _)| *length < read.length);
            let (length, _) = *by_length.get(longer).or(by_length.last())?;
            let first = by_length.partition_point(|(other, _)| *other < length);
            let end = by_length.partition_point(|(other, _)| *other <= length);
            let drawn = usize::try_from(random.below((end - first) as u64)).ok()?;
            let (length, conversation) = *by_length.get(first + drawn)?;
            Some(Read { conversation, length: length.min(read.length), ..*read })
        };
        reads.iter().filter_map(as_long).collect()
    }

    fn next_conversation(&mut self) -> u32 {
        let new = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        if self.lengths.len() < FIRST || self.random.unit() < NEW_SHARE {
            return new;
        }
        let written = self.conversation_of.len() as u64;
        for _ in 0..DRAWS_MAX {
            let earlier = usize::try_from(self.random.below(written)).unwrap_or_default();
            let Some(conversation) = self.conversation_of.get(earlier) else { return new };
            if self.lengths.get(*conversation as usize).is_some_and(|length| *length < LENGTH_MAX) {
                return *conversation;
            }
        }
        new
    }
}

fn pick(random: &mut Random, words: &[&'static str]) -> &'static str {
    let place = usize::try_from(random.below(words.len() as u64)).unwrap_or_default();
    words.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(messages: u64) -> Traffic {
        let mut traffic = Traffic::new(7);
        traffic.extend_to(messages);
        traffic
    }

    #[test]
    fn conversations_are_of_varied_length_and_bounded() {
        let traffic = traffic(3_000_000);
        let mut lengths = traffic.lengths.clone();
        lengths.sort_unstable();
        assert_eq!(lengths.iter().map(|length| u64::from(*length)).sum::<u64>(), 3_000_000);
        assert_eq!(lengths.last(), Some(&LENGTH_MAX));
        assert!(lengths[0] == 1 && lengths.len() > 50_000, "{} of them", lengths.len());
        assert!(lengths[lengths.len() / 2] < 20, "most are short");
    }

    #[test]
    fn a_longer_order_begins_with_the_shorter_one() {
        let mut grown = traffic(1000);
        grown.extend_to(5000);
        assert_eq!(grown.conversations(0, 5000), traffic(5000).conversations(0, 5000));
    }

    #[test]
    fn texts_follow_from_their_place_and_have_rare_words() {
        let message = |place| Message { conversation: 3, place, index: 0 };
        assert_eq!(message(1).body(7), message(1).body(7));
        assert_ne!(message(1).body(7), message(2).body(7));
        assert_ne!(message(1).body(7), message(1).body(8));
        let bodies: Vec<String> = (1..=5000).map(|place| message(place).body(7)).collect();
        assert!(bodies.iter().all(|body| (100..125).contains(&body.len())));
        let rare = bodies.iter().filter(|body| RARE.iter().any(|word| body.contains(word)));
        assert!((50..200).contains(&rare.count()), "about one in {RARE_EVERY}");
    }

    #[test]
    fn reads_stay_within_their_conversation() {
        let traffic = traffic(10_000);
        let reads: Vec<Read> = traffic.reads(10_000, &traffic.lengths, 500).collect();
        assert_eq!(reads.len(), 500);
        assert!(reads.iter().all(|read| (1..=read.length).contains(&read.place)));
        let again: Vec<Read> = traffic.reads(10_000, &traffic.lengths, 500).collect();
        assert_eq!(again, reads);
    }

    #[test]
    fn reads_of_a_larger_store_are_of_as_many_messages() {
        let (small, large) = (traffic(10_000), traffic(200_000));
        let reads: Vec<Read> = small.reads(10_000, &small.lengths, 100).collect();
        let as_long = large.reads_as_long(&large.lengths, &reads);
        assert_eq!(as_long.len(), reads.len());
        for (read, other) in reads.iter().zip(&as_long) {
            assert!(large.lengths[other.conversation as usize] >= other.length);
            assert_eq!(read.length, other.length);
            assert_eq!(read.word, other.word);
        }
    }
}
