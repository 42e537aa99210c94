//! What may be typed after `cargo test --test kill --`: how much is killed, and what `cargo test`
//! hands to every test.

/// The arguments of a run.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// How many system calls of the campaign are struck; none is every one.
    pub(crate) points: Option<usize>,
    /// How many random times.
    pub(crate) times: usize,
    /// Decides the random times.
    pub(crate) seed: u64,
    /// Campaigns killed side by side.
    pub(crate) jobs: usize,
    filters: Vec<String>,
    skipped: Vec<String>,
    exact: bool,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Asked {
    Run(Arguments),
    List,
}

const USAGE: &str =
    "cargo test --test kill -- [--points N|all] [--times N] [--seed N] [--jobs N] [NAME]...";
/// What `cargo test` hands to every test and means nothing here.
const WITHOUT_MEANING: [&str; 8] = [
    "--nocapture",
    "--no-capture",
    "--show-output",
    "--quiet",
    "-q",
    "--include-ignored",
    "--test",
    "--report-time",
];
/// The same, followed by a value.
const WITH_VALUE: [&str; 4] = ["--test-threads", "--color", "--format", "-Z"];

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Asked, String> {
        let mut arguments = Arguments {
            points: Some(40),
            times: 24,
            seed: 1,
            jobs: std::thread::available_parallelism().map_or(2, |n| n.get()) * 2,
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
                value
                    .clone()
                    .or_else(|| words.next())
                    .ok_or_else(|| format!("{name} takes a value\n{USAGE}"))
            };
            match name.as_str() {
                "--points" => arguments.points = points(&value()?)?,
                "--times" => arguments.times = number(&value()?)?,
                "--seed" => arguments.seed = number(&value()?)?,
                "--jobs" => arguments.jobs = number(&value()?)?,
                "--skip" => arguments.skipped.push(value()?),
                "--exact" => arguments.exact = true,
                "--list" => return Ok(Asked::List),
                // None of the tests here is ignored.
                "--ignored" => arguments.skipped.push(String::new()),
                known if WITHOUT_MEANING.contains(&known) => {}
                known if WITH_VALUE.contains(&known) => drop(value()?),
                unknown if unknown.starts_with('-') => {
                    return Err(format!("{unknown} is not known\n{USAGE}"));
                }
                _ => arguments.filters.push(word),
            }
        }
        Ok(Asked::Run(arguments))
    }

    /// Whether a test of this name is asked for.
    pub(crate) fn names(&self, name: &str) -> bool {
        let matches = |filter: &String| match self.exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skipped.iter().any(matches)
    }
}

fn points(text: &str) -> Result<Option<usize>, String> {
    match text {
        "all" => Ok(None),
        text => number(text).map(Some),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text} is no number\n{USAGE}"))
}
