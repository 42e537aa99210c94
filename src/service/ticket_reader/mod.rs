//! Reading the messages of many tickets beside each other, as fast as the budget allows, and handing
//! them over in the order of the list.
//!
//! Every task makes one request and comes back; what happens next is decided in one place, here. A
//! ticket that cannot be read is given up with its reason, and stops nobody after it. What is wrong
//! with Desk as a whole, such as an outage or a wrong token, gives no ticket up: it ends the reading.

mod failure;
mod means;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

pub use self::means::{Counts, Cut, Handed, Means, NoDesk, Reached, Unread, Watched};
use super::budget::Lane;
use crate::delivery::patience::Patience;
use crate::delivery::transcript::{InOrder, Part, Weight};
use crate::desk::{ChatMessage, ListError, Pages, TicketId};

/// Bytes that are held of tickets whose turn has not come.
const MOST_HELD: usize = 24 << 20;
/// When so many tickets were refused and none was shown, it is not the tickets.
const FORBIDDEN: u32 = 5;
/// How often the writer is told that time has passed.
const TICK: Duration = Duration::from_millis(250);

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
            let result = budget.spend(Lane::Read, key, pages.next()).await;
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

    fn well_served(&mut self) {
        self.patience.served();
        self.served += 1;
        self.shown = true;
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
