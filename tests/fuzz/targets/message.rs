//! A text is a message or is refused, by the rules of the manual, which are stated here once more in
//! another way.

use deskcast::campaign::{MessageText, WARNING_NAMES, WarningRules, text_warnings};

/// Reads `data` as a message file, and its text as a message of a definition.
pub fn fuzz(data: &[u8]) {
    let strict = WarningRules::default();
    let lenient = WarningRules::allowing(["placeholders"]);
    let read = MessageText::from_bytes(data, &strict);
    let allowed = MessageText::from_bytes(data, &lenient);
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(read.is_err() && allowed.is_err(), "not UTF-8, and taken");
        return;
    };
    match &allowed {
        Ok(message) => {
            let message = message.as_str();
            assert_eq!(message, expected(text), "it is another text");
            assert!(sendable(message), "{message:?} is taken");
            let inline = MessageText::new(text, &lenient).expect("the same inline");
            assert_eq!(inline.as_str(), message);
            let again = MessageText::new(message, &lenient).expect("the same again");
            assert_eq!(again.as_str(), message);
            assert_eq!(read.is_err(), has_placeholder(message), "{message:?}");
            for warning in text_warnings("the message", message) {
                assert!(WARNING_NAMES.contains(&warning.name));
                assert!(!warning.sentence.contains(char::is_control), "{warning}");
            }
        }
        Err(why) => {
            assert!(read.is_err());
            let binary = data.starts_with(b"PK\x03\x04") || data.contains(&0);
            let odd = binary || data.starts_with(b"%PDF-");
            assert!(
                odd || !sendable(&expected(text)),
                "{text:?} is refused: {why}"
            );
        }
    }
}

/// The text without what belongs to the file, character by character.
fn expected(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    while chars.first() == Some(&'\u{feff}') {
        chars.remove(0);
    }
    let mut lines = vec![String::new()];
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\r' if chars.get(at + 1) == Some(&'\n') => {}
            '\r' | '\n' => lines.push(String::new()),
            c => lines.last_mut().expect("a line").push(c),
        }
        at += 1;
    }
    while lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n")
}

/// Whether somebody can read it.
fn sendable(text: &str) -> bool {
    let tidy = |c: char| (!c.is_control() || "\n\t".contains(c)) && c != '\u{fffd}';
    let rtf = text.trim_start().starts_with("{\\rtf");
    text.chars().all(tidy) && text.chars().any(seen) && !rtf && text.lines().all(closed)
}

/// Whether a character is seen: a list of what is not, range by range.
fn seen(c: char) -> bool {
    const UNSEEN: [(u32, u32); 21] = [
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x206f),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
        (0, 0x20),
        (0x7f, 0x9f),
        (0x2028, 0x2029),
    ];
    let code = u32::from(c);
    let unseen = UNSEEN
        .iter()
        .any(|(from, to)| (*from..=*to).contains(&code));
    !unseen && !c.is_whitespace()
}

/// Whether every change of direction is taken back: one after the other is taken out in pairs until
/// none is left, the end of an isolate taking with it what was begun inside.
fn closed(line: &str) -> bool {
    line.split('\u{2029}').all(|line| {
        let mut open = String::new();
        for c in line.chars() {
            match c {
                '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push('e'),
                '\u{2066}'..='\u{2068}' => open.push('i'),
                '\u{202c}' if open.ends_with('e') => open.truncate(open.len() - 1),
                '\u{2069}' if open.contains('i') => {
                    let inner = open.trim_end_matches('e').len();
                    open.truncate(inner - 1);
                }
                _ => {}
            }
        }
        open.is_empty()
    })
}

/// Whether something stands there that a template engine would fill in.
fn has_placeholder(text: &str) -> bool {
    let after = |text: &str, open: &str, close: &str| {
        let mut parts = text.splitn(2, open).skip(1);
        parts.any(|rest| rest.contains(close))
    };
    let anywhere = ["{{ }}", "{% %}", "<% %>", "*| |*", "${ }", "#{ }", "{! }"];
    let pair = |pair: &str| {
        let (open, close) = pair.split_once(' ').expect("a pair");
        after(text, open, close)
    };
    anywhere.into_iter().any(pair) || text.split('\n').any(on_a_line) || has_percent(text)
}

fn on_a_line(line: &str) -> bool {
    let pairs = [("((", "))"), ("[[", "]]"), ("<<", ">>")];
    pairs.into_iter().any(|(open, close)| {
        let starts = line.match_indices(open).map(|(at, _)| at + open.len());
        starts.into_iter().any(|start| {
            let end = line[start..].find(close);
            end.is_some_and(|end| line[start..start + end].chars().any(char::is_alphabetic))
        })
    })
}

fn has_percent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('%').collect();
    (1..parts.len().saturating_sub(1)).any(|at| {
        let name: Vec<char> = parts[at].chars().collect();
        let plain = |c: &char| c.is_alphanumeric() || "_.-".contains(*c);
        let before = parts[..at].join("%");
        let last = before.chars().next_back();
        let share = last.is_some_and(|c| c.is_ascii_digit());
        let word: String = before
            .chars()
            .rev()
            .take_while(|c| !c.is_whitespace())
            .collect();
        let link = word.contains("//:");
        let byte = name.iter().take(2).all(char::is_ascii_hexdigit);
        name.len() > 2
            && name[0].is_alphabetic()
            && name.iter().all(plain)
            && !share
            && !(link && byte)
    })
}
