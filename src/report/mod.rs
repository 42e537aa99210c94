//! What people and scripts read: numbers, tables, JSON and CSV. It writes text and decides nothing.

pub mod check;
mod columns;
pub mod csv;
pub mod customers;
pub mod doubts;
pub mod dry_run;
pub mod jobs;
pub mod json;
pub mod lists;
pub mod number;
pub mod orders;
pub mod overview;
pub mod read;
pub mod restraints;
pub mod result;
pub mod retraction;
pub mod shown;
pub mod status;
pub mod store;
pub mod story;
pub mod table;
pub mod text;
pub mod transcript;
pub mod variants;
pub mod workbook;

use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;

/// What a command prints its answer as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// A header and a row for each.
    Csv,
}

/// A run and what became of it.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The run.
    pub run: RunRecord,
    /// What became of it so far.
    pub standing: Standing,
}
