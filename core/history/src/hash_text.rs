//! Hashes as 16 hexadecimal digits. Many readers of JSON keep only 53 bits of a number, and two
//! hashes must not become one on the way.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serializer, de};

pub(crate) fn text(hash: u64) -> String {
    format!("{hash:016x}")
}

pub(crate) fn serialize<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{hash:016x}"))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    parse(&Cow::<'de, str>::deserialize(deserializer)?)
}

fn parse<E: de::Error>(text: &str) -> Result<u64, E> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let hash = (digits && text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
    hash.ok_or_else(|| {
        E::custom(format_args!("`{text}` is no hash: expected 16 hexadecimal digits"))
    })
}

/// One hash per channel.
pub(crate) mod by_channel {
    use std::collections::BTreeMap;

    use hubbub_chat::ChannelId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        hashes: &BTreeMap<ChannelId, u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(hashes.iter().map(|(channel, hash)| (channel, super::text(*hash))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<ChannelId, u64>, D::Error> {
        let texts = BTreeMap::<ChannelId, String>::deserialize(deserializer)?;
        texts.into_iter().map(|(channel, text)| Ok((channel, super::parse(&text)?))).collect()
    }
}

/// A hash that may be absent.
pub(crate) mod optional {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        hash: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => super::serialize(hash, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text)).transpose()
    }
}
