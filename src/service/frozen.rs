//! An unfinished run held against its campaign as the files say it now.
//!
//! A run goes on as it was planned, whatever became of its files. Whoever mends a file after a stop
//! means the mended one; so everybody who goes on with a run, or shows it, asks here first.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use jiff::Timestamp;

use super::lists;
use super::lookups::{Unresolved, resolve};
use super::planning::{self, Campaign, Mistake, PlanError};
use super::prepare::{Terms, agent_of, housed, restraints_of, window_of};
use crate::campaign::{CampaignName, InvalidRow, NamedRow, normal};
use crate::delivery::batch::BatchState;
use crate::delivery::customer_set::CustomerSet;
use crate::delivery::plan::PlanSink;
use crate::delivery::reason::Ground;
use crate::delivery::request::Template;
use crate::delivery::variant::{Variant, Varied};
use crate::journal::reading::BatchRows;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, Store};

/// Something that the files say otherwise than the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub what: &'static str,
    /// What the run was planned with; empty where `now` says it all.
    pub planned: String,
    /// What the files say now.
    pub now: String,
}

/// Where a campaign is looked for, and what holds for it.
#[derive(Clone, Copy, Debug)]
pub struct Today<'a> {
    /// The file of the campaign.
    pub path: &'a Path,
    /// What holds for all campaigns.
    pub terms: &'a Terms,
}

/// The run of this campaign that is not ended, the latest one; test sends do not count.
pub fn unfinished(store: &Store, name: &CampaignName) -> Result<Option<RunRecord>, JournalError> {
    let runs = store.runs(Some(name))?;
    let unfinished = |run: &RunRecord| run.state.is_open() && !run.test;
    Ok(runs.into_iter().find(unfinished))
}

/// What the files say otherwise than this run. Where a file is gone, it says nothing.
pub fn differences(
    store: &Store,
    run: &RunRecord,
    today: Today<'_>,
) -> Result<Vec<Difference>, JournalError> {
    if !today.path.exists() {
        return Ok(Vec::new());
    }
    let campaign = match Campaign::read(run.key.campaign.clone(), today.path, false) {
        Ok(campaign) => match housed(&campaign, today.terms) {
            Ok(campaign) => campaign,
            Err(Mistake(what)) => return Ok(vec![said("campaign", what)]),
        },
        Err(Mistake(what)) => return Ok(vec![said("campaign", what)]),
    };
    let mut differences = of_letter(run, &campaign, today.terms);
    differences.extend(of_restraints(run, &campaign, today.terms));
    differences.extend(of_customers(store, run, &campaign, today)?);
    Ok(differences)
}

/// The request that the run would make next; none where nothing remains.
pub fn next_request(store: &Store, run: &RunRecord) -> Result<Option<Vec<u8>>, JournalError> {
    let templates = Varied::of_texts(&run.key.campaign, &run.message, &run.variants, |text| {
        Template::new(text, &run.group, run.agent_id, run.priority)
    });
    let found = store.each_batch(run.id, &mut |batch: &BatchRows| match batch.state {
        BatchState::Planned => {
            let body = templates.of(&batch.customers).body(&batch.customers);
            Err(Look::Found(body))
        }
        _ => Ok(()),
    });
    match found {
        Ok(()) => Ok(None),
        Err(Look::Found(body)) => Ok(Some(body)),
        Err(Look::Failed(error)) => Err(error),
    }
}

/// Why looking through batches ended early.
enum Look {
    Found(Vec<u8>),
    Failed(JournalError),
}

impl From<JournalError> for Look {
    fn from(error: JournalError) -> Look {
        Look::Failed(error)
    }
}

fn said(what: &'static str, now: impl Into<String>) -> Difference {
    Difference {
        what,
        planned: String::new(),
        now: now.into(),
    }
}

/// What every customer is told, and by whom.
fn of_letter(run: &RunRecord, campaign: &Campaign, terms: &Terms) -> Vec<Difference> {
    let definition = &campaign.definition;
    let mut differences = of_texts(run, campaign);
    let mut compare = |what, planned: String, now: String| {
        if planned != now {
            differences.push(Difference { what, planned, now });
        }
    };
    compare("group", run.group.clone(), definition.group.clone());
    let agent = agent_of(campaign, terms).map_or_else(|none| none.0, |agent| agent.to_string());
    compare("agent", run.agent_id.to_string(), agent);
    let priority = definition.priority.as_str().to_owned();
    compare("priority", run.priority.as_str().to_owned(), priority);
    let files = definition.customers.files.iter();
    let files: Vec<String> = files
        .map(|file| file.as_path().display().to_string())
        .collect();
    compare(
        "customers",
        run.customers_files.join(", "),
        files.join(", "),
    );
    differences
}

fn of_texts(run: &RunRecord, campaign: &Campaign) -> Vec<Difference> {
    let shape = |variants: &[Variant]| -> Vec<String> {
        let one = |it: &Variant| format!("{} ({})", it.name, it.weight);
        variants.iter().map(one).collect()
    };
    let (planned, now) = (shape(&run.variants), shape(&campaign.variants));
    if planned != now {
        let shown = |names: &[String]| match names.is_empty() {
            true => "one for everybody".to_owned(),
            false => names.join(", "),
        };
        return vec![Difference {
            what: "variants",
            planned: shown(&planned),
            now: shown(&now),
        }];
    }
    let texts = |first: &str, variants: &[Variant]| -> Vec<String> {
        match variants.is_empty() {
            true => vec![first.to_owned()],
            false => variants.iter().map(|it| it.message.clone()).collect(),
        }
    };
    let planned = texts(&run.message, &run.variants);
    let now = texts(&campaign.message, &campaign.variants);
    let pairs = planned.into_iter().zip(now);
    // An older version froze the line ends of the file with the text.
    let differing = pairs.filter(|(planned, now)| normal(planned) != *now);
    differing
        .map(|(planned, now)| Difference {
            what: "text",
            planned,
            now,
        })
        .collect()
}

/// When messages may leave, and how many at a time.
fn of_restraints(run: &RunRecord, campaign: &Campaign, terms: &Terms) -> Vec<Difference> {
    let mut differences = Vec::new();
    if run.restraints != restraints_of(campaign) {
        let what = "is not what the run was planned with";
        differences.push(said("pace, canary, approval or abort", what));
    }
    let window = window_of(campaign, terms).map(|hours| hours.map(|it| it.text()));
    if window.is_ok_and(|window| window.unwrap_or_default() != run.window) {
        differences.push(said("window", "is not what the run was planned with"));
    }
    differences
}

/// Whether everybody who remains would still be messaged. Who was added to a file since is for the
/// next run.
fn of_customers(
    store: &Store,
    run: &RunRecord,
    campaign: &Campaign,
    today: Today<'_>,
) -> Result<Option<Difference>, JournalError> {
    let lists = campaign.exclude.iter().chain(&today.terms.suppress);
    let files = campaign.customers.iter().chain(lists.map(|it| &it.path));
    let files = files.map(|it| it.as_path());
    let gone = campaign.customers.iter().any(|file| !file.exists());
    let mut files = files.chain([today.path]);
    // Reading millions of rows takes seconds, and mostly nothing has changed.
    if gone || !files.any(|file| changed_since(file, run.created_at)) {
        return Ok(None);
    }
    let listed = match listed(store, campaign, today.terms) {
        Ok(Some(listed)) => listed,
        Ok(None) => return Ok(None),
        Err(Unresolved::Mistake(Mistake(what))) => return Ok(Some(said("customers", what))),
        Err(Unresolved::Journal(error)) => return Err(error),
    };
    let (mut remaining, mut gone) = (0_u64, 0_u64);
    store.each_batch::<JournalError>(run.id, &mut |batch| {
        if batch.state == BatchState::Planned {
            let missing = batch.customers.iter().filter(|it| !listed.contains(**it));
            gone += missing.count() as u64;
            remaining += batch.customers.len() as u64;
        }
        Ok(())
    })?;
    Ok((gone > 0).then(|| {
        let what = format!(
            "{gone} of the {remaining} who remain are not in the files any more, or are to be left out now"
        );
        said("customers", what)
    }))
}

/// Whether a file was written, replaced or renamed after this. The kernel keeps that time itself.
fn changed_since(file: &Path, at: Timestamp) -> bool {
    // The kernel's clock for files ticks slower than the other.
    const TICK: i64 = 1;
    std::fs::metadata(file).is_ok_and(|meta| meta.ctime() + TICK >= at.as_second())
}

/// Everybody whom the files list today and no list leaves out; none where that cannot be known yet.
fn listed(
    store: &Store,
    campaign: &Campaign,
    terms: &Terms,
) -> Result<Option<CustomerSet>, Unresolved> {
    let mut campaign = campaign.clone();
    campaign.definition.customers.sample = None;
    let now = Timestamp::now();
    let resolved = resolve(
        &campaign,
        &terms.suppress,
        Some(store),
        &terms.base_url,
        now,
    )?;
    if !resolved.missing.is_empty() {
        return Ok(None);
    }
    campaign.directory = resolved.directory;
    let rules = lists::rules(&campaign, &terms.suppress).map_err(Unresolved::Mistake)?;
    let mut listed = Listed::default();
    let templates = campaign.templates(0);
    planning::plan(&campaign, &templates, "", rules, &mut listed).map_err(|error| match error {
        PlanError::Mistake(mistake) => Unresolved::Mistake(mistake),
        PlanError::Sink(never) => match never {},
    })?;
    listed.0.settle();
    Ok(Some(listed.0))
}

/// Keeps who would be planned, and nothing else.
#[derive(Default)]
struct Listed(CustomerSet);

impl PlanSink for Listed {
    type Error = std::convert::Infallible;
    fn batch(&mut self, _: u32, customers: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        self.0.extend(customers);
        Ok(())
    }
    fn left_out(&mut self, _: &Ground, _: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        Ok(())
    }
    fn left_out_by_name(&mut self, _: &Ground, _: &[NamedRow]) -> Result<(), Self::Error> {
        Ok(())
    }
    fn invalid(&mut self, _: &[InvalidRow]) -> Result<(), Self::Error> {
        Ok(())
    }
}
