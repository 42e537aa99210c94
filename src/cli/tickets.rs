//! The tickets of a message job, as they are typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::output::{tell, tell_part};
use crate::campaign::{AudienceSpec, Column, Delimiter};
use crate::report::number::counted;
use crate::service::ticket_list::TicketList;

/// Which tickets.
#[derive(Clone, Debug, Args)]
pub(super) struct TicketArgs {
    /// A CSV file with a column of ticket ids
    #[arg(long, value_name = "FILE")]
    tickets: PathBuf,

    /// The column with the ticket ids: its name, or its number in a file without a header row
    #[arg(long, value_name = "NAME|N", default_value = "ticket_id")]
    column: String,

    /// What stands between the columns: , or ; or | or tab; found in the file where this says nothing
    #[arg(long, value_name = "CHAR", value_parser = delimiter)]
    delimiter: Option<Delimiter>,

    /// Leave out rows without a valid ticket id instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
}

fn delimiter(text: &str) -> Result<Delimiter, String> {
    Delimiter::parse(text).ok_or_else(|| "it is , or ; or | or tab".to_owned())
}

impl TicketArgs {
    /// Reads the list, and tells what is odd about it on standard error.
    pub(super) fn read(&self) -> Result<TicketList, Failure> {
        let column = match self.column.parse::<NonZeroUsize>() {
            Ok(number) => Column::Number(number),
            Err(_) => Column::Header(self.column.clone()),
        };
        let spec = AudienceSpec {
            column,
            delimiter: self.delimiter,
            sheet: None,
            conditions: Vec::new(),
        };
        let list = TicketList::read(&self.tickets, &spec)?;
        if list.invalid > 0 {
            let file = self.tickets.display();
            let rows = match list.invalid {
                1 => "1 row has no valid ticket id".to_owned(),
                rows => format!("{rows} rows have no valid ticket id"),
            };
            let complaint = list.complaint();
            if !self.skip_invalid || list.tickets.is_empty() {
                return Err(Failure::mistake(format!(
                    "{file}: {rows}\n{complaint}Correct the file, or leave such rows out with --skip-invalid."
                )));
            }
            tell_part(format_args!("{file}: {rows}, left out\n{complaint}"));
        }
        if list.duplicates > 0 {
            tell(format_args!(
                "{}: {} of a ticket in an earlier row, left out",
                self.tickets.display(),
                counted(list.duplicates, "row", "rows")
            ));
        }
        Ok(list)
    }
}
