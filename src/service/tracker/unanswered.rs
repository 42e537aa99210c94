//! Chats that Desk does not show, told together: what it answered, for how many, and the first ids.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::desk::ReadError;

/// As many chats are named.
const NAMED: usize = 3;

/// What Desk answered instead of showing chats. Displays as a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unanswered(BTreeMap<u64, String>);

impl Unanswered {
    /// Takes in an answer that is no chat. True where nobody else has got the same one yet.
    pub(super) fn add(&mut self, chat: u64, error: &ReadError) -> bool {
        let answer = match error {
            ReadError::NotFound(_) | ReadError::Refused(_) => error.to_string(),
            _ => format!("no answer ({error})"),
        };
        let is_new = !self.0.values().any(|known| *known == answer);
        self.0.insert(chat, answer);
        is_new
    }

    /// Takes in that a chat was shown after all.
    pub(super) fn remove(&mut self, chat: u64) {
        self.0.remove(&chat);
    }

    /// How many chats.
    pub fn chats(&self) -> usize {
        self.0.len()
    }

    /// Whether Desk has shown all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut answers: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (chat, answer) in &self.0 {
            answers.entry(answer).or_default().push(*chat);
        }
        let mut text = String::new();
        for (answer, chats) in answers {
            let named: Vec<String> = chats.iter().take(NAMED).map(u64::to_string).collect();
            let (noun, more) = match chats.len() {
                1 => ("chat", String::new()),
                number if number > NAMED => ("chats", format!(" and {} more", number - NAMED)),
                _ => ("chats", String::new()),
            };
            let separator = if text.is_empty() { "" } else { "; " };
            write!(
                text,
                "{separator}for {} {noun} ({}{more}): {answer}",
                chats.len(),
                named.join(", ")
            )?;
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::outcome::Words;

    #[test]
    fn answers_are_told_together_with_the_first_chats() {
        let gone = ReadError::NotFound(Words {
            status: Some(404),
            code: None,
            message: "No such chat.".to_owned(),
        });
        let lost = ReadError::Failed(Words::own("timed out"));
        let mut unanswered = Unanswered::default();
        let new: Vec<bool> = (1..=5).map(|chat| unanswered.add(chat, &gone)).collect();
        assert_eq!(new, [true, false, false, false, false]);
        assert!(unanswered.add(9, &lost));
        let text = unanswered.to_string();
        assert_eq!(
            text,
            format!("for 5 chats (1, 2, 3 and 2 more): {gone}; for 1 chat (9): no answer ({lost})")
        );
        unanswered.remove(9);
        assert_eq!(unanswered.chats(), 5);
    }
}
