//! From a campaign to a run: its plan is made and frozen in one step, or the run is there already.
//!
//! The one-shot and the daemon launch through this, so that a run is one run whoever begins it.

use std::time::Duration;

use jiff::Timestamp;

use super::lookups::Unresolved;
use super::planning::{Campaign, Mistake};
use super::prepare::{
    Before, Incomplete, Nobody, NotPlanned, Prepared, Refused, Terms, files_of, is_test, prepare,
};
use super::warnings;
use crate::campaign::OpenHours;
use crate::delivery::plan::{Digest, PlanSummary};
use crate::journal::{JournalError, Launch, NewRun, RunKey, StoreJournal};

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
    /// More customers than this are planned only once that is confirmed; none plans any number.
    pub unasked: Option<u64>,
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
    /// Nothing is wrong: whoever is listed was messaged already, as far as the campaign's rules
    /// allow. The sentence has the counts.
    Nobody(Box<Nobody>),
    /// It has more customers than may be messaged unasked.
    Unconfirmed(Box<Unconfirmed>),
}

/// A plan that somebody has to confirm before it is made durable.
#[derive(Clone, Debug)]
pub struct Unconfirmed {
    /// Its customers.
    pub planned: u64,
    /// Its identity.
    pub digest: Digest,
}

impl From<Refused> for NotLaunched {
    fn from(refused: Refused) -> NotLaunched {
        match refused {
            Refused::Mistake(mistake) => NotLaunched::Mistake(mistake),
            Refused::Nobody(nobody) => NotLaunched::Nobody(nobody),
        }
    }
}

impl From<Unresolved> for NotLaunched {
    fn from(error: Unresolved) -> NotLaunched {
        match error {
            Unresolved::Mistake(mistake) => NotLaunched::Mistake(mistake),
            Unresolved::Journal(error) => NotLaunched::Journal(error),
        }
    }
}

impl From<NotPlanned<JournalError>> for NotLaunched {
    fn from(error: NotPlanned<JournalError>) -> NotLaunched {
        match error {
            NotPlanned::Refused(refused) => refused.into(),
            NotPlanned::Sink(error) => NotLaunched::Journal(error),
        }
    }
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
            NotLaunched::Nobody(nobody) => nobody.fmt(f),
            NotLaunched::Unconfirmed(plan) => {
                write!(
                    f,
                    "{} customers were not confirmed, and nothing was sent",
                    plan.planned
                )
            }
        }
    }
}

/// Plans a run of this campaign and makes it durable, in one step.
///
/// # Errors
/// When the plan may not be sent, or the journal failed.
pub fn launch(
    journal: &mut StoreJournal,
    campaign: &Campaign,
    terms: &Terms,
    asked: &Asked,
) -> Result<Launched, NotLaunched> {
    let prepared = prepare(campaign, terms, Some(journal))?;
    let definition = &prepared.campaign.definition;
    let mut new = new_run(&prepared, terms, asked);
    let earlier = prepared.earlier(journal)?;
    let mut warned = Vec::new();
    loop {
        let repeat = &definition.repeat;
        let created = journal.plan_run::<NotLaunched>(&new, repeat, &mut |messaged, sink| {
            let before = Before { messaged, earlier };
            let expected = asked.expected.as_ref();
            let plan = prepared.plan(before, expected, Incomplete::Refuse, sink)?;
            check_confirmed(&plan.summary, asked.unasked)?;
            warned = plan.warnings;
            Ok(plan.summary)
        });
        return match created {
            Ok(_) => {
                warnings::log(&new.key, &warned);
                Ok(Launched::New(new.key))
            }
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

/// Holds a plan back that has more customers than may be messaged unasked.
fn check_confirmed(summary: &PlanSummary, unasked: Option<u64>) -> Result<(), NotLaunched> {
    match unasked {
        Some(most) if summary.planned > most => {
            Err(NotLaunched::Unconfirmed(Box::new(Unconfirmed {
                planned: summary.planned,
                digest: summary.digest.clone(),
            })))
        }
        _ => Ok(()),
    }
}

fn new_run(prepared: &Prepared<'_>, terms: &Terms, asked: &Asked) -> NewRun {
    let campaign = &prepared.campaign;
    let definition = &campaign.definition;
    let test = is_test(campaign);
    NewRun {
        key: RunKey {
            campaign: definition.name.clone(),
            due: whole_second(asked.due.unwrap_or(asked.at)),
        },
        message: campaign.message.clone(),
        group: definition.group.clone(),
        agent_id: prepared.agent_id,
        priority: definition.priority,
        batch_size: definition.batch_size.get() as u32,
        base_url: terms.base_url.clone(),
        customers_file: match &campaign.chosen {
            Some(chosen) => chosen.from.clone(),
            None => files_of(definition),
        },
        unknown: definition.unknown,
        beside: asked.beside || test,
        created_at: asked.at,
        launch: Launch {
            window: prepared
                .window
                .as_ref()
                .map_or_else(String::new, OpenHours::text),
            restraints: Box::new(prepared.restraints.clone()),
            test,
            variants: campaign.variants.clone(),
            ..asked.launch.clone()
        },
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
