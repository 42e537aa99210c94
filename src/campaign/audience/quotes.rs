//! The quotes of a row as it stands in the file: are they in order, or has one that was not closed met
//! the next one, rows later?

/// How many lines end inside a row, of which this is all but its own line end. A line ends with `\n`,
/// `\r\n` or `\r`.
pub(super) fn inner_line_ends(row: &[u8]) -> u64 {
    lines(row).skip(1).count() as u64
}

/// The lines of a text. None of them is left out, however short.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let Some(end) = end else { return rest.take() };
        let length = match &text[end..] {
            [b'\r', b'\n', ..] => 2,
            _ => 1,
        };
        rest = Some(&text[end + length..]);
        Some(&text[..end])
    })
}

/// Whether every quoted field of a row ends with its closing quote.
pub(super) fn quotes_match(mut raw: &[u8], delimiter: u8) -> bool {
    loop {
        if let [b'"', quoted @ ..] = raw {
            match after_closing_quote(quoted) {
                Some(rest) => raw = rest,
                None => return false,
            }
            let next = raw
                .iter()
                .find(|&&byte| byte == delimiter || !matches!(byte, b' ' | b'\t'));
            if !next.is_none_or(|&byte| byte == delimiter || matches!(byte, b'\r' | b'\n')) {
                return false;
            }
        }
        match raw.iter().position(|&byte| byte == delimiter) {
            Some(place) => raw = &raw[place + 1..],
            None => return true,
        }
    }
}

/// What follows the closing quote of a field whose opening quote has been taken off.
fn after_closing_quote(mut quoted: &[u8]) -> Option<&[u8]> {
    loop {
        let place = quoted.iter().position(|&byte| byte == b'"')?;
        quoted = &quoted[place + 1..];
        match quoted {
            [b'"', rest @ ..] => quoted = rest,
            _ => return Some(quoted),
        }
    }
}
