//! The dry run: reads files and the journal, and does nothing else, unless told to look up Sendbird
//! user ids first.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::super::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::next::of_cancelled;
use super::super::output::print;
use super::super::sandbox::Throwaway;
use super::super::store::locate::{make, refuse_lost, store_url};
use super::chosen::{chosen, options};
use super::lookups::look_up;
use super::plan::{say_nobody, sent_already, terms};
use super::target::Target;
use super::{RunArgs, open_journal};
use crate::campaign::{CampaignName, Warning};
use crate::delivery::batch::BatchState;
use crate::delivery::pace;
use crate::delivery::plan::{Digest, PlanSummary};
use crate::delivery::tally::{Owner, Tally};
use crate::delivery::tracking::Counts;
use crate::delivery::variant::Shares;
use crate::journal::reading::{Requests, VariantStanding};
use crate::journal::{Store, StoreUrl};
use crate::report::dry_run::{DryRun, Missing, NoStore};
use crate::report::json::{FirstRequest, RunObject};
use crate::report::lists as lists_shown;
use crate::report::read as read_shown;
use crate::report::variants::Variants;
use crate::service::lookups::Cache;
use crate::service::planning::Campaign;
use crate::service::prepare::{Before, Incomplete, NotPlanned, Refused, prepare};
use crate::service::what_was_read;

/// Shows what would be sent.
pub(super) async fn dry_run(
    context: &Context,
    args: &RunArgs,
    name: CampaignName,
    path: &Path,
    expected: Option<&Digest>,
) -> Result<Exit, Failure> {
    let chosen = chosen(args, &store_url(context), &name)?;
    let mut campaign = Campaign::read(name, path, context.on_terminal)?;
    campaign.chosen = chosen;
    campaign.definition.warning_rules.strict |= args.strict;
    let base_url = match args.sandbox {
        true => Throwaway::PLANNED_URL.to_owned(),
        false => context.settings.base_url()?.to_string(),
    };
    let terms = terms(context, &base_url, args.sandbox);
    let known = look_up_here(context, args, &campaign).await?;
    let cache = known.store.as_ref().map(|store| store as &dyn Cache);
    let prepared = prepare(&campaign, &terms, cache)?;
    let campaign = &prepared.campaign;
    let now = Timestamp::now();
    let store = store_url(context);
    let before = match args.sandbox || !store.exists() {
        true => Before::default(),
        false => prepared.before(&store.read()?, now)?,
    };
    let mut shares = Shares::new(&prepared.templates);
    let planned = prepared.plan(before, expected, Incomplete::Show, &mut shares);
    let plan = match planned {
        Ok(plan) => plan,
        Err(NotPlanned::Sink(never)) => match never {},
        Err(NotPlanned::Refused(refused)) => {
            let store = store_url(context);
            if !args.sandbox && store.exists() {
                sent_already(&store.read()?, &campaign.definition.name, expected)?;
            }
            return match refused {
                Refused::Mistake(mistake) => Err(mistake.into()),
                Refused::Nobody(nobody) => say_nobody(campaign, &nobody, expected, args.json),
            };
        }
    };
    let (summary, duration) = (plan.summary, plan.duration);
    let application_rate = terms.requests_per_second;
    let own_rate = prepared.restraints.pace.requests_per_second;
    let rate = own_rate.map_or(application_rate, |own| {
        own.per_second().min(application_rate)
    });
    let mut warnings = plan.warnings;
    warnings.extend(taken_up(context, args, campaign)?);
    let missing = Missing {
        ids: prepared.missing,
        duration: pace::duration(prepared.missing, application_rate),
        requests_per_second: application_rate,
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let read = what_was_read::of_plan(campaign, folder, &terms.suppress, &summary);
    if args.json {
        let shares = &shares.customers;
        let mut object = dry_run_object(
            campaign,
            &summary,
            shares,
            &prepared.url,
            duration,
            &missing,
            &warnings,
        );
        object.read = read_shown::objects(&read);
        if let Some(no_store) = no_store(context, args) {
            let notes = [object.note, no_store.sentence()];
            object.note = notes.join("; ").trim_start_matches("; ").to_owned();
        }
        print(&format!("{}\n", object.line()))?;
        return Ok(Exit::Done);
    }
    let sandbox = if args.sandbox { " --sandbox" } else { "" };
    let text = DryRun {
        campaign,
        agent_id: prepared.agent_id,
        summary: &summary,
        shares: &shares.customers,
        url: &prepared.url,
        requests_per_second: rate,
        restraints: &prepared.restraints,
        duration,
        window: prepared.window.as_ref().filter(|_| !args.sandbox),
        zone: prepared.zone(),
        now,
        warnings: &warnings,
        looked_up: known.asked,
        missing,
        no_store: no_store(context, args),
        read: &read,
        command: format!(
            "deskcast run {}{}{sandbox} --plan {}",
            args.campaign,
            options(args),
            summary.digest
        ),
    }
    .text();
    print(&text)?;
    Ok(Exit::Done)
}

/// A store that nothing is sent from plans nothing either.
pub(super) fn refuse_what_a_run_refuses(context: &Context) -> Result<(), Failure> {
    let url = store_url(context);
    refuse_lost(&url)?;
    match url.exists() {
        true => Ok(url.read()?.check_place()?),
        false => Ok(()),
    }
}

/// Where there is no store, which the run needs.
fn no_store(context: &Context, args: &RunArgs) -> Option<NoStore> {
    let url = store_url(context);
    (!args.sandbox && !url.exists()).then(|| NoStore {
        url,
        make: make(context),
    })
}

/// What is known of Sendbird user ids.
#[derive(Default)]
struct Known {
    /// How many Desk was asked about.
    asked: u64,
    /// Where the answers are; none where nobody was asked yet.
    store: Option<Store>,
    /// A store that is thrown away lives as long as this.
    _target: Option<Target>,
}

/// Finds out who is who: as the store has it, or also Desk where that is wanted.
async fn look_up_here(
    context: &Context,
    args: &RunArgs,
    campaign: &Campaign,
) -> Result<Known, Failure> {
    if !campaign.definition.customers.by_sendbird_id {
        return Ok(Known::default());
    }
    let mut asked = 0;
    let mut target = None;
    if args.online {
        let target = target.insert(Target::of(context, args).await?);
        let mut journal = open_journal(target)?;
        asked = look_up(context, &mut journal, campaign, target).await?;
    }
    let url = match &target {
        Some(target) => Some(target.store.clone()),
        None if args.sandbox => None,
        None => Some(store_url(context)),
    };
    let store = match url.filter(StoreUrl::exists) {
        Some(url) => Some(url.read()?),
        None => None,
    };
    Ok(Known {
        asked,
        store,
        _target: target,
    })
}

/// Whom of a cancelled run this plan has.
fn taken_up(
    context: &Context,
    args: &RunArgs,
    campaign: &Campaign,
) -> Result<Vec<Warning>, Failure> {
    let url = store_url(context);
    if args.sandbox || campaign.chosen.is_some() || !url.exists() {
        return Ok(Vec::new());
    }
    of_cancelled(&url.read()?, campaign)
}

/// How long texts were before; none where there is no journal yet.
pub(in crate::cli) fn longest_message(store: &StoreUrl) -> Result<Option<u64>, Failure> {
    match store.exists() {
        true => Ok(store.read()?.longest_message()?),
        false => Ok(None),
    }
}

fn dry_run_object(
    campaign: &Campaign,
    summary: &PlanSummary,
    shares: &[u64],
    url: &str,
    duration: Duration,
    missing: &Missing,
    warnings: &[Warning],
) -> RunObject {
    let planned = BatchState::Planned;
    let states = [(planned, u64::from(summary.batches), summary.planned)];
    let tally = Tally::of(summary.listing, states, Owner::Gone);
    let body = summary
        .first_body
        .clone()
        .and_then(|body| String::from_utf8(body).ok());
    let body = body.and_then(|body| serde_json::value::RawValue::from_string(body).ok());
    RunObject {
        run: None,
        campaign: campaign.definition.name.to_string(),
        state: "dry-run".to_owned(),
        note: missing.sentence().unwrap_or_default(),
        test: campaign.chosen.as_ref().is_some_and(|chosen| chosen.test),
        // The plan that is sent is another one, once everybody is looked up.
        digest: match missing.ids {
            0 => summary.digest.to_string(),
            _ => String::new(),
        },
        customers: tally.customers,
        batches: tally.batches,
        counts: Counts::default(),
        doubtful: None,
        requests: Requests::default(),
        variants: planned_variants(campaign, shares),
        lists: lists_shown::objects(&summary.lists),
        read: Vec::new(),
        warnings: warnings.to_vec(),
        first_request: body.map(|body| FirstRequest {
            method: "POST",
            url: url.to_owned(),
            body,
        }),
        duration_seconds: Some(duration.as_secs_f64()),
    }
}

fn planned_variants(campaign: &Campaign, shares: &[u64]) -> Option<Variants> {
    let pairs = campaign.variants.iter().zip(shares);
    let planned: Vec<VariantStanding> = pairs
        .map(|(variant, customers)| VariantStanding {
            name: variant.name.clone(),
            customers: *customers,
            sent: 0,
            responded: 0,
            contradicting: 0,
        })
        .collect();
    Variants::of(&planned)
}
