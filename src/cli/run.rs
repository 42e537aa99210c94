//! `deskcast run`: a campaign from its file to its report.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use super::sandbox::{TOKEN, Throwaway};
use super::{Context, progress};
use crate::campaign::{CampaignName, InvalidRows};
use crate::delivery::dispatch::Ending;
use crate::delivery::pace;
use crate::delivery::plan::{Digest, Nowhere, PlanSummary};
use crate::delivery::request::Template;
use crate::delivery::tally::Tally;
use crate::delivery::tracking::Counts;
use crate::desk::{Desk, DeskConfig};
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::{Requests, RunRecord, Standing, Store};
use crate::journal::{Journal, JournalError, NewRun, Purpose, RunKey, RunState};
use crate::report::dry_run::DryRun;
use crate::report::json::{FirstRequest, RunObject};
use crate::report::result;
use crate::service::budget::Budget;
use crate::service::dispatcher::Sender;
use crate::service::planning::{self, Campaign, Mistake, PlanError};
use crate::service::progress::Progress;
use crate::service::recorder::Recorder;
use crate::service::stop;
use crate::service::tracker::{Tracker, Tracking, Until};
use crate::settings::{Settings, StoreUrl, token};

/// How long `--follow` without a duration follows a campaign in the sandbox.
const SANDBOX_FOLLOW: Duration = Duration::from_secs(20);

/// Arguments of `deskcast run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The campaign: its name, or a path to its .toml file
    #[arg(value_name = "CAMPAIGN")]
    campaign: String,

    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// Send only if the plan has this digest, as a dry run printed it
    #[arg(long, value_name = "sha256:…")]
    plan: Option<String>,

    /// Start another run, even if the last one is unfinished
    #[arg(long)]
    new: bool,

    /// Keep reading the chats until all are closed, or for this long (such as 30m)
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    follow: Option<Option<humantime::Duration>>,

    /// Print one JSON object when done
    #[arg(long)]
    json: bool,

    /// Send to a stand-in for Desk inside this process, with a store that is thrown away
    #[arg(long)]
    sandbox: bool,

    /// What the stand-in does wrong, such as 500-after=1%,reset-before=1% (see deskcast sandbox --help)
    #[arg(long, value_name = "FAULTS", requires = "sandbox")]
    faults: Option<String>,
}

/// Where a run goes and where it is recorded: the settings', or a throwaway sandbox's.
struct Target {
    /// The base URL as the plan has it.
    planned_url: String,
    /// The base URL that requests go to.
    base_url: String,
    store: PathBuf,
    token: Option<SecretString>,
    sandbox: Option<Throwaway>,
}

pub(super) async fn run(context: &Context, args: RunArgs) -> Result<Exit, Failure> {
    let expected = args.plan.as_deref().map(parse_digest).transpose()?;
    let (name, path) = planning::locate(&args.campaign, &context.settings.campaigns.folder)?;
    if args.dry_run {
        return dry_run(context, &args, name, &path, expected.as_ref());
    }
    let target = target(context, &args).await?;
    let mut journal = SqliteJournal::open(&target.store)?;
    let unfinished = if args.new {
        None
    } else {
        unfinished(&target.store, &name)?
    };
    let record = match unfinished {
        Some(record) => {
            resumable(&record, &target, expected.as_ref())?;
            say_resumed(&record, &target)?;
            record
        }
        None => create(
            context,
            &mut journal,
            &name,
            &path,
            &target,
            expected.as_ref(),
        )?,
    };
    let standing = send_and_read(context, &args, journal, &target, &record).await?;
    print_result(&args, &standing.0, &standing.1)?;
    Ok(standing.2)
}

fn parse_digest(text: &str) -> Result<Digest, Failure> {
    Digest::parse(text).ok_or_else(|| {
        Failure::mistake(format!(
            "--plan {text}: a plan is sha256: and 64 hexadecimal digits, as a dry run prints it"
        ))
    })
}

async fn target(context: &Context, args: &RunArgs) -> Result<Target, Failure> {
    if args.sandbox {
        let sandbox = Throwaway::start(args.faults.as_deref()).await?;
        return Ok(Target {
            planned_url: Throwaway::PLANNED_URL.to_owned(),
            base_url: sandbox.base_url(),
            store: sandbox.store(),
            token: Some(SecretString::from(TOKEN)),
            sandbox: Some(sandbox),
        });
    }
    let base_url = context.settings.desk.base_url()?.to_string();
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let token = token::read(&context.settings.desk, credentials.as_deref())
        .map_err(|error| Failure::mistake(error.to_string()))?;
    let StoreUrl::Sqlite(store) = context.settings.store.url.clone();
    Ok(Target {
        planned_url: base_url.clone(),
        base_url,
        store,
        token: Some(token),
        sandbox: None,
    })
}

fn agent_of(context: &Context, campaign: &Campaign, sandbox: bool) -> Result<u64, Failure> {
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

fn template_of(record: &RunRecord) -> Template {
    Template::new(
        &record.message,
        &record.group,
        record.agent_id,
        record.priority,
    )
}

/// The dry run: reads files, and does nothing else.
fn dry_run(
    context: &Context,
    args: &RunArgs,
    name: CampaignName,
    path: &Path,
    expected: Option<&Digest>,
) -> Result<Exit, Failure> {
    let campaign = Campaign::read(name, path, context.on_terminal)?;
    if !campaign.warnings.is_empty() {
        eprintln!("{}", campaign.warnings);
    }
    let agent_id = agent_of(context, &campaign, args.sandbox)?;
    let base_url = match args.sandbox {
        true => Throwaway::PLANNED_URL.to_owned(),
        false => context.settings.desk.base_url()?.to_string(),
    };
    let url = Desk::create_url(&base_url);
    let definition = &campaign.definition;
    let template = Template::new(
        &campaign.message,
        &definition.group,
        agent_id,
        definition.priority,
    );
    let summary =
        planning::plan(&campaign, &template, &url, &mut Nowhere).map_err(|error| match error {
            PlanError::Mistake(mistake) => Failure::from(mistake),
            PlanError::Sink(never) => match never {},
        })?;
    check_summary(&campaign, &summary, expected)?;
    let rate = context.settings.limits.requests_per_second.per_second();
    let duration = pace::duration(summary.batches.into(), rate);
    let warnings = warnings(&campaign, &summary, duration);
    if args.json {
        println!(
            "{}",
            dry_run_object(&campaign, &summary, &url, duration).line()
        );
        return Ok(Exit::Done);
    }
    let sandbox = if args.sandbox { " --sandbox" } else { "" };
    let text = DryRun {
        campaign: &campaign,
        agent_id,
        summary: &summary,
        url: &url,
        requests_per_second: rate,
        duration,
        now: Timestamp::now(),
        warnings: &warnings,
        command: format!(
            "deskcast run {}{sandbox} --plan {}",
            args.campaign, summary.digest
        ),
    }
    .text();
    print!("{text}");
    Ok(Exit::Done)
}

fn warnings(campaign: &Campaign, summary: &PlanSummary, duration: Duration) -> Vec<String> {
    let mut warnings = Vec::new();
    let listing = summary.listing;
    if listing.duplicates * 10 > listing.listed {
        warnings.push(
            "more than a tenth of the rows are duplicates: is it the right column?".to_owned(),
        );
    }
    if listing.invalid * 10 > listing.listed {
        warnings
            .push("more than a tenth of the rows are invalid: is it the right column?".to_owned());
    }
    if duration > Duration::from_secs(24 * 3600) {
        warnings.push("sending takes longer than a day".to_owned());
    }
    if campaign.message.chars().count() > 1000 {
        warnings.push(
            "the message is longer than 1,000 characters; Desk documents no limit".to_owned(),
        );
    }
    warnings
}

fn dry_run_object(
    campaign: &Campaign,
    summary: &PlanSummary,
    url: &str,
    duration: Duration,
) -> RunObject {
    let planned = crate::delivery::batch::BatchState::Planned;
    let states = [(planned, u64::from(summary.batches), summary.planned)];
    let tally = Tally::of(summary.listing, states, crate::delivery::tally::Owner::Gone);
    let body = summary
        .first_body
        .clone()
        .and_then(|body| String::from_utf8(body).ok());
    let body = body.and_then(|body| serde_json::value::RawValue::from_string(body).ok());
    RunObject {
        run: None,
        campaign: campaign.definition.name.to_string(),
        state: "dry-run".to_owned(),
        note: String::new(),
        digest: summary.digest.to_string(),
        customers: tally.customers,
        batches: tally.batches,
        counts: Counts::default(),
        requests: Requests::default(),
        first_request: body.map(|body| FirstRequest {
            method: "POST",
            url: url.to_owned(),
            body,
        }),
        duration_seconds: Some(duration.as_secs_f64()),
    }
}

/// What is wrong with a plan, once it is made.
fn check_summary(
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
fn unfinished(store: &Path, name: &CampaignName) -> Result<Option<RunRecord>, JournalError> {
    Ok(Store::open(store)?
        .runs(Some(name))?
        .into_iter()
        .find(|run| run.state.is_open()))
}

/// A run goes on as it was planned, or not at all.
fn resumable(
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

fn say_resumed(record: &RunRecord, target: &Target) -> Result<(), Failure> {
    let standing = Store::open(&target.store)?.standing(record)?;
    let customers = standing.tally.customers;
    tracing::info!(run = %record.key, remaining = customers.remaining, accepted = customers.accepted, "going on with an unfinished run");
    Ok(())
}

/// Plans a new run and makes it durable, in one step.
fn create(
    context: &Context,
    journal: &mut SqliteJournal,
    name: &CampaignName,
    path: &Path,
    target: &Target,
    expected: Option<&Digest>,
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
    let now = Timestamp::now();
    let mut new = NewRun {
        key: RunKey {
            campaign: name.clone(),
            due: whole_second(now),
        },
        message: campaign.message.clone(),
        group: definition.group.clone(),
        agent_id,
        priority: definition.priority,
        batch_size: definition.batch_size.get() as u32,
        base_url: target.planned_url.clone(),
        customers_file: definition.customers.as_path().display().to_string(),
        unknown: definition.unknown,
        created_at: now,
    };
    loop {
        let created = journal.create_run::<Failure>(&new, &mut |sink| {
            let summary =
                planning::plan(&campaign, &template, &url, sink).map_err(|error| match error {
                    PlanError::Mistake(mistake) => Failure::from(mistake),
                    PlanError::Sink(error) => Failure::from(error),
                })?;
            check_summary(&campaign, &summary, expected)?;
            Ok(summary)
        });
        match created {
            // Two runs by hand within a second: the later one is due a second later.
            Err(failure) if failure.is_taken() => new.key.due += Duration::from_secs(1),
            Err(failure) => return Err(failure),
            Ok(_) => break,
        }
    }
    let created = Store::open(&target.store)?.run(&new.key)?;
    created.ok_or_else(|| Failure::stopped("the run that was just planned is not in the store"))
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Sends what is left, reads the chats, and says how it stands.
async fn send_and_read(
    context: &Context,
    args: &RunArgs,
    mut journal: SqliteJournal,
    target: &Target,
    record: &RunRecord,
) -> Result<(RunRecord, Standing, Exit), Failure> {
    let desk = desk(&context.settings, target)?;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let claim = journal
        .claim(record.id, Purpose::Sending, Timestamp::now())
        .map_err(|error| owned(error, record))?;
    if claim.recovered > 0 {
        tracing::warn!(
            batches = claim.recovered,
            "requests were in flight when the last process ended: their outcome is unknown"
        );
    }
    let last_request = claim
        .last_intent_at
        .and_then(|at| Timestamp::now().duration_since(at).try_into().ok());
    let limits = &context.settings.limits;
    let budget = Budget::new(
        limits.requests_per_second.per_second(),
        limits.burst,
        last_request,
    );
    let (recorder, thread) = Recorder::start(journal);
    let progress = Progress::default();
    begin_progress(&progress, &target.store, record)?;
    let shown = progress::show(
        progress.clone(),
        &context.bars,
        context.on_terminal,
        record.key.to_string(),
    );
    let sender = Sender {
        desk: desk.clone(),
        budget: budget.clone(),
        recorder: recorder.clone(),
        claim,
        template: template_of(record),
        concurrency: limits.concurrency.get(),
        give_up_after: Duration::from_secs(600),
        stop: stop.clone(),
        progress: progress.clone(),
    };
    let ending = sender.send().await;
    release(&recorder, claim.fence, &ending).await?;
    if ending == Ending::Finished {
        let tracker = Tracker {
            desk,
            budget,
            recorder: recorder.clone(),
            concurrency: limits.concurrency.get(),
            shortest: Duration::from_secs(if target.sandbox.is_some() { 1 } else { 5 }),
            stop: stop.clone(),
            progress,
        };
        track(args, &tracker, record, &stop).await;
    }
    drop(shown);
    drop(recorder);
    let _ = thread.join();
    let store = Store::open(&target.store)?;
    let record = store
        .run(&record.key)?
        .ok_or_else(|| Failure::stopped("the run is not in the store any more"))?;
    let standing = store.standing(&record)?;
    let exit = exit(&ending, &standing);
    Ok((record, standing, exit))
}

fn desk(settings: &Settings, target: &Target) -> Result<Desk, Failure> {
    let config = DeskConfig {
        base_url: target.base_url.clone(),
        token: target.token.clone().unwrap_or_default(),
        connect_timeout: settings.limits.connect_timeout.get(),
        request_timeout: settings.limits.request_timeout.get(),
    };
    Desk::new(&config).map_err(|error| Failure::mistake(error.to_string()))
}

fn owned(error: JournalError, record: &RunRecord) -> Failure {
    match error {
        JournalError::Owned(_) => Failure::stopped(format!(
            "the run {} is being sent by another process on this machine ({}); nothing was done",
            record.key, record.owner_name
        )),
        error => error.into(),
    }
}

fn begin_progress(progress: &Progress, store: &Path, record: &RunRecord) -> Result<(), Failure> {
    let tally = Store::open(store)?.standing(record)?.tally;
    progress.update(|snapshot| {
        snapshot.batches = tally.batches.planned;
        snapshot.batches_done = tally.batches.planned - tally.batches.remaining;
        snapshot.customers = tally.customers.planned;
        snapshot.customers_done = tally.customers.planned - tally.customers.remaining;
        snapshot.unknown = tally.customers.unknown;
        snapshot.rejected = tally.customers.rejected;
    });
    Ok(())
}

async fn release(
    recorder: &Recorder<SqliteJournal>,
    fence: crate::journal::Fence,
    ending: &Ending,
) -> Result<(), Failure> {
    let (state, note) = match ending.clone() {
        Ending::Finished => (RunState::Finished, String::new()),
        Ending::Stopped(why) => (RunState::Stopped, why),
        Ending::Failed(why) => (RunState::Failed, why),
    };
    let shown = note.clone();
    let released = recorder
        .call(move |journal| journal.release(fence, state, &note, Timestamp::now()))
        .await;
    match released {
        Err(error) if *ending == Ending::Finished => Err(error.into()),
        // A journal that cannot record why it stopped has said so already.
        Err(_) => Err(Failure::stopped(shown)),
        Ok(()) => Ok(()),
    }
}

async fn track(
    args: &RunArgs,
    tracker: &Tracker<SqliteJournal>,
    record: &RunRecord,
    stop: &CancellationToken,
) {
    let follow = match (&args.follow, args.sandbox) {
        (Some(Some(duration)), _) => Some(Some(Duration::from(*duration))),
        (Some(None), _) => Some(None),
        (None, true) => Some(Some(SANDBOX_FOLLOW)),
        (None, false) => None,
    };
    let until = match follow {
        None => Until::ReadOnce,
        Some(duration) => Until::Settled(duration.map(|duration| Instant::now() + duration)),
    };
    if stop.is_cancelled() {
        return;
    }
    match tracker.track(&[record.id], until).await {
        Tracking::Failed(why) => tracing::warn!(why, "the chats could not be read"),
        Tracking::Done { unread } if unread > 0 => {
            tracing::warn!(unread, "some chats could not be read; try deskcast track")
        }
        Tracking::Done { .. } | Tracking::Ended { .. } => {}
    }
}

fn exit(ending: &Ending, standing: &Standing) -> Exit {
    match ending {
        Ending::Stopped(_) => Exit::Stopped,
        Ending::Failed(_)
            if standing.tally.customers.accepted + standing.tally.customers.unknown == 0 =>
        {
            Exit::Mistake
        }
        Ending::Failed(_) => Exit::Attention,
        Ending::Finished if standing.tally.all_accepted() => Exit::Done,
        Ending::Finished => Exit::Attention,
    }
}

fn print_result(args: &RunArgs, record: &RunRecord, standing: &Standing) -> Result<(), Failure> {
    if args.json {
        println!("{}", RunObject::of(record, standing).line());
    } else {
        print!("{}", result::text(record, standing));
    }
    Ok(())
}
