//! The plan of a run: made anew and frozen, or found unfinished.

use super::super::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::target::Target;
use crate::campaign::CampaignName;
use crate::delivery::plan::Digest;
use crate::delivery::tally::{Batches, Owner, Tally};
use crate::delivery::tracking::Counts;
use crate::journal::reading::Requests;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, RunKey, Store, StoreJournal, StoreUrl};
use crate::report::json::RunObject;
use crate::report::lists;
use crate::report::number::counted;
use crate::service::frozen;
use crate::service::launch::{Asked, Launched, NotLaunched, launch};
use crate::service::planning::Campaign;
use crate::service::prepare::{Nobody, Terms};

/// In whose name and for which Desk runs are planned; a sandbox has an agent of its own.
pub(in crate::cli) fn terms(context: &Context, base_url: &str, sandbox: bool) -> Terms {
    let agent_id = context.settings.desk.agent_id;
    Terms {
        base_url: base_url.to_owned(),
        agent_id: agent_id
            .map(std::num::NonZeroU64::get)
            .or(sandbox.then_some(1)),
        timezone: context.settings.schedule.timezone.clone(),
        suppress: context.settings.audience.lists(),
        house: context.settings.defaults.house(),
        requests_per_second: context.settings.limits.requests_per_second.per_second(),
    }
}

/// The run of this campaign that is not finished, the latest one.
pub(super) fn unfinished(
    store: &StoreUrl,
    name: &CampaignName,
) -> Result<Option<RunRecord>, JournalError> {
    frozen::unfinished(&store.read()?, name)
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
    let standing = target.store.read()?.standing(record)?;
    let customers = standing.tally.customers;
    tracing::info!(run = %record.key, remaining = customers.remaining, accepted = customers.accepted, "going on with an unfinished run");
    Ok(())
}

/// Plans a new run and makes it durable, in one step. Where another process did so since this one
/// looked, the run is that one's: two that start at once are one run.
pub(super) fn create(
    context: &Context,
    journal: &mut StoreJournal,
    campaign: &Campaign,
    target: &Target,
    asked: &Asked,
    confirm: &dyn Fn(u64) -> Result<(), Failure>,
) -> Result<Result<RunRecord, Box<Nobody>>, Failure> {
    let terms = terms(context, &target.planned_url, target.sandbox.is_some());
    let mut launched = launch(journal, campaign, &terms, asked);
    if let Err(NotLaunched::Unconfirmed(plan)) = &launched {
        confirm(plan.planned)?;
        // Exactly what was confirmed, whatever became of the files meanwhile.
        let asked = Asked {
            expected: Some(plan.digest.clone()),
            unasked: None,
            ..asked.clone()
        };
        launched = launch(journal, campaign, &terms, &asked);
    }
    let key: RunKey = match launched {
        Ok(Launched::New(key) | Launched::There(key) | Launched::Unfinished(key)) => key,
        Err(NotLaunched::Nobody(nobody)) => return Ok(Err(nobody)),
        Err(error) => return Err(error.into()),
    };
    let found = target.store.read()?.run(&key)?;
    found
        .map(Ok)
        .ok_or_else(|| Failure::stopped("the run that was just planned is not in the store"))
}

/// Where the plan that was asked for was that of a run which has ended, says so: the same command
/// twice sends once.
pub(super) fn sent_already(
    store: &Store,
    name: &CampaignName,
    expected: Option<&Digest>,
) -> Result<(), Failure> {
    let Some(expected) = expected.map(Digest::to_string) else {
        return Ok(());
    };
    let runs = store.runs(Some(name))?;
    let Some(run) = runs.iter().find(|run| run.digest == expected && !run.test) else {
        return Ok(());
    };
    let remaining = store.standing(run)?.tally.customers.remaining;
    Err(match remaining {
        0 => Failure::nothing_to_do(format!("this plan was sent by {}", run.key)),
        _ => Failure::mistake(format!(
            "this plan was that of {}, which is {}: {} were not messaged, and nothing was sent now. Look at a new \
             dry run",
            run.key,
            run.state.as_str(),
            counted(remaining, "customer", "customers")
        )),
    })
}

/// Says that there is nobody left to message, which is no mistake, unless a plan was asked for that
/// has somebody.
pub(super) fn say_nobody(
    campaign: &Campaign,
    nobody: &Nobody,
    expected: Option<&Digest>,
    json: bool,
) -> Result<Exit, Failure> {
    if let Some(expected) = expected.filter(|expected| **expected != nobody.digest) {
        return Err(Failure::mistake(format!(
            "the plan is not the one that was asked for ({expected}), and nothing was sent.\n{nobody}"
        )));
    }
    if !json {
        return Err(Failure::nothing_to_do(nobody.to_string()));
    }
    let object = RunObject {
        variants: None,
        run: None,
        campaign: campaign.definition.name.to_string(),
        state: "nobody".to_owned(),
        test: false,
        note: nobody.to_string(),
        digest: nobody.digest.to_string(),
        customers: Tally::of(nobody.listing, [], Owner::Gone).customers,
        batches: Batches::default(),
        counts: Counts::default(),
        doubtful: None,
        requests: Requests::default(),
        lists: lists::objects(&nobody.lists),
        read: Vec::new(),
        first_request: None,
        warnings: Vec::new(),
        duration_seconds: None,
    };
    print(&format!("{}\n", object.line()))?;
    Ok(Exit::Done)
}

impl From<NotLaunched> for Failure {
    fn from(error: NotLaunched) -> Failure {
        match error {
            NotLaunched::Mistake(mistake) => mistake.into(),
            NotLaunched::Journal(error) => error.into(),
            NotLaunched::Nobody(nobody) => Failure::nothing_to_do(nobody.to_string()),
            unconfirmed @ NotLaunched::Unconfirmed(_) => Failure::mistake(unconfirmed.to_string()),
        }
    }
}
