//! What can happen in a state.

use deskcast::journal::memory::Fate;

use super::scene::{Process, RUN, Scene};

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Planned batches are read, or cannot be.
    Load(bool),
    /// The budget allows a request.
    Grant,
    /// The journal commits what has queued up.
    Commit(Fate),
    /// A request reaches the other side, which applies or refuses it.
    Reach((u32, u32)),
    /// Something comes back.
    Hear((u32, u32), Heard),
    /// The time to wait is over.
    Wake,
    /// Desk was asked whether it serves.
    Probed(bool),
    /// The process is told to stop.
    Stop,
    /// It is killed.
    Kill,
    /// Another one takes the run over.
    Restart,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to what was done.
    Truth,
    /// Nothing: it may still be done later.
    Nothing,
    /// 500, done or not.
    ServerError,
    /// 201 and half a body, or a body that is none.
    Cut,
    /// 429, not done.
    Throttled,
    /// 401, not done.
    Unauthorized,
    /// The connection was refused, not done.
    Refused,
    /// It had not left when it was recalled.
    NotLeft,
}

const FATES: [Fate; 5] = [
    Fate::Done,
    Fate::NotDone,
    Fate::AnswerLost,
    Fate::KilledBefore,
    Fate::KilledAfter,
];

impl Scene {
    /// Everything that can happen now.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (key, flight) in &self.flights {
            if flight.done.is_none() {
                steps.push(Step::Reach(*key));
            }
            if flight.awaited {
                let heard: &[Heard] = match flight.done {
                    Some(Ok(_)) => &[Heard::Truth, Heard::Nothing, Heard::ServerError, Heard::Cut],
                    Some(Err(())) => &[Heard::Truth, Heard::Nothing],
                    None => &[
                        Heard::Nothing,
                        Heard::ServerError,
                        Heard::Throttled,
                        Heard::Unauthorized,
                        Heard::Refused,
                    ],
                };
                steps.extend(heard.iter().map(|heard| Step::Hear(*key, *heard)));
                let is_recalled = |process: &Process| process.recalled.contains(&key.0);
                if flight.done.is_none() && self.process.as_ref().is_some_and(is_recalled) {
                    steps.push(Step::Hear(*key, Heard::NotLeft));
                }
            }
        }
        match &self.process {
            Some(process) => process.steps(&mut steps),
            None if self.disk.run(RUN).is_some_and(|run| run.state.is_open()) => {
                steps.push(Step::Restart);
            }
            None => {}
        }
        steps
    }
}

impl Process {
    fn steps(&self, steps: &mut Vec<Step>) {
        if self.loading.is_some() {
            steps.extend([Step::Load(true), Step::Load(false)]);
        }
        if self.asked {
            steps.push(Step::Grant);
        }
        if !self.pieces.is_empty() {
            steps.extend(FATES.map(Step::Commit));
        }
        if self.wake_at.is_some() {
            steps.push(Step::Wake);
        }
        if self.probing {
            steps.extend([Step::Probed(true), Step::Probed(false)]);
        }
        if !self.told_to_stop {
            steps.push(Step::Stop);
        }
        steps.push(Step::Kill);
    }
}
