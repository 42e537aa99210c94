//! A command that could not do what it was asked: a sentence, and the exit code that goes with it.

use super::exit::Exit;
use crate::journal::JournalError;
use crate::service::planning::Mistake;
use crate::settings::SettingsError;

/// Why a command ended early.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    sentence: String,
}

impl Failure {
    /// Something the operator wrote is wrong; nothing was sent.
    pub(super) fn mistake(sentence: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Mistake,
            sentence: sentence.into(),
        }
    }

    /// Stopped before the end; the same command goes on.
    pub(super) fn stopped(sentence: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Stopped,
            sentence: sentence.into(),
        }
    }

    /// There was nothing to do, and that is no mistake.
    pub(super) fn nothing_to_do(sentence: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Done,
            sentence: sentence.into(),
        }
    }

    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::mistake(error.to_string())
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Failure {
        Failure::mistake(mistake.0)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Failure {
        let exit = match error {
            JournalError::Forbidden { .. } | JournalError::OutOfPlace(_) => Exit::Defect,
            JournalError::Exists(_) | JournalError::Unfinished(_) => Exit::Mistake,
            JournalError::Store(_)
            | JournalError::Owned(_)
            | JournalError::Failed
            | JournalError::Held(_)
            | JournalError::Fenced => Exit::Stopped,
        };
        Failure {
            exit,
            sentence: error.to_string(),
        }
    }
}
