//! The texts that a definition names, read from where they stand.

use std::io::Read;
use std::path::Path;

use super::near_file::hint;
use super::plain_file;
use super::planning::Mistake;
use crate::campaign::{Definition, Message, MessageText, Warning, WarningRules, text_warnings};
use crate::delivery::variant::Variant;

/// No message that a person reads is longer than this many bytes.
const LONGEST_MESSAGE: u64 = 1 << 20;

/// The text of the message, or of the first variant, of a definition in this folder.
pub(super) fn message_of(definition: &Definition, folder: &Path) -> Result<String, Mistake> {
    text_of(&definition.message, folder, &definition.warning_rules)
}

/// The variants of a definition in this folder, with their texts.
pub(super) fn variants_of(definition: &Definition, folder: &Path) -> Result<Vec<Variant>, Mistake> {
    let variant = |variant: &crate::campaign::Variant| {
        Ok(Variant {
            name: variant.name.clone(),
            message: text_of(&variant.message, folder, &definition.warning_rules)?,
            weight: variant.weight.get(),
        })
    };
    definition.variants.iter().map(variant).collect()
}

/// What is probably not meant in the texts of a campaign.
pub(super) fn warnings(message: &str, variants: &[Variant]) -> Vec<Warning> {
    if variants.is_empty() {
        return text_warnings("the message", message);
    }
    let of = |it: &Variant| text_warnings(&named(&it.name), &it.message);
    variants.iter().flat_map(of).collect()
}

/// What the texts of a definition are called, one after the other.
pub(super) fn names(definition: &Definition) -> Vec<String> {
    match definition.variants.is_empty() {
        true => vec!["the message".to_owned()],
        false => definition
            .variants
            .iter()
            .map(|it| named(&it.name))
            .collect(),
    }
}

fn named(variant: &str) -> String {
    format!("the message of \"{variant}\"")
}

/// The text of a message of a definition in this folder.
pub(super) fn text_of(
    message: &Message,
    folder: &Path,
    rules: &WarningRules,
) -> Result<String, Mistake> {
    match message {
        Message::Inline(text) => Ok(text.as_str().to_owned()),
        Message::File(file) => read_message(&folder.join(file.as_path()), rules),
    }
}

fn read_message(path: &Path, rules: &WarningRules) -> Result<String, Mistake> {
    let wrong = |what: String| Mistake(format!("{}: the message {what}", path.display()));
    let mut bytes = Vec::new();
    plain_file::open(path)
        .and_then(|file| file.take(LONGEST_MESSAGE + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(format!("cannot be read: {error}{}", hint(path, &error))))?;
    if bytes.len() as u64 > LONGEST_MESSAGE {
        return Err(wrong(format!(
            "is larger than {LONGEST_MESSAGE} bytes: is it the right file?"
        )));
    }
    let text = MessageText::from_bytes(&bytes, rules).map_err(|error| wrong(error.with_help()))?;
    Ok(text.as_str().to_owned())
}
