//! The real binary killed: at its system calls, again while it recovers, and at random times. The
//! sandbox counts who was messaged how often.
//!
//! ```text
//! cargo test --test kill                              a sample, in under a minute
//! cargo test --test kill -- --points all --times 200  every call of a small campaign, 200 times
//! ```
//!
//! Each row of the table that it prints is one way to be killed. A point is one kill that struck;
//! duplicates are customers messaged twice; lost are those of whom the store is silent or says
//! what is not so; unknown are batches that were in flight, so that nobody can know by looking at
//! the store alone; settled are those of them that `deskcast reconcile` then found in Desk.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod arguments;
mod calls;
mod campaign;
mod random;
mod stage;
mod strace;
mod table;
mod workers;

use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, Asked};
use table::Row;

/// A way to be killed, by the name that a filter on the command line goes by.
type Way = (&'static str, fn(&Arguments) -> Row);

const WAYS: [Way; 3] = [
    ("killed_at_system_calls", calls::once),
    ("killed_again_while_recovering", calls::twice),
    ("killed_at_random_times", random::times),
];

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Asked::Run(arguments)) => arguments,
        Ok(Asked::List) => {
            WAYS.iter().for_each(|(name, _)| println!("{name}: test"));
            return ExitCode::SUCCESS;
        }
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let begun = Instant::now();
    let chosen: Vec<Way> = WAYS
        .into_iter()
        .filter(|(name, _)| arguments.names(name))
        .collect();
    println!("\nrunning {} tests", chosen.len());
    let rows: Vec<(&str, Row)> = chosen
        .iter()
        .map(|(name, way)| {
            let row = way(&arguments);
            println!(
                "test {name} ... {}",
                if row.holds() { "ok" } else { "FAILED" }
            );
            (*name, row)
        })
        .collect();
    table::print(&rows);
    let failed = rows.iter().filter(|(_, row)| !row.holds()).count();
    println!(
        "\ntest result: {}. {} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        rows.len() - failed,
        WAYS.len() - rows.len(),
        begun.elapsed().as_secs_f64()
    );
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}
