//! What stands around the binary: units, the cron line, alert rules, the runbook and the Debian
//! package, each tried with the program that reads it on a machine.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod confinement;
mod cron;
mod daemon;
mod package;
mod rules;
mod runbook;
mod secrets;
#[expect(dead_code, reason = "shared with the tests that kill deskcast")]
#[path = "../kill/stage/mod.rs"]
mod stage;
mod supervisor;
mod tool;
mod units;
