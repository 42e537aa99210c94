//! The quotes of a row as it stands in the file: are they in order, or has one that was not closed met
//! the next one, rows later?

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
