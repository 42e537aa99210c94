//! Reading tickets beside each other, as fast as the budget allows.
//!
//! Every task makes one request and comes back; what happens next is decided in one place, here.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::{JoinSet, yield_now};
use tokio::time::{Instant, sleep_until};

use super::writer::{Command, Written};
use super::{Form, JobError, Means, Unread};
use crate::delivery::patience::Patience;
use crate::delivery::transcript::{InOrder, Mark, PageOf, Part};
use crate::desk::{ChatMessage, ListError, Pages, ReadError, TicketId};
use crate::service::budget::Lane;

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
struct Answer {
    at: usize,
    pages: Pages<ChatMessage>,
    result: Result<Option<Written>, ListError>,
}

pub(super) struct Reader<'a> {
    tickets: &'a [TicketId],
    form: Form,
    means: Means,
    order: InOrder<Written>,
    open: BTreeMap<usize, Open>,
    /// The next ticket that was not begun.
    next: usize,
    mark: Mark,
    unread: Vec<Unread>,
    requests: JoinSet<Answer>,
    patience: Patience,
    began: Instant,
    shown: bool,
    /// Good answers.
    served: u64,
    forbidden: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        tickets: &'a [TicketId],
        form: Form,
        means: Means,
        mark: Mark,
        unread: Vec<Unread>,
    ) -> Reader<'a> {
        let first = usize::try_from(mark.ticket).unwrap_or(usize::MAX);
        Reader {
            patience: Patience::new(mark.bytes, means.give_up_after),
            order: InOrder::new(first, MOST_HELD),
            open: BTreeMap::new(),
            next: first,
            requests: JoinSet::new(),
            began: Instant::now(),
            shown: first > unread.len(),
            served: 0,
            forbidden: 0,
            tickets,
            form,
            means,
            mark,
            unread,
        }
    }

    /// Reads until the end, or until it cannot or may not go on.
    pub(super) async fn read(mut self, writer: Sender<Command>) -> (Vec<Unread>, Option<JobError>) {
        let stopped = self.run(&writer).await.err();
        (self.unread, stopped.flatten())
    }

    /// Ends with an error, or with none where it was told to stop.
    async fn run(&mut self, writer: &Sender<Command>) -> Result<(), Option<JobError>> {
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
                    let answer = answer.map_err(|error| Some(JobError::Desk(error.to_string())))?;
                    self.take(answer).map_err(Some)?;
                    self.hand_over(writer).await?;
                }
                _ = ticks.tick() => {
                    writer.send(Command::Tick).await.map_err(|_| None)?;
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
        let taken_up = at as u64 == self.mark.ticket && self.mark.offset > 0;
        let pages = match taken_up {
            true => pages.from_place((self.mark.offset, self.mark.last)),
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
        let (budget, form, ticket) = (self.means.budget.clone(), self.form, self.tickets[at]);
        let key = u64::MAX - u64::from(std::process::id());
        self.requests.spawn(async move {
            budget.acquire(Lane::Read, key).await;
            budget.depart().await;
            let result = pages.next().await;
            let result = result.map(|page| {
                let page = page?;
                let mut bytes = Vec::with_capacity(page.items.len() * 256);
                for message in &page.items {
                    (form.write)(ticket, message, &mut bytes);
                }
                let (offset, last) = pages.place();
                let of = PageOf {
                    bytes: bytes.len() as u64,
                    messages: page.items.len() as u64,
                    offset,
                    last,
                };
                Some(Written { bytes, of })
            });
            Answer { at, pages, result }
        });
    }

    /// Takes an answer in; an error ends the job.
    fn take(&mut self, answer: Answer) -> Result<(), JobError> {
        let Answer { at, pages, result } = answer;
        self.means.watched.update(|counts| counts.requests += 1);
        match result {
            Ok(page) => {
                self.well_served();
                let ended = page.is_none() || !pages.has_more();
                if let Some(page) = page {
                    let messages = page.of.messages;
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
    ) -> Result<(), JobError> {
        let why = error.to_string();
        match error {
            ReadError::NotFound(_) | ReadError::Refused(_) => {
                self.well_served();
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(words) if words.status == Some(403) => {
                self.forbidden += 1;
                if !self.shown && self.forbidden >= FORBIDDEN {
                    return Err(JobError::Desk(format!(
                        "Desk shows none of the tickets ({why}). Check the API token and desk.base_url"
                    )));
                }
                self.through(at, Part::Unread(why));
            }
            ReadError::Halted(_) => {
                return Err(JobError::Desk(format!(
                    "Desk refused to show messages ({why}). Check the API token and desk.base_url"
                )));
            }
            ReadError::Throttled(asked) => {
                self.means.watched.update(|counts| counts.throttled += 1);
                let wait = self.patience.unserved(self.began.elapsed(), asked);
                self.means.budget.pause(wait);
                self.again(at, pages, wait, true);
            }
            ReadError::Failed(words) => {
                self.patience.unserved(self.began.elapsed(), None);
                if self.patience.is_over(self.began.elapsed()) {
                    return Err(JobError::Desk(format!(
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
        let wait = FIRST_RETRY * 2_u32.pow(open.failures.min(7) - 1);
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

    fn through(&mut self, at: usize, part: Part<Written>) {
        self.open.remove(&at);
        self.order.push(at, part);
    }

    /// Gives the writer what is in turn. While tickets are refused and none was shown, it is not
    /// known yet whether it is the tickets or the token, and nothing is given up.
    async fn hand_over(&mut self, writer: &Sender<Command>) -> Result<(), Option<JobError>> {
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
            if let Part::Unread(why) = &part {
                self.unread.push(Unread {
                    at: at as u64,
                    ticket: self.tickets[at].0,
                    why: why.clone(),
                });
            }
            let unread = self.unread.len() as u64;
            let sent = writer.send(Command::Part(self.tickets[at], part)).await;
            // The writer has ended early: it tells why.
            sent.map_err(|_| None)?;
            if is_end {
                self.means.watched.update(|counts| {
                    counts.tickets += 1;
                    counts.unread = unread;
                });
            }
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
