//! What message jobs came to: transcripts and retractions, as text and as JSON.

use std::time::Duration;

use serde_json::json;

use super::number::{counted, duration, grouped};
use super::text::one_line;
use crate::service::transcripts::Ended;

/// Tickets that are listed with their reason on a page for people.
const SHOWN: usize = 50;

/// What transcripts came to.
#[derive(Clone, Debug)]
pub struct Transcripts<'a> {
    /// The output, as it was typed.
    pub out: String,
    /// Rows of the ticket file.
    pub listed: u64,
    /// Rows that repeat a ticket.
    pub duplicates: u64,
    /// Rows without a ticket.
    pub invalid: u64,
    /// Tickets of the job.
    pub tickets: u64,
    /// How it ended.
    pub ended: &'a Ended,
    /// Requests of this process.
    pub requests: u64,
    /// Of those, answered with 429.
    pub throttled: u64,
    /// How long this process took.
    pub took: Duration,
}

impl Transcripts<'_> {
    fn read(&self) -> u64 {
        self.ended.mark.ticket - self.ended.unread.len() as u64
    }

    /// For people.
    pub fn text(&self) -> String {
        let unread = self.ended.unread.len() as u64;
        let mut text = format!(
            "{}: {} after {}\n\n",
            self.out,
            if self.ended.complete {
                "complete"
            } else {
                "stopped"
            },
            duration(self.took)
        );
        let rows = [
            ("Tickets", self.tickets, ""),
            ("Read", self.read(), ""),
            ("Not read", unread, ""),
            ("Remaining", self.tickets - self.ended.mark.ticket, ""),
            ("Messages", self.ended.mark.messages, ""),
        ];
        for (name, number, _) in rows {
            text.push_str(&format!("{name:<9}  {:>13}\n", grouped(number)));
        }
        text.push_str(&format!(
            "\nListed {} = tickets {} + duplicates {} + invalid {}\nRequests: {}, {} throttled\n",
            grouped(self.listed),
            grouped(self.tickets),
            grouped(self.duplicates),
            grouped(self.invalid),
            counted(self.requests, "read", "reads"),
            grouped(self.throttled)
        ));
        if unread > 0 {
            text.push_str("\nNot read:\n");
        }
        for ticket in self.ended.unread.iter().take(SHOWN) {
            text.push_str(&format!("  {}  {}\n", ticket.ticket, one_line(&ticket.why)));
        }
        if unread > SHOWN as u64 {
            text.push_str(&format!(
                "  and {} more: --json lists all\n",
                grouped(unread - SHOWN as u64)
            ));
        }
        if !self.ended.complete {
            text.push_str("\nTo go on where it stopped: the same command again\n");
        }
        text
    }

    /// One object on a line.
    pub fn json(&self) -> String {
        let unread: Vec<_> = (self.ended.unread.iter())
            .map(|ticket| json!({"ticket": ticket.ticket, "reason": ticket.why}))
            .collect();
        let object = json!({
            "out": self.out,
            "state": if self.ended.complete { "complete" } else { "stopped" },
            "tickets": {
                "listed": self.listed,
                "duplicates": self.duplicates,
                "invalid": self.invalid,
                "planned": self.tickets,
                "read": self.read(),
                "not_read": unread.len(),
                "remaining": self.tickets - self.ended.mark.ticket,
            },
            "messages": self.ended.mark.messages,
            "requests": {"reads": self.requests, "throttled": self.throttled},
            "seconds": self.took.as_secs_f64(),
            "not_read": unread,
        });
        format!("{object}\n")
    }
}
