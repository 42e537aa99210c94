//! Sendbird user ids, read from the bytes of a CSV field.
//!
//! The id is whatever a company's own database calls a user: any text. It is taken in its composed
//! form (NFC), blanks around it apart, so that a customer file and a list of people to leave alone
//! mean the same person; what Desk knows by it is asked of Desk.

use std::borrow::Cow;

use super::customer::{InvalidId, trim_blanks};
use super::spelling::{composed, is_unseen};

/// The most characters of a Sendbird user id.
pub const LONGEST_SENDBIRD_ID: usize = 80;

/// Reads a Sendbird user id. Spaces and tabs around it do not count; another end that nobody sees is
/// the trace of a copy from somewhere, and nobody is known by it.
///
/// # Errors
/// [`InvalidId::Empty`], [`InvalidId::NotText`], [`InvalidId::Invisible`] or [`InvalidId::TooLong`].
pub fn sendbird_id(field: &[u8]) -> Result<Cow<'_, str>, InvalidId> {
    let text = trim_blanks(field);
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    let text = std::str::from_utf8(text).map_err(|_| InvalidId::NotText)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidId::NotText);
    }
    if text.starts_with(is_unseen) || text.ends_with(is_unseen) {
        return Err(InvalidId::Invisible);
    }
    let text = composed(text);
    match text.chars().count() {
        0..=LONGEST_SENDBIRD_ID => Ok(text),
        _ => Err(InvalidId::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidId, sendbird_id};

    #[test]
    fn an_id_is_any_text_of_at_most_80_characters_without_blanks_around_it() {
        assert_eq!(sendbird_id(b" \tmira.k@x \t"), Ok("mira.k@x".into()));
        assert_eq!(sendbird_id(b"007"), Ok("007".into()));
        assert_eq!(sendbird_id("Zoë Ω".as_bytes()), Ok("Zoë Ω".into()));
        let longest = "ë".repeat(80);
        assert_eq!(sendbird_id(longest.as_bytes()), Ok(longest.as_str().into()));
        let longer = "e".repeat(81);
        assert_eq!(sendbird_id(longer.as_bytes()), Err(InvalidId::TooLong));
    }

    #[test]
    fn what_is_no_text_is_no_id() {
        assert_eq!(sendbird_id(b""), Err(InvalidId::Empty));
        assert_eq!(sendbird_id(b" \t "), Err(InvalidId::Empty));
        assert_eq!(sendbird_id(b"a\xffb"), Err(InvalidId::NotText));
        assert_eq!(sendbird_id(b"a\nb"), Err(InvalidId::NotText));
        assert_eq!(sendbird_id(b"a\0b"), Err(InvalidId::NotText));
    }

    #[test]
    fn an_id_is_the_same_however_it_is_composed() {
        assert_eq!(
            sendbird_id("Zoe\u{308}".as_bytes()),
            sendbird_id("Zo\u{eb}".as_bytes())
        );
    }

    #[test]
    fn an_end_that_nobody_sees_is_refused() {
        for wrong in ["a\u{200b}", "\u{feff}a", "a\u{a0}", "\u{2060}a", "a\u{ad}"] {
            assert_eq!(sendbird_id(wrong.as_bytes()), Err(InvalidId::Invisible));
        }
        assert_eq!(
            sendbird_id("a\u{200d}b".as_bytes()),
            Ok("a\u{200d}b".into())
        );
    }
}
