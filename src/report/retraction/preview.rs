//! What a retraction would delete.

use serde_json::{Value, json};

use super::{meant, not_read, quoted, wanted};
use crate::delivery::retract::{Wanted, Writers};
use crate::report::jobs::Listing;
use crate::report::number::{counted, grouped};
use crate::report::text::one_line;
use crate::service::retraction::Shown;

/// Characters of an example that are shown.
const EXAMPLE: usize = 40;

/// What would be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'a> {
    /// Which messages are meant.
    pub wanted: &'a Wanted,
    /// Whose they are.
    pub writers: &'a Writers,
    /// The run whose message it is; empty where it was given otherwise.
    pub run: &'a str,
    /// What the ticket file came to.
    pub listing: Listing,
    /// What was found.
    pub shown: &'a Shown,
    /// Requests that it took.
    pub reads: u64,
}

impl Preview<'_> {
    /// For people.
    pub fn text(&self) -> String {
        let shown = self.shown;
        let mut text = format!(
            "Dry run: nothing was deleted. {} to look through the tickets.\n\n{}",
            counted(self.reads, "request was made", "requests were made"),
            meant(self.wanted, self.writers, self.run)
        );
        text.push_str(&format!(
            "{}\nLooked through {:>9}\nNot read       {:>9}\nWith messages  {:>9}\nMessages       {:>9}\n",
            self.listing.line(),
            grouped(shown.looked_through),
            grouped(shown.unread.len() as u64),
            grouped(shown.tickets),
            grouped(shown.messages())
        ));
        for (writer, count) in &shown.by_writer {
            text.push_str(&format!(
                "  by {:<9}  {:>9}\n",
                one_line(writer),
                grouped(*count)
            ));
        }
        if !shown.left.is_empty() {
            let left = shown.left.values().sum();
            text.push_str(&format!("Left alone     {:>9}\n", grouped(left)));
        }
        for (writer, count) in &shown.left {
            text.push_str(&format!(
                "  by {:<9}  {:>9}\n",
                one_line(writer),
                grouped(*count)
            ));
        }
        if !shown.examples.is_empty() {
            text.push_str("\nFor example:\n");
        }
        for example in &shown.examples {
            text.push_str(&format!(
                "  ticket {}, message {}, by {}: {}\n",
                example.ticket,
                example.message,
                one_line(&example.user_type),
                quoted(&example.text, EXAMPLE)
            ));
        }
        let unread = shown.unread.iter();
        text.push_str(&not_read(
            unread.map(|ticket| (ticket.ticket, ticket.why.as_str())),
        ));
        if shown.cut_short {
            text.push_str("\nStopped before the end: there may be more.\n");
        }
        text
    }

    /// One object on a line.
    pub fn json(&self) -> String {
        let shown = self.shown;
        let examples: Vec<Value> = (shown.examples.iter())
            .map(|example| {
                json!({"ticket": example.ticket, "message": example.message, "user_type": example.user_type,
                       "text": example.text})
            })
            .collect();
        let unread: Vec<Value> = (shown.unread.iter())
            .map(|ticket| json!({"ticket": ticket.ticket, "reason": ticket.why}))
            .collect();
        let object = json!({
            "retraction": null,
            "state": "dry-run",
            "wanted": wanted(self.wanted, self.writers, self.run),
            "tickets": self.listing.json(),
            "looked_through": shown.looked_through,
            "with_messages": shown.tickets,
            "messages": shown.messages(),
            "by_writer": shown.by_writer,
            "left": shown.left,
            "examples": examples,
            "not_read": unread,
            "requests": {"reads": self.reads},
        });
        format!("{object}\n")
    }
}
