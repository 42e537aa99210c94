//! The name of a campaign.
//!
//! It is a file name, a database key, a metric label and a word on a command line at once, so it
//! is kept to characters that mean nothing special in any of them.

use std::fmt;
use std::str::FromStr;

/// The name of a campaign: 1 to 64 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CampaignName(String);

/// The text is not a campaign name. Displays as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{}\" cannot name a campaign: a name is 1 to 64 lowercase letters, digits or \"-\"{}",
    .0.escape_debug(),
    hint(.0)
)]
pub struct InvalidName(String);

/// Names what was probably meant: in lowercase, without an ending, with "-" for blanks.
fn hint(text: &str) -> String {
    let text = text.trim();
    let stem = text.strip_suffix(".toml").unwrap_or(text).to_lowercase();
    match CampaignName::new(&stem.replace([' ', '_'], "-")) {
        Ok(name) => format!("; did you mean \"{name}\"?"),
        Err(_) => String::new(),
    }
}

impl CampaignName {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Takes `text` as a name, as it is: nothing is trimmed or folded to lower case.
    ///
    /// # Errors
    /// [`InvalidName`] for anything but 1 to 64 of `[a-z0-9-]`.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let length_fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if length_fits && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName(text.chars().take(80).collect()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CampaignName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl AsRef<str> for CampaignName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CampaignName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::CampaignName;

    #[test]
    fn letters_digits_and_hyphens_up_to_64_are_a_name() {
        for good in ["a", "spring-sale", "2026", "-", &"x".repeat(64)] {
            assert_eq!(
                CampaignName::new(good).map(|name| name.to_string()),
                Ok(good.to_owned())
            );
        }
    }

    #[test]
    fn anything_else_is_not() {
        let too_long = "x".repeat(65);
        for bad in [
            "", "Spring", "a b", "a_b", "a.toml", "../a", "é", "a\n", " a", &too_long,
        ] {
            assert!(CampaignName::new(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn the_refusal_says_what_a_name_is() {
        let refusal = CampaignName::new("Spring Sale\n").expect_err("capitals");
        insta::assert_snapshot!(
            refusal,
            @r#""Spring Sale\n" cannot name a campaign: a name is 1 to 64 lowercase letters, digits or "-"; did you mean "spring-sale"?"#
        );
    }
}
