//! What the customers are told.

use super::path::InnerPath;

/// Where the message's text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// In the definition (`message = "…"`).
    Inline(MessageText),
    /// In a file beside it (`message_file = "…"`); read it and give its bytes to
    /// [`MessageText::from_bytes`].
    File(InnerPath),
}

/// A message that says something: never empty, never blanks only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageText(String);

/// Why a text is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// Nothing to read for the customer.
    #[error("is empty")]
    Empty,
    /// A NUL character, which no message has and which databases and clients choke on.
    #[error("contains a NUL character")]
    Nul,
    /// Not UTF-8; carries the offset of the first bad byte.
    #[error("is not UTF-8 text (byte {0} on): save it as UTF-8")]
    NotUtf8(usize),
}

impl MessageText {
    /// Takes `text` as it is, blanks and line ends included.
    ///
    /// # Errors
    /// [`InvalidMessage::Empty`] when it has no visible character, [`InvalidMessage::Nul`].
    pub fn new(text: &str) -> Result<Self, InvalidMessage> {
        if text.trim().is_empty() {
            Err(InvalidMessage::Empty)
        } else if text.contains('\0') {
            Err(InvalidMessage::Nul)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Takes the bytes of a message file: a byte order mark and the line ends at the end of the
    /// file belong to the file and not to the message, and `\r\n` becomes `\n`.
    ///
    /// # Errors
    /// [`InvalidMessage`]; its text continues "the message file …".
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| InvalidMessage::NotUtf8(error.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::new(
            text.trim_end_matches(['\r', '\n'])
                .replace("\r\n", "\n")
                .as_str(),
        )
    }

    /// The text, as it goes to Desk.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidMessage, MessageText};

    #[test]
    fn an_inline_message_is_taken_as_it_is() {
        assert_eq!(
            MessageText::new(" Hi\n")
                .expect("it says something")
                .as_str(),
            " Hi\n"
        );
        assert_eq!(MessageText::new(" \n\t"), Err(InvalidMessage::Empty));
        assert_eq!(MessageText::new("a\0"), Err(InvalidMessage::Nul));
    }

    #[test]
    fn a_message_file_loses_its_mark_and_its_last_line_ends() {
        let text = |bytes: &[u8]| MessageText::from_bytes(bytes).map(|text| text.0);
        assert_eq!(
            text(b"\xef\xbb\xbfHi,\r\nthere\r\n\r\n"),
            Ok("Hi,\nthere".to_owned())
        );
        assert_eq!(text(b"\xef\xbb\xbf\r\n"), Err(InvalidMessage::Empty));
        assert_eq!(text(b"caf\xe9"), Err(InvalidMessage::NotUtf8(3)));
    }
}
