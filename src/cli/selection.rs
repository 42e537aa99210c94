//! Which runs are meant: all, those of a campaign, or one.

use clap::Args;

use super::Context;
use super::failure::Failure;
use super::store::locate::existing_store;
use crate::campaign::{CampaignName, nearest};
use crate::journal::runs::RunRecord;
use crate::journal::{RunKey, Store};
use crate::report::{Format, Reported};

/// What to print an answer as.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct FormatArgs {
    /// A table for people, one JSON document, or CSV with a row for each
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    format: Option<Format>,

    /// The same as --format json
    #[arg(long)]
    json: bool,
}

impl FormatArgs {
    /// The format that was asked for, if one was.
    pub(super) fn asked(self) -> Option<Format> {
        self.format.or(self.json.then_some(Format::Json))
    }
}

/// The runs that were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All of them.
    All,
    /// Those of a campaign.
    Campaign(CampaignName),
    /// One.
    Run(RunKey),
}

impl Selection {
    /// Understands `NAME@TIME`, `NAME`, or nothing.
    pub(super) fn parse(text: Option<&str>) -> Result<Selection, Failure> {
        let Some(text) = text else {
            return Ok(Selection::All);
        };
        if text.contains('@') {
            return Ok(Selection::Run(run_key(text)?));
        }
        CampaignName::new(text)
            .map(Selection::Campaign)
            .map_err(|error| Failure::mistake(error.to_string()))
    }

    /// The runs, the latest first, at most `most`. One that is named must be there.
    pub(super) fn find(&self, store: &Store, most: usize) -> Result<Vec<RunRecord>, Failure> {
        match self {
            Selection::All => Ok(store.latest(None, most)?),
            Selection::Run(key) => match store.run(key)? {
                Some(run) => Ok(vec![run]),
                None => Err(no_run(store, key)?),
            },
            Selection::Campaign(name) => {
                let runs = store.latest(Some(name), most)?;
                if runs.is_empty() && most > 0 {
                    return Err(no_campaign(store, name)?);
                }
                Ok(runs)
            }
        }
    }
}

/// Understands `NAME@TIME`.
pub(super) fn run_key(text: &str) -> Result<RunKey, Failure> {
    RunKey::parse(text).ok_or_else(|| {
        Failure::mistake(format!(
            "\"{}\" is not a run: a run is a campaign and its due time, such as welcome@2026-11-21T09:00:00Z; \
             deskcast runs lists them",
            text.escape_debug()
        ))
    })
}

fn no_run(store: &Store, key: &RunKey) -> Result<Failure, Failure> {
    let runs = store.runs(None)?;
    let keys: Vec<String> = runs.iter().map(|run| run.key.to_string()).collect();
    let key = key.to_string();
    Ok(absent(&format!("no run {key}"), &key, &keys))
}

fn no_campaign(store: &Store, name: &CampaignName) -> Result<Failure, Failure> {
    let runs = store.runs(None)?;
    let names: Vec<String> = runs
        .iter()
        .map(|run| run.key.campaign.to_string())
        .collect();
    let what = format!("no run of a campaign \"{name}\"");
    Ok(absent(&what, name.as_str(), &names))
}

fn absent(what: &str, word: &str, known: &[String]) -> Failure {
    let near = nearest(word, known.iter().map(String::as_str));
    let advice = match near {
        Some(near) => format!("did you mean {near}?"),
        None if known.is_empty() => "it has no runs at all".to_owned(),
        None => "deskcast runs lists those it has".to_owned(),
    };
    Failure::mistake(format!("the store has {what}: {advice}"))
}

/// The store of the settings, for reading.
pub(super) fn open_store(context: &Context) -> Result<Store, Failure> {
    Ok(existing_store(context)?.read()?)
}

/// The runs with what became of them.
pub(super) fn reported(store: &Store, runs: Vec<RunRecord>) -> Result<Vec<Reported>, Failure> {
    let standings = store.standings(&runs)?;
    let pairs = runs.into_iter().zip(standings);
    Ok(pairs
        .map(|(run, standing)| Reported { run, standing })
        .collect())
}
