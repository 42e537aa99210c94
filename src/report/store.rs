//! A store, as `deskcast store` tells of it.

use std::fmt::Write as _;

use super::number::{counted, grouped};
use crate::journal::StoreUrl;
use crate::journal::store::{Adoption, StoreFacts};

/// A store and where it is.
#[derive(Debug)]
pub struct StoreShown {
    /// Its address.
    pub url: StoreUrl,
    /// The size of it.
    pub bytes: u64,
    /// What it says of itself.
    pub facts: StoreFacts,
}

impl StoreShown {
    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let facts = &self.facts;
        writeln!(out, "Store       {}", self.url.place())?;
        writeln!(out, "Identity    {}", facts.id)?;
        writeln!(out, "Schema      {}", facts.version)?;
        writeln!(out, "Size        {} bytes", grouped(self.bytes))?;
        writeln!(out, "Runs        {}", grouped(facts.runs))?;
        writeln!(out, "Batches     {}", grouped(facts.batches))?;
        writeln!(out, "Commits     {}", grouped(facts.commits))?;
        if let Some((by, at)) = &facts.adopted {
            writeln!(out, "Adopted     by {by}, {at:.0}")?;
        }
        if facts.differences.is_empty() {
            return writeln!(out, "Place       as it was made or adopted: it sends");
        }
        for difference in &facts.differences {
            writeln!(out, "Place       {difference}")?;
        }
        writeln!(
            out,
            "\nIt is a copy, or was put back: nothing is sent from it. To make it the one that goes on:\n  \
             deskcast store adopt --by NAME"
        )
    }
}

/// What adopting a store did.
pub fn adopted(url: &StoreUrl, by: &str, nothing_since: bool, adoption: &Adoption) -> String {
    let mut text = format!("the store {} was adopted by {by}\n", url.place());
    if nothing_since {
        return text + "nothing was sent since, by your word: its runs go on as they were\n";
    }
    text += &match adoption.batches {
        0 => "nothing in it was still to be sent\n".to_owned(),
        batches => format!(
            "{} ({}) may have been sent since and {} unknown now: deskcast reconcile looks for them in Desk\n",
            counted(batches, "batch", "batches"),
            counted(adoption.customers, "customer", "customers"),
            if batches == 1 { "is" } else { "are" },
        ),
    };
    text + "due times up to now are not launched any more. Runs that were begun since are not in this store: look \
            for\ntheir messages in Desk before you send to the same customers again\n"
}
