//! What a template engine would have filled in, and deskcast does not: `{{first_name}}`,
//! `*|FNAME|*`, `%NAME%` and their like, left in a text.

/// Beginnings and ends of a placeholder, whatever stands between, over lines too.
const OVER_LINES: [(&str, &str); 7] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("<%", "%>"),
    ("*|", "|*"),
    ("${", "}"),
    ("#{", "}"),
    ("{!", "}"),
];
/// The same for those that also occur in plain texts: on one line, with a letter between.
const ON_A_LINE: [(&str, &str); 3] = [("((", "))"), ("[[", "]]"), ("<<", ">>")];

/// The first placeholder of a text, as it stands there.
pub(super) fn placeholder(text: &str) -> Option<&str> {
    let over = OVER_LINES.iter().filter_map(|(open, close)| {
        let start = text.find(open)?;
        let end = text[start + open.len()..].find(close)?;
        Some((start, start + open.len() + end + close.len()))
    });
    let on_a_line = ON_A_LINE.iter().filter_map(|pair| bracketed(text, *pair));
    let all = over.chain(on_a_line).chain(percent(text));
    let (start, end) = all.min()?;
    text.get(start..end)
}

fn bracketed(text: &str, (open, close): (&str, &str)) -> Option<(usize, usize)> {
    text.match_indices(open).find_map(|(start, _)| {
        let inside = &text[start + open.len()..];
        let inside = &inside[..inside.find('\n').unwrap_or(inside.len())];
        let inside = &inside[..inside.find(close)?];
        let end = start + open.len() + inside.len() + close.len();
        inside.contains(char::is_alphabetic).then_some((start, end))
    })
}

/// `%NAME%`: at least three letters, digits, `_`, `.` or `-`, the first a letter. What follows a
/// digit is a share ("20%"), and two hexadecimal digits in a link are a byte of it.
fn percent(text: &str) -> Option<(usize, usize)> {
    text.match_indices('%').find_map(|(start, _)| {
        let after = &text[start + 1..];
        let name = &after[..after.find('%')?];
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        let is_name = name.starts_with(char::is_alphabetic)
            && name.chars().all(plain)
            && name.chars().nth(2).is_some();
        let share = text[..start].ends_with(|c: char| c.is_ascii_digit());
        let byte = name.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
        let word = text[..start].rsplit(char::is_whitespace).next();
        let in_link = word.is_some_and(|word| word.contains("://"));
        let found = is_name && !share && !(byte && in_link);
        found.then_some((start, start + name.len() + 2))
    })
}

#[cfg(test)]
mod tests {
    use super::placeholder;

    #[test]
    fn what_nothing_fills_in_is_found_in_every_engines_way_of_writing() {
        for (text, found) in [
            ("Hi {{first_name}}, hello", "{{first_name}}"),
            (
                "Hi {{ a.B | default: \"x\" }}!",
                "{{ a.B | default: \"x\" }}",
            ),
            ("{% if vip %}Hi", "{% if vip %}"),
            ("Hi <%= name %>", "<%= name %>"),
            ("Hi *|FNAME|*, reply", "*|FNAME|*"),
            ("your code is ${code}.", "${code}"),
            ("Hi #{name}", "#{name}"),
            ("Hi {!Contact.Name}", "{!Contact.Name}"),
            ("Hello %FIRSTNAME%, reply", "%FIRSTNAME%"),
            ("Hello %%first_name%%", "%first_name%"),
            ("Hi ((name)), reply", "((name))"),
            ("Hi [[name]]", "[[name]]"),
            ("Hi <<Name>>", "<<Name>>"),
            ("https://example.com/?u=%USERID%", "%USERID%"),
            ("{{a\nb}} %NAME%", "{{a\nb}}"),
        ] {
            assert_eq!(placeholder(text), Some(found), "{text}");
        }
    }

    #[test]
    fn a_plain_text_has_no_placeholder() {
        for text in [
            "20% off and 30% more",
            "20%auf alles, 30% mehr",
            "https://example.com/?q=%C3%BCber%20uns%2Fplan",
            "a {b} c [d] (e) <f>",
            "1 << 2 or 8 > 1",
            "if a {\n} }",
            "sad :(( but\nhappy ))",
            "[[ ]] (( )) << >>",
            "%% %x% %1234%",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
