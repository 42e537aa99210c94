//! From the files of a campaign to its plan: one way, whoever asks.
//!
//! The dry run, a run, and the daemon prepare a campaign here and plan it through what comes of it.
//! What the one shows is what the others send, as nobody else has the steps in hand: the rules of
//! the house, who is who, in whose name, when, who is left out, what refuses a plan, what is warned
//! of.

use std::time::Duration;

use jiff::Timestamp;

use super::lists;
use super::lookups::{self, Cache, Unresolved};
use super::planning::{self, Campaign, Mistake, PlanError};
use super::warnings::{self, Earlier};
use crate::campaign::{
    Definition, House, InvalidRows, ListFile, OpenHours, Pace, Restraints, SameCampaign, Warning,
    Zone,
};
use crate::delivery::list::List;
use crate::delivery::plan::{Digest, PlanSink, PlanSummary};
use crate::delivery::reason::{Ground, Reason};
use crate::delivery::request::Template;
use crate::delivery::rules::{Messaged, Rules};
use crate::delivery::tally::Listing;
use crate::delivery::variant::Varied;
use crate::desk::Desk;
use crate::journal::planning::{Alike, Asking};
use crate::journal::{JournalError, Store, StoreJournal};

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
    pub suppress: Vec<ListFile>,
    /// Rules of the whole house.
    pub house: House,
    /// The rate that all campaigns share.
    pub requests_per_second: f64,
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

impl From<Mistake> for Refused {
    fn from(mistake: Mistake) -> Refused {
        Refused::Mistake(mistake)
    }
}

/// A campaign, and all that its plan rests on but what happened before. Only [`prepare`] makes one.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// The campaign as it holds under the rules of the house, with what is known of its Sendbird
    /// user ids.
    pub campaign: Campaign,
    /// In whose name it is sent.
    pub agent_id: u64,
    /// Where its requests go.
    pub url: String,
    /// When messages may leave; none for always.
    pub window: Option<OpenHours>,
    /// What holds a run of it back.
    pub restraints: Restraints,
    /// How many ids Desk has still to be asked about.
    pub missing: u64,
    /// What its requests have in common, those of a variant each.
    pub templates: Varied<Template>,
    listed: Rules,
    terms: &'a Terms,
}

/// What earlier runs have to do with a plan.
#[derive(Debug, Default)]
pub struct Before {
    /// Who was messaged.
    pub messaged: Messaged,
    /// What earlier texts and audiences were like.
    pub earlier: Earlier,
}

/// What a plan asks about earlier runs.
pub trait Past {
    /// How many characters the longest text has that a run was planned with; none without a run.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn longest_message(&self) -> Result<Option<u64>, JournalError>;

    /// How many customers the latest such run was for; none where there was none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn audience_before(&self, alike: Alike<'_>) -> Result<Option<u64>, JournalError>;
}

impl Past for Store {
    fn longest_message(&self) -> Result<Option<u64>, JournalError> {
        Store::longest_message(self)
    }

    fn audience_before(&self, alike: Alike<'_>) -> Result<Option<u64>, JournalError> {
        Store::audience_before(self, alike)
    }
}

impl Past for StoreJournal {
    fn longest_message(&self) -> Result<Option<u64>, JournalError> {
        StoreJournal::longest_message(self)
    }

    fn audience_before(&self, alike: Alike<'_>) -> Result<Option<u64>, JournalError> {
        StoreJournal::audience_before(self, alike)
    }
}

/// What becomes of a plan without those whom Desk was not asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// There is none.
    Refuse,
    /// It is shown, and its summary says how many are missing.
    Show,
}

/// A plan that may be sent.
#[derive(Debug)]
pub struct Plan {
    /// What it comes to.
    pub summary: PlanSummary,
    /// How long sending it takes.
    pub duration: Duration,
    /// What is worth a look before it is sent.
    pub warnings: Vec<Warning>,
}

/// Why there is no plan.
#[derive(Debug)]
pub enum NotPlanned<E> {
    /// It may not be sent.
    Refused(Refused),
    /// It could not be kept.
    Sink(E),
}

impl<E, R: Into<Refused>> From<R> for NotPlanned<E> {
    fn from(refused: R) -> NotPlanned<E> {
        NotPlanned::Refused(refused.into())
    }
}

/// Prepares a campaign for these terms. Who is who is asked of `cache`; where there is none,
/// nobody is known by a Sendbird user id.
///
/// # Errors
/// When a rule of the house, a missing agent, a zone or a list stands against it, or the cache cannot
/// be read.
pub fn prepare<'a>(
    campaign: &Campaign,
    terms: &'a Terms,
    cache: Option<&dyn Cache>,
) -> Result<Prepared<'a>, Unresolved> {
    let agent_id = agent_of(campaign, terms)?;
    let mut campaign = housed(campaign, terms)?;
    let (url, now) = (&terms.base_url, Timestamp::now());
    let resolved = lookups::resolve(&campaign, &terms.suppress, cache, url, now)?;
    campaign.directory = resolved.directory;
    Ok(Prepared {
        agent_id,
        url: Desk::create_url(&terms.base_url),
        window: window_of(&campaign, terms)?,
        restraints: restraints_of(&campaign),
        missing: resolved.missing.len() as u64,
        templates: campaign.templates(agent_id),
        listed: lists::rules(&campaign, &terms.suppress)?,
        campaign,
        terms,
    })
}

impl Prepared<'_> {
    /// The zone that the campaign is at home in: that of its window, else of its schedule, else of
    /// the settings; none where nobody names one.
    pub fn zone(&self) -> Option<&Zone> {
        let schedule = self.campaign.definition.schedule.as_ref();
        let window = self.window.as_ref().map(OpenHours::zone);
        let schedule = schedule.and_then(|schedule| schedule.timezone.as_ref());
        window.or(schedule).or(self.terms.timezone.as_ref())
    }

    /// What earlier texts and audiences were like.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn earlier(&self, past: &dyn Past) -> Result<Earlier, JournalError> {
        let definition = &self.campaign.definition;
        Ok(Earlier {
            longest: past.longest_message()?,
            audience: past.audience_before(Alike {
                campaign: &definition.name,
                base_url: &self.terms.base_url,
                customers_file: &files_of(definition),
            })?,
        })
    }

    /// What earlier runs have to do with its plan, as the store has it now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn before(&self, store: &Store, now: Timestamp) -> Result<Before, JournalError> {
        let definition = &self.campaign.definition;
        let messaged = store.messaged(&Asking {
            campaign: &definition.name,
            base_url: &self.terms.base_url,
            repeat: &definition.repeat,
            now,
        })?;
        let earlier = self.earlier(store)?;
        Ok(Before { messaged, earlier })
    }

    /// Plans it into `sink`.
    ///
    /// # Errors
    /// When the plan may not be sent, is not the one that was `expected`, or the sink failed.
    pub fn plan<S: PlanSink + ?Sized>(
        &self,
        before: Before,
        expected: Option<&Digest>,
        incomplete: Incomplete,
        sink: &mut S,
    ) -> Result<Plan, NotPlanned<S::Error>> {
        let campaign = &self.campaign;
        let mut rules = self.listed.clone();
        rules.repeat(&campaign.definition.repeat, before.messaged);
        let planned = planning::plan(campaign, &self.templates, &self.url, rules, sink);
        let summary = planned.map_err(|error| match error {
            PlanError::Mistake(mistake) => NotPlanned::Refused(mistake.into()),
            PlanError::Sink(error) => NotPlanned::Sink(error),
        })?;
        if incomplete == Incomplete::Refuse {
            check_complete(campaign, &summary)?;
        }
        check_summary(campaign, &summary, expected)?;
        let duration = warnings::duration(campaign, &summary, self.terms.requests_per_second);
        let warnings = warnings::of_plan(campaign, &summary, duration, before.earlier)?;
        Ok(Plan {
            summary,
            duration,
            warnings,
        })
    }
}

/// The campaign as it holds under the rules of the house.
///
/// # Errors
/// When its window is wider than that of the house.
pub(super) fn housed(campaign: &Campaign, terms: &Terms) -> Result<Campaign, Mistake> {
    let mut campaign = campaign.clone();
    let definition = terms.house.over(&campaign.definition);
    campaign.definition = definition
        .map_err(|what| Mistake(format!("campaign \"{}\": {what}", campaign.definition.name)))?;
    Ok(campaign)
}

/// The names of the customer files, one a line.
pub(super) fn files_of(definition: &Definition) -> String {
    let names: Vec<String> = definition
        .customers
        .files
        .iter()
        .map(|file| file.as_path().display().to_string())
        .collect();
    names.join("\n")
}

/// When messages of this campaign may leave; none for always. A test send leaves at once.
///
/// # Errors
/// When neither the campaign nor the settings name a zone for its window.
pub(super) fn window_of(campaign: &Campaign, terms: &Terms) -> Result<Option<OpenHours>, Mistake> {
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
pub(super) fn restraints_of(campaign: &Campaign) -> Restraints {
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

pub(super) fn is_test(campaign: &Campaign) -> bool {
    campaign.chosen.as_ref().is_some_and(|chosen| chosen.test)
}

/// In whose name a campaign is sent.
///
/// # Errors
/// When neither the campaign nor the settings say.
pub(super) fn agent_of(campaign: &Campaign, terms: &Terms) -> Result<u64, Mistake> {
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
fn check_summary(
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
