//! The Desk API from both sides: the client against answers as the reference shows them, the
//! client and the binary against the sandbox, and every row of the manual's tables.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod canned;
mod check;
mod codes;
mod commands;
mod endpoints;
mod faults;
mod golden;
mod lists;
mod stage;
mod table;
mod verify;
