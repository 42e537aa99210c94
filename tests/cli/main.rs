//! The real binary, over a real socket, against the sandbox: what an operator types, and what
//! Desk, the store and the operator then have.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod archive;
mod bad_customers;
mod beside;
mod budget;
mod cases;
mod checker;
mod complaints;
mod digest;
mod door;
mod dry_run;
mod faults;
mod figures;
mod folder;
mod formats;
mod lists;
mod lookups;
mod memory;
mod obeyed;
mod obeyed_waiting;
mod outputs;
mod place;
mod plausible;
mod read;
mod refusals;
mod result;
mod resume;
mod retract;
mod scheduled;
mod scripted;
#[path = "../kill/stage/mod.rs"]
mod stage;
mod states;
mod status;
mod store;
mod texts;
mod together;
mod town;
mod transcripts;
mod typed;
mod variants;
mod waits;
mod window;
#[path = "../campaign/workbook.rs"]
mod workbook;
mod zones;
