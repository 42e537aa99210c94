//! Who is messaged instead of the whole customer file: `--to` and `--only`.

use super::super::failure::Failure;
use super::RunArgs;
use crate::campaign::{CampaignName, CustomerId};
use crate::delivery::batch::BatchState;
use crate::journal::StoreUrl;
use crate::service::planning::Chosen;

/// A test send to more customers is none.
const MOST_OF_A_TEST: usize = 20;

/// Whom `--only` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Only {
    /// Those to whom nothing was sent
    Remaining,
    /// Those whom Desk refused
    Rejected,
}

impl Only {
    fn state(self) -> BatchState {
        match self {
            Only::Remaining => BatchState::Planned,
            Only::Rejected => BatchState::Rejected,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Only::Remaining => "remaining",
            Only::Rejected => "rejected",
        }
    }
}

/// Whom the arguments choose; none leaves it to the file.
pub(super) fn chosen(
    args: &RunArgs,
    store: &StoreUrl,
    name: &CampaignName,
) -> Result<Option<Chosen>, Failure> {
    if args.to.len() > MOST_OF_A_TEST {
        return Err(Failure::mistake(format!(
            "--to: a test send is to at most {MOST_OF_A_TEST} customers, and these are {}. To message more, write a \
             campaign for them: its rules hold then",
            args.to.len()
        )));
    }
    if !args.to.is_empty() {
        return Ok(Some(test_send(&args.to)));
    }
    args.only.map(|only| left(only, store, name)).transpose()
}

fn test_send(to: &[CustomerId]) -> Chosen {
    Chosen {
        customers: to.iter().map(|id| id.get()).zip(1..).collect(),
        from: "--to".to_owned(),
        what: "those of --to: a test send".to_owned(),
        test: true,
    }
}

fn left(only: Only, store: &StoreUrl, name: &CampaignName) -> Result<Chosen, Failure> {
    let word = only.word();
    let none = || {
        Failure::mistake(format!(
            "--only {word}: \"{name}\" has no run yet of which anybody could be {word}"
        ))
    };
    if !store.exists() {
        return Err(none());
    }
    let store = store.read()?;
    let run = store.last_planned(name)?.ok_or_else(none)?;
    if run.state.is_open() {
        return Err(Failure::mistake(format!(
            "--only {word}: the run {} is unfinished. Go on with it (deskcast run {name}), or end it (deskcast cancel \
             {})",
            run.key, run.key
        )));
    }
    let customers = store.not_reached(&run, only.state())?;
    if customers.is_empty() {
        return Err(Failure::mistake(format!(
            "--only {word}: nobody of the run {} is {word} and was not reached since",
            run.key
        )));
    }
    Ok(Chosen {
        customers,
        from: run.customers_files.join("\n"),
        what: format!("who is {word} in {}", run.key),
        test: false,
    })
}

/// The options that choose the same again.
pub(super) fn options(args: &RunArgs) -> String {
    let strict = if args.strict { " --strict" } else { "" };
    format!("{strict}{}", whom(args))
}

fn whom(args: &RunArgs) -> String {
    if let Some(only) = args.only {
        return format!(" --only {}", only.word());
    }
    if args.to.is_empty() {
        return String::new();
    }
    let ids: Vec<String> = args.to.iter().map(CustomerId::to_string).collect();
    format!(" --to {}", ids.join(","))
}
