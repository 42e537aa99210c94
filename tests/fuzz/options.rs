//! What is typed after `--`: how long which targets are fuzzed, and what `cargo test` hands to every
//! test.

use std::time::Duration;

/// As typed.
#[derive(Debug)]
pub(crate) struct Options {
    /// Mutations for each target.
    pub(crate) executions: Option<u64>,
    /// The longest time for each target.
    pub(crate) most: Option<Duration>,
    /// Decides the mutations, whatever the number of threads.
    pub(crate) seed: u64,
    /// How many threads share the work.
    pub(crate) threads: usize,
    /// The names are only shown.
    pub(crate) listed: bool,
    filters: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
}

const USAGE: &str = "cargo test --release --test fuzz -- [--executions N] [--seconds N] [--seed N] [--threads N] \
     [TARGET]...";
/// What `cargo test` hands to every test and means nothing here.
const WITHOUT_MEANING: [&str; 7] = [
    "--nocapture",
    "--no-capture",
    "--show-output",
    "--quiet",
    "-q",
    "--include-ignored",
    "--test",
];
/// The same, followed by a value.
const WITH_VALUE: [&str; 4] = ["--test-threads", "--color", "--format", "-Z"];

impl Options {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            executions: None,
            most: None,
            seed: 1,
            threads: 1,
            listed: false,
            filters: Vec::new(),
            skipped: Vec::new(),
            exact: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word.clone(), None),
            };
            let mut value = || {
                let value = value.clone().or_else(|| words.next());
                value.ok_or_else(|| format!("{name} takes a value\n{USAGE}"))
            };
            match name.as_str() {
                "--executions" => options.executions = Some(number(&value()?)?),
                "--seconds" => options.most = Some(Duration::from_secs(number(&value()?)?)),
                "--seed" => options.seed = number(&value()?)?,
                "--threads" => options.threads = number(&value()?)?.clamp(1, 256) as usize,
                "--skip" => options.skipped.push(value()?),
                "--exact" => options.exact = true,
                "--list" => options.listed = true,
                // None of the targets is ignored.
                "--ignored" => options.skipped.push(String::new()),
                known if WITHOUT_MEANING.contains(&known) => {}
                known if WITH_VALUE.contains(&known) => drop(value()?),
                unknown if unknown.starts_with('-') => {
                    return Err(format!("{unknown} is not known\n{USAGE}"));
                }
                _ => options.filters.push(word),
            }
        }
        Ok(options)
    }

    /// Whether a target of this name is asked for.
    pub(crate) fn names(&self, name: &str) -> bool {
        let matches = |filter: &String| match self.exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skipped.iter().any(matches)
    }
}

fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace(['_', ','], "");
    digits
        .parse()
        .map_err(|_| format!("{text} is no number\n{USAGE}"))
}
