//! The plan of a run: made anew and frozen, or found unfinished.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::super::Context;
use super::super::failure::Failure;
use super::target::Target;
use crate::campaign::{CampaignName, InvalidRows};
use crate::delivery::plan::{Digest, PlanSummary};
use crate::delivery::request::Template;
use crate::desk::Desk;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::{RunRecord, Store};
use crate::journal::{Journal, JournalError, NewRun, RunKey};
use crate::service::planning::{self, Campaign, Mistake, PlanError};

pub(super) fn agent_of(
    context: &Context,
    campaign: &Campaign,
    sandbox: bool,
) -> Result<u64, Failure> {
    let agent = campaign
        .definition
        .agent_id
        .or(context.settings.desk.agent_id)
        .map(std::num::NonZeroU64::get);
    agent.or(sandbox.then_some(1)).ok_or_else(|| {
        Failure::mistake(format!(
            "campaign \"{}\" names no agent: set agent_id in its file, or desk.agent_id in deskcast.toml",
            campaign.definition.name
        ))
    })
}

/// What is wrong with a plan, once it is made.
pub(super) fn check_summary(
    campaign: &Campaign,
    summary: &PlanSummary,
    expected: Option<&Digest>,
) -> Result<(), Mistake> {
    let file = campaign.customers.display();
    let listing = summary.listing;
    if listing.invalid > 0 && campaign.definition.invalid_rows == InvalidRows::Refuse {
        return Err(Mistake(format!(
            "{file}: {}\nCorrect the file, or set invalid_rows = \"skip\" in the campaign to leave such rows out.",
            planning::invalid_rows_sentence(&summary.invalid_rows, listing.invalid)
        )));
    }
    if summary.planned == 0 {
        return Err(Mistake(format!(
            "{file}: nobody to message: {} listed, {} duplicates, {} invalid, {} excluded",
            listing.listed, listing.duplicates, listing.invalid, listing.excluded
        )));
    }
    match expected {
        Some(expected) if *expected != summary.digest => Err(Mistake(format!(
            "the plan is not the one that was asked for, and nothing was sent.\n  asked for  {expected}\n  it is now  {}\n\
             The definition, the customer file or a setting has changed since; look at a new dry run.",
            summary.digest
        ))),
        _ => Ok(()),
    }
}

/// The run of this campaign that is not finished, the latest one.
pub(super) fn unfinished(
    store: &Path,
    name: &CampaignName,
) -> Result<Option<RunRecord>, JournalError> {
    Ok(Store::open(store)?
        .runs(Some(name))?
        .into_iter()
        .find(|run| run.state.is_open()))
}

/// A run goes on as it was planned, or not at all.
pub(super) fn resumable(
    record: &RunRecord,
    target: &Target,
    expected: Option<&Digest>,
) -> Result<(), Failure> {
    if record.base_url != target.planned_url {
        return Err(Failure::mistake(format!(
            "the run {} is unfinished and was planned for {}, but desk.base_url is {} now. Set it back to go on, or \
             start another run with --new",
            record.key, record.base_url, target.planned_url
        )));
    }
    match expected {
        Some(expected) if expected.to_string() != record.digest => Err(Failure::mistake(format!(
            "the run {} is unfinished and has the plan {}, not {expected}. Go on with it without --plan, or start \
             another run with --new",
            record.key, record.digest
        ))),
        _ => Ok(()),
    }
}

pub(super) fn say_resumed(record: &RunRecord, target: &Target) -> Result<(), Failure> {
    let standing = Store::open(&target.store)?.standing(record)?;
    let customers = standing.tally.customers;
    tracing::info!(run = %record.key, remaining = customers.remaining, accepted = customers.accepted, "going on with an unfinished run");
    Ok(())
}

/// What was asked for beside the campaign.
pub(super) struct Asked {
    /// The only plan that may be sent, where one was named.
    pub(super) expected: Option<Digest>,
    /// Another run, even beside an unfinished one.
    pub(super) beside: bool,
    /// When.
    pub(super) at: Timestamp,
}

/// Plans a new run and makes it durable, in one step. Where another process did so since this one
/// looked, the run is that one's: two that start at once are one run.
pub(super) fn create(
    context: &Context,
    journal: &mut SqliteJournal,
    name: &CampaignName,
    path: &Path,
    target: &Target,
    asked: &Asked,
) -> Result<RunRecord, Failure> {
    let campaign = Campaign::read(name.clone(), path, context.on_terminal)?;
    if !campaign.warnings.is_empty() {
        eprintln!("{}", campaign.warnings);
    }
    let agent_id = agent_of(context, &campaign, target.sandbox.is_some())?;
    let definition = &campaign.definition;
    let template = Template::new(
        &campaign.message,
        &definition.group,
        agent_id,
        definition.priority,
    );
    let url = Desk::create_url(&target.planned_url);
    let mut new = NewRun {
        key: RunKey {
            campaign: name.clone(),
            due: whole_second(asked.at),
        },
        message: campaign.message.clone(),
        group: definition.group.clone(),
        agent_id,
        priority: definition.priority,
        batch_size: definition.batch_size.get() as u32,
        base_url: target.planned_url.clone(),
        customers_file: definition.customers.as_path().display().to_string(),
        unknown: definition.unknown,
        beside: asked.beside,
        created_at: asked.at,
        launch: crate::journal::Launch::default(),
    };
    loop {
        let created = journal.create_run::<NotCreated>(&new, &mut |sink| {
            let summary =
                planning::plan(&campaign, &template, &url, sink).map_err(|error| match error {
                    PlanError::Mistake(mistake) => NotCreated::Failure(mistake.into()),
                    PlanError::Sink(error) => NotCreated::Journal(error),
                })?;
            check_summary(&campaign, &summary, asked.expected.as_ref())
                .map_err(|mistake| NotCreated::Failure(mistake.into()))?;
            Ok(summary)
        });
        let key = match created {
            Ok(_) => new.key,
            // Another one within the same second: the later one is due a second later.
            Err(NotCreated::Journal(JournalError::Exists(_))) => {
                new.key.due += Duration::from_secs(1);
                continue;
            }
            Err(NotCreated::Journal(JournalError::Unfinished(key))) => key,
            Err(NotCreated::Journal(error)) => return Err(error.into()),
            Err(NotCreated::Failure(failure)) => return Err(failure),
        };
        let found = Store::open(&target.store)?.run(&key)?;
        return found
            .ok_or_else(|| Failure::stopped("the run that was just planned is not in the store"));
    }
}

/// Why a run was not created.
enum NotCreated {
    Journal(JournalError),
    Failure(Failure),
}

impl From<JournalError> for NotCreated {
    fn from(error: JournalError) -> NotCreated {
        NotCreated::Journal(error)
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
