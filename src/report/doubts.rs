//! What is said of figures of Desk's that cannot be.

use std::fmt::Write as _;

use serde::Serialize;

use super::Reported;
use super::number::{counted, grouped};
use super::text::wrapped;
use crate::delivery::figures::{Doubtful, Doubts};
use crate::delivery::tracking::Counts;
use crate::journal::reading::NAMED;

/// What is said below the counts; nothing where they can be.
pub fn text(doubts: &Doubts) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, doubts);
    out
}

fn write(out: &mut String, doubts: &Doubts) -> std::fmt::Result {
    if doubts.contradicting > 0 {
        let said = format!(
            "Desk's figures contradict themselves for {}: no rate is computed from them.",
            counted(doubts.contradicting, "chat", "chats")
        );
        writeln!(out, "{}", wrapped(&said, 80).join("\n"))?;
    }
    if doubts.fell > 0 {
        let said = format!(
            "Desk's figures went down for {} after an earlier reading.",
            counted(doubts.fell, "chat", "chats")
        );
        writeln!(out, "{}", wrapped(&said, 80).join("\n"))?;
    }
    for chat in &doubts.first {
        writeln!(out, "  {}", wrapped(&line(chat), 76).join("\n    "))?;
        writeln!(out, "    {}", wrapped(&chat.why(), 76).join("\n    "))?;
    }
    let more = doubts.chats.saturating_sub(doubts.first.len() as u64);
    if more > 0 {
        writeln!(out, "  and {}", counted(more, "more chat", "more chats"))?;
    }
    Ok(())
}

/// One chat, and what Desk said of it.
fn line(chat: &Doubtful) -> String {
    let Counts {
        sent,
        responded,
        closed,
    } = chat.counts;
    format!(
        "chat {} of {}: sent {}, responded {}, closed {}",
        chat.chat,
        counted(chat.customers, "customer", "customers"),
        grouped(sent),
        grouped(responded),
        grouped(closed)
    )
}

/// The same in a few words, as a note below the row of a run.
pub fn note(doubts: &Doubts) -> Option<String> {
    let chats = |number| counted(number, "chat", "chats");
    match (doubts.contradicting, doubts.fell) {
        (0, 0) => None,
        (0, fell) => Some(format!("figures of {} went down", chats(fell))),
        (number, _) => Some(format!(
            "figures of {} contradict themselves",
            chats(number)
        )),
    }
}

/// Those of several runs together.
pub fn of_all<'r>(runs: impl IntoIterator<Item = &'r Reported>) -> Doubts {
    let mut all = Doubts::default();
    for reported in runs {
        all.add(&reported.standing.doubts, NAMED);
    }
    all
}

/// Doubtful figures, for scripts.
#[derive(Debug, Serialize)]
pub struct DoubtsObject {
    /// Chats whose figures contradict themselves: rates are null.
    pub contradicting_chats: u64,
    /// Chats of which a count went down.
    pub fallen_chats: u64,
    /// Both together, a chat counted once: the name that it has in CSV.
    pub doubtful_chats: u64,
    /// The first of them.
    pub first: Vec<DoubtfulObject>,
}

/// A chat, and what cannot be about it.
#[derive(Debug, Serialize)]
pub struct DoubtfulObject {
    /// What Desk said.
    #[serde(flatten)]
    pub figures: Doubtful,
    /// What cannot be, in words.
    pub why: String,
}

impl DoubtsObject {
    /// None where all figures can be.
    pub fn of(doubts: &Doubts) -> Option<DoubtsObject> {
        (doubts.chats > 0).then(|| DoubtsObject {
            contradicting_chats: doubts.contradicting,
            fallen_chats: doubts.fell,
            doubtful_chats: doubts.chats,
            first: doubts
                .first
                .iter()
                .map(|chat| DoubtfulObject {
                    figures: *chat,
                    why: chat.why(),
                })
                .collect(),
        })
    }
}
