//! `deskcast retract`: deletes messages from tickets, and proves it.

use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::connection::{self, Connection};
use super::exit::Exit;
use super::failure::Failure;
use super::operator::operator;
use super::output::{print, tell};
use super::progress::show_job;
use super::selection::{FormatArgs, open_store, run_key};
use super::store::locate::{budget_store, existing_store};
use super::tickets::TicketArgs;
use crate::delivery::retract::{Wanted, Writer, Writers};
use crate::journal::retraction::{NewRetraction, RetractionRecord};
use crate::report::Format;
use crate::report::jobs::Listing;
use crate::report::number::{counted, grouped};
use crate::report::retraction::{Preview, Result as Came};
use crate::service::recorder::Recorder;
use crate::service::retraction::{Phase, Proof, Retraction, Stopped, WatchedDeleting, show};
use crate::service::stop;
use crate::service::ticket_list::TicketList;
use crate::service::ticket_reader::{Means, Watched};

/// Arguments of `deskcast retract`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("wanted").required(true).args(["message_from", "text", "contains"])))]
pub(super) struct RetractArgs {
    #[command(flatten)]
    tickets: TicketArgs,

    /// Delete the message of this run, such as welcome@2026-11-21T09:00:00Z
    #[arg(long, value_name = "RUN")]
    message_from: Option<String>,

    /// Delete the messages whose text is exactly this
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,

    /// Delete the messages that have this in their text, capitals as they are
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,

    /// Whose messages are deleted [default: agent,event]. With customer, what customers wrote is
    /// deleted, too
    #[arg(long, value_name = "WHO", value_delimiter = ',', value_parser = writer())]
    written_by: Vec<Writer>,

    /// Try open tickets again, at growing distances, for this long (such as 2h) or until this time
    /// (such as 2026-11-21T18:00:00Z); without it they are tried once
    #[arg(long, value_name = "DURATION|TIME", value_parser = until)]
    until: Option<Until>,

    /// Show what would be deleted, and delete nothing. It reads the tickets
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    format: FormatArgs,
}

/// How long open tickets are tried again.
#[derive(Clone, Copy, Debug)]
enum Until {
    For(Duration),
    Time(Timestamp),
}

fn writer() -> impl TypedValueParser<Value = Writer> {
    PossibleValuesParser::new(["agent", "event", "customer"])
        .map(|word| Writer::parse(&word).unwrap_or(Writer::Agent))
}

fn until(text: &str) -> Result<Until, String> {
    let duration = || humantime::parse_duration(text).map(Until::For);
    text.parse()
        .map(Until::Time)
        .or_else(|_| duration())
        .map_err(|_| "a duration such as 2h, or a time such as 2026-11-21T18:00:00Z".to_owned())
}

impl Until {
    /// From now.
    fn left(self) -> Duration {
        match self {
            Until::For(duration) => duration,
            Until::Time(time) => {
                let left = time.duration_since(Timestamp::now());
                left.try_into().unwrap_or_default()
            }
        }
    }
}

/// The words that are looked for, whose they are, and the run they are of.
struct Asked {
    wanted: Wanted,
    writers: Writers,
    run: String,
}

pub(super) async fn retract(context: &Context, args: RetractArgs) -> Result<Exit, Failure> {
    if args.dry_run && args.format.asked() == Some(Format::Csv) {
        return Err(Failure::mistake(
            "--dry-run prints a text or, with --json, one object, and no CSV",
        ));
    }
    let base_url = context.settings.base_url()?.to_string();
    let asked = asked(context, &args, &base_url)?;
    let list = args.tickets.read()?;
    if asked.writers.include_customers() {
        tell(format_args!(
            "warning: --written-by customer: what customers wrote is deleted, too, where it has the text"
        ));
    }
    let token = connection::token(&context.settings)?;
    let store = budget_store(context);
    let connection = Connection::new(&context.settings, &base_url, token, store.as_ref(), None)?;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let means = means(context, connection, stop);
    match args.dry_run {
        true => dry_run(context, &args, &list, &asked, means).await,
        false => perform(context, &args, &list, &asked, &base_url, means).await,
    }
}

fn means(context: &Context, connection: Connection, stop: CancellationToken) -> Means {
    Means {
        desk: connection.desk,
        budget: connection.budget,
        concurrency: connection.concurrency,
        give_up_after: context.settings.limits.give_up_after.get(),
        stop,
        watched: Watched::default(),
    }
}

fn asked(context: &Context, args: &RetractArgs, base_url: &str) -> Result<Asked, Failure> {
    let given = |text: &String| match text.is_empty() {
        true => Err(Failure::mistake(
            "the text is empty: every message would be meant",
        )),
        false => Ok(text.clone()),
    };
    let writers = Writers::of(args.written_by.iter().copied());
    if let Some(text) = &args.text {
        let wanted = Wanted::Exactly(given(text)?);
        let run = String::new();
        return Ok(Asked {
            wanted,
            writers,
            run,
        });
    }
    if let Some(text) = &args.contains {
        let wanted = Wanted::Containing(given(text)?);
        let run = String::new();
        return Ok(Asked {
            wanted,
            writers,
            run,
        });
    }
    let key = run_key(args.message_from.as_deref().unwrap_or_default())?;
    let run = open_store(context)?.run(&key)?.ok_or_else(|| {
        Failure::mistake(format!(
            "the store has no run {key}: deskcast runs lists those it has"
        ))
    })?;
    if run.base_url != base_url {
        return Err(Failure::mistake(format!(
            "{key} was sent to another Desk ({}): its messages are not to be found here. Set desk.base_url back",
            run.base_url
        )));
    }
    if !run.variants.is_empty() {
        let names: Vec<&str> = run.variants.iter().map(|it| it.name.as_str()).collect();
        return Err(Failure::mistake(format!(
            "{key} has several texts ({}): give each by itself, with --text",
            names.join(", ")
        )));
    }
    Ok(Asked {
        wanted: Wanted::Exactly(given(&run.message)?),
        writers,
        run: key.to_string(),
    })
}

async fn dry_run(
    context: &Context,
    args: &RetractArgs,
    list: &TicketList,
    asked: &Asked,
    means: Means,
) -> Result<Exit, Failure> {
    let watched = means.watched.clone();
    let line = searching(watched.clone(), list.tickets.len() as u64);
    let bar = show_job(context, "retract", line);
    let shown = show(&list.tickets, (&asked.wanted, &asked.writers), means)
        .await
        .map_err(|error| Failure::stopped(error.to_string()))?;
    drop(bar);
    let preview = Preview {
        wanted: &asked.wanted,
        writers: &asked.writers,
        run: &asked.run,
        listing: Listing::of(list),
        shown: &shown,
        reads: watched.counts().requests,
    };
    print(&match args.format.asked() {
        Some(Format::Json) => preview.json(),
        _ => preview.text(),
    })?;
    Ok(match () {
        () if shown.cut_short => Exit::Stopped,
        () if shown.unread.is_empty() => Exit::Done,
        () => Exit::Attention,
    })
}

async fn perform(
    context: &Context,
    args: &RetractArgs,
    list: &TicketList,
    asked: &Asked,
    base_url: &str,
    means: Means,
) -> Result<Exit, Failure> {
    let began = Instant::now();
    let mut journal = existing_store(context)?.open()?;
    let new = NewRetraction {
        base_url: base_url.to_owned(),
        digest: list.digest.clone(),
        tickets: list.tickets.len() as u64,
        wanted: asked.wanted.clone(),
        writers: asked.writers.clone(),
        run: asked.run.clone(),
        by: operator(),
    };
    let taken = journal.take_retraction(&new, Timestamp::now())?;
    if taken.resumed {
        tell(format_args!(
            "going on with the unfinished retraction {}",
            taken.id.0
        ));
    }
    let (recorder, thread) = Recorder::start(journal);
    let watched = WatchedDeleting::default();
    let tickets = list.tickets.len() as u64;
    let bar = show_job(
        context,
        "retract",
        progress(means.watched.clone(), watched.clone(), tickets),
    );
    let retraction = Retraction {
        means,
        recorder,
        id: taken.id,
        wanted: asked.wanted.clone(),
        writers: asked.writers.clone(),
        until: args.until.map(Until::left),
        watched,
    };
    let performed = retraction.perform(&list.tickets, &taken).await;
    drop(bar);
    let throttled =
        retraction.means.watched.counts().throttled + retraction.watched.figures().throttled;
    drop(retraction);
    let _ = thread.join();
    let record = open_store(context)?.retraction(taken.id)?;
    let record = record.ok_or_else(|| Failure::stopped("the retraction is not in the store"))?;
    let came = Came {
        record: &record,
        run: &asked.run,
        listing: Listing::of(list),
        proof: performed.as_ref().ok(),
        throttled,
        took: began.elapsed(),
    };
    match args.format.asked() {
        Some(Format::Json) => print(&came.json())?,
        Some(Format::Csv) => print(&came.csv())?,
        Some(Format::Table) | None => print(&came.text())?,
    }
    if let Err(stopped) = &performed
        && !matches!(stopped, Stopped::Told)
    {
        tell(format_args!("deskcast: {stopped}"));
    }
    Ok(exit(&record, performed.as_ref().ok()))
}

fn exit(record: &RetractionRecord, proof: Option<&Proof>) -> Exit {
    match proof {
        None => Exit::Stopped,
        Some(Proof::Unread(_)) => Exit::Attention,
        Some(Proof::Read) if Came::is_clean(record) => Exit::Done,
        Some(Proof::Read) => Exit::Attention,
    }
}

fn searching(watched: Watched, tickets: u64) -> impl Fn() -> (u64, u64, String) + Send {
    move || {
        let counts = watched.counts();
        let text = format!(
            "looked through {}/{} tickets, {}",
            grouped(counts.tickets),
            grouped(tickets),
            counted(counts.messages, "message", "messages")
        );
        (counts.tickets, tickets, text)
    }
}

fn progress(
    watched: Watched,
    deleting: WatchedDeleting,
    tickets: u64,
) -> impl Fn() -> (u64, u64, String) + Send {
    let searching = searching(watched, tickets);
    move || {
        let figures = deleting.figures();
        let mut text = format!(
            "deleted {}/{} messages",
            grouped(figures.deleted),
            grouped(figures.messages)
        );
        match figures.phase {
            Phase::Searching => return searching(),
            Phase::Deleting => {}
            Phase::Waiting => text.push_str(", waiting for open tickets"),
            Phase::Proving => text.push_str(", reading the deletion logs"),
        }
        (figures.ended, figures.messages, text)
    }
}
