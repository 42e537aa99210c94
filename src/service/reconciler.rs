//! Reads Desk back and ends unknowns with what it finds.
//!
//! [`crate::delivery::reconcile`] says which ids to read and what they prove; this performs it:
//! every read spends from the budget, and every verdict is recorded with its grounds.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::budget::{Budget, Lane};
use super::recorder::Recorder;
use crate::campaign::UnknownPolicy;
use crate::delivery::outcome::ChatId;
use crate::delivery::reconcile::{
    Anchor, ChatFacts, Finding, Reach, Scope, Search, Seen, Sought, chat_to_date, is_monotonic,
};
use crate::delivery::variant::Varied;
use crate::desk::{Desk, ProactiveChat, ReadError};
use crate::journal::{
    Fence, Journal, JournalError, KnownChat, Resolution, RunId, UnknownBatch, Verdict,
};

/// In whose name verdicts are recorded.
const BY: &str = "deskcast";
/// How long a read waits after one that Desk did not serve.
const WAIT: Duration = Duration::from_secs(1);
/// How often an id is tried that could not be read.
const TRIES: u32 = 4;

/// Batches that are looked for together: what was found of them is recorded before the next ones,
/// so that being killed on the way costs no more than these.
const TOGETHER: usize = 16;
/// A chat may be hidden for a moment after it was made: a batch that was looked for this long after
/// it was given up need not be looked for again soon.
const HIDDEN: Duration = Duration::from_secs(6);

/// What is the same for all batches of a run, as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The message, of each variant.
    pub messages: Varied<String>,
    /// The group key.
    pub group: String,
    /// The priority, in capitals.
    pub priority: String,
}

/// Ends unknowns of a run.
#[derive(Clone, Debug)]
pub struct Reconciler<J> {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// The journal.
    pub recorder: Recorder<J>,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// The most ids read for one unknown batch.
    pub reads: u64,
    /// How long after it was given up an attempt may still be applied.
    pub grace: Duration,
    /// Told to stop.
    pub stop: CancellationToken,
}

/// What reconciling a run came to, in batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Found in Desk, and accepted now.
    pub found: u64,
    /// Proved absent, and planned again.
    pub resent: u64,
    /// Still unknown.
    pub unknown: u64,
    /// Ids read.
    pub reads: u64,
}

/// Whether looking for it now can show what the last look could not.
fn is_worth_a_look(batch: &UnknownBatch) -> bool {
    batch.looked_at.is_none_or(|at| {
        batch
            .ended_at
            .saturating_add(HIDDEN)
            .is_ok_and(|hidden| at < hidden)
    })
}

impl<J: Journal + 'static> Reconciler<J> {
    /// Looks for the unknown batches of a claimed run, once.
    pub async fn reconcile(
        &self,
        fence: Fence,
        sent: &Sent,
        policy: UnknownPolicy,
        scope: Scope,
    ) -> Result<Reconciled, JournalError> {
        let run = fence.run;
        let unknowns = self.unknowns(run).await?;
        let wanted: Vec<u32> = unknowns
            .iter()
            .filter(|batch| scope == Scope::Full || is_worth_a_look(batch))
            .map(|batch| batch.batch)
            .collect();
        let mut total = Reconciled {
            unknown: unknowns.len() as u64,
            ..Reconciled::default()
        };
        for numbers in wanted.chunks(TOGETHER) {
            if self.stop.is_cancelled() {
                break;
            }
            let done = self.settle(fence, numbers, sent, policy, scope).await?;
            total.found += done.found;
            total.resent += done.resent;
            total.reads += done.reads;
            total.unknown -= done.found + done.resent;
        }
        Ok(total)
    }

    async fn unknowns(&self, run: RunId) -> Result<Vec<UnknownBatch>, JournalError> {
        self.recorder
            .call(move |journal| journal.unknowns(run))
            .await
    }

    /// Looks for a few batches, and records what is found.
    async fn settle(
        &self,
        fence: Fence,
        numbers: &[u32],
        sent: &Sent,
        policy: UnknownPolicy,
        scope: Scope,
    ) -> Result<Reconciled, JournalError> {
        let run = fence.run;
        // Anew each time: what was just found is known now, and belongs to nobody else.
        let unknowns = self.unknowns(run).await?;
        let known = self
            .recorder
            .call(move |journal| journal.known_chats(run))
            .await?;
        let mut anchors: Vec<Anchor> = known.iter().map(anchor).collect();
        let sought = sought(&unknowns, sent, |batch| numbers.contains(&batch.batch));
        let dated = match scope {
            Scope::Full => self.date(&sought, &mut anchors, run).await,
            Scope::Near => 0,
        };
        let begun = Timestamp::now();
        let mut search = Search::new(sought, &anchors, self.reads, self.grace, scope);
        let reads = dated + self.read(&mut search, run).await;
        let may_resend = scope == Scope::Full
            && policy == UnknownPolicy::ResendWhenAbsent
            && is_monotonic(&anchors);
        let verdicts = match self.stop.is_cancelled() {
            // What was not read to the end proves nothing, not even for the record.
            true => Vec::new(),
            false => verdicts(&unknowns, &search, may_resend, begun),
        };
        let reconciled = summary(&verdicts, reads);
        self.recorder
            .call(move |journal| {
                journal.resolve(fence, &verdicts)?;
                journal.keep_readings(run, &[], reads)
            })
            .await?;
        Ok(reconciled)
    }

    /// Asks Desk when known chats were made, where the boot clock does not say that a grace time was
    /// over; returns how many requests that took.
    async fn date(&self, sought: &[Sought], anchors: &mut [Anchor], run: RunId) -> u64 {
        let mut undatable = BTreeSet::new();
        let mut requests = 0;
        while !self.stop.is_cancelled()
            && let Some(id) = chat_to_date(sought, anchors, &undatable, self.grace)
        {
            let (seen, made) = read(&self.desk, &self.budget, run.0.unsigned_abs(), id).await;
            requests += made;
            note_date(anchors, &mut undatable, id, &seen);
        }
        requests
    }

    /// Reads what the search asks for; returns how many requests that took.
    async fn read(&self, search: &mut Search, run: RunId) -> u64 {
        let key = run.0.unsigned_abs();
        let mut reads = JoinSet::new();
        let mut requests = 0;
        loop {
            while !self.stop.is_cancelled() && reads.len() < self.concurrency {
                let Some(id) = search.next_id() else { break };
                let (desk, budget) = (self.desk.clone(), self.budget.clone());
                reads.spawn(async move {
                    let (seen, requests) = read(&desk, &budget, key, id).await;
                    (id, seen, requests)
                });
            }
            // What is waited for may be the end of a pause of Desk: a stop does not wait for it.
            let read = match self.stop.run_until_cancelled(reads.join_next()).await {
                Some(read) => read,
                None => return requests,
            };
            match read {
                Some(Ok((id, seen, made))) => {
                    requests += made;
                    search.saw(id, seen);
                }
                Some(Err(_)) => {}
                None => return requests,
            }
        }
    }
}

/// What is concluded of the batches that were looked for, as of when the search began: pure, so
/// that a simulation reaches the same verdicts. `may_resend` says that absence may count at all.
pub fn verdicts(
    unknowns: &[UnknownBatch],
    search: &Search,
    may_resend: bool,
    begun: Timestamp,
) -> Vec<Verdict> {
    let findings = search.findings();
    let looked_for = |place: &usize| search.sought()[*place].looked_for;
    (0..unknowns.len())
        .filter(looked_for)
        .map(|place| {
            let (batch, finding) = (&unknowns[place], &findings[place]);
            let reach = search.reach(place);
            let resolution = match finding {
                Finding::Found(chat) => Resolution::Found(ChatId(*chat)),
                Finding::NotSeen if may_resend && reach.complete => Resolution::Resend,
                Finding::NotSeen | Finding::Ambiguous(_) => Resolution::Unsettled,
            };
            Verdict {
                batch: batch.batch,
                attempt: batch.attempt,
                at: begun,
                by: BY.to_owned(),
                resolution,
                evidence: evidence(finding, &reach, batch.customers.len()),
            }
        })
        .collect()
}

/// Reads one id until it is clear what is there; returns how many requests that took.
async fn read(desk: &Desk, budget: &Budget, key: u64, id: u64) -> (Seen, u64) {
    for attempt in 1..=TRIES {
        match budget.spend(Lane::Read, key, desk.chat(ChatId(id))).await {
            Ok(chat) => return (Seen::Chat(facts(chat)), attempt.into()),
            Err(ReadError::NotFound(_)) => return (Seen::Absent, attempt.into()),
            Err(ReadError::Throttled(_)) => {}
            Err(ReadError::Halted(_)) => return (Seen::Unreadable, attempt.into()),
            Err(ReadError::Refused(_) | ReadError::Failed(_)) => {
                tokio::time::sleep(WAIT * (attempt - 1)).await
            }
        }
    }
    (Seen::Unreadable, TRIES.into())
}

/// What a chat says of itself.
pub fn facts(chat: ProactiveChat) -> ChatFacts {
    ChatFacts {
        message: chat.message,
        group: chat.group,
        priority: chat.priority,
        customers: chat.customers,
        created_at: chat.created_at,
        sent: chat.sent_count.and_then(|sent| sent.try_into().ok()),
    }
}

/// A known chat as evidence of the order of ids.
pub fn anchor(known: &KnownChat) -> Anchor {
    Anchor {
        chat: known.chat.0,
        intent_tick: known.intent_tick,
        intended: known.intended,
        made_at: None,
        ended_tick: known.ended_tick,
    }
}

/// Takes in when a known chat was made, as Desk says; or that it does not say.
pub fn note_date(anchors: &mut [Anchor], undatable: &mut BTreeSet<u64>, id: u64, seen: &Seen) {
    let made_at = match seen {
        Seen::Chat(chat) => chat.created_at,
        Seen::Absent | Seen::Unreadable => None,
    };
    match anchors.iter_mut().find(|anchor| anchor.chat == id) {
        Some(anchor) if made_at.is_some() => anchor.made_at = made_at,
        _ => drop(undatable.insert(id)),
    }
}

/// All unknown batches of a run as they are sought; ids are read for those that are `looked_for`.
pub fn sought(
    unknowns: &[UnknownBatch],
    sent: &Sent,
    looked_for: impl Fn(&UnknownBatch) -> bool,
) -> Vec<Sought> {
    let one = |(key, batch): (usize, &UnknownBatch)| Sought {
        key,
        message: sent.messages.of(&batch.customers).clone(),
        group: sent.group.clone(),
        priority: sent.priority.clone(),
        customers: batch.customers.clone(),
        intended_at: batch.intended_at,
        ended_at: batch.ended_at,
        ended: batch.ended,
        intent_tick: batch.intent_tick,
        ended_tick: batch.ended_tick,
        looked_for: looked_for(batch),
    };
    unknowns.iter().enumerate().map(one).collect()
}

fn summary(verdicts: &[Verdict], reads: u64) -> Reconciled {
    let mut summary = Reconciled {
        reads,
        ..Reconciled::default()
    };
    for verdict in verdicts {
        match verdict.resolution {
            Resolution::Found(_) => summary.found += 1,
            Resolution::Resend => summary.resent += 1,
            Resolution::Abandoned | Resolution::Unsettled => {}
        }
    }
    summary
}

/// What was looked at, and what it showed: kept with the batch.
fn evidence(finding: &Finding, reach: &Reach, customers: usize) -> String {
    let from = reach
        .after
        .map_or("the lowest id that could be it".to_owned(), |after| {
            format!("after {after}")
        });
    let to = reach
        .before
        .map_or("as far as there were chats".to_owned(), |before| {
            format!("before {before}")
        });
    let all = if reach.complete {
        ", all of them seen"
    } else {
        ""
    };
    let read = format!("read {} ids from {from}, {to}{all}", reach.read);
    match finding {
        Finding::Found(chat) => {
            format!(
                "chat {chat} agrees with its {customers} customers in all that it says of itself; {read}"
            )
        }
        Finding::Ambiguous(chats) => {
            let ids: Vec<String> = chats.iter().map(u64::to_string).collect();
            format!(
                "chats {} could be this batch or another one like it; {read}",
                ids.join(", ")
            )
        }
        Finding::NotSeen => format!("no chat like this batch; {read}"),
    }
}
