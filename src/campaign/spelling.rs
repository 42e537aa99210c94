//! Which spellings are the same: one rule for the headers of columns, for the values of `where`, in the
//! file and in the campaign, and for Sendbird user ids.
//!
//! Texts are compared in Unicode's composed form (NFC), as "ö" may be one character or, from macOS,
//! two. What nobody sees at either end of a text (blanks of every kind, control and format characters)
//! is no part of it; an id with such an end is refused, as it identifies a person.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// Whether nobody sees a character: it is a blank, controls something, or has no shape.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_whitespace() || c.is_control() || super::message::is_invisible(c)
}

/// A text in the form in which it is compared.
pub(super) fn normal(text: &str) -> Cow<'_, str> {
    composed(text.trim_matches(is_unseen))
}

/// A text in its composed form.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    match text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether the bytes of a field say one of these, which are in normal form; none where they are no
/// UTF-8.
#[inline]
pub(super) fn says_one_of(field: &[u8], any_of: &[String]) -> Option<bool> {
    let is_one = |text: &[u8]| any_of.iter().any(|value| value.as_bytes() == text);
    if field.is_ascii() {
        return Some(is_one(trim_ascii(field)));
    }
    let text = std::str::from_utf8(field).ok()?;
    Some(is_one(normal(text).as_bytes()))
}

/// An ASCII text without the blanks and control characters around it.
#[inline]
fn trim_ascii(mut text: &[u8]) -> &[u8] {
    let unseen = |byte: u8| byte <= b' ' || byte == 0x7f;
    while let [first, rest @ ..] = text
        && unseen(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && unseen(*last)
    {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_the_same_however_it_is_composed_and_whatever_nobody_sees_around_it() {
        let city = "K\u{f6}ln";
        for spelling in [
            "Ko\u{308}ln",
            " K\u{f6}ln\t",
            "\u{feff}Ko\u{308}ln\u{a0}",
            "\u{200b}\u{2060}K\u{f6}ln\u{200e}\r\n",
            "\u{202a}K\u{f6}ln\u{202c}\u{3000}",
        ] {
            assert_eq!(normal(spelling), city, "{spelling:?}");
            assert_eq!(
                says_one_of(spelling.as_bytes(), &[city.to_owned()]),
                Some(true)
            );
        }
        for other in ["Koln", "K\u{f6}\u{200b}ln", "k\u{f6}ln", "K\u{f6}ln."] {
            assert_ne!(normal(other), city, "{other:?}");
        }
        assert_eq!(normal("\u{200b} \u{a0}"), "");
        assert_eq!(says_one_of(b"K\xf6ln", &[city.to_owned()]), None);
    }

    proptest! {
        #[test]
        fn bytes_say_what_their_text_says(text: String, value: String, around in "[ \t\u{a0}\u{200b}\u{1}]{0,2}") {
            let any_of = [normal(&value).into_owned()];
            let says = |text: &str| says_one_of(text.as_bytes(), &any_of);
            prop_assert_eq!(says(&text), Some(normal(&text) == any_of[0]));
            prop_assert_eq!(says(&format!("{around}{value}{around}")), Some(true));
            prop_assert_eq!(normal(&any_of[0]), any_of[0].as_str(), "normal for good");
        }
    }
}
