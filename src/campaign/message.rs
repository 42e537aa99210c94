//! What the customers are told.
//!
//! A text is read by one rule wherever it stands: a byte order mark before it and the line ends
//! after it are the file's, and every line end is `\n`. So the same text is the same message,
//! whichever editor saved it.

mod lint;
mod mojibake;
mod placeholder;
mod visible;

pub(super) use visible::is_invisible;

pub use lint::text_warnings;

use super::path::InnerPath;
use super::warning::{PLACEHOLDERS, WarningRules};

/// Where the message's text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// In the definition (`message = "…"`).
    Inline(MessageText),
    /// In a file beside it (`message_file = "…"`); read it and give its bytes to
    /// [`MessageText::from_bytes`].
    File(InnerPath),
}

/// A message that says something, and nothing that no customer can read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageText(String);

/// Why a text is no message. The sentence goes on after "the message".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// Nothing to read for the customer.
    #[error("is empty")]
    Empty,
    /// There are characters, and nobody sees them.
    #[error("is empty: all of its characters are invisible")]
    Invisible,
    /// Not UTF-8; carries the offset of the first bad byte.
    #[error("is not UTF-8 text (byte {0} on): save it as UTF-8")]
    NotUtf8(usize),
    /// A document of another kind; carries its name.
    #[error("is {0}: save it as plain text, in UTF-8")]
    Document(&'static str),
    /// A control character, which no message has and which databases and clients choke on.
    #[error("has a control character (U+{code:04X}) in line {line}: take it out")]
    Control {
        /// The character's number.
        code: u32,
        /// The line it stands in, from 1.
        line: usize,
    },
    /// The character that stands for one that was lost.
    #[error("has the sign for a lost character (U+FFFD) in line {0}: write the line anew")]
    Lost(usize),
    /// What follows would be read from the wrong side.
    #[error(
        "turns the direction of reading and does not turn it back (U+202A to U+202E, U+2066 to U+2068): take the \
         invisible characters out"
    )]
    Direction,
    /// Something that a template engine would fill in.
    #[error("holds {0:?}, which nothing fills in: customers would read it like this")]
    Placeholder(String),
}

impl InvalidMessage {
    /// What to do, where the sentence does not say it.
    pub fn help(&self) -> Option<String> {
        let placeholder = matches!(self, InvalidMessage::Placeholder(_));
        placeholder.then(|| {
            format!("write it out. If customers are to read it: allow = [\"{PLACEHOLDERS}\"]")
        })
    }

    /// The sentence, and what to do.
    pub fn with_help(&self) -> String {
        match self.help() {
            Some(help) => format!("{self}\n{}", capital(&help)),
            None => self.to_string(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

impl MessageText {
    /// Takes `text`, by the rule for what belongs to it, and by what `rules` allow.
    ///
    /// # Errors
    /// [`InvalidMessage`]; its text continues "the message …".
    pub fn new(text: &str, rules: &WarningRules) -> Result<Self, InvalidMessage> {
        let text = normal(text);
        if text.trim().is_empty() {
            return Err(InvalidMessage::Empty);
        }
        if text.trim_start().starts_with("{\\rtf") {
            return Err(InvalidMessage::Document("an RTF document"));
        }
        let mut line = 1;
        for c in text.chars() {
            match c {
                '\n' => line += 1,
                '\t' => {}
                _ if c.is_control() => {
                    let code = u32::from(c);
                    return Err(InvalidMessage::Control { code, line });
                }
                char::REPLACEMENT_CHARACTER => return Err(InvalidMessage::Lost(line)),
                _ => {}
            }
        }
        if !text.chars().any(visible::is_visible) {
            return Err(InvalidMessage::Invisible);
        }
        if visible::leaves_direction_open(&text) {
            return Err(InvalidMessage::Direction);
        }
        match placeholder::placeholder(&text) {
            Some(found) if !rules.allows(PLACEHOLDERS) => {
                Err(InvalidMessage::Placeholder(found.to_owned()))
            }
            _ => Ok(Self(text)),
        }
    }

    /// Takes the bytes of a message file.
    ///
    /// # Errors
    /// [`InvalidMessage`]; its text continues "the message file …".
    pub fn from_bytes(bytes: &[u8], rules: &WarningRules) -> Result<Self, InvalidMessage> {
        if let Some(kind) = document(bytes) {
            return Err(InvalidMessage::Document(kind));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| InvalidMessage::NotUtf8(error.valid_up_to()))?;
        Self::new(text, rules)
    }

    /// The text, as it goes to Desk.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What belongs to a text: no byte order mark before it, no line ends after it, and `\n` between
/// its lines.
pub fn normal(text: &str) -> String {
    // Saved twice by different programs, a text may have two of them.
    let text = text.trim_start_matches('\u{feff}');
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim_end_matches('\n').to_owned()
}

/// What a file is that is no plain text, by how it begins.
fn document(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Some("a Word document, or another one that is a zip archive"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("an old Word document"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("a PDF document"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text"),
        // Half of the bytes of a western text.
        [_, 0, _, 0, ..] | [0, _, 0, _, ..] => Some("UTF-16 text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> Result<String, InvalidMessage> {
        MessageText::new(text, &WarningRules::default()).map(|text| text.0)
    }

    fn file(bytes: &[u8]) -> Result<String, InvalidMessage> {
        MessageText::from_bytes(bytes, &WarningRules::default()).map(|text| text.0)
    }

    #[test]
    fn a_text_is_the_same_message_in_the_definition_and_in_a_file_whoever_saved_it() {
        for text in [
            "Hi,\nthere",
            "Hi,\r\nthere\r\n",
            "Hi,\rthere\r",
            "\u{feff}Hi,\nthere\n\n",
            "\u{feff}\u{feff}Hi,\nthere",
        ] {
            assert_eq!(new(text).as_deref(), Ok("Hi,\nthere"), "{text:?}");
            assert_eq!(file(text.as_bytes()), new(text), "{text:?}");
        }
        assert_eq!(new(" Hi \t").as_deref(), Ok(" Hi \t"));
    }

    #[test]
    fn a_message_without_one_visible_character_is_empty() {
        for text in ["", "\u{feff}\r\n", " \n\t", "\u{a0}\u{3000}"] {
            assert_eq!(new(text), Err(InvalidMessage::Empty), "{text:?}");
        }
        for text in [
            "\u{200b}\u{2060}\u{feff}",
            "\u{2063}",
            "\u{3164}",
            "\u{2800} \u{1160}",
        ] {
            assert_eq!(new(text), Err(InvalidMessage::Invisible), "{text:?}");
        }
        assert!(new("\u{1f469}\u{200d}\u{1f467} \u{5e9}\u{200f}!").is_ok());
    }

    #[test]
    fn what_no_customer_can_read_is_refused_by_its_name() {
        let control = |code, line| Err(InvalidMessage::Control { code, line });
        assert_eq!(new("a\n\u{1b}[31m"), control(0x1b, 2));
        assert_eq!(new("a\0"), control(0, 1));
        assert_eq!(new("a\u{85}b"), control(0x85, 1));
        assert_eq!(new("a\n\nGr\u{fffd}e"), Err(InvalidMessage::Lost(3)));
        assert_eq!(new("Pay \u{202e}0051$"), Err(InvalidMessage::Direction));
        let document = |bytes: &[u8]| match file(bytes) {
            Err(InvalidMessage::Document(kind)) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(document(b"{\\rtf1\\ansi See you}"), "an RTF document");
        assert!(document(b"PK\x03\x04\0\0").starts_with("a Word document"));
        assert_eq!(
            document(b"\xd0\xcf\x11\xe0\xa1\xb1"),
            "an old Word document"
        );
        assert_eq!(document(b"\xff\xfeH\0"), "UTF-16 text");
        assert_eq!(document(b"H\0i\0"), "UTF-16 text");
        assert_eq!(file(b"caf\xe9"), Err(InvalidMessage::NotUtf8(3)));
    }

    #[test]
    fn a_placeholder_is_refused_unless_it_is_allowed() {
        let placeholder = Err(InvalidMessage::Placeholder("{{name}}".to_owned()));
        assert_eq!(new("Hi {{name}}"), placeholder);
        let allowed = WarningRules::allowing(["placeholders"]);
        assert!(MessageText::new("Hi {{name}}", &allowed).is_ok());
    }
}
