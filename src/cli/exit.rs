//! The exit codes: every one there is.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | everybody planned was accepted (or the command did what it was asked) |
//! | 1 | a defect of deskcast |
//! | 2 | usage, settings, definition or customer file wrong: nothing was sent |
//! | 3 | finished, but something needs attention: rejected or unknown customers, tickets that could not be read, messages that were not deleted |
//! | 4 | stopped before the end, and can be resumed: a signal, the journal, the token, Desk out of reach, an answer that cannot be written |

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, all accepted.
    Done,
    /// 1: a defect.
    Defect,
    /// 2: something the operator wrote is wrong; nothing was sent.
    Mistake,
    /// 3: finished, but look at it.
    Attention,
    /// 4: stopped before the end; run it again to go on.
    Stopped,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Defect => 1,
            Exit::Mistake => 2,
            Exit::Attention => 3,
            Exit::Stopped => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
