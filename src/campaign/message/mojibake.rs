//! Text that was UTF-8 and was read as Windows-1252 on its way: `GrÃ¼ÃŸe`, `donâ€™t`.

/// The first place where a text looks so, as it stands there.
pub(super) fn mojibake(text: &str) -> Option<&str> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let bytes: Vec<Option<u8>> = chars.iter().map(|(_, c)| windows_1252(*c)).collect();
    let mut at = 0;
    while at < bytes.len() {
        let length = sequence(&bytes[at..]);
        let twice = length == 2 && sequence(&bytes[at + 2..]) == 2;
        if length > 2 || (length == 2 && (twice || is_telling(bytes[at]))) {
            let end = chars.get(at + length).map_or(text.len(), |(end, _)| *end);
            return text.get(chars[at].0..end);
        }
        at += 1;
    }
    None
}

/// The letters of western languages begin with these two as bytes; no word has one of them before
/// a sign. Of other letters it takes two in a row, as a word in capitals may end before a quote.
fn is_telling(byte: Option<u8>) -> bool {
    matches!(byte, Some(0xc2 | 0xc3))
}

/// How many of these bytes, from 2, are one character of UTF-8; 0 for none.
fn sequence(bytes: &[Option<u8>]) -> usize {
    let length = match bytes.first() {
        Some(Some(0xc2..=0xdf)) => 2,
        Some(Some(0xe0..=0xef)) => 3,
        Some(Some(0xf0..=0xf4)) => 4,
        _ => return 0,
    };
    let sequence: Option<Vec<u8>> = bytes.iter().take(length).copied().collect();
    let is_one = |bytes: Vec<u8>| bytes.len() == length && std::str::from_utf8(&bytes).is_ok();
    match sequence.is_some_and(is_one) {
        true => length,
        false => 0,
    }
}

/// The byte that Windows-1252 has for a character beyond ASCII.
fn windows_1252(c: char) -> Option<u8> {
    /// Those from 0x80 on; a blank where the byte stands for nothing.
    const FROM_80: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";
    match u32::from(c) {
        code @ 0xa0..=0xff => u8::try_from(code).ok(),
        0..0x80 => None,
        _ => {
            let at = FROM_80.chars().position(|it| it == c)?;
            u8::try_from(0x80 + at).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mojibake;

    #[test]
    fn utf8_read_as_windows_1252_is_seen() {
        for (text, found) in [
            ("GrÃ¼ÃŸe", "Ã¼"),
            ("donâ€™t", "â€™"),
            ("cafÃ© au lait", "Ã©"),
            ("20Â\u{a0}% off", "Â\u{a0}"),
            ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "ÐŸ"),
            ("ðŸ˜€", "ðŸ˜€"),
        ] {
            assert_eq!(mojibake(text), Some(found), "{text}");
        }
    }

    #[test]
    fn words_of_many_languages_are_not() {
        for text in [
            "Grüße, „MENÜ“ und Straße",
            "déjà vu, «À bientôt», CAFÉ\u{a0}»",
            "ESPAÑA, mañana, ¿qué?",
            "Привет! 안녕하세요 שלום",
            "naïve – “quoted” … 5\u{a0}€",
        ] {
            assert_eq!(mojibake(text), None, "{text}");
        }
    }
}
