//! The tickets of a message job: a column of a CSV file, read as an audience is.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::planning::Mistake;
use crate::campaign::{AudienceReader, AudienceSpec, Block, InvalidId, InvalidRow};
use crate::desk::TicketId;

/// Invalid rows that are kept to be shown.
const SHOWN: usize = 20;

/// Tickets in the order of their file, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketList {
    /// The tickets.
    pub tickets: Vec<TicketId>,
    /// Rows of the file, valid or not.
    pub listed: u64,
    /// Rows whose ticket stands in an earlier row.
    pub duplicates: u64,
    /// Rows without a ticket.
    pub invalid: u64,
    /// The first of them, at most 20.
    pub invalid_rows: Vec<InvalidRow>,
    /// sha256 over the tickets in order: the identity of the list, whatever else is in its file.
    pub digest: String,
}

impl TicketList {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Mistake`], when it cannot be read, lacks the column, or has no ticket.
    pub fn read(path: &Path, spec: &AudienceSpec) -> Result<TicketList, Mistake> {
        let wrong = |what: String| Mistake(format!("{}: {what}", path.display()));
        let file = File::open(path)
            .map_err(|error| wrong(format!("the ticket file cannot be read: {error}")))?;
        let error = |error: crate::campaign::AudienceError| wrong(error.to_string());
        let mut reader = AudienceReader::new(file, spec).map_err(error)?;
        let (mut list, mut seen) = (TicketList::default(), HashSet::new());
        let mut sha = Sha256::new();
        let mut block = Block::default();
        while reader.next_block(&mut block).map_err(error)? {
            list.listed += block.rows as u64;
            list.invalid += block.invalid.len() as u64;
            let room = SHOWN - list.invalid_rows.len();
            list.invalid_rows
                .extend(block.invalid.iter().take(room).cloned());
            for id in &block.ids {
                if seen.insert(*id) {
                    sha.update(format!("{id}\n"));
                    list.tickets.push(TicketId(*id));
                }
            }
        }
        list.duplicates = list.listed - list.invalid - list.tickets.len() as u64;
        let hex = sha
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        list.digest = format!("sha256:{hex}");
        if list.tickets.is_empty() && list.invalid == 0 {
            return Err(wrong("has no rows: there is nothing to do".to_owned()));
        }
        Ok(list)
    }

    /// The invalid rows with their lines, one below the other; empty when there are none.
    pub fn complaint(&self) -> String {
        let mut text = String::new();
        for row in &self.invalid_rows {
            let why = match row.why {
                InvalidId::Zero => "0 is not a ticket id".to_owned(),
                why => why.to_string(),
            };
            let value = row.value.escape_debug();
            text.push_str(&format!("  line {}: \"{value}\" {why}\n", row.line));
        }
        let more = self.invalid - self.invalid_rows.len() as u64;
        if more > 0 {
            text.push_str(&format!("  and {more} more\n"));
        }
        text
    }
}
