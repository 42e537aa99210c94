//! `deskcast transcripts`: fetches all messages of many tickets.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::Context;
use super::connection::{self, Connection};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, tell};
use super::progress::show_job;
use super::store::locate::budget_store;
use super::tickets::TicketArgs;
use crate::report::jobs::{Listing, Transcripts};
use crate::report::number::{counted, duration, grouped};
use crate::report::transcript;
use crate::service::stop;
use crate::service::ticket_list::TicketList;
use crate::service::ticket_reader::{Counts, Means, Watched};
use crate::service::transcripts::{Ended, Form, Identity, Job, JobError, Target, transcribe};

/// Arguments of `deskcast transcripts`.
#[derive(Debug, Args)]
pub(super) struct TranscriptsArgs {
    #[command(flatten)]
    tickets: TicketArgs,

    /// Where they go: FILE.jsonl or FILE.csv for all tickets in one file, or a folder with a
    /// TICKET.jsonl for each
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,

    /// Begin anew, and write over what is there
    #[arg(long)]
    fresh: bool,

    /// Print one JSON object when done
    #[arg(long)]
    json: bool,
}

pub(super) async fn transcripts(context: &Context, args: TranscriptsArgs) -> Result<Exit, Failure> {
    let target = target(&args.out)?;
    let list = args.tickets.read()?;
    let settings = &context.settings;
    let base_url = settings.base_url()?.to_string();
    let identity = Identity {
        base_url: base_url.clone(),
        digest: list.digest.clone(),
        tickets: list.tickets.len() as u64,
    };
    let job = Job::open(&target, &identity, args.fresh)?;
    if job.is_complete() {
        let ended = Ended {
            mark: job.mark(),
            unread: job.unread().to_vec(),
            stopped: None,
            complete: true,
        };
        tell("complete already: nothing was read (--fresh reads everything again)");
        return finish(&args, &list, &ended, Counts::default(), Duration::ZERO);
    }
    if job.is_resumed() {
        let through = grouped(job.mark().ticket);
        let all = counted(identity.tickets, "ticket", "tickets");
        tell(format_args!("going on after {through} of {all}"));
    }
    let token = connection::token(settings)?;
    let store = budget_store(context);
    let connection = Connection::new(settings, &base_url, token, store.as_ref(), None)?;
    let stop = stop::on_signals()
        .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
    let watched = Watched::default();
    let means = Means {
        desk: connection.desk,
        budget: connection.budget,
        concurrency: connection.concurrency,
        give_up_after: settings.limits.give_up_after.get(),
        stop,
        watched: watched.clone(),
    };
    let began = Instant::now();
    let shown = show_job(
        context,
        "transcripts",
        progress(watched.clone(), identity.tickets),
    );
    let ended = transcribe(job, &list.tickets, target.form, means).await;
    drop(shown);
    finish(&args, &list, &ended, watched.counts(), began.elapsed())
}

fn finish(
    args: &TranscriptsArgs,
    list: &TicketList,
    ended: &Ended,
    counts: Counts,
    took: Duration,
) -> Result<Exit, Failure> {
    let result = Transcripts {
        out: args.out.display().to_string(),
        listing: Listing::of(list),
        ended,
        requests: counts.requests,
        throttled: counts.throttled,
        took,
    };
    print(&match args.json {
        true => result.json(),
        false => result.text(),
    })?;
    if let Some(error) = &ended.stopped {
        tell(format_args!("deskcast: {error}"));
    }
    Ok(match ended.complete {
        false => Exit::Stopped,
        true if ended.unread.is_empty() => Exit::Done,
        true => Exit::Attention,
    })
}

/// What the ending of a path says.
fn target(out: &Path) -> Result<Target, Failure> {
    let jsonl = Form {
        header: b"",
        write: transcript::json,
    };
    let csv = Form {
        header: transcript::CSV_HEADER,
        write: transcript::csv,
    };
    let of = |is_folder, form| Target {
        path: out.to_owned(),
        is_folder,
        form,
    };
    let ending = out.extension().map(|ending| ending.to_string_lossy());
    match ending.as_deref() {
        _ if out.is_dir() => Ok(of(true, jsonl)),
        Some("jsonl") => Ok(of(false, jsonl)),
        Some("csv") => Ok(of(false, csv)),
        None => Ok(of(true, jsonl)),
        Some(other) => Err(Failure::mistake(format!(
            "--out {}: a file ends in .jsonl or .csv, not .{other}; a folder has no such ending, or is there already",
            out.display()
        ))),
    }
}

/// A line of progress, with how much of it is done.
fn progress(watched: Watched, tickets: u64) -> impl Fn() -> (u64, u64, String) {
    let before = std::cell::OnceCell::new();
    let began = Instant::now();
    move || {
        let counts = watched.counts();
        let before = *before.get_or_init(|| counts.tickets);
        let mut parts = vec![
            format!("{}/{} tickets", grouped(counts.tickets), grouped(tickets)),
            counted(counts.messages, "message", "messages"),
        ];
        let seconds = began.elapsed().as_secs_f64().max(0.001);
        let done = counts.tickets.saturating_sub(before);
        if done > 0 {
            parts.push(format!(
                "{:.1} requests/s",
                counts.requests as f64 / seconds
            ));
            let left = tickets.saturating_sub(counts.tickets) as f64 * seconds / done as f64;
            parts.push(format!(
                "{} left",
                duration(Duration::from_secs_f64(left.ceil()))
            ));
        }
        for (number, word) in [(counts.unread, "not read"), (counts.throttled, "throttled")] {
            if number > 0 {
                parts.push(format!("{} {word}", grouped(number)));
            }
        }
        (counts.tickets, tickets, parts.join(", "))
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Failure {
        match error {
            JobError::Mistake(why) => Failure::mistake(why),
            error => Failure::stopped(error.to_string()),
        }
    }
}
