//! Reading a list page by page.

use std::marker::PhantomData;

use reqwest::Url;

use super::page::{self, Listed, Page, Received};
use super::{BadQuery, Desk, ListError, ReadError};
use crate::delivery::outcome::Words;

/// The largest page: 500 messages of the longest kind with their data stay far below.
const LARGEST_PAGE: usize = 32 << 20;
/// Pages that are read unless told otherwise: at 500 items each, far more than any list has.
const PAGES: u32 = 1_000_000;

/// A list that is read page by page: each [`next`](Pages::next) is one request, so that a caller
/// can spend them from a budget, and one page is in memory at a time.
///
/// - The `next` URL of an answer is never followed, as the token must not travel elsewhere: the
///   next page is asked for by offset, at the configured address.
/// - Each page after the first overlaps the one before by one item. Where that item is no longer
///   there, the list has moved and something may have been passed over: [`ListError::Shifted`].
///   Items that were added before it move it further down; they are stepped over and nothing is
///   given twice.
/// - A list that says that it goes on, and does not, ends with [`ListError::Stuck`]; one that
///   never ends with [`ListError::TooLong`].
/// - After an error, `next` asks for the same page again.
///
/// ```
/// # use deskcast::desk::{Desk, DeskConfig, Group};
/// # use deskcast::sandbox::{Sandbox, SandboxConfig};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sandbox = Sandbox::start(SandboxConfig::default()).await?;
/// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
/// let mut groups = desk.groups().limit(3)?;
/// let mut keys = Vec::new();
/// while let Some(page) = groups.next().await? {
///     keys.extend(page.items.into_iter().filter_map(|group: Group| group.key));
/// }
/// assert_eq!(keys, ["vip-support", "support", "sales", "marketing"]);
/// assert_eq!(groups.requests(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pages<T> {
    desk: Desk,
    /// The list with its filters, without limit and offset.
    url: Url,
    limit: u16,
    /// The place of the next item that was not read, as far as is known.
    offset: u64,
    /// The item before it, as the other side showed it.
    last: Option<u64>,
    count: Option<u64>,
    /// How many were given.
    read: u64,
    requests: u32,
    at_most: u32,
    ended: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: Listed> Pages<T> {
    pub(super) fn new(desk: &Desk, url: Url) -> Pages<T> {
        Pages {
            desk: desk.clone(),
            url,
            limit: T::MOST,
            offset: 0,
            last: None,
            count: None,
            read: 0,
            requests: 0,
            at_most: PAGES,
            ended: false,
            of: PhantomData,
        }
    }

    /// Asks for so many items a page, 1 to [`Listed::MOST`], instead of as many as there may be.
    ///
    /// # Errors
    /// Where Desk would refuse it.
    pub fn limit(mut self, limit: u16) -> Result<Pages<T>, BadQuery> {
        if !(1..=T::MOST).contains(&limit) {
            return Err(BadQuery::Limit {
                limit,
                most: T::MOST,
            });
        }
        self.limit = limit;
        Ok(self)
    }

    /// Begins after so many items.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Pages<T> {
        self.offset = offset;
        self
    }

    /// Goes on from a [`place`](Pages::place) that an earlier reading reached.
    #[must_use]
    pub fn from_place(mut self, (offset, last): (u64, Option<u64>)) -> Pages<T> {
        (self.offset, self.last) = (offset, last.filter(|_| offset > 0));
        self
    }

    /// How far it was read: the items before the next one, and the id of the last of them.
    pub fn place(&self) -> (u64, Option<u64>) {
        (self.offset, self.last)
    }

    /// Reads at most so many pages.
    #[must_use]
    pub fn at_most(mut self, pages: u32) -> Pages<T> {
        self.at_most = pages;
        self
    }

    /// The next page, or none after the last. One request, or none where the end is known.
    ///
    /// # Errors
    /// Where the page cannot be read, or does not follow the one before.
    pub async fn next(&mut self) -> Result<Option<Page<T>>, ListError> {
        if self.ended {
            return Ok(None);
        }
        if self.requests >= self.at_most {
            return Err(ListError::TooLong {
                pages: self.requests,
            });
        }
        // Pages of one item have no room for another one's.
        let overlap = self.last.filter(|_| self.limit > 1);
        let asked_from = self.offset - u64::from(overlap.is_some());
        let received = self.ask(asked_from).await?;
        self.take(asked_from, overlap, received)
    }

    /// Forgets how far it was read; the next page is the first again.
    pub fn restart(&mut self) {
        (self.offset, self.last, self.read, self.ended) = (0, None, 0, false);
    }

    /// Whether another request is needed to know the end, or to go on.
    pub fn has_more(&self) -> bool {
        !self.ended
    }

    /// How many items the list has, as the last page said.
    pub fn count(&self) -> Option<u64> {
        self.count
    }

    /// Requests that were made and answered with a page.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    async fn ask(&mut self, offset: u64) -> Result<Received<T>, ReadError> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("limit", &self.limit.to_string())
            .append_pair("offset", &offset.to_string());
        let body = self.desk.get(T::ENDPOINT, url, LARGEST_PAGE).await?;
        let received = page::read(&body).map_err(|error| {
            ReadError::Failed(Words {
                status: Some(200),
                code: None,
                message: format!(
                    "the answer is no list of {} ({error}): {}",
                    T::MANY,
                    super::answer::excerpt(&body)
                ),
            })
        })?;
        self.requests += 1;
        Ok(received)
    }

    fn take(
        &mut self,
        asked_from: u64,
        overlap: Option<u64>,
        received: Received<T>,
    ) -> Result<Option<Page<T>>, ListError> {
        let Received {
            mut items, count, ..
        } = received;
        let reached = asked_from + items.len() as u64;
        if let Some(last) = self.last {
            let at = items.iter().position(|item| item.id() == last);
            match (at, overlap) {
                (Some(at), Some(_)) => drop(items.drain(..=at)),
                (None, None) => {}
                // A list without pages gives its only item over and over.
                (Some(_), None) if received.bare => items.clear(),
                (None, Some(_)) | (Some(_), None) => return Err(ListError::Shifted { last }),
            }
        }
        let goes_on = match (received.bare, count) {
            // Nothing is said of what follows: only a page without anything new is the end.
            (true, _) => true,
            (false, Some(count)) => received.names_next || reached < count,
            (false, None) => received.names_next,
        };
        if items.is_empty() {
            if received.names_next {
                return Err(ListError::Stuck { read: self.read });
            }
            self.ended = true;
            self.count = count.or(self.count);
            return Ok(None);
        }
        self.ended = !goes_on;
        self.offset = reached;
        self.last = items.last().map(Listed::id);
        self.count = count.or(self.count);
        self.read += items.len() as u64;
        Ok(Some(Page { items, count }))
    }
}
