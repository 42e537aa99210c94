//! The daemon, as the real binary beside the real sandbox: what is launched, obeyed, survived and
//! taken over, and what every customer has then got. Schedules that are due every second or two
//! make a day of an hour's campaign a matter of seconds.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod beside;
mod clock;
mod definitions;
#[path = "../cli/door.rs"]
mod door;
mod due;
mod house;
mod lookups;
mod month;
mod obeyed;
mod orders;
mod place;
mod plain_files;
mod rules;
#[expect(dead_code, reason = "what other test binaries need of it")]
#[path = "../kill/stage/mod.rs"]
mod stage;
mod stopping;
mod thousand;
#[expect(dead_code, reason = "what other test binaries need of it")]
#[path = "../cli/town.rs"]
mod town;
mod trouble;
mod unlaunched;
#[path = "../cli/waits.rs"]
mod waits;
