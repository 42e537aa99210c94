//! Words and times as they are printed. Words may come from the other side: they are kept to one
//! line, so that nothing in them can pass for output of ours or steer a terminal.

use std::borrow::Cow;

use jiff::Timestamp;

/// A time in UTC, to the millisecond: `2026-11-21T09:00:01.250Z`.
pub fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A time in UTC, to the second: `2026-11-21T09:00:01Z`.
pub fn second(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// `text` on one line: control characters become spaces.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// `text` in lines of at most `width` characters, where its words allow that.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Free text for a CSV cell: on one line, and with a `'` before what a spreadsheet would take for a
/// formula. Where `;` or a tab separates cells, a cell begins after each of them as well.
pub fn cell(text: &str) -> Cow<'_, str> {
    if !text.split([';', '\t']).any(is_formula) {
        return one_line(text);
    }
    let mut harmless = String::with_capacity(text.len() + 2);
    for part in text.split_inclusive([';', '\t']) {
        if is_formula(part) {
            harmless.push('\'');
        }
        harmless.push_str(&one_line(part));
    }
    Cow::Owned(harmless)
}

/// An id for a spreadsheet that opens CSV: a formula of a text, so that it is neither rounded nor
/// written with an exponent.
pub fn id_cell(id: u64) -> String {
    format!("=\"{id}\"")
}

/// Whether a spreadsheet would calculate a cell that begins so, in any of the widths that it takes
/// for the same sign.
fn is_formula(cell: &str) -> bool {
    matches!(
        cell.trim_start().chars().next(),
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '﹦' | '﹢' | '﹣' | '﹫')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for formula in [
            "=1+1", "+1", "-3", "@sum", " =1", "\t=1", "\r\n=1", "＝1+1", "＠sum", "﹣3",
        ] {
            assert!(cell(formula).trim_start().starts_with('\''), "{formula:?}");
        }
        assert_eq!(cell("x;=1+1"), "x;'=1+1");
        assert_eq!(cell("a\t=1;b; +2"), "a '=1;b;' +2");
        for text in ["400: no", "12.0", "", "a-b=c", "'", "a;b", "김민지"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn lines_break_between_words_only() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaa b", 5), ["aaaaaaa", "b"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn words_cannot_steer_a_terminal() {
        assert_eq!(one_line("a\n\u{1b}[31mb\u{9b}c"), "a  [31mb c");
    }

    #[test]
    fn times_have_a_fixed_width() {
        let at = Timestamp::from_millisecond(1_795_251_601_250).expect("a time");
        assert_eq!(time(at), "2026-11-21T09:00:01.250Z");
        assert_eq!(second(at), "2026-11-21T09:00:01Z");
    }
}
