//! Deleting what was found: the intent is durable before a delete leaves, and what came of it goes
//! into the same commit as the next intents.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Phase, Retraction, Stopped};
use crate::campaign::Priority;
use crate::delivery::patience::Patience;
use crate::delivery::retract::{Agenda, Answered, End, Meaning, TRIES, Turn, meaning};
use crate::desk::{DeleteError, MessageId, TicketId};
use crate::journal::JournalError;
use crate::journal::retraction::Came;
use crate::service::budget::Lane;
use crate::service::ticket_reader::NoDesk;

/// Deletes go after every campaign of the same urgency and above; nobody waits for them.
const LANE: Lane = Lane::Send(Priority::Low);

/// The deletes under way, and what came of those that were not recorded yet.
struct Round {
    agenda: Agenda,
    began: Instant,
    patience: Patience,
    under_way: JoinSet<(Turn, Answered)>,
    outcomes: Vec<(u64, Came)>,
    /// Answers that said something about a message.
    served: u64,
    stopped: Option<Stopped>,
}

impl Retraction {
    pub(super) async fn delete(&self) -> Result<(), Stopped> {
        let id = self.id;
        let messages = self
            .recorder
            .call(move |journal| journal.undeleted(id))
            .await?;
        self.watched.update(|figures| {
            figures.phase = Phase::Deleting;
            figures.messages = messages.len() as u64;
        });
        let mut round = Round {
            agenda: Agenda::new(messages, self.until),
            began: Instant::now(),
            patience: Patience::new(id.0.cast_unsigned(), self.means.give_up_after),
            under_way: JoinSet::new(),
            outcomes: Vec::new(),
            served: 0,
            stopped: None,
        };
        loop {
            self.send(&mut round).await?;
            if round.under_way.is_empty() && (round.stopped.is_some() || round.agenda.left() == 0) {
                return round.stopped.map_or(Ok(()), Err);
            }
            self.wait(&mut round).await;
        }
    }

    /// Records what came of deletes and that others leave, in one commit, and lets them leave.
    async fn send(&self, round: &mut Round) -> Result<(), JournalError> {
        let mut turns = Vec::new();
        while round.stopped.is_none()
            && round.under_way.len() + turns.len() < self.means.concurrency
            && let Some(turn) = round.agenda.take(round.began.elapsed())
        {
            turns.push(turn);
        }
        let outcomes = std::mem::take(&mut round.outcomes);
        if !turns.is_empty() || !outcomes.is_empty() {
            let id = self.id;
            let intents: Vec<u64> = turns.iter().map(|turn| turn.message).collect();
            let keep = move |journal: &mut crate::journal::StoreJournal| {
                journal.keep_deletes(id, &outcomes, &intents, Timestamp::now())
            };
            self.recorder.call(keep).await?;
        }
        for turn in turns {
            let (desk, budget) = (self.means.desk.clone(), self.means.budget.clone());
            let key = u64::MAX - self.id.0.cast_unsigned();
            round.under_way.spawn(async move {
                let (ticket, message) = (TicketId(turn.ticket), MessageId(turn.message));
                let deletes = desk.delete_message(ticket, message);
                (turn, answered(budget.spend(LANE, key, deletes).await))
            });
        }
        Ok(())
    }

    /// Waits for answers, for the next message that is due, or for being told to stop.
    async fn wait(&self, round: &mut Round) {
        let may_send = round.stopped.is_none() && round.under_way.len() < self.means.concurrency;
        let due = round.agenda.next_due().filter(|_| may_send);
        let idle = round.under_way.is_empty();
        self.watched.update(|figures| {
            figures.phase = if idle {
                Phase::Waiting
            } else {
                Phase::Deleting
            };
        });
        let at = round.began + due.unwrap_or(Duration::from_secs(3600));
        tokio::select! {
            Some(answer) = round.under_way.join_next(), if !idle => {
                // Whatever else has come in the meantime shares the commit.
                let mut answers = vec![answer];
                while let Some(answer) = round.under_way.try_join_next() {
                    answers.push(answer);
                }
                for (turn, answered) in answers.into_iter().flatten() {
                    self.take(round, turn, answered);
                }
            }
            () = sleep_until(at), if due.is_some() => {}
            () = self.means.stop.cancelled(), if round.stopped.is_none() => {
                round.stopped = Some(Stopped::Told);
            }
        }
    }

    fn take(&self, round: &mut Round, turn: Turn, answered: Answered) {
        let now = round.began.elapsed();
        let uncertain = matches!(answered, Answered::Unknown(_));
        match meaning(answered) {
            Meaning::Ended(end, why) => {
                round.serve();
                round.agenda.ended(turn, now);
                self.end(round, turn.message, end, why);
            }
            Meaning::NotClosed(why) => {
                round.serve();
                round.plan_again(turn.message, why.clone(), false);
                for message in round.agenda.not_closed(turn, now) {
                    self.end(round, message, End::Open, why.clone());
                }
            }
            Meaning::Throttled(asked) => {
                self.watched.update(|figures| figures.throttled += 1);
                round.agenda.later(turn, now, asked.unwrap_or_default());
                round.plan_again(turn.message, "429: too many requests".to_owned(), false);
            }
            Meaning::Unclear(why) => {
                round.serve();
                match round.agenda.failed(turn, now, round.served) {
                    true => round.plan_again(turn.message, why, false),
                    false => self.end(round, turn.message, End::Refused, often(&why)),
                }
            }
            Meaning::Again(why) => {
                round.patience.unserved(now, None);
                if round.patience.is_over(now) {
                    let sentence = format!("Desk could not be reached for long ({why})");
                    round.stopped.get_or_insert(NoDesk(sentence).into());
                }
                match round.agenda.failed(turn, now, round.served) {
                    true => round.plan_again(turn.message, why, uncertain),
                    false => self.end(round, turn.message, End::Unknown, often(&why)),
                }
            }
            Meaning::Stop(words) => {
                let why = words.to_string();
                let sentence = format!(
                    "Desk refused to delete ({words}). Check the API token and desk.base_url"
                );
                round.agenda.later(turn, now, Duration::ZERO);
                round.stopped.get_or_insert(NoDesk(sentence).into());
                round.plan_again(turn.message, why, false);
            }
        }
    }

    fn end(&self, round: &mut Round, message: u64, end: End, why: String) {
        round.outcomes.push((message, Came::Ended(end, why)));
        self.watched.update(|figures| {
            figures.ended += 1;
            figures.deleted += u64::from(end == End::Deleted);
        });
    }
}

impl Round {
    fn serve(&mut self) {
        self.patience.served();
        self.served += 1;
    }

    fn plan_again(&mut self, message: u64, why: String, uncertain: bool) {
        self.outcomes
            .push((message, Came::Planned { why, uncertain }));
    }
}

fn often(why: &str) -> String {
    format!("{why} ({TRIES} times)")
}

fn answered(result: Result<MessageId, DeleteError>) -> Answered {
    match result {
        Ok(_) => Answered::Confirmed,
        Err(DeleteError::Refused(words)) => Answered::Refused(words),
        Err(DeleteError::Throttled(wait)) => Answered::Throttled(wait),
        Err(DeleteError::Halted(words)) => Answered::Halted(words),
        Err(DeleteError::Unreached(words)) => Answered::Unreached(words),
        Err(DeleteError::Unknown(words)) => Answered::Unknown(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::outcome::Words;
    use crate::desk::{DeskCode, Endpoint};

    #[test]
    fn every_code_that_is_documented_for_a_delete_has_its_meaning() {
        for code in Endpoint::DeleteMessage.codes() {
            let words = Words {
                status: Some(400),
                code: Some(code.to_string()),
                message: "so it is".to_owned(),
            };
            let said = meaning(answered(Err(DeleteError::Refused(words))));
            let expected = match code {
                DeskCode::AlreadyDeleted => Some(End::Deleted),
                DeskCode::NoSuchMessage => Some(End::Gone),
                DeskCode::TicketNotClosed => None,
                _ => Some(End::Refused),
            };
            match expected {
                Some(end) => assert!(matches!(said, Meaning::Ended(is, _) if is == end), "{code}"),
                None => assert!(matches!(said, Meaning::NotClosed(_)), "{code}"),
            }
        }
    }
}
