//! From a campaign to a run: its plan is made and frozen in one step, or the run is there already.
//!
//! The one-shot and the daemon launch through this, so that a run is one run whoever begins it.

use std::time::Duration;

use jiff::Timestamp;

use super::planning::{self, Campaign, Mistake, PlanError};
use crate::campaign::{Definition, InvalidRows, Pace, Restraints};
use crate::delivery::plan::{Digest, PlanSummary};
use crate::delivery::request::Template;
use crate::desk::Desk;
use crate::journal::{Journal, JournalError, Launch, NewRun, RunKey};

/// What holds for all campaigns of a process.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The base URL that runs are planned for.
    pub base_url: String,
    /// The agent who speaks where a campaign names none.
    pub agent_id: Option<u64>,
}

/// What is asked for beside the campaign.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The only plan that may be sent, where one was named.
    pub expected: Option<Digest>,
    /// Another run, even beside an unfinished one.
    pub beside: bool,
    /// When it was asked for.
    pub at: Timestamp,
    /// When it was due by its schedule; none makes it due when it was asked for.
    pub due: Option<Timestamp>,
    /// How it comes about.
    pub launch: Launch,
}

/// What a launch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Launched {
    /// A run was planned.
    New(RunKey),
    /// A run with this due time is there already: somebody else launched it.
    There(RunKey),
    /// This run of the campaign is unfinished, and none begins beside it.
    Unfinished(RunKey),
}

/// Why nothing was launched.
#[derive(Debug)]
pub enum NotLaunched {
    /// Something an operator wrote is wrong.
    Mistake(Mistake),
    /// The journal failed.
    Journal(JournalError),
}

impl From<JournalError> for NotLaunched {
    fn from(error: JournalError) -> NotLaunched {
        NotLaunched::Journal(error)
    }
}

impl From<Mistake> for NotLaunched {
    fn from(mistake: Mistake) -> NotLaunched {
        NotLaunched::Mistake(mistake)
    }
}

impl std::fmt::Display for NotLaunched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotLaunched::Mistake(mistake) => mistake.fmt(f),
            NotLaunched::Journal(error) => error.fmt(f),
        }
    }
}

/// Plans a run of this campaign and makes it durable, in one step.
pub fn launch<J: Journal>(
    journal: &mut J,
    campaign: &Campaign,
    terms: &Terms,
    asked: &Asked,
) -> Result<Launched, NotLaunched> {
    let agent_id = agent_of(campaign, terms)?;
    let mut new = new_run(campaign, terms, agent_id, asked);
    let definition = &campaign.definition;
    let template = Template::new(
        &campaign.message,
        &definition.group,
        agent_id,
        definition.priority,
    );
    let url = Desk::create_url(&terms.base_url);
    loop {
        let created = journal.create_run::<NotLaunched>(&new, &mut |sink| {
            let summary =
                planning::plan(campaign, &template, &url, sink).map_err(|error| match error {
                    PlanError::Mistake(mistake) => NotLaunched::Mistake(mistake),
                    PlanError::Sink(error) => NotLaunched::Journal(error),
                })?;
            check_summary(campaign, &summary, asked.expected.as_ref())?;
            Ok(summary)
        });
        return match created {
            Ok(_) => Ok(Launched::New(new.key)),
            // Another one within the same second: the later one is due a second later.
            Err(NotLaunched::Journal(JournalError::Exists(_))) if asked.due.is_none() => {
                new.key.due += Duration::from_secs(1);
                continue;
            }
            Err(NotLaunched::Journal(JournalError::Exists(key))) => Ok(Launched::There(key)),
            Err(NotLaunched::Journal(JournalError::Unfinished(key))) => {
                Ok(Launched::Unfinished(key))
            }
            Err(error) => Err(error),
        };
    }
}

fn new_run(campaign: &Campaign, terms: &Terms, agent_id: u64, asked: &Asked) -> NewRun {
    let definition = &campaign.definition;
    let test = campaign.chosen.as_ref().is_some_and(|chosen| chosen.test);
    NewRun {
        key: RunKey {
            campaign: definition.name.clone(),
            due: whole_second(asked.due.unwrap_or(asked.at)),
        },
        message: campaign.message.clone(),
        group: definition.group.clone(),
        agent_id,
        priority: definition.priority,
        batch_size: definition.batch_size.get() as u32,
        base_url: terms.base_url.clone(),
        customers_file: match &campaign.chosen {
            Some(chosen) => chosen.from.clone(),
            None => definition.customers.as_path().display().to_string(),
        },
        unknown: definition.unknown,
        beside: asked.beside || test,
        created_at: asked.at,
        launch: Launch {
            restraints: restraints_of(definition, test),
            test,
            ..asked.launch.clone()
        },
    }
}

/// What holds a run back. A test send is for whoever tries the campaign out, at once: it has no
/// first wave, waits for nobody, and counts for no limit.
fn restraints_of(definition: &Definition, test: bool) -> Restraints {
    let all = definition.restraints.clone();
    if !test {
        return all;
    }
    Restraints {
        pace: Pace {
            requests_per_second: all.pace.requests_per_second,
            ..Pace::default()
        },
        abort: all.abort,
        ..Restraints::default()
    }
}

/// In whose name a campaign is sent.
///
/// # Errors
/// When neither the campaign nor the settings say.
pub fn agent_of(campaign: &Campaign, terms: &Terms) -> Result<u64, Mistake> {
    let named = campaign
        .definition
        .agent_id
        .map(std::num::NonZeroU64::get)
        .or(terms.agent_id);
    named.ok_or_else(|| {
        Mistake(format!(
            "campaign \"{}\" names no agent: set agent_id in its file, or desk.agent_id in deskcast.toml",
            campaign.definition.name
        ))
    })
}

/// What is wrong with a plan, once it is made.
pub fn check_summary(
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

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
