//! `deskcast track`: goes on reading the chats of runs that are still open, and reports.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connection::{self, Connection, line};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, tell};
use super::selection::{Selection, open_store, reported};
use super::store::locate::store_url;
use super::{Context, progress};
use crate::delivery::reconcile::Scope;
use crate::journal::{RunId, StoreJournal};
use crate::report::{Reported, json, overview};
use crate::service::alarm::Alarm;
use crate::service::progress::Progress;
use crate::service::recorder::Recorder;
use crate::service::settling::{self, SentBy};
use crate::service::stop;
use crate::service::tracker::{Tracking, Until};
use crate::service::voyage::Line;

/// When unknown batches are looked for while runs are followed: twice a minute.
const LOOK_EVERY: &str = "15,45 * * * * *";
/// And at the latest after this long, whatever the clock does.
const LOOK_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// Arguments of `deskcast track`.
#[derive(Debug, Args)]
pub(super) struct TrackArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign [default: all runs]
    #[arg(value_name = "RUN|NAME")]
    which: Option<String>,

    /// Keep reading until all chats are closed, or for this long (such as 30m); without it, each
    /// is read once
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    follow: Option<Option<humantime::Duration>>,

    /// Print the report as one JSON document when done
    #[arg(long)]
    json: bool,
}

pub(super) async fn track(context: &Context, args: TrackArgs) -> Result<Exit, Failure> {
    let selection = Selection::parse(args.which.as_deref())?;
    let store = open_store(context)?;
    let runs = reported(&store, selection.find(&store, usize::MAX)?)?;
    let named = selection != Selection::All;
    let open: Vec<Reported> = runs
        .iter()
        .filter(|reported| reported.standing.open_chats > 0)
        .cloned()
        .collect();
    if open.is_empty() {
        tell("no chat is open: there is nothing to read");
        return finish(&args, if named { &runs } else { &open }, Exit::Done);
    }
    let base_url = context.settings.base_url()?.to_string();
    let ours = of_this_desk(&open, &base_url)?;
    let exit = read(context, &args, &base_url, &ours).await?;
    // Read again: the counts have changed.
    let keys = ours.iter().map(|reported| reported.run.key.clone());
    let mut after = Vec::new();
    for key in keys {
        after.extend(store.run(&key)?);
    }
    finish(&args, &reported(&store, after)?, exit)
}

fn finish(args: &TrackArgs, runs: &[Reported], exit: Exit) -> Result<Exit, Failure> {
    if args.json {
        print(&json::report(runs))?;
    } else if !runs.is_empty() {
        print(&overview::report(runs))?;
    }
    Ok(exit)
}

/// The runs that were sent to this Desk. The chats of another one are not to be found here, or
/// worse, others are found under their ids.
fn of_this_desk(open: &[Reported], base_url: &str) -> Result<Vec<Reported>, Failure> {
    let (ours, others): (Vec<Reported>, Vec<Reported>) = open
        .iter()
        .cloned()
        .partition(|reported| reported.run.base_url == base_url);
    for Reported { run, .. } in &others {
        tracing::warn!(run = %run.key, sent_to = run.base_url, desk_base_url = base_url, "left alone: it was sent to another Desk");
    }
    if ours.is_empty() {
        return Err(Failure::mistake(format!(
            "no run was read: those with open chats were sent to another Desk than {base_url}. Set desk.base_url back \
             to read them"
        )));
    }
    Ok(ours)
}

async fn read(
    context: &Context,
    args: &TrackArgs,
    base_url: &str,
    runs: &[Reported],
) -> Result<Exit, Failure> {
    let token = connection::token(&context.settings)?;
    let began = Timestamp::now();
    let connection = Connection::new(
        &context.settings,
        base_url,
        token,
        Some(&store_url(context)),
        last_reading(runs, began),
    )?;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let until = match args.follow {
        None => Until::ReadOnce,
        Some(time) => Until::Settled(time.map(|time| Instant::now() + Duration::from(time))),
    };
    let (recorder, thread) = Recorder::start(store_url(context).open()?);
    let progress = Progress::default();
    let shown = progress::show(
        progress.clone(),
        &context.bars,
        context.on_terminal,
        "tracking".to_owned(),
    );
    let line = line(
        &context.settings,
        &connection,
        &recorder,
        &store_url(context),
    );
    drop(recorder);
    let tracker = line.tracker(stop.clone(), progress);
    let ids: Vec<RunId> = runs.iter().map(|reported| reported.run.id).collect();
    let tracking = match until {
        Until::Unread | Until::ReadOnce => tracker.track(&ids, until).await,
        Until::Settled(_) => {
            tokio::select! {
                tracking = tracker.track(&ids, until) => tracking,
                failure = settle(&line, runs, &stop) => return Err(failure),
            }
        }
    };
    drop(line);
    drop(shown);
    drop(tracker);
    let _ = thread.join();
    let answered = reported(&open_store(context)?, runs_of(runs))?
        .iter()
        .any(|reported| reported.standing.read_at.is_some_and(|at| at >= began));
    Ok(exit(tracking, answered, stop.is_cancelled()))
}

/// Looks for unknown batches of these runs now and then, for as long as they are followed: a
/// request that was given up may have been applied late. Ends only when it cannot go on.
async fn settle(line: &Line<StoreJournal>, runs: &[Reported], stop: &CancellationToken) -> Failure {
    let alarm = match Alarm::start(LOOK_EVERY, LOOK_AT_LEAST_EVERY).await {
        Ok(alarm) => alarm,
        Err(error) => return Failure::stopped(format!("cannot wake up by the clock: {error}")),
    };
    loop {
        alarm.rings().await;
        for Reported { run, .. } in runs {
            let looked = settling::settle(line, run, Scope::Near, SentBy::Anybody, stop).await;
            if let Err(error) = looked {
                tracing::warn!(run = %run.key, %error, "unknown batches could not be looked for");
            }
        }
    }
}

fn runs_of(runs: &[Reported]) -> Vec<crate::journal::runs::RunRecord> {
    runs.iter().map(|reported| reported.run.clone()).collect()
}

/// How long ago a chat of these was last read.
fn last_reading(runs: &[Reported], now: Timestamp) -> Option<Duration> {
    let last = runs.iter().filter_map(|run| run.standing.read_at).max()?;
    now.duration_since(last).try_into().ok()
}

/// `answered` says whether Desk has shown a chat at all.
fn exit(tracking: Tracking, answered: bool, stopped: bool) -> Exit {
    match tracking {
        Tracking::Failed(why) => {
            tracing::error!(why, "the chats could not be read");
            Exit::Stopped
        }
        Tracking::Done { unread } | Tracking::Ended { unread, .. } if !unread.is_empty() => {
            tell(format_args!(
                "deskcast: Desk did not show all chats, and answered {unread}. What is reported of these is what was read \
                 before. Run deskcast track again later; a chat that stays away may be gone from Desk, or the token or \
                 desk.base_url is of another application: deskcast desk chat get ID asks for one by hand"
            ));
            Exit::Stopped
        }
        _ if stopped => Exit::Stopped,
        _ if !answered => {
            tracing::error!("Desk could not be reached; run deskcast track again");
            Exit::Stopped
        }
        Tracking::Done { .. } | Tracking::Ended { .. } => Exit::Done,
    }
}
