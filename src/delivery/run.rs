//! The states of a run and the one table that says which may follow which.
//!
//! No other place decides this: both journals move a run by [`next`] alone, in the commit that
//! records why.
//!
//! ```text
//!                    claim to send          all sent            give up: finished
//!   planned ------------------> sending ------------> reading -------------------> finished
//!      |                        ^  |  ^                 |  |                          |
//!      |          claim to send |  |  | claim to send   |  | give up: failed          |
//!      |                        |  |  +-----------------+  +---------------> failed   |
//!      |                        |  | give up: stopped,           (also from sending)  |
//!      |                        |  v claim to settle                                  |
//!      |                      stopped <-----------------------------------------------+
//!      |                        |  ^                       plan again (also from failed)
//!      | pause                  |  | resume
//!      +----------------------> paused        from every open state: pause; cancel
//!                               | cancel
//!                               v
//!                            cancelled                     missed, skipped: never launched
//! ```
//!
//! Open are planned, sending, reading, stopped and paused. A process that dies leaves its run
//! sending or reading, which is shown as interrupted: whoever claims it next goes on with it.

use std::fmt;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Nothing of it was tried yet.
    Planned,
    /// A process claimed it to send it; whether that one still lives, its lock tells.
    Sending,
    /// No batch is left to send; what came of them is being looked up by the process that sent
    /// them. Still one run: whoever starts it again goes on with it.
    Reading,
    /// Stopped before the end; it can be resumed.
    Stopped,
    /// No batch is left to send.
    Finished,
    /// The definition was refused; nothing more is sent.
    Failed,
    /// An operator or a rule holds it: nothing is sent until it is resumed.
    Paused,
    /// Ended by an operator, or by its own `finish_by`: what remains is never sent.
    Cancelled,
    /// Was due when nobody could launch it in time: it has no plan.
    Missed,
    /// Was due, and not launched by a rule of its campaign: it has no plan.
    Skipped,
}

/// What changes where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunChange {
    /// A process takes it to send what is left of it.
    ClaimToSend,
    /// A process takes it to look for its unknown batches, and sends nothing.
    ClaimToSettle,
    /// No batch is left to send.
    AllSent,
    /// Who sends it gives it up.
    GiveUp(Left),
    /// Some of its unknown batches were proved absent, and are planned again.
    PlanAgain,
    /// An operator, or a rule of the campaign, holds it.
    Pause,
    /// An operator lets it go on.
    Resume,
    /// An operator, or its `finish_by`, ends it for good.
    Cancel,
}

/// How whoever sent a run leaves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Left {
    /// Nothing is left to do.
    Finished,
    /// Before the end.
    Stopped,
    /// The definition was refused.
    Failed,
    /// Held by an order or a rule.
    Paused,
    /// Ended by an order or a rule.
    Cancelled,
}

/// A change that does not fit where the run stands. Displays as what an operator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunRefusal {
    /// It failed: sending it again would be a run of its own.
    Failed,
    /// It is held, or was ended, or never launched, and is not to be sent.
    Held(RunState),
    /// It is there already, or over.
    Already(RunState),
    /// It is not paused.
    NotPaused(RunState),
    /// It never was a run.
    NeverLaunched(RunState),
    /// Only who sends it changes it so.
    NotSending(RunState),
}

/// Where a run stands after a change.
///
/// # Errors
/// Says why it stays where it is.
pub fn next(from: RunState, change: RunChange) -> Result<RunState, RunRefusal> {
    use RunState as S;
    match change {
        RunChange::ClaimToSend => match from {
            // A finished one has batches again that were proved absent, or nothing to send.
            S::Planned | S::Sending | S::Reading | S::Stopped | S::Finished => Ok(S::Sending),
            S::Failed => Err(RunRefusal::Failed),
            S::Paused | S::Cancelled | S::Missed | S::Skipped => Err(RunRefusal::Held(from)),
        },
        RunChange::ClaimToSettle => match from {
            // Its sender died.
            S::Sending | S::Reading => Ok(S::Stopped),
            S::Planned
            | S::Stopped
            | S::Finished
            | S::Failed
            | S::Paused
            | S::Cancelled
            | S::Missed
            | S::Skipped => Ok(from),
        },
        RunChange::AllSent => match from {
            S::Sending | S::Reading => Ok(S::Reading),
            other => Err(RunRefusal::NotSending(other)),
        },
        RunChange::GiveUp(left) => match (from, left) {
            (S::Sending | S::Reading, left) => Ok(left.state()),
            // A rule paused it by the commit that says why. It stays paused, however its sender
            // ends: stopped would be gone on with.
            (S::Paused, Left::Cancelled) => Ok(S::Cancelled),
            (S::Paused, _) => Ok(S::Paused),
            (other, _) => Err(RunRefusal::NotSending(other)),
        },
        RunChange::PlanAgain => match from {
            S::Paused | S::Cancelled => Ok(from),
            S::Missed | S::Skipped => Err(RunRefusal::NeverLaunched(from)),
            S::Planned | S::Sending | S::Reading | S::Stopped | S::Finished | S::Failed => {
                Ok(S::Stopped)
            }
        },
        RunChange::Pause => match from {
            S::Planned | S::Sending | S::Reading | S::Stopped => Ok(S::Paused),
            S::Paused | S::Finished | S::Failed | S::Cancelled => Err(RunRefusal::Already(from)),
            S::Missed | S::Skipped => Err(RunRefusal::NeverLaunched(from)),
        },
        RunChange::Resume => match from {
            S::Paused => Ok(S::Stopped),
            S::Planned | S::Sending | S::Reading | S::Stopped => Err(RunRefusal::NotPaused(from)),
            S::Finished | S::Failed | S::Cancelled => Err(RunRefusal::Already(from)),
            S::Missed | S::Skipped => Err(RunRefusal::NeverLaunched(from)),
        },
        RunChange::Cancel => match from {
            S::Planned | S::Sending | S::Reading | S::Stopped | S::Paused => Ok(S::Cancelled),
            S::Finished | S::Failed | S::Cancelled => Err(RunRefusal::Already(from)),
            S::Missed | S::Skipped => Err(RunRefusal::NeverLaunched(from)),
        },
    }
}

impl Left {
    /// The way to leave a run that ends in this state; none where no sender leaves one so.
    pub fn in_state(state: RunState) -> Option<Left> {
        let all = [
            Left::Finished,
            Left::Stopped,
            Left::Failed,
            Left::Paused,
            Left::Cancelled,
        ];
        all.into_iter().find(|left| left.state() == state)
    }

    fn state(self) -> RunState {
        match self {
            Left::Finished => RunState::Finished,
            Left::Stopped => RunState::Stopped,
            Left::Failed => RunState::Failed,
            Left::Paused => RunState::Paused,
            Left::Cancelled => RunState::Cancelled,
        }
    }
}

impl RunState {
    /// Every state.
    pub const ALL: [RunState; 10] = [
        RunState::Planned,
        RunState::Sending,
        RunState::Reading,
        RunState::Stopped,
        RunState::Finished,
        RunState::Failed,
        RunState::Paused,
        RunState::Cancelled,
        RunState::Missed,
        RunState::Skipped,
    ];

    /// The word for it in output and in the journal.
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Planned => "planned",
            RunState::Sending => "sending",
            RunState::Reading => "reading",
            RunState::Stopped => "stopped",
            RunState::Finished => "finished",
            RunState::Failed => "failed",
            RunState::Paused => "paused",
            RunState::Cancelled => "cancelled",
            RunState::Missed => "missed",
            RunState::Skipped => "skipped",
        }
    }

    /// The state with this name.
    pub fn parse(name: &str) -> Option<RunState> {
        RunState::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
    }

    /// Whether it is still to be gone on with.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            RunState::Planned
                | RunState::Sending
                | RunState::Reading
                | RunState::Stopped
                | RunState::Paused
        )
    }

    /// Whether an operator's word, or a rule, keeps it from being sent.
    pub fn is_held(self) -> bool {
        matches!(
            self,
            RunState::Paused | RunState::Cancelled | RunState::Missed | RunState::Skipped
        )
    }
}

impl fmt::Display for RunRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunRefusal::Already(RunState::Paused) => f.write_str("it was paused already"),
            RunRefusal::Failed => f.write_str("it is failed already"),
            RunRefusal::Already(state) => write!(f, "it is {} already", state.as_str()),
            RunRefusal::NotPaused(state) => write!(f, "it is {}, not paused", state.as_str()),
            RunRefusal::Held(state) => write!(f, "it is {}", state.as_str()),
            RunRefusal::NeverLaunched(state) => {
                write!(f, "it was {}, and never launched", state.as_str())
            }
            RunRefusal::NotSending(state) => {
                write!(f, "it is {}, and nobody sends it", state.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: [(&str, RunChange); 12] = [
        ("claim to send", RunChange::ClaimToSend),
        ("claim to settle", RunChange::ClaimToSettle),
        ("all sent", RunChange::AllSent),
        ("leave finished", RunChange::GiveUp(Left::Finished)),
        ("leave stopped", RunChange::GiveUp(Left::Stopped)),
        ("leave failed", RunChange::GiveUp(Left::Failed)),
        ("leave paused", RunChange::GiveUp(Left::Paused)),
        ("leave cancelled", RunChange::GiveUp(Left::Cancelled)),
        ("plan again", RunChange::PlanAgain),
        ("pause", RunChange::Pause),
        ("resume", RunChange::Resume),
        ("cancel", RunChange::Cancel),
    ];

    #[test]
    fn the_whole_table() {
        let mut table = format!("{:15}", "");
        for from in RunState::ALL {
            table += &format!(" {:9}", from.as_str());
        }
        for (name, change) in CHANGES {
            table = table.trim_end().to_owned() + &format!("\n{name:15}");
            for from in RunState::ALL {
                let to = next(from, change).map_or("-", RunState::as_str);
                table += &format!(" {:9}", if to == from.as_str() { "same" } else { to });
            }
        }
        insta::assert_snapshot!(table.trim_end(), @r"
                        planned   sending   reading   stopped   finished  failed    paused    cancelled missed    skipped
        claim to send   sending   same      sending   sending   sending   -         -         -         -         -
        claim to settle same      stopped   stopped   same      same      same      same      same      same      same
        all sent        -         reading   same      -         -         -         -         -         -         -
        leave finished  -         finished  finished  -         -         -         same      -         -         -
        leave stopped   -         stopped   stopped   -         -         -         same      -         -         -
        leave failed    -         failed    failed    -         -         -         same      -         -         -
        leave paused    -         paused    paused    -         -         -         same      -         -         -
        leave cancelled -         cancelled cancelled -         -         -         cancelled -         -         -
        plan again      stopped   stopped   stopped   same      stopped   stopped   same      same      -         -
        pause           paused    paused    paused    paused    -         -         -         -         -         -
        resume          -         -         -         -         -         -         stopped   -         -         -
        cancel          cancelled cancelled cancelled cancelled -         -         cancelled -         -         -
        ");
    }

    #[test]
    fn what_was_ended_for_good_is_never_sent_again() {
        for from in [RunState::Cancelled, RunState::Missed, RunState::Skipped] {
            for (name, change) in CHANGES {
                let to = next(from, change);
                assert!(to.is_err() || to == Ok(from), "{name} of {from:?}: {to:?}");
            }
        }
    }

    #[test]
    fn a_run_that_is_held_is_sent_only_after_somebody_resumed_it() {
        for (name, change) in CHANGES {
            match next(RunState::Paused, change) {
                Ok(RunState::Stopped) => assert_eq!(name, "resume"),
                Ok(to) => assert!(to.is_held(), "{name}: {to:?}"),
                Err(_) => {}
            }
        }
    }
}
