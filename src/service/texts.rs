//! The texts that a definition names, read from where they stand.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::planning::Mistake;
use crate::campaign::{Definition, Message, MessageText};
use crate::delivery::variant::Variant;

/// No message that a person reads is longer than this many bytes.
const LONGEST_MESSAGE: u64 = 1 << 20;

/// The text of a message of a definition in this folder.
pub(super) fn text_of(message: &Message, folder: &Path) -> Result<String, Mistake> {
    match message {
        Message::Inline(text) => Ok(text.as_str().to_owned()),
        Message::File(file) => read_message(&folder.join(file.as_path())),
    }
}

pub(super) fn variants_of(definition: &Definition, folder: &Path) -> Result<Vec<Variant>, Mistake> {
    let variant = |variant: &crate::campaign::Variant| {
        Ok(Variant {
            name: variant.name.clone(),
            message: text_of(&variant.message, folder)?,
            weight: variant.weight.get(),
        })
    };
    definition.variants.iter().map(variant).collect()
}

fn read_message(path: &Path) -> Result<String, Mistake> {
    let wrong = |what: String| Mistake(format!("{}: the message {what}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_MESSAGE + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LONGEST_MESSAGE {
        return Err(wrong(format!(
            "is larger than {LONGEST_MESSAGE} bytes: is it the right file?"
        )));
    }
    let text = MessageText::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(text.as_str().to_owned())
}
