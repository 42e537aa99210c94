//! `deskcast reconcile`: ends unknowns, by reading Desk back or by the operator's word.

use clap::Args;
use jiff::Timestamp;

use super::connection::{self, Connection, line};
use super::exit::Exit;
use super::failure::Failure;
use super::operator::operator;
use super::output::{print, tell};
use super::selection::{Selection, open_store, reported, run_key};
use super::store::locate::store_url;
use super::{Context, progress};
use crate::delivery::outcome::ChatId;
use crate::delivery::reconcile::Scope;
use crate::journal::runs::RunRecord;
use crate::journal::{
    Journal, JournalError, Purpose, Resolution, RunState, Store, StoreJournal, Verdict,
};
use crate::report::number::counted;
use crate::report::{Reported, json, overview};
use crate::service::progress::{Phase, Progress};
use crate::service::recorder::Recorder;
use crate::service::settling::{self, SentBy};
use crate::service::stop;

/// Arguments of `deskcast reconcile`.
#[derive(Debug, Args)]
pub(super) struct ReconcileArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign [default: all runs]
    #[arg(value_name = "RUN|NAME")]
    which: Option<String>,

    /// The batch that the operator's word is about; RUN names its run
    #[arg(long, value_name = "N", requires = "word")]
    batch: Option<u32>,

    #[command(flatten)]
    word: Word,

    /// Why, kept with the batch
    #[arg(long, value_name = "TEXT", requires = "word")]
    why: Option<String>,

    /// Whose word it is [default: $SUDO_USER or $USER]
    #[arg(long, value_name = "WHO", requires = "word")]
    by: Option<String>,

    /// Print the report as one JSON document when done
    #[arg(long)]
    json: bool,
}

/// The operator's word on one unknown batch.
#[derive(Debug, Args)]
#[group(id = "word", multiple = false, requires = "batch")]
struct Word {
    /// It was sent: this is its proactive chat
    #[arg(long, value_name = "CHAT_ID", value_parser = clap::value_parser!(u64).range(1..))]
    accepted: Option<u64>,

    /// Give it up: its customers were perhaps messaged, and will not be by this run
    #[arg(long)]
    abandon: bool,

    /// Send it again: its customers are messaged twice if it was sent after all
    #[arg(long)]
    resend: bool,
}

pub(super) async fn reconcile(context: &Context, args: ReconcileArgs) -> Result<Exit, Failure> {
    let (runs, stopped) = match args.batch {
        Some(batch) => (vec![by_word(context, &args, batch)?], false),
        None => by_reading(context, &args).await?,
    };
    let store = open_store(context)?;
    let mut after = Vec::new();
    for run in &runs {
        after.extend(store.run(&run.key)?);
    }
    let after = reported(&store, after)?;
    if args.json {
        print(&json::report(&after))?;
    } else if !after.is_empty() {
        print(&overview::report(&after))?;
    }
    let unknown = after
        .iter()
        .any(|reported| reported.standing.tally.batches.unknown > 0);
    if stopped {
        tell("stopped by a signal: not every unknown batch was looked for");
        return Ok(Exit::Stopped);
    }
    if unknown {
        tell(
            "What is still unknown is for you to decide, batch by batch (deskcast why CUSTOMER tells what is known):\n  \
             deskcast reconcile RUN --batch N --accepted CHAT_ID | --abandon | --resend",
        );
    }
    Ok(if unknown { Exit::Attention } else { Exit::Done })
}

/// The operator decides.
fn by_word(context: &Context, args: &ReconcileArgs, batch: u32) -> Result<RunRecord, Failure> {
    let named = args
        .which
        .as_deref()
        .ok_or_else(|| Failure::mistake("--batch needs the run that the batch is in"))?;
    let key = run_key(named)?;
    let record = Selection::Run(key)
        .find(&open_store(context)?, 1)?
        .remove(0);
    let mut journal = store_url(context).open()?;
    let claim = journal
        .claim_from_who_looks(record.id, Purpose::Settling)
        .map_err(|error| owned(error, &record))?;
    let unknowns = journal.unknowns(record.id)?;
    let Some(unknown) = unknowns.iter().find(|unknown| unknown.batch == batch) else {
        let numbers: Vec<String> = unknowns
            .iter()
            .map(|unknown| unknown.batch.to_string())
            .collect();
        let which = match numbers.is_empty() {
            true => "it has no unknown batch".to_owned(),
            false => format!("its unknown batches are {}", numbers.join(", ")),
        };
        return Err(Failure::mistake(format!(
            "batch {batch} of {} is not unknown: {which}",
            record.key
        )));
    };
    let resolution = match (args.word.accepted, args.word.abandon) {
        (Some(chat), _) => Resolution::Found(ChatId(chat)),
        (None, true) => Resolution::Abandoned,
        (None, false) => Resolution::Resend,
    };
    if resolution == Resolution::Resend && record.state == RunState::Cancelled {
        return Err(Failure::mistake(format!(
            "the run {} is {}: nothing more of it is sent. To message these customers, run a campaign to them",
            record.key, record.note
        )));
    }
    let verdict = Verdict {
        batch,
        attempt: unknown.attempt,
        at: Timestamp::now(),
        by: args.by.clone().unwrap_or_else(operator),
        resolution,
        evidence: args
            .why
            .clone()
            .unwrap_or_else(|| "the operator's word, no reason given".to_owned()),
    };
    journal.resolve(claim.fence, &[verdict])?;
    reopen_where_needed(&mut journal, claim.fence, resolution == Resolution::Resend)?;
    if resolution == Resolution::Resend {
        tell(format_args!(
            "batch {batch} is planned again: deskcast run {} sends it",
            record.key.campaign
        ));
    }
    Ok(record)
}

/// A run whose batches are planned again is one that can be resumed.
fn reopen_where_needed(
    journal: &mut StoreJournal,
    fence: crate::journal::Fence,
    planned: bool,
) -> Result<(), JournalError> {
    if planned {
        let note = "batches that were unknown are planned again";
        journal.reopen(fence, note, Timestamp::now())
    } else {
        journal.unclaim(fence);
        Ok(())
    }
}

/// Desk decides.
async fn by_reading(
    context: &Context,
    args: &ReconcileArgs,
) -> Result<(Vec<RunRecord>, bool), Failure> {
    let store = open_store(context)?;
    let found = Selection::parse(args.which.as_deref())?.find(&store, usize::MAX)?;
    let with_unknown: Vec<Reported> = reported(&store, found)?
        .into_iter()
        .filter(|reported| reported.standing.tally.batches.unknown > 0)
        .collect();
    if with_unknown.is_empty() {
        tell("no batch is unknown: there is nothing to reconcile");
        return Ok((Vec::new(), false));
    }
    let base_url = context.settings.base_url()?.to_string();
    let (ours, others): (Vec<Reported>, Vec<Reported>) = with_unknown
        .into_iter()
        .partition(|reported| reported.run.base_url == base_url);
    for other in &others {
        tracing::warn!(run = %other.run.key, sent_to = other.run.base_url, "left alone: it was sent to another Desk");
    }
    let runs: Vec<RunRecord> = ours.into_iter().map(|reported| reported.run).collect();
    let stopped = read_back(context, &base_url, &store, &runs).await?;
    Ok((runs, stopped))
}

/// True when it was told to stop before all was looked for.
async fn read_back(
    context: &Context,
    base_url: &str,
    store: &Store,
    runs: &[RunRecord],
) -> Result<bool, Failure> {
    let token = connection::token(&context.settings)?;
    let standings = store.standings(runs)?;
    let last = standings
        .iter()
        .filter_map(|standing| standing.read_at)
        .max();
    let ago = last.and_then(|at| Timestamp::now().duration_since(at).try_into().ok());
    let connection = Connection::new(
        &context.settings,
        base_url,
        token,
        Some(&store_url(context)),
        ago,
    )?;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let (recorder, thread) = Recorder::start(store_url(context).open()?);
    let progress = Progress::default();
    progress.update(|snapshot| snapshot.phase = Phase::Reconciling);
    let shown = progress::show(
        progress,
        &context.bars,
        context.on_terminal,
        "reconciling".to_owned(),
    );
    let line = line(
        &context.settings,
        &connection,
        &recorder,
        &store_url(context),
    );
    for run in runs {
        if stop.is_cancelled() {
            break;
        }
        let Some(done) = settling::settle(&line, run, Scope::Full, SentBy::Anybody, &stop).await?
        else {
            tracing::warn!(run = %run.key, "left alone: another process has it, and looks for its unknown batches itself");
            continue;
        };
        tracing::info!(run = %run.key, found = done.found, planned_again = done.resent, unknown = done.unknown, reads = done.reads, "reconciled");
        if done.resent > 0 {
            let batches = counted(done.resent, "batch is", "batches are");
            tell(format_args!(
                "{batches} proved absent and planned again: deskcast run {} sends them",
                run.key.campaign
            ));
        }
    }
    drop(shown);
    drop(line);
    drop(recorder);
    let _ = thread.join();
    Ok(stop.is_cancelled())
}

fn owned(error: JournalError, record: &RunRecord) -> Failure {
    match error {
        JournalError::Owned(_) => Failure::stopped(format!(
            "the run {} is being sent by another process on this machine; nothing was done",
            record.key
        )),
        error => error.into(),
    }
}
