//! What a retraction would delete, and what became of one: as text, JSON and CSV.

mod preview;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::Listing;
use super::number::{counted, duration, grouped};
use super::table::{TableRow, table};
use super::text::{cell, one_line, time};
use crate::delivery::retract::{End, Wanted, Writers};
use crate::journal::retraction::{MessageRecord, RetractionRecord};
use crate::service::retraction::Proof;

pub use self::preview::Preview;

/// Tickets that are listed on a page for people.
const SHOWN: usize = 50;
/// Characters of a text that are shown.
const LONGEST: usize = 60;

/// What became of a retraction.
#[derive(Clone, Copy, Debug)]
pub struct Result<'a> {
    /// As it stands.
    pub record: &'a RetractionRecord,
    /// The run whose message it is; empty where it was given otherwise.
    pub run: &'a str,
    /// What the ticket file came to.
    pub listing: Listing,
    /// What the deletion logs said; none where they were not come to.
    pub proof: Option<&'a Proof>,
    /// Requests of this process that were answered with 429.
    pub throttled: u64,
    /// How long this process took.
    pub took: Duration,
}

/// What became of the messages of a ticket that came to the same.
type Groups<'a> = BTreeMap<(usize, u64, Option<End>, &'a str), u64>;

impl Result<'_> {
    /// Whether every ticket was read, every message is deleted, and the deletion logs show each.
    pub fn is_clean(record: &RetractionRecord) -> bool {
        let is_clean = |message: &MessageRecord| {
            let is_deleted = message.end == Some(End::Deleted) && !message.logged_from.is_empty();
            is_deleted || message.end == Some(End::Left)
        };
        record.finished && record.unread.is_empty() && record.messages.iter().all(is_clean)
    }

    fn count(&self, end: Option<End>) -> u64 {
        let messages = self.record.messages.iter();
        messages.filter(|message| message.end == end).count() as u64
    }

    fn tickets(&self, end: Option<End>) -> u64 {
        let messages = self.record.messages.iter();
        let mut tickets: Vec<u64> = messages
            .filter(|message| message.end == end)
            .map(|message| message.ticket)
            .collect();
        tickets.dedup();
        tickets.len() as u64
    }

    fn logged(&self) -> (u64, u64) {
        let deleted = |message: &&MessageRecord| message.end == Some(End::Deleted);
        let deleted = self.record.messages.iter().filter(deleted);
        let logged = deleted.filter(|message| !message.logged_from.is_empty());
        let (all, by_api) = logged.fold((0, 0), |(all, by_api), message| {
            let is_by_api = message.logged_from == "PLATFORM_API";
            (all + 1, by_api + u64::from(is_by_api))
        });
        (all, by_api)
    }

    /// For people.
    pub fn text(&self) -> String {
        let record = self.record;
        let state = if record.finished {
            "finished"
        } else {
            "stopped"
        };
        let mut text = format!(
            "Retraction {}: {state} after {}\n\n{}{}\n\n",
            record.id.0,
            duration(self.took),
            meant(&record.wanted, &record.writers, self.run),
            self.listing.line()
        );
        text.push_str(&self.sums());
        text.push_str(&format!("\n{}", self.proof()));
        let (reads, deletes) = record.requests;
        text.push_str(&format!(
            "Requests: {}, {}, {} throttled\n",
            counted(reads, "read", "reads"),
            counted(deletes, "delete", "deletes"),
            grouped(self.throttled)
        ));
        let unread = record.unread.iter();
        text.push_str(&not_read(
            unread.map(|(ticket, why)| (*ticket, why.as_str())),
        ));
        text.push_str(&self.not_deleted());
        if !record.finished {
            text.push_str("\nTo go on where it stopped: the same command again\n");
        }
        text
    }

    fn sums(&self) -> String {
        let row = |name: &str, tickets: u64, messages: u64| TableRow {
            cells: vec![name.to_owned(), grouped(tickets), grouped(messages)],
            note: String::new(),
        };
        let record = self.record;
        let mut found: Vec<u64> = (record.messages.iter())
            .map(|message| message.ticket)
            .collect();
        found.dedup();
        let mut rows = vec![row(
            "Found",
            found.len() as u64,
            record.messages.len() as u64,
        )];
        for (name, end) in [
            ("Deleted", Some(End::Deleted)),
            ("Open", Some(End::Open)),
            ("Refused", Some(End::Refused)),
            ("Gone", Some(End::Gone)),
            ("Unknown", Some(End::Unknown)),
            ("Left alone", Some(End::Left)),
            ("Remaining", None),
        ] {
            rows.push(row(name, self.tickets(end), self.count(end)));
        }
        table(&["", "tickets", "messages"], 1, &rows)
    }

    fn proof(&self) -> String {
        let deleted = self.count(Some(End::Deleted));
        let (logged, by_api) = self.logged();
        let mut text = format!(
            "Deletion logs of Desk show {} of {} deleted",
            grouped(logged),
            grouped(deleted)
        );
        if logged > by_api {
            text.push_str(&format!(
                ", {} of them asked for elsewhere",
                grouped(logged - by_api)
            ));
        }
        match self.proof {
            None if deleted > logged => text.push_str("; they were not read to the end"),
            Some(Proof::Unread(why)) => {
                text.push_str(&format!("; they could not be read: {}", one_line(why)));
            }
            _ => {}
        }
        text.push('\n');
        text
    }

    fn groups(&self) -> Groups<'_> {
        let mut places: BTreeMap<u64, usize> = BTreeMap::new();
        let mut groups = Groups::new();
        for message in &self.record.messages {
            let next = places.len();
            let place = *places.entry(message.ticket).or_insert(next);
            let key = (place, message.ticket, message.end, message.why.as_str());
            *groups.entry(key).or_default() += 1;
        }
        groups
    }

    /// The tickets with messages that are not deleted, or that the logs do not show.
    fn not_deleted(&self) -> String {
        let groups = self.groups();
        let others: Vec<TableRow> = groups
            .iter()
            .filter(|((_, _, end, _), _)| !matches!(end, Some(End::Deleted | End::Left)))
            .map(|((_, ticket, end, why), count)| TableRow {
                cells: vec![
                    ticket.to_string(),
                    grouped(*count),
                    end.map_or("remaining", End::as_str).to_owned(),
                    clipped(why),
                ],
                note: String::new(),
            })
            .collect();
        let mut text = String::new();
        if !others.is_empty() {
            let shown = &others[..others.len().min(SHOWN)];
            text.push_str("\nNot deleted:\n");
            text.push_str(&table(&["ticket", "messages", "state", "reason"], 4, shown));
            if others.len() > SHOWN {
                let more = grouped((others.len() - SHOWN) as u64);
                text.push_str(&format!(
                    "and {more} more: --json or --format csv lists all\n"
                ));
            }
        }
        let (logged, _) = self.logged();
        if self.proof == Some(&Proof::Read) && logged < self.count(Some(End::Deleted)) {
            let unlogged = self.record.messages.iter().filter(|message| {
                message.end == Some(End::Deleted) && message.logged_from.is_empty()
            });
            text.push_str("\nDeleted, and not in the logs:\n");
            for message in unlogged.take(SHOWN) {
                text.push_str(&format!(
                    "  ticket {}, message {}\n",
                    message.ticket, message.message
                ));
            }
        }
        text
    }

    /// One object on a line; every ticket with messages, or that was not read, has its own.
    pub fn json(&self) -> String {
        let record = self.record;
        let results: Vec<Value> = (self.groups().into_iter())
            .map(|((_, ticket, end, why), messages)| {
                json!({"ticket": ticket, "messages": messages,
                       "outcome": end.map_or("remaining", End::as_str), "reason": why})
            })
            .collect();
        let unread: Vec<Value> = (record.unread.iter())
            .map(|(ticket, why)| json!({"ticket": ticket, "reason": why}))
            .collect();
        let not_logged: Vec<u64> = (record.messages.iter())
            .filter(|message| message.end == Some(End::Deleted) && message.logged_from.is_empty())
            .map(|message| message.message)
            .collect();
        let (logged, by_api) = self.logged();
        let (reads, deletes) = record.requests;
        let object = json!({
            "retraction": record.id.0,
            "state": if record.finished { "finished" } else { "stopped" },
            "wanted": wanted(&record.wanted, &record.writers, self.run),
            "tickets": self.listing.json(),
            "looked_through": record.looked_through,
            "messages": {
                "found": record.messages.len(),
                "deleted": self.count(Some(End::Deleted)),
                "open": self.count(Some(End::Open)),
                "refused": self.count(Some(End::Refused)),
                "gone": self.count(Some(End::Gone)),
                "unknown": self.count(Some(End::Unknown)),
                "left": self.count(Some(End::Left)),
                "remaining": self.count(None),
            },
            "logs": {
                "read": self.proof == Some(&Proof::Read),
                "shown": logged,
                "asked_by_api": by_api,
                "not_shown": not_logged,
            },
            "requests": {"reads": reads, "deletes": deletes, "throttled": self.throttled},
            "seconds": self.took.as_secs_f64(),
            "results": results,
            "not_read": unread,
        });
        format!("{object}\n")
    }

    /// A row for each message, and for each ticket that was not read.
    pub fn csv(&self) -> String {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        // Memory takes any number of rows.
        let mut write = |row: [&str; 8]| {
            let _ = writer.write_record(row);
        };
        write([
            "ticket_id",
            "message_id",
            "user_type",
            "outcome",
            "reason",
            "attempts",
            "at",
            "logged_from",
        ]);
        for message in &self.record.messages {
            write([
                &message.ticket.to_string(),
                &message.message.to_string(),
                &cell(&message.user_type),
                message.end.map_or("remaining", End::as_str),
                &cell(&message.why),
                &message.attempts.to_string(),
                &message.ended_at.map(time).unwrap_or_default(),
                &cell(&message.logged_from),
            ]);
        }
        for (ticket, why) in &self.record.unread {
            write([
                &ticket.to_string(),
                "",
                "",
                "not read",
                &cell(why),
                "",
                "",
                "",
            ]);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn meant(wanted: &Wanted, writers: &Writers, run: &str) -> String {
    let text = quoted(wanted.text(), LONGEST);
    let count = wanted.text().chars().count() as u64;
    let count = counted(count, "character", "characters");
    let what = match wanted {
        Wanted::Exactly(_) => format!("Text      {text} ({count}, exactly)\n"),
        Wanted::Containing(_) => format!("Contains  {text} ({count})\n"),
    };
    let what = format!("{what}Written   by {writers}\n");
    match run.is_empty() {
        true => what,
        false => format!("Run       {run}\n{what}"),
    }
}

fn wanted(wanted: &Wanted, writers: &Writers, run: &str) -> Value {
    let mut object = match wanted {
        Wanted::Exactly(text) if run.is_empty() => json!({"text": text}),
        Wanted::Exactly(text) => json!({"text": text, "message_from": run}),
        Wanted::Containing(text) => json!({"contains": text}),
    };
    object["written_by"] = writers.to_string().split(", ").collect();
    object
}

fn not_read<'a>(tickets: impl ExactSizeIterator<Item = (u64, &'a str)>) -> String {
    let mut text = String::new();
    let all = tickets.len();
    for (nth, (ticket, why)) in tickets.take(SHOWN).enumerate() {
        if nth == 0 {
            text.push_str("\nNot read:\n");
        }
        text.push_str(&format!("  {ticket}  {}\n", one_line(why)));
    }
    if all > SHOWN {
        text.push_str(&format!("  and {} more\n", grouped((all - SHOWN) as u64)));
    }
    text
}

/// A text in quotes, on one line, and not too long for it.
fn quoted(text: &str, longest: usize) -> String {
    let line = one_line(text);
    match line.char_indices().nth(longest) {
        Some((at, _)) => format!("\"{}…\"", &line[..at]),
        None => format!("\"{line}\""),
    }
}

fn clipped(why: &str) -> String {
    let line = one_line(why);
    match line.char_indices().nth(LONGEST - 10) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.into_owned(),
    }
}
