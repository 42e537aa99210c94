//! Sendbird user ids, read from the bytes of a CSV field.
//!
//! The id is whatever a company's own database calls a user: any text. It is taken as it stands,
//! blanks around it apart; what Desk knows by it is asked of Desk.

use super::customer::{InvalidId, trim_blanks};

/// The most characters of a Sendbird user id.
pub const LONGEST_SENDBIRD_ID: usize = 80;

/// Reads a Sendbird user id. Spaces and tabs around it do not count.
///
/// # Errors
/// [`InvalidId::Empty`], [`InvalidId::NotText`], [`InvalidId::Invisible`] or [`InvalidId::TooLong`].
pub fn sendbird_id(field: &[u8]) -> Result<&str, InvalidId> {
    let text = trim_blanks(field);
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    let text = std::str::from_utf8(text).map_err(|_| InvalidId::NotText)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidId::NotText);
    }
    if text.starts_with(is_invisible) || text.ends_with(is_invisible) {
        return Err(InvalidId::Invisible);
    }
    match text.chars().count() {
        0..=LONGEST_SENDBIRD_ID => Ok(text),
        _ => Err(InvalidId::TooLong),
    }
}

/// Blanks other than those that are trimmed, and characters that only steer how others are shown:
/// in an id they are the trace of a copy from somewhere, and nobody is known by it.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::{InvalidId, sendbird_id};

    #[test]
    fn an_id_is_any_text_of_at_most_80_characters_without_blanks_around_it() {
        assert_eq!(sendbird_id(b" \tmira.k@x \t"), Ok("mira.k@x"));
        assert_eq!(sendbird_id(b"007"), Ok("007"));
        assert_eq!(sendbird_id("Zoë Ω".as_bytes()), Ok("Zoë Ω"));
        let longest = "ë".repeat(80);
        assert_eq!(sendbird_id(longest.as_bytes()), Ok(longest.as_str()));
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
    fn an_end_that_nobody_sees_is_refused() {
        for wrong in ["a\u{200b}", "\u{feff}a", "a\u{a0}", "\u{2060}a", "a\u{ad}"] {
            assert_eq!(sendbird_id(wrong.as_bytes()), Err(InvalidId::Invisible));
        }
        assert_eq!(sendbird_id("a\u{200d}b".as_bytes()), Ok("a\u{200d}b"));
    }
}
