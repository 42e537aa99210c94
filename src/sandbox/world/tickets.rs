//! Lists of tickets and of their chat messages.
//!
//! Every messaged customer has a ticket, PROACTIVE until the first reply. Tickets and messages are
//! derived from the chats and the history whenever somebody looks: only deletions are stored. A
//! page costs what is on it; only a list over all tickets that counts or filters costs as much as
//! there are tickets, and none costs as much as there are messages.

use std::ops::Range;

use jiff::Timestamp;
use serde_json::Value;

use super::World;
use super::history::Past;
use super::page::Page;
use super::reply::{Refusal, Reply};
use super::ticket::{Kind, Message, Ticket};
use crate::sandbox::chance::{self, Draw};

impl World {
    pub(super) fn ticket(&self, id: u64) -> Result<Ticket<'_>, Refusal> {
        if (1..=self.config.history.tickets).contains(&id) {
            return Ok(self.past(id));
        }
        let (chat, customer) = self
            .chats
            .of_ticket(id)
            .ok_or_else(|| Refusal::not_found("ticket"))?;
        let story = chat.story(&self.config, customer);
        let kind = Kind::OfChat { chat, story };
        Ok(Ticket { id, customer, kind })
    }

    fn past(&self, id: u64) -> Ticket<'_> {
        let people = self.config.customers.highest.unwrap_or(1_000).max(1);
        let customer = 1 + chance::hash(self.config.seed, Draw::Customer, &[id]) % people;
        let kind = Kind::Past(Past::of(&self.config, id, self.began));
        Ticket { id, customer, kind }
    }

    fn all_tickets(&self) -> impl Iterator<Item = Ticket<'_>> {
        let past = (1..=self.config.history.tickets).map(|id| self.past(id));
        past.chain(self.chats.ours().iter().flat_map(|chat| {
            (chat.first_ticket..)
                .zip(chat.customers.iter())
                .map(|(id, customer)| {
                    let story = chat.story(&self.config, customer);
                    let kind = Kind::OfChat { chat, story };
                    Ticket { id, customer, kind }
                })
        }))
    }

    pub(super) fn tickets(&self, page: &Page, host: &str) -> Reply {
        let (now, skip, take) = (self.now, page.offset as usize, page.limit as usize);
        let json = |ticket: Ticket<'_>| ticket.json(&self.config, now);
        let (count, results) = match page.query().get("status") {
            Some(status) => {
                let is_wanted = |ticket: &Ticket<'_>| ticket.status(now) == status;
                let count = self.all_tickets().filter(is_wanted).count() as u64;
                let wanted = self.all_tickets().filter(is_wanted).skip(skip).take(take);
                (count, wanted.map(json).collect())
            }
            None => {
                let ids = (page.offset.saturating_add(1)..).take(take);
                let results = ids.map_while(|id| self.ticket(id).ok()).map(json).collect();
                (self.chats.next_ticket() - 1, results)
            }
        };
        Reply::json(200, &page.list(host, count, results))
    }

    pub(super) fn ticket_messages(
        &self,
        ticket: u64,
        page: &Page,
        host: &str,
    ) -> Result<Reply, Refusal> {
        let ticket = self.ticket(ticket)?;
        let all = 0..ticket.written(self.now);
        let count = self.count(&ticket, all.clone());
        let results = self.shown(&ticket, all, page.offset, page.limit);
        Ok(Reply::json(200, &page.list(host, count, results)))
    }

    /// The deprecated list over all tickets.
    pub(super) fn messages(
        &self,
        page: &Page,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        host: &str,
    ) -> Reply {
        let before = from.map_or(i64::MIN, |from| from.as_microsecond() - 1);
        let to = to.map_or(i64::MAX, Timestamp::as_microsecond).min(self.now);
        let (mut count, mut results) = (0, Vec::new());
        for ticket in self.all_tickets() {
            let range = ticket.written(before)..ticket.written(to);
            let here = self.count(&ticket, range.clone());
            let left = page.limit - results.len() as u64;
            if left > 0 && count + here > page.offset {
                let skip = page.offset.saturating_sub(count);
                results.extend(self.shown(&ticket, range, skip, left));
            }
            count += here;
        }
        Reply::json(200, &page.list(host, count, results))
    }

    /// Messages of this range that a list shows.
    fn count(&self, ticket: &Ticket<'_>, range: Range<u64>) -> u64 {
        if self.shows_all(ticket) {
            return range.end.saturating_sub(range.start);
        }
        range
            .filter(|nth| self.shows(ticket, *nth).is_some())
            .count() as u64
    }

    fn shown(&self, ticket: &Ticket<'_>, range: Range<u64>, skip: u64, take: u64) -> Vec<Value> {
        let json = |message: Message| {
            let mut json = ticket.message_json(&self.config, &message);
            self.mark_deleted(&message, &mut json);
            json
        };
        if self.shows_all(ticket) {
            let from = range.start.saturating_add(skip).min(range.end);
            let nths = from..range.end.min(from.saturating_add(take));
            let messages = nths.filter_map(|nth| ticket.message(&self.config, nth));
            return messages.map(json).collect();
        }
        let left = range.filter_map(|nth| self.shows(ticket, nth));
        left.skip(skip as usize)
            .take(take as usize)
            .map(json)
            .collect()
    }

    fn shows_all(&self, ticket: &Ticket<'_>) -> bool {
        self.config.wire.list_deleted || !self.deleted.touched(ticket.id)
    }

    fn shows(&self, ticket: &Ticket<'_>, nth: u64) -> Option<Message> {
        let message = ticket.message(&self.config, nth)?;
        (!self.deleted.has(message.id)).then_some(message)
    }
}
