//! What is probably not meant in a text, although it can be sent.

use super::super::warning::Warning;
use super::mojibake::mojibake;

/// A text with more characters than this is long.
const LONG: usize = 1000;

/// What is probably not meant in a text; `what` is what the sentences call it ("the message").
pub fn text_warnings(what: &str, text: &str) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut holds = |name, found: Option<&str>, why: &str| {
        if let Some(found) = found {
            let sentence = format!("{what} holds {found:?}{why}");
            warnings.push(Warning::new(name, sentence));
        }
    };
    holds("filler", filler(text), ": is it finished?");
    holds(
        "bracketed-name",
        bracketed_name(text),
        ", which looks like something to be filled in; deskcast fills in nothing",
    );
    holds("html", html(text), ": customers read HTML as it is written");
    holds(
        "mojibake",
        mojibake(text),
        ", which looks like text in a wrong encoding: write it anew, and save it as UTF-8",
    );
    if let Some(found) = written_escape(text) {
        let sentence = format!(
            "{what} holds a written {found}, and customers read the backslash; what is meant is \
             written in double quotes, as in \"a\\nb\""
        );
        warnings.push(Warning::new("written-escape", sentence));
    }
    for (name, there, sentence) in [
        (
            "line-separator",
            text.contains(['\u{2028}', '\u{2029}']),
            "has a typographic line separator (U+2028, U+2029), which many programs do not show",
        ),
        (
            "invisible",
            text.contains('\u{feff}'),
            "has a byte order mark (U+FEFF) in the middle, which nobody sees",
        ),
        (
            "blanks",
            has_stray_blanks(text),
            "has two blanks in a row, or a blank before a comma: is a name missing?",
        ),
        (
            "link-without-host",
            has_link_without_host(text),
            "has a link that leads nowhere: no host follows the \"//\"",
        ),
        (
            "long-message",
            text.chars().count() > LONG,
            "is longer than 1,000 characters; Desk documents no limit",
        ),
    ] {
        if there {
            warnings.push(Warning::new(name, format!("{what} {sentence}")));
        }
    }
    warnings
}

/// A text that stands for one, or what a program writes for a value that is not there.
fn filler(text: &str) -> Option<&str> {
    const WORDS: [&str; 5] = ["TODO", "FIXME", "TBD", "undefined", "NaN"];
    const PARTS: [&str; 4] = ["#REF!", "#N/A", "#VALUE!", "#NAME?"];
    let lorem = text.to_ascii_lowercase().find("lorem ipsum");
    // ASCII alone is changed, so that the place is the same.
    let lorem = lorem.and_then(|at| text.get(at..at + "lorem ipsum".len()));
    let word = || {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .find(|word| WORDS.contains(word))
    };
    let part = || PARTS.into_iter().find(|part| text.contains(part));
    lorem.or_else(word).or_else(part)
}

/// `[First Name]` or `{name}`: words in brackets, which are no link as Markdown writes it.
fn bracketed_name(text: &str) -> Option<&str> {
    text.match_indices(['[', '{']).find_map(|(start, open)| {
        let close = if open == "[" { ']' } else { '}' };
        let after = &text[start + 1..];
        let inside = &after[..after.find(close)?];
        let plain = |c: char| c.is_alphanumeric() || " _-.'".contains(c);
        let is_name = inside.starts_with(char::is_alphabetic)
            && inside.chars().all(plain)
            && (2..=40).contains(&inside.chars().count());
        let rest = &after[inside.len() + 1..];
        let is_link = close == ']' && rest.starts_with('(');
        // What is part of a placeholder was allowed.
        let is_part = rest.starts_with(close) || text[..start].ends_with([']', '[', '{', '$', '#']);
        let end = start + inside.len() + 2;
        (is_name && !is_link && !is_part).then(|| &text[start..end])
    })
}

/// A tag (`<p>`, `</a>`) or an entity (`&nbsp;`, `&#39;`).
fn html(text: &str) -> Option<&str> {
    let tag = text.match_indices('<').find_map(|(start, _)| {
        let after = &text[start + 1..];
        let inside = &after[..after.find(['>', '<', '\n'])?];
        let name = inside.strip_prefix('/').unwrap_or(inside);
        let closed = after[inside.len()..].starts_with('>');
        let is_tag = closed && name.starts_with(|c: char| c.is_ascii_alphabetic());
        is_tag.then(|| &text[start..start + inside.len() + 2])
    });
    let entity = || {
        text.match_indices('&').find_map(|(start, _)| {
            let after = &text[start + 1..];
            let name = &after[..after.find(';')?];
            let is_entity = match name.strip_prefix('#') {
                Some(number) => {
                    let digits = number.strip_prefix(['x', 'X']).unwrap_or(number);
                    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit())
                }
                None => {
                    let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
                    let plain = name.chars().all(|c| c.is_ascii_alphanumeric());
                    letter && plain && (2..=8).contains(&name.len())
                }
            };
            is_entity.then(|| &text[start..start + name.len() + 2])
        })
    };
    tag.or_else(entity)
}

/// `\n`, `\r`, `\t`, `\u00e9` or `\xe9`, written out.
fn written_escape(text: &str) -> Option<&str> {
    text.match_indices('\\').find_map(|(start, _)| {
        let after = &text[start + 1..];
        let digits = |count: usize| {
            let digits = after.get(1..1 + count);
            let hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            digits.is_some_and(hex).then_some(2 + count)
        };
        let length = match after.chars().next()? {
            'n' | 'r' | 't' => Some(2),
            'u' => digits(4),
            'x' => digits(2),
            _ => None,
        };
        length.map(|length| &text[start..start + length])
    })
}

fn has_stray_blanks(text: &str) -> bool {
    let blank = |c: char| c == ' ' || c == '\u{a0}';
    text.lines().any(|line| {
        let line = line.trim();
        let pairs = line.chars().zip(line.chars().skip(1));
        pairs
            .into_iter()
            .any(|(one, next)| blank(one) && (blank(next) || next == ','))
    })
}

fn has_link_without_host(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["http://", "https://"].iter().any(|scheme| {
        lower.match_indices(scheme).any(|(start, _)| {
            let host = lower[start + scheme.len()..].chars().next();
            !host.is_some_and(|c| c.is_alphanumeric() || c == '[')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::text_warnings;

    fn names(text: &str) -> Vec<&'static str> {
        let warnings = text_warnings("the message", text);
        warnings.iter().map(|warning| warning.name).collect()
    }

    #[test]
    fn each_kind_of_damage_is_warned_of_by_its_name() {
        for (text, name) in [
            ("Lorem Ipsum dolor", "filler"),
            ("TODO: link", "filler"),
            ("Hi undefined, hello", "filler"),
            ("your balance is NaN.", "filler"),
            ("Hi [object Object]", "bracketed-name"),
            ("due on #REF!", "filler"),
            ("Hi [First Name], hello", "bracketed-name"),
            ("Hi {name}", "bracketed-name"),
            ("<p>Hello</p>", "html"),
            ("one<br/>two", "html"),
            ("see you&nbsp;Monday", "html"),
            ("it&#39;s", "html"),
            ("GrÃ¼ÃŸe", "mojibake"),
            ("Hello,\\nsee you", "written-escape"),
            ("caf\\u00e9", "written-escape"),
            ("Hello,\u{2028}see you", "line-separator"),
            ("a\u{feff}b", "invisible"),
            ("Hi , see you", "blanks"),
            ("Hi  there", "blanks"),
            ("look: https:///sale", "link-without-host"),
            ("look: HTTP:// now", "link-without-host"),
        ] {
            assert_eq!(names(text), [name], "{text}");
        }
        assert_eq!(names(&"x".repeat(1001)), ["long-message"]);
    }

    #[test]
    fn a_plain_text_is_not_warned_of() {
        for text in [
            "Spring sale: 20% off, until Sunday! https://example.com/sale?a=1&b=2",
            "  - indented\n  - twice",
            "see [our terms](https://example.com) or [1]",
            "I <3 you; 1 < 2 and 3 > 2; AT&T; C:\\programs",
            "Quoi de neuf ? « Rien » : c'est tout !",
            "todo está listo, mañana",
            "Grüße aus „Köln“",
            "http://[2001:db8::1]/",
        ] {
            assert_eq!(names(text), [] as [&str; 0], "{text}");
        }
    }
}
