//! What message jobs came to: the list of tickets of any of them, and transcripts as text and JSON.

use std::time::Duration;

use serde_json::json;

use super::number::{counted, duration, grouped};
use super::text::one_line;
use crate::service::ticket_list::TicketList;
use crate::service::transcripts::Ended;

/// Tickets that are listed with their reason on a page for people.
const SHOWN: usize = 50;

/// What a ticket file came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Rows of the file.
    pub listed: u64,
    /// Rows that repeat a ticket.
    pub duplicates: u64,
    /// Rows without a ticket.
    pub invalid: u64,
    /// Tickets of the job.
    pub tickets: u64,
}

impl Listing {
    /// What this list came to.
    pub fn of(list: &TicketList) -> Listing {
        Listing {
            listed: list.listed,
            duplicates: list.duplicates,
            invalid: list.invalid,
            tickets: list.tickets.len() as u64,
        }
    }

    /// The sum, in words.
    pub fn line(&self) -> String {
        format!(
            "Listed {} = tickets {} + duplicates {} + invalid {}",
            grouped(self.listed),
            grouped(self.tickets),
            grouped(self.duplicates),
            grouped(self.invalid)
        )
    }

    /// The sum, for scripts.
    pub fn json(&self) -> serde_json::Value {
        json!({"listed": self.listed, "duplicates": self.duplicates, "invalid": self.invalid,
               "planned": self.tickets})
    }
}

/// What transcripts came to.
#[derive(Clone, Debug)]
pub struct Transcripts<'a> {
    /// The output, as it was typed.
    pub out: String,
    /// What the ticket file came to.
    pub listing: Listing,
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
        let tickets = self.listing.tickets;
        for (name, number) in [
            ("Tickets", tickets),
            ("Read", self.read()),
            ("Not read", unread),
            ("Remaining", tickets - self.ended.mark.ticket),
            ("Messages", self.ended.mark.messages),
        ] {
            text.push_str(&format!("{name:<9}  {:>13}\n", grouped(number)));
        }
        text.push_str(&format!(
            "\n{}\nRequests: {}, {} throttled\n",
            self.listing.line(),
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
            "tickets": self.listing.json(),
            "read": self.read(),
            "remaining": self.listing.tickets - self.ended.mark.ticket,
            "messages": self.ended.mark.messages,
            "requests": {"reads": self.requests, "throttled": self.throttled},
            "seconds": self.took.as_secs_f64(),
            "not_read": unread,
        });
        format!("{object}\n")
    }
}
