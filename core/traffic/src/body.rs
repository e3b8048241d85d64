//! The text of a generated message: its number, then letters.

use std::sync::Arc;

use hubbub_chat::random::Random;

/// A text that begins with the message's number, such as `m000123 `, and is padded with letters to
/// `bytes` bytes. A text shorter than the number and its space is not possible: it stays whole.
/// The letters follow from the number and look random, so that they compress as badly as they can.
#[must_use]
pub fn numbered_body(number: u64, bytes: u32) -> Arc<str> {
    let mut body = format!("m{number:06} ");
    let missing = (bytes as usize).saturating_sub(body.len());
    let mut letters = Random::new(number);
    body.extend((0..missing).map(|_| char::from(b'a' + letters.below(26) as u8)));
    body.into()
}

/// The number that a text made by [`numbered_body`] begins with; `None` for any other text.
#[must_use]
pub fn message_number(body: &str) -> Option<u64> {
    let (digits, _) = body.strip_prefix('m')?.split_once(' ')?;
    let canonical = digits.len() >= 6
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 6 || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_carries_its_number_and_has_its_size() {
        for (number, bytes) in [(0, 40), (123, 8), (999_999, 100), (1_000_000, 40), (u64::MAX, 40)]
        {
            let body = numbered_body(number, bytes);
            assert_eq!(message_number(&body), Some(number));
            assert_eq!(body.len(), bytes as usize, "{body}");
        }
        assert!(numbered_body(123, 40).starts_with("m000123 "));
    }

    #[test]
    fn a_body_is_never_shorter_than_its_number() {
        assert_eq!(&*numbered_body(123, 0), "m000123 ");
    }

    #[test]
    fn other_texts_have_no_number() {
        for body in
            ["", "hello", "m12 x", "m000123", "m+00123 x", "m0000123 x", "m99999999999999999999 x"]
        {
            assert_eq!(message_number(body), None, "{body}");
        }
    }
}
