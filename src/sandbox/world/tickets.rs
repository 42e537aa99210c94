//! Tickets and their chat messages, and the deleting of messages.
//!
//! Every messaged customer has a ticket, PROACTIVE until the first reply. Tickets and messages are
//! derived from the chats whenever somebody looks: only deletions are stored. Lists over all
//! tickets that filter are as slow as there are customers; the others are not.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::chats::Chat;
use super::config::{DeleteLogs, WorldConfig};
use super::page::Page;
use super::people::Story;
use super::reply::{DELETED, NOT_CLOSED, NOT_DELETABLE, NOT_THERE, RANGE, Refusal, Reply};
use super::{World, directory, value, wire};

/// A ticket has up to three messages; a message id is the ticket's times this, plus which.
const MESSAGES_PER_TICKET: u64 = 4;

/// One deleted message, as the delete logs know it.
#[derive(Debug, Clone)]
pub(super) struct Deleted {
    ticket: u64,
    message: Message,
    at: i64,
}

/// One chat message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Message {
    id: u64,
    by: Writer,
    at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Event,
    Customer,
    Agent,
}

impl Writer {
    fn as_str(self) -> &'static str {
        match self {
            Writer::Event => "EVENT",
            Writer::Customer => "CUSTOMER",
            Writer::Agent => "AGENT",
        }
    }
}

/// A ticket as it stands when somebody looks.
struct Ticket<'a> {
    id: u64,
    chat: &'a Chat,
    customer: u64,
    story: Story,
}

impl Ticket<'_> {
    fn status(&self, now: i64) -> &'static str {
        let happened = |at: Option<i64>| at.is_some_and(|at| at <= now);
        match self.story {
            story if happened(story.closed) => "CLOSED",
            story if happened(story.answered) => "ACTIVE",
            story if happened(story.replied) => "PENDING",
            _ => "PROACTIVE",
        }
    }

    /// The messages written so far, oldest first.
    fn messages(&self, now: i64) -> impl Iterator<Item = Message> + use<> {
        let written = [
            (Writer::Event, Some(self.story.sent)),
            (Writer::Customer, self.story.replied),
            (Writer::Agent, self.story.answered),
        ];
        let first = self.id * MESSAGES_PER_TICKET;
        (first..).zip(written).filter_map(move |(id, (by, at))| {
            at.filter(|at| *at <= now).map(|at| Message { id, by, at })
        })
    }

    fn words(&self, by: Writer) -> String {
        match by {
            Writer::Event => self.chat.message().to_owned(),
            Writer::Customer => "Yes, please tell me more.".to_owned(),
            Writer::Agent => "Thank you for your patience.".to_owned(),
        }
    }

    fn writer(&self, by: Writer) -> String {
        match by {
            Writer::Event => "event".to_owned(),
            Writer::Customer => directory::customer_sendbird_id(self.customer),
            Writer::Agent => directory::agent_sendbird_id(self.chat.agent),
        }
    }

    fn message_json(&self, message: Message) -> Value {
        json!({
            "id": message.id,
            "ticket": self.id,
            "userSendbirdId": self.writer(message.by),
            "userType": message.by.as_str(),
            "createdAt": wire::time(message.at),
            "message": self.words(message.by),
            "data": "",
        })
    }

    fn json(&self, config: &WorldConfig, now: i64) -> Value {
        let past = |at: Option<i64>| at.filter(|at| *at <= now).map(wire::time);
        json!({
            "id": self.id,
            "channelName": format!("Ticket {}", self.id),
            "status": self.status(now),
            "priority": self.chat.priority.as_str(),
            "project": config.project,
            "customer": directory::customer(config, self.customer),
            "group": directory::group(config, &self.chat.group),
            "recentAssignment": null,
            "createdAt": wire::time(self.chat.made_at),
            "updatedAt": wire::time(self.messages(now).map(|message| message.at).max().unwrap_or(self.chat.made_at)),
            "closedAt": past(self.story.closed),
        })
    }
}

impl World {
    fn ticket(&self, id: u64) -> Result<Ticket<'_>, Refusal> {
        let (chat, customer) = self
            .chats
            .of_ticket(id)
            .ok_or_else(|| Refusal::not_found("ticket"))?;
        Ok(Ticket {
            id,
            chat,
            customer,
            story: chat.story(&self.config, customer),
        })
    }

    fn is_deleted(&self, message: u64) -> bool {
        self.deleted
            .iter()
            .any(|deleted| deleted.message.id == message)
    }

    fn all_tickets(&self) -> impl Iterator<Item = Ticket<'_>> {
        self.chats.ours().iter().flat_map(|chat| {
            (chat.first_ticket..)
                .zip(chat.customers.iter())
                .map(|(id, customer)| Ticket {
                    id,
                    chat,
                    customer,
                    story: chat.story(&self.config, customer),
                })
        })
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
        let left = ticket
            .messages(self.now)
            .filter(|message| !self.is_deleted(message.id));
        let left: Vec<Value> = left.map(|message| ticket.message_json(message)).collect();
        Ok(Reply::json(200, &page.cut(host, left.into_iter())))
    }

    /// The deprecated list over all tickets.
    pub(super) fn messages(
        &self,
        page: &Page,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        host: &str,
    ) -> Reply {
        let from = from.map_or(i64::MIN, Timestamp::as_microsecond);
        let to = to.map_or(i64::MAX, Timestamp::as_microsecond);
        let (mut count, mut results) = (0, Vec::new());
        for ticket in self.all_tickets() {
            for message in ticket.messages(self.now) {
                if !(from..=to).contains(&message.at) || self.is_deleted(message.id) {
                    continue;
                }
                if count >= page.offset && (results.len() as u64) < page.limit {
                    results.push(ticket.message_json(message));
                }
                count += 1;
            }
        }
        Reply::json(200, &page.list(host, count, results))
    }

    pub(super) fn delete_message(&mut self, ticket: u64, id: u64) -> Result<Reply, Refusal> {
        let not_there = || Refusal::bad(NOT_THERE, "The specified message doesn’t exist.");
        let found = self.ticket(ticket).map_err(|_| not_there())?;
        let message = found.messages(self.now).find(|message| message.id == id);
        let message = message.ok_or_else(not_there)?;
        if self.is_deleted(id) {
            return Err(Refusal::bad(DELETED, "The message was already deleted."));
        }
        if message.by == Writer::Event && !self.config.wire.delete_events {
            return Err(Refusal::bad(
                NOT_DELETABLE,
                "The specified message can’t be deleted.",
            ));
        }
        if found.status(self.now) != "CLOSED" {
            return Err(Refusal::bad(NOT_CLOSED, "The ticket is not closed yet."));
        }
        self.deleted.push(Deleted {
            ticket,
            message,
            at: self.now,
        });
        Ok(Reply::json(200, &json!({"id": id})))
    }

    /// Without dates, the last 30 days.
    pub(super) fn delete_logs(
        &self,
        page: &Page,
        start: Option<Date>,
        end: Option<Date>,
        host: &str,
    ) -> Result<Reply, Refusal> {
        let end = end.unwrap_or_else(|| date_of(self.now));
        let start = start.unwrap_or_else(|| end.saturating_sub(Span::new().days(30)));
        if end.saturating_sub(Span::new().years(1)) > start {
            return Err(Refusal::bad(
                RANGE,
                "The date range should be within 1 year.",
            ));
        }
        let asked = |(_, deleted): &(u64, &Deleted)| (start..=end).contains(&date_of(deleted.at));
        let logs: Vec<Value> = (1..)
            .zip(&self.deleted)
            .filter(asked)
            .map(|(id, deleted)| self.log_json(id, deleted))
            .collect();
        let list = page.cut(host, logs.into_iter());
        Ok(Reply::json(
            200,
            &match self.config.wire.delete_logs {
                DeleteLogs::Page => list,
                DeleteLogs::List => list["results"].clone(),
                DeleteLogs::Single => list["results"].get(0).cloned().unwrap_or_else(|| json!({})),
            },
        ))
    }

    fn log_json(&self, id: u64, deleted: &Deleted) -> Value {
        let words = self
            .ticket(deleted.ticket)
            .map(|ticket| ticket.words(deleted.message.by));
        let agent = directory::agent_ids(&self.config)
            .first()
            .copied()
            .unwrap_or_default();
        json!({
            "id": id,
            "ticketId": deleted.ticket,
            "messageId": deleted.message.id,
            "userType": deleted.message.by.as_str(),
            "message": words.unwrap_or_default(),
            "deletedAt": wire::time(deleted.at),
            "requestedFrom": "PLATFORM_API",
            "requestedBy": value(&directory::agent(&self.config, agent)),
        })
    }
}

fn date_of(micros: i64) -> Date {
    let at = Timestamp::from_microsecond(micros).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).date()
}
