//! How fast deskcast is: figures beside what they are measured against, and beside their targets.
//!
//! ```sh
//! cargo bench --bench speed                        # everything, about fifteen minutes
//! cargo bench --bench speed -- plan throughput     # some of it
//! cargo bench --bench speed -- --quick             # smaller inputs, about four minutes
//! ```
//!
//! Every measurement runs the real binary, on generated data that are the same every time. What
//! it is compared with runs in turn with it, on the same data, in the same minutes: on a shared
//! machine only ratios of neighbours mean anything. Each reported figure is a median. The exit
//! code is 1 when a figure misses its target, and 2 when something could not be measured.

mod audience;
mod bare;
mod budget;
mod daemon;
mod figures;
mod place;
mod plan;
mod process;
mod repeat;
mod restart;
mod runs;
mod sandbox;
mod sheet;
mod throughput;
mod transcripts;

use std::error::Error;
use std::process::ExitCode;

use figures::Figures;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How large the inputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// As the targets are stated.
    Full,
    /// To see that it works, and roughly how fast.
    Quick,
}

impl Size {
    fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Size::Full => full,
            Size::Quick => quick,
        }
    }
}

type Benchmark = fn(Size, &mut Figures) -> Outcome<()>;

const BENCHMARKS: [(&str, Benchmark); 9] = [
    ("plan", plan::measure),
    ("sheet", sheet::measure),
    ("audience", repeat::measure),
    ("budget", budget::measure),
    ("throughput", throughput::measure),
    ("restart", restart::measure),
    ("daemon", daemon::measure),
    ("runs", runs::measure),
    ("transcripts", transcripts::measure),
];

fn main() -> ExitCode {
    // Cargo adds --bench to whatever was typed.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let done = match words.first().map(String::as_str) {
        Some(bare::COMMAND) => bare::perform(&words[1..]).map(|()| true),
        _ => measure(&words),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("speed: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for, in its fixed order; true when every target holds.
fn measure(words: &[String]) -> Outcome<bool> {
    let (options, names): (Vec<&str>, Vec<&str>) = words
        .iter()
        .map(String::as_str)
        .partition(|word| word.starts_with('-'));
    let size = match options[..] {
        [] => Size::Full,
        ["--quick"] => Size::Quick,
        _ => return Err(usage(&options).into()),
    };
    let known = |name: &&str| BENCHMARKS.iter().any(|(known, _)| known == name);
    if !names.iter().all(known) {
        return Err(usage(&names).into());
    }
    let mut figures = Figures::default();
    for (name, benchmark) in BENCHMARKS {
        if names.is_empty() || names.contains(&name) {
            figures.section(name);
            benchmark(size, &mut figures).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(figures.conclude())
}

fn usage(words: &[&str]) -> String {
    let names = BENCHMARKS.map(|(name, _)| name).join(", ");
    format!("{words:?}: expected --quick and any of {names}")
}
