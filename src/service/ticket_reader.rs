//! Reading the messages of many tickets beside each other, as fast as the budget allows, and handing
//! them over in the order of the list.
//!
//! Every task makes one request and comes back; what happens next is decided in one place, here. A
//! ticket that cannot be read is given up with its reason, and stops nobody after it. What is wrong
//! with Desk as a whole, such as an outage or a wrong token, gives no ticket up: it ends the reading.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::budget::{Budget, Lane};
use crate::delivery::patience::Patience;
use crate::delivery::transcript::{InOrder, Part, Weight};
use crate::desk::{ChatMessage, Desk, ListError, Pages, ReadError, TicketId};

/// Bytes that are held of tickets whose turn has not come.
const MOST_HELD: usize = 24 << 20;
/// A page that could not be read this often is given up with its ticket, when Desk serves others.
const TRIES: u32 = 6;
/// A ticket whose list moves under the reading is begun anew this often.
const BEGINNINGS: u32 = 5;
/// When so many tickets were refused and none was shown, it is not the tickets.
const FORBIDDEN: u32 = 5;
/// How often the writer is told that time has passed.
const TICK: Duration = Duration::from_millis(250);
/// The first try again after a page failed; it doubles from there.
const FIRST_RETRY: Duration = Duration::from_millis(250);

/// A ticket that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Its place in the list, from 0.
    pub at: u64,
    /// Its id.
    pub ticket: u64,
    /// Why.
    pub why: String,
}

/// Desk as a whole shows nothing: the token or the address is wrong, or it was away for long. The
/// sentence says which, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoDesk(pub String);

/// What a reading has come to so far, for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tickets that are through, of all.
    pub tickets: u64,
    /// Of those, tickets that could not be read.
    pub unread: u64,
    /// Messages that were read.
    pub messages: u64,
    /// Requests of this process.
    pub requests: u64,
    /// Of those, how many were answered with 429.
    pub throttled: u64,
}

/// Shared counts. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<Mutex<Counts>>);

impl Watched {
    /// How things stand.
    pub fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the counts.
    pub fn update(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What it takes to read.
#[derive(Clone, Debug)]
pub struct Means {
    /// The client.
    pub desk: Desk,
    /// The budget of the application.
    pub budget: Budget,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// How long Desk may be out of reach.
    pub give_up_after: Duration,
    /// Told to stop.
    pub stop: CancellationToken,
    /// Where progress is shown.
    pub watched: Watched,
}

/// How far the list was read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Tickets that are through: the place of the next in the list, from 0.
    pub ticket: u64,
    /// Whether one of them was shown by Desk.
    pub shown: bool,
    /// How far the next one's own list was read, as [`Pages::place`] has it.
    pub place: (u64, Option<u64>),
}

/// Makes of a page of messages what is wanted of it. `place` is where the ticket's list was read to.
pub type Cut<P> =
    Arc<dyn Fn(TicketId, &[ChatMessage], (u64, Option<u64>)) -> P + Send + Sync + 'static>;

/// What comes out, in the order of the list.
#[derive(Debug)]
pub enum Handed<P> {
    /// The next part of the next ticket.
    Part(TicketId, Part<P>),
    /// Time has passed.
    Tick,
}

/// A ticket that is being read.
struct Open {
    /// None while a request is under way.
    pages: Option<Pages<ChatMessage>>,
    /// When it may be asked again.
    due: Instant,
    /// Failures in a row of one page: they decide how long to wait.
    failures: u32,
    /// Those that were its own and not those of a Desk that is away.
    own_failures: u32,
    /// Answers that were good by the last failure, of any ticket.
    served_before: u64,
    beginnings: u32,
}

/// A request that has come back.
struct Answer<P> {
    at: usize,
    pages: Pages<ChatMessage>,
    result: Result<Option<(u64, P)>, ListError>,
}

/// Reads a list of tickets.
pub struct Reader<'a, P> {
    tickets: &'a [TicketId],
    cut: Cut<P>,
    means: Means,
    order: InOrder<P>,
    open: BTreeMap<usize, Open>,
    /// The next ticket that was not begun.
    next: usize,
    from: Reached,
    unread: Vec<Unread>,
    requests: JoinSet<Answer<P>>,
    patience: Patience,
    began: Instant,
    shown: bool,
    /// Good answers.
    served: u64,
    /// Answers with 429 since then.
    throttled: u32,
    forbidden: u32,
}

impl<'a, P: Weight + Send + 'static> Reader<'a, P> {
    /// Reads these tickets `from` where an earlier reading came to, and makes of every page what
    /// `cut` says.
    pub fn new(tickets: &'a [TicketId], from: Reached, cut: Cut<P>, means: Means) -> Reader<'a, P> {
        let first = usize::try_from(from.ticket).unwrap_or(usize::MAX);
        Reader {
            patience: Patience::new(from.ticket, means.give_up_after),
            order: InOrder::new(first, MOST_HELD),
            open: BTreeMap::new(),
            next: first,
            requests: JoinSet::new(),
            began: Instant::now(),
            shown: from.shown,
            served: 0,
            throttled: 0,
            forbidden: 0,
            unread: Vec::new(),
            tickets,
            cut,
            means,
            from,
        }
    }

    /// Reads until the end, or until it cannot or may not go on.
    pub(super) async fn read(mut self, writer: Sender<Handed<P>>) -> (Vec<Unread>, Option<NoDesk>) {
        let stopped = self.run(&writer).await.err();
        (self.unread, stopped.flatten())
    }

    /// Ends with an error, or with none where it was told to stop.
    async fn run(&mut self, writer: &Sender<Handed<P>>) -> Result<(), Option<NoDesk>> {
        let stop = self.means.stop.clone();
        let mut ticks = tokio::time::interval(TICK);
        while self.order.first() < self.tickets.len() {
            self.ask();
            let far = Instant::now() + Duration::from_secs(3600);
            let due = self.next_due().unwrap_or(far);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Err(None),
                Some(answer) = self.requests.join_next(), if !self.requests.is_empty() => {
                    // A request that panicked is a defect that the runtime has reported.
                    let answer = answer.map_err(|error| Some(NoDesk(error.to_string())))?;
                    self.take(answer).map_err(Some)?;
                    self.hand_over(writer).await?;
                }
                _ = ticks.tick() => {
                    writer.send(Handed::Tick).await.map_err(|_| None)?;
                }
                () = sleep_until(due), if due < far => yield_now().await,
            }
        }
        Ok(())
    }

    /// Sends as many requests as may be under way.
    fn ask(&mut self) {
        let most_open = self.means.concurrency * 2 + FORBIDDEN as usize;
        while self.requests.len() < self.means.concurrency {
            let now = Instant::now();
            let ready = self.open.iter().find(|(at, open)| {
                open.pages.is_some() && open.due <= now && self.order.may_ask(**at)
            });
            let at = match ready {
                Some((at, _)) => *at,
                None if self.may_begin(most_open) => self.begin(),
                None => return,
            };
            self.request(at);
        }
    }

    fn may_begin(&self, most_open: usize) -> bool {
        self.next < self.tickets.len()
            && self.next - self.order.first() < most_open
            && self.order.may_ask(self.next)
    }

    fn begin(&mut self) -> usize {
        let at = self.next;
        self.next += 1;
        let pages = self.means.desk.messages(self.tickets[at]);
        let pages = match at as u64 == self.from.ticket {
            true => pages.from_place(self.from.place),
            false => pages,
        };
        let open = Open {
            pages: Some(pages),
            due: Instant::now(),
            failures: 0,
            own_failures: 0,
            served_before: 0,
            beginnings: 1,
        };
        self.open.insert(at, open);
        at
    }

    fn request(&mut self, at: usize) {
        let Some(mut pages) = self.open.get_mut(&at).and_then(|open| open.pages.take()) else {
            return;
        };
        let (budget, cut) = (self.means.budget.clone(), Arc::clone(&self.cut));
        let ticket = self.tickets[at];
        let key = u64::MAX - u64::from(std::process::id());
        self.requests.spawn(async move {
            budget.acquire(Lane::Read, key).await;
            budget.depart().await;
            let result = pages.next().await;
            let result = result.map(|page| {
                let page = page?;
                let messages = page.items.len() as u64;
                Some((messages, cut(ticket, &page.items, pages.place())))
            });
            Answer { at, pages, result }
        });
    }

    /// Takes an answer in; an error ends the job.
    fn take(&mut self, answer: Answer<P>) -> Result<(), NoDesk> {
        let Answer { at, pages, result } = answer;
        self.means.watched.update(|counts| counts.requests += 1);
        match result {
            Ok(page) => {
                self.well_served();
                let ended = page.is_none() || !pages.has_more();
                if let Some((messages, page)) = page {
                    self.means
                        .watched
                        .update(|counts| counts.messages += messages);
                    self.order.push(at, Part::Page(page));
                }
                match ended {
                    true => self.through(at, Part::End),
                    false => self.again(at, pages, Duration::ZERO, true),
                }
                Ok(())
            }
            Err(ListError::Shifted { .. }) => {
                self.begin_anew(at, pages);
                Ok(())
            }
            Err(ListError::Read(error)) => self.failed(at, pages, error),
            Err(error) => {
                self.through(at, Part::Unread(error.to_string()));
                Ok(())
            }
        }
    }

    fn failed(
        &mut self,
        at: usize,
        pages: Pages<ChatMessage>,
        error: ReadError,
    ) -> Result<(), NoDesk> {
        let why = error.to_string();
        match error {
            // Without a code it is not known what Desk means: its words may have been cut.
            ReadError::Refused(words) if words.code.is_none() => {
                self.well_served();
                self.try_later(at, pages, &why, true);
            }
            ReadError::NotFound(_) | ReadError::Refused(_) => {
                self.well_served();
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(words) if words.status == Some(403) => {
                self.forbidden += 1;
                if !self.shown && self.forbidden >= FORBIDDEN {
                    return Err(NoDesk(format!(
                        "Desk shows none of the tickets ({why}). Check the API token and desk.base_url"
                    )));
                }
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(_) => {
                return Err(NoDesk(format!(
                    "Desk refused to show messages ({why}). Check the API token and desk.base_url"
                )));
            }
            ReadError::Throttled(asked) => {
                self.means.watched.update(|counts| counts.throttled += 1);
                let wait = asked.unwrap_or_else(|| backoff(self.throttled));
                self.throttled += 1;
                self.means.budget.pause(wait);
                self.again(at, pages, wait, true);
            }
            ReadError::Failed(words) => {
                self.patience.unserved(self.began.elapsed(), None);
                if self.patience.is_over(self.began.elapsed()) {
                    return Err(NoDesk(format!(
                        "Desk could not be reached for long ({why})"
                    )));
                }
                self.try_later(at, pages, &why, words.code.is_some());
            }
        }
        Ok(())
    }

    fn well_served(&mut self) {
        self.patience.served();
        self.served += 1;
        self.throttled = 0;
        self.shown = true;
    }

    /// A page failed. It is the ticket's own failure when Desk served others since the last one.
    /// With nobody left to ask for, it is when Desk itself says so, with a code, for minutes. So an
    /// outage gives no ticket up.
    fn try_later(&mut self, at: usize, pages: Pages<ChatMessage>, why: &str, says_so: bool) {
        let Some(open) = self.open.get_mut(&at) else {
            return;
        };
        open.failures += 1;
        let is_last = self.next >= self.tickets.len();
        let for_long = is_last && says_so && open.failures > 2 * TRIES;
        if for_long || self.served > open.served_before {
            open.own_failures += 1;
        }
        open.served_before = self.served;
        if open.own_failures >= TRIES {
            return self.through(at, Part::Unread(format!("{why} ({TRIES} times)")));
        }
        let wait = backoff(open.failures - 1);
        self.again(at, pages, wait, false);
    }

    fn again(&mut self, at: usize, pages: Pages<ChatMessage>, wait: Duration, well: bool) {
        if let Some(open) = self.open.get_mut(&at) {
            open.pages = Some(pages);
            open.due = Instant::now() + wait;
            if well {
                (open.failures, open.own_failures) = (0, 0);
            }
        }
    }

    /// The list of a ticket moved under the reading.
    fn begin_anew(&mut self, at: usize, mut pages: Pages<ChatMessage>) {
        let Some(open) = self.open.get_mut(&at) else {
            return;
        };
        open.beginnings += 1;
        if open.beginnings > BEGINNINGS {
            let why =
                format!("its messages kept changing while they were read ({BEGINNINGS} times)");
            return self.through(at, Part::Unread(why));
        }
        pages.restart();
        self.order.push(at, Part::Again);
        self.again(at, pages, FIRST_RETRY, true);
    }

    fn through(&mut self, at: usize, part: Part<P>) {
        self.open.remove(&at);
        self.order.push(at, part);
    }

    /// Gives the writer what is in turn. While tickets are refused and none was shown, it is not
    /// known yet whether it is the tickets or the token, and nothing is given up.
    async fn hand_over(&mut self, writer: &Sender<Handed<P>>) -> Result<(), Option<NoDesk>> {
        let more = !self.open.is_empty() || self.next < self.tickets.len();
        let undecided = !self.shown && self.forbidden > 0 && more;
        if undecided {
            return Ok(());
        }
        loop {
            let at = self.order.first();
            let Some(part) = self.order.pop() else {
                return Ok(());
            };
            let is_end = matches!(part, Part::End | Part::Unread(_));
            let is_unread = matches!(part, Part::Unread(_));
            if let Part::Unread(why) = &part {
                self.unread.push(Unread {
                    at: at as u64,
                    ticket: self.tickets[at].0,
                    why: why.clone(),
                });
            }
            let sent = writer.send(Handed::Part(self.tickets[at], part)).await;
            // Whoever takes them has ended early, and tells why.
            sent.map_err(|_| None)?;
            self.means.watched.update(|counts| {
                counts.tickets += u64::from(is_end);
                counts.unread += u64::from(is_unread);
            });
        }
    }

    /// When the next ticket that waits may be asked again.
    fn next_due(&self) -> Option<Instant> {
        if self.requests.len() >= self.means.concurrency {
            return None;
        }
        let waiting = self
            .open
            .iter()
            .filter(|(at, open)| open.pages.is_some() && self.order.may_ask(**at));
        waiting.map(|(_, open)| open.due).min()
    }
}

/// How long to wait after so many failures in a row: a quarter of a second, doubling to 16.
pub(super) fn backoff(failures: u32) -> Duration {
    FIRST_RETRY * 2_u32.pow(failures.min(6))
}
