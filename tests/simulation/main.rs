//! Seeded simulation of whole campaigns: the real plan, the real dispatcher, the real reading of
//! answers, a journal that fails, a Desk that misbehaves, a clock that is set, and processes that
//! are killed. The same seed tells the same story.
//!
//! ```text
//! cargo test --test simulation                                      2,000 seeds, and the planted bugs
//! cargo test --release --test simulation -- --seeds 1000000         as many as wanted
//! cargo test --test simulation -- --seed 17 --trace                 one of them, line by line
//! cargo test --test simulation -- --seed 17 --trace --bug NAME      the same with a planted bug
//! ```
//!
//! | file | what it knows |
//! |---|---|
//! | `world` | the queue of happenings, the clock, what strikes when |
//! | `clocks` | steps of them, boots, sleep |
//! | `copies` | copies of the store, put to use |
//! | `process`, `shell` | who sends, killed at every boundary |
//! | `network` | the way to the other side and back |
//! | `campaigns`, `weather`, `chance` | what a seed draws |
//! | `check`, `rules` | what must hold, and when it is looked at |
//! | `gate` | first waves in the storms |
//! | `canary` | stories of a first wave alone |
//! | `scenes` | what failed once, told anew |
//! | `after` | who settles what is unknown |
//! | `mutation` | the planted bugs |

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may panic and print"
)]

mod after;
mod campaigns;
mod canary;
mod chance;
mod check;
mod clocks;
mod copies;
mod figures;
mod gate;
mod mutation;
mod network;
mod options;
mod over;
mod process;
mod reconcile;
mod rules;
mod scenes;
mod shell;
mod tests;
mod weather;
mod world;

use check::Violation;
use figures::Figures;
use mutation::Mutation;
use world::World;

/// One seed's story.
struct Story {
    violation: Option<Violation>,
    figures: Figures,
    trace: Vec<String>,
}

fn simulate(seed: u64, mutation: Mutation, traced: bool) -> Story {
    let mut world = World::new(seed, mutation, traced);
    world.run();
    if world.violation.is_none() {
        world.settle();
    }
    if world.violation.is_none() {
        world.verdict();
    }
    world.figures.seeds = 1;
    Story {
        violation: world.violation.clone(),
        figures: world.figures,
        trace: world.take_trace(),
    }
}

fn main() -> std::process::ExitCode {
    options::Options::from_args().run()
}
