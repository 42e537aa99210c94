//! What is typed after `--`, and a summary like that of any other test binary.

use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::Instant;

use super::mutation::Mutation;
use super::simulate;
use super::tests::{TESTS, Test};

/// Seeds that are tried unless told otherwise.
const SEEDS: u64 = 2_000;
/// Where the first seed may be told, too: the test command gives each commit a range of its own.
const FROM: &str = "DESKCAST_SIMULATION_FROM";
/// The same for how many.
const HOW_MANY: &str = "DESKCAST_SIMULATION_SEEDS";

/// As typed. Options of the usual test harness that mean nothing here are passed over.
#[derive(Debug)]
pub(crate) struct Options {
    seeds: Option<u64>,
    from: Option<u64>,
    seed: Option<u64>,
    traced: bool,
    listed: bool,
    exact: bool,
    bug: Mutation,
    filters: Vec<String>,
}

impl Options {
    pub(crate) fn from_args() -> Options {
        let mut options = Options {
            seeds: None,
            from: None,
            seed: None,
            traced: false,
            listed: false,
            exact: false,
            bug: Mutation::None,
            filters: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || {
                let text = args.next().unwrap_or_default().replace('_', "");
                Some(text.parse().expect("a number follows"))
            };
            match arg.as_str() {
                "--seeds" => options.seeds = number(),
                "--from" => options.from = number(),
                "--seed" => options.seed = number(),
                "--trace" => options.traced = true,
                "--list" => options.listed = true,
                "--exact" => options.exact = true,
                "--bug" => {
                    let name = args.next().unwrap_or_default();
                    options.bug = Mutation::parse(&name).expect("the name of a planted bug");
                }
                "--test-threads" | "--skip" | "--format" | "--color" | "-Z" => drop(args.next()),
                other if other.starts_with('-') => {}
                filter => options.filters.push(filter.to_owned()),
            }
        }
        options
    }

    pub(crate) fn run(&self) -> ExitCode {
        let chosen: Vec<&Test> = TESTS.iter().filter(|test| self.wants(test.0)).collect();
        if self.listed {
            chosen.iter().for_each(|test| println!("{}: test", test.0));
            return ExitCode::SUCCESS;
        }
        if let Some(seed) = self.seed {
            return self.replay(seed);
        }
        self.run_all(&chosen)
    }

    /// The seeds to try: as typed, else as the environment says, else the first ones.
    fn range(&self) -> RangeInclusive<u64> {
        let told = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let from = self.from.or_else(|| told(FROM)).unwrap_or(1);
        let seeds = self.seeds.or_else(|| told(HOW_MANY)).unwrap_or(SEEDS);
        from..=from.saturating_add(seeds.saturating_sub(1))
    }

    fn wants(&self, name: &str) -> bool {
        // A number of seeds is asked for the sake of the seeds.
        if self.seeds.is_some() && self.filters.is_empty() {
            return name == TESTS[0].0;
        }
        let fits = |filter: &String| match self.exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        self.filters.is_empty() || self.filters.iter().any(fits)
    }

    fn replay(&self, seed: u64) -> ExitCode {
        let story = simulate(seed, self.bug, self.traced);
        story.trace.iter().for_each(|line| println!("{line}"));
        match story.violation {
            None => {
                println!("{}", story.figures);
                println!("seed {seed} keeps the promise");
                ExitCode::SUCCESS
            }
            Some(violation) => {
                println!("seed {seed}: {violation}");
                ExitCode::FAILURE
            }
        }
    }

    fn run_all(&self, chosen: &[&Test]) -> ExitCode {
        let begun = Instant::now();
        println!("\nrunning {} tests", chosen.len());
        let mut failures = Vec::new();
        for (name, test) in chosen {
            match test(self.range()) {
                Ok(said) => {
                    println!("test {name} ... ok");
                    if !said.is_empty() {
                        println!("  {said}");
                    }
                }
                Err(why) => {
                    println!("test {name} ... FAILED");
                    failures.push(format!("---- {name} ----\n{why}\n"));
                }
            }
        }
        if !failures.is_empty() {
            println!("\nfailures:\n\n{}", failures.join("\n"));
        }
        println!(
            "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
            if failures.is_empty() { "ok" } else { "FAILED" },
            chosen.len() - failures.len(),
            failures.len(),
            TESTS.len() - chosen.len(),
            begun.elapsed().as_secs_f64(),
        );
        if failures.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(101)
        }
    }
}
