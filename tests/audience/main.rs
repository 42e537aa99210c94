//! Who is messaged: every rule of the audience on exact sets of customers, over the real journal.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod formats;
mod lists;
mod race;
mod random;
mod repeat;
mod sendbird;
#[path = "../campaign/workbook.rs"]
mod workbook;
mod world;
