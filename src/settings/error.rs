//! What is wrong with the settings, in sentences an operator can act on.

use std::fmt;

/// Everything that is wrong with the settings: one sentence per problem, one problem per line.
///
/// Each sentence says where the value came from (file and line, or environment variable), and
/// what to write instead. No sentence ever holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    problems: Vec<String>,
}

impl SettingsError {
    /// An error with a single problem.
    pub(super) fn one(problem: impl Into<String>) -> Self {
        Self {
            problems: vec![problem.into()],
        }
    }

    /// `Ok` when there is no problem, else an error with all of them.
    pub(super) fn unless_empty(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }

    /// The sentences, in the order of the settings' sources: file first, then environment.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for SettingsError {}
