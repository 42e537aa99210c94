//! Deleting messages, and the logs of it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::config::DeleteLogs;
use super::page::Page;
use super::reply::{DELETED, NOT_CLOSED, NOT_DELETABLE, NOT_THERE, RANGE, Refusal, Reply};
use super::ticket::{Message, Writer};
use super::{World, directory, value, wire};

/// What was deleted.
#[derive(Debug, Clone, Default)]
pub(super) struct Deletions {
    /// In the order of deletion; a log's id is its place, from 1.
    log: Vec<Deleted>,
    /// The place of each message in the log.
    by_message: FxHashMap<u64, usize>,
    /// The tickets that lost something: all others need no look at the messages.
    tickets: FxHashSet<u64>,
}

/// One deleted message, as the delete logs know it.
#[derive(Debug, Clone)]
struct Deleted {
    ticket: u64,
    message: Message,
    at: i64,
}

impl Deletions {
    pub(super) fn has(&self, message: u64) -> bool {
        self.by_message.contains_key(&message)
    }

    pub(super) fn touched(&self, ticket: u64) -> bool {
        self.tickets.contains(&ticket)
    }

    fn push(&mut self, deleted: Deleted) {
        self.by_message.insert(deleted.message.id, self.log.len());
        self.tickets.insert(deleted.ticket);
        self.log.push(deleted);
    }
}

impl World {
    pub(super) fn delete_message(&mut self, ticket: u64, id: u64) -> Result<Reply, Refusal> {
        let not_there = || Refusal::bad(NOT_THERE, "The specified message doesn’t exist.");
        let found = self.ticket(ticket).map_err(|_| not_there())?;
        let message = found
            .find(&self.config, id, self.now)
            .ok_or_else(not_there)?;
        if self.deleted.has(id) {
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
        let at = self.now;
        self.deleted.push(Deleted {
            ticket,
            message,
            at,
        });
        Ok(Reply::json(200, &json!({"id": id})))
    }

    /// What a list shows of a deleted message, where it shows it at all.
    pub(super) fn mark_deleted(&self, message: &Message, shown: &mut Value) {
        let Some(deleted) = self.deleted.by_message.get(&message.id) else {
            return;
        };
        shown["message"] = json!("");
        shown["deletedAt"] = json!(wire::time(self.deleted.log[*deleted].at));
        shown["requestedFrom"] = json!("PLATFORM_API");
        shown["requestedBy"] = self.requester();
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
        // Time never runs back, so the log is in order.
        let log = &self.deleted.log;
        let first = log.partition_point(|deleted| date_of(deleted.at) < start);
        let after = log.partition_point(|deleted| date_of(deleted.at) <= end);
        let logs = (first..after.max(first))
            .skip(page.offset as usize)
            .take(page.limit as usize)
            .map(|at| self.log_json(at as u64 + 1, &log[at]))
            .collect();
        let list = page.list(host, after.saturating_sub(first) as u64, logs);
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
            .map(|ticket| ticket.words(&self.config, &deleted.message));
        json!({
            "id": id,
            "ticketId": deleted.ticket,
            "messageId": deleted.message.id,
            "userType": deleted.message.by.as_str(),
            "message": words.unwrap_or_default(),
            "deletedAt": wire::time(deleted.at),
            "requestedFrom": "PLATFORM_API",
            "requestedBy": self.requester(),
        })
    }

    fn requester(&self) -> Value {
        let agents = directory::agent_ids(&self.config);
        let agent = agents.first().copied().unwrap_or_default();
        value(&directory::agent(&self.config, agent))
    }
}

fn date_of(micros: i64) -> Date {
    let at = Timestamp::from_microsecond(micros).unwrap_or_default();
    at.to_zoned(TimeZone::UTC).date()
}
