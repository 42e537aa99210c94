//! Characters that nobody sees.

/// Whether a character leaves a mark that a person sees.
pub(super) fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !is_invisible(c)
}

/// Whether it is one of Unicode's characters without a shape (`Default_Ignorable_Code_Point`,
/// the marks of annotations) or one of the letters that are blank.
pub(in crate::campaign) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text changes the direction of reading by force and never changes it back: what comes
/// after it would be turned round as well. A line end closes everything.
pub(super) fn leaves_direction_open(text: &str) -> bool {
    text.split(['\n', '\u{2029}']).any(|line| {
        let mut open: Vec<char> = Vec::new();
        for c in line.chars() {
            match c {
                '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push('\u{202c}'),
                '\u{2066}'..='\u{2068}' => open.push('\u{2069}'),
                '\u{202c}' if open.last() == Some(&c) => {
                    open.pop();
                }
                // The end of an isolate ends what was begun in it.
                '\u{2069}' => {
                    if let Some(at) = open.iter().rposition(|end| *end == c) {
                        open.truncate(at);
                    }
                }
                _ => {}
            }
        }
        !open.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_not_visible() {
        for c in
            " \t\n\u{a0}\u{3000}\u{200b}\u{2060}\u{feff}\u{2063}\u{3164}\u{2800}\u{1160}\u{fe0f}"
                .chars()
        {
            assert!(!is_visible(c), "U+{:04X}", u32::from(c));
        }
        for c in "a.–ب한👩\u{301}".chars() {
            assert!(is_visible(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_direction_is_open_until_it_is_closed_on_its_line() {
        assert!(leaves_direction_open("Pay \u{202e}0051$, now"));
        assert!(leaves_direction_open("a \u{202e}b\nc\u{202c}"));
        assert!(leaves_direction_open("\u{2066}a\u{202e}b\u{202c}"));
        for closed in [
            "Pay \u{202e}0051$\u{202c}, now",
            "\u{2067}שלום\u{2069}!",
            "\u{2066}a\u{202e}b\u{2069}",
            "שלום \u{200f}!",
        ] {
            assert!(!leaves_direction_open(closed), "{closed:?}");
        }
    }
}
