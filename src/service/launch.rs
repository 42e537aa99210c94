//! From a campaign to a run: its plan is made and frozen in one step, or the run is there already.
//!
//! The one-shot and the daemon launch through this, so that a run is one run whoever begins it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::lists;
use super::lookups::{self, Unresolved};
use super::planning::{self, Campaign, Mistake, PlanError};
use super::warnings::{self, Earlier};
use crate::campaign::{
    Definition, House, InvalidRows, OpenHours, Pace, Restraints, SameCampaign, Zone,
};
use crate::delivery::list::List;
use crate::delivery::plan::{Digest, PlanSummary};
use crate::delivery::reason::{Ground, Reason};
use crate::delivery::tally::Listing;
use crate::desk::Desk;
use crate::journal::planning::Alike;
use crate::journal::{JournalError, Launch, NewRun, RunKey, StoreJournal};

/// What holds for all campaigns of a process.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The base URL that runs are planned for.
    pub base_url: String,
    /// The agent who speaks where a campaign names none.
    pub agent_id: Option<u64>,
    /// The zone of campaigns that name none.
    pub timezone: Option<Zone>,
    /// Lists of those whom no campaign messages.
    pub suppress: Vec<PathBuf>,
    /// Rules of the whole house.
    pub house: House,
    /// The rate that all campaigns share.
    pub requests_per_second: f64,
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

/// Everybody listed is left out, and somebody of them because of earlier messages.
#[derive(Clone, Debug)]
pub struct Nobody {
    /// What the rows came to.
    pub listing: Listing,
    /// The lists of those who are left out.
    pub lists: Vec<List>,
    /// The digest of a plan without batches.
    pub digest: Digest,
    sentence: String,
}

impl std::fmt::Display for Nobody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Why a plan is not sent.
#[derive(Debug)]
pub enum Refused {
    /// Something an operator wrote is wrong.
    Mistake(Mistake),
    /// There is nobody left to message.
    Nobody(Box<Nobody>),
}

impl From<Refused> for NotLaunched {
    fn from(refused: Refused) -> NotLaunched {
        match refused {
            Refused::Mistake(mistake) => NotLaunched::Mistake(mistake),
            Refused::Nobody(nobody) => NotLaunched::Nobody(nobody),
        }
    }
}

impl From<Mistake> for Refused {
    fn from(mistake: Mistake) -> Refused {
        Refused::Mistake(mistake)
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
pub fn launch(
    journal: &mut StoreJournal,
    campaign: &Campaign,
    terms: &Terms,
    asked: &Asked,
) -> Result<Launched, NotLaunched> {
    let agent_id = agent_of(campaign, terms)?;
    let campaign = &housed(campaign, terms)?;
    let campaign = &known(campaign, terms, journal)?;
    let mut new = new_run(campaign, terms, agent_id, asked);
    new.launch.window = window_of(campaign, terms)?.map_or_else(String::new, |hours| hours.text());
    let definition = &campaign.definition;
    let templates = campaign.templates(agent_id);
    let url = Desk::create_url(&terms.base_url);
    let listed = lists::rules(campaign, &terms.suppress)?;
    let earlier = Earlier {
        longest: journal.longest_message()?,
        audience: journal.audience_before(Alike {
            campaign: &definition.name,
            base_url: &terms.base_url,
            customers_file: &files_of(definition),
        })?,
    };
    let mut warned = Vec::new();
    loop {
        let repeat = &definition.repeat;
        let created = journal.plan_run::<NotLaunched>(&new, repeat, &mut |messaged, sink| {
            let mut rules = listed.clone();
            rules.repeat(repeat, messaged);
            let summary = planning::plan(campaign, &templates, &url, rules, sink).map_err(
                |error| match error {
                    PlanError::Mistake(mistake) => NotLaunched::Mistake(mistake),
                    PlanError::Sink(error) => NotLaunched::Journal(error),
                },
            )?;
            check_complete(campaign, &summary)?;
            check_summary(campaign, &summary, asked.expected.as_ref())?;
            let duration = warnings::duration(campaign, &summary, terms.requests_per_second);
            warned = warnings::of_plan(campaign, &summary, duration, earlier)?;
            if asked.unasked.is_some_and(|most| summary.planned > most) {
                return Err(NotLaunched::Unconfirmed(Box::new(Unconfirmed {
                    planned: summary.planned,
                    digest: summary.digest,
                })));
            }
            Ok(summary)
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

/// The campaign as it holds under the rules of the house.
///
/// # Errors
/// When its window is wider than that of the house.
pub fn housed(campaign: &Campaign, terms: &Terms) -> Result<Campaign, Mistake> {
    let mut campaign = campaign.clone();
    let definition = terms.house.over(&campaign.definition);
    campaign.definition = definition
        .map_err(|what| Mistake(format!("campaign \"{}\": {what}", campaign.definition.name)))?;
    Ok(campaign)
}

/// The campaign with what the store knows of its Sendbird user ids, which must be all there is to
/// know.
fn known(
    campaign: &Campaign,
    terms: &Terms,
    journal: &StoreJournal,
) -> Result<Campaign, NotLaunched> {
    let now = Timestamp::now();
    let resolved = lookups::resolve(
        campaign,
        &terms.suppress,
        Some(journal),
        &terms.base_url,
        now,
    )
    .map_err(|error| match error {
        Unresolved::Mistake(mistake) => NotLaunched::Mistake(mistake),
        Unresolved::Journal(error) => NotLaunched::Journal(error),
    })?;
    let mut campaign = campaign.clone();
    campaign.directory = resolved.directory;
    Ok(campaign)
}

/// The names of the customer files, one a line.
pub fn files_of(definition: &Definition) -> String {
    let names: Vec<String> = definition
        .customers
        .files
        .iter()
        .map(|file| file.as_path().display().to_string())
        .collect();
    names.join("\n")
}

fn new_run(campaign: &Campaign, terms: &Terms, agent_id: u64, asked: &Asked) -> NewRun {
    let definition = &campaign.definition;
    let test = is_test(campaign);
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
            None => files_of(definition),
        },
        unknown: definition.unknown,
        beside: asked.beside || test,
        created_at: asked.at,
        launch: Launch {
            restraints: Box::new(restraints_of(campaign)),
            test,
            variants: campaign.variants.clone(),
            ..asked.launch.clone()
        },
    }
}

/// When messages of this campaign may leave; none for always. A test send leaves at once.
///
/// # Errors
/// When neither the campaign nor the settings name a zone for its window.
pub fn window_of(campaign: &Campaign, terms: &Terms) -> Result<Option<OpenHours>, Mistake> {
    if is_test(campaign) {
        return Ok(None);
    }
    let definition = &campaign.definition;
    definition
        .open_hours(terms.timezone.as_ref())
        .map_err(|error| Mistake(format!("campaign \"{}\": {error}", definition.name)))
}

/// What holds a run of this campaign back. A test send is for whoever tries the campaign out, at
/// once: it has no first wave, waits for nobody, and counts for no limit.
pub fn restraints_of(campaign: &Campaign) -> Restraints {
    let all = campaign.definition.restraints.clone();
    if !is_test(campaign) {
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

fn is_test(campaign: &Campaign) -> bool {
    campaign.chosen.as_ref().is_some_and(|chosen| chosen.test)
}

/// In whose name a campaign is sent.
///
/// # Errors
/// When neither the campaign nor the settings say.
pub fn agent_of(campaign: &Campaign, terms: &Terms) -> Result<u64, Mistake> {
    agent_named(&campaign.definition, terms.agent_id)
}

/// The agent that a definition names, or else that of the settings.
pub(super) fn agent_named(definition: &Definition, default: Option<u64>) -> Result<u64, Mistake> {
    let named = definition.agent_id.map(std::num::NonZeroU64::get);
    named.or(default).ok_or_else(|| {
        Mistake(format!(
            "campaign \"{}\" names no agent: set agent_id in its file, or desk.agent_id in deskcast.toml",
            definition.name
        ))
    })
}

/// What is wrong with a plan, once it is made.
pub fn check_summary(
    campaign: &Campaign,
    summary: &PlanSummary,
    expected: Option<&Digest>,
) -> Result<(), Refused> {
    let file = campaign.customers_shown();
    let names = &campaign.definition.customers.files;
    let listing = summary.listing;
    if listing.invalid > 0 && campaign.definition.invalid_rows == InvalidRows::Refuse {
        return Err(Mistake(format!(
            "{file}: {}\nCorrect the file, or set invalid_rows = \"skip\" in the campaign to leave such rows out.",
            planning::invalid_rows_sentence(names, &summary.invalid_rows, listing.invalid)
        ))
        .into());
    }
    if summary.planned == 0 && summary.not_asked() == 0 {
        return Err(nobody(campaign, summary));
    }
    if let Some(limit) = campaign.definition.customers.limit
        && summary.planned > limit
    {
        return Err(Mistake(format!(
            "{file}: {} customers would be messaged, and customers.limit is {limit}; nothing was sent. Is it the \
             right file? If so, raise the limit",
            summary.planned
        ))
        .into());
    }
    match expected {
        Some(expected) if *expected != summary.digest => Err(Mistake(format!(
            "the plan is not the one that was asked for, and nothing was sent.\n  asked for  {expected}\n  it is now  {}\n\
             The definition, a customer file, a setting or who was messaged has changed since; look at a new dry run.",
            summary.digest
        ))
        .into()),
        _ => Ok(()),
    }
}

/// Refuses a plan without those whom Desk was not asked about.
fn check_complete(campaign: &Campaign, summary: &PlanSummary) -> Result<(), Mistake> {
    if summary.not_asked() == 0 {
        return Ok(());
    }
    let rows = match summary.not_asked() {
        1 => "1 row has a Sendbird user id that is".to_owned(),
        rows => format!("{rows} rows have Sendbird user ids that are"),
    };
    Err(Mistake(format!(
        "{}: {rows} not looked up in Desk, and nothing was sent. Did the file change just now? The same command \
         looks up what is missing",
        campaign.customers_shown()
    )))
}

/// A plan without customers. A list of whom all were messaged is what a campaign that runs again
/// and again comes to, and no mistake; any other list without anybody is one.
fn nobody(campaign: &Campaign, summary: &PlanSummary) -> Refused {
    let listing = summary.listing;
    let mut sentence = format!(
        "{}: nobody to message: {} listed",
        campaign.customers_shown(),
        listing.listed
    );
    if listing.invalid > 0 {
        sentence.push_str(&format!(", {} invalid", listing.invalid));
    }
    for (ground, count) in &summary.left_out {
        let what = match ground.reason {
            Reason::Duplicate => "duplicate".to_owned(),
            Reason::Filtered => "not what where asks for".to_owned(),
            _ => ground.sentence(),
        };
        let rule = rule_of(ground.reason, campaign);
        sentence.push_str(&format!(", {} {what}{rule}", count));
    }
    let of_journal = |(ground, _): &(Ground, u64)| ground.reason.is_of_journal();
    match summary.left_out.iter().any(of_journal) {
        true => Refused::Nobody(Box::new(Nobody {
            listing,
            lists: summary.lists.clone(),
            digest: summary.digest.clone(),
            sentence,
        })),
        false => Refused::Mistake(Mistake(sentence)),
    }
}

/// The key that a reason comes from, where it is not plain from its words.
fn rule_of(reason: Reason, campaign: &Campaign) -> String {
    match (reason, &campaign.definition.repeat.same_campaign) {
        (Reason::MessagedBefore, SameCampaign::Never) => {
            " (repeat.same_campaign = \"never\")".to_owned()
        }
        (Reason::MessagedBefore, _) => " (repeat.same_campaign)".to_owned(),
        (Reason::MessagedLately, _) => " (repeat.any_campaign)".to_owned(),
        (Reason::CapReached, _) => " (repeat.max_per_customer)".to_owned(),
        _ => String::new(),
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
