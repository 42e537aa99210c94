//! Transcripts of many tickets: read beside each other, written in the order of the list.
//!
//! A job is a list of tickets, a Desk and an output. It can be ended at any moment, and the same
//! job started again goes on from the last mark in the record beside its output; what comes out is
//! the same to the byte as if nothing had happened. A reading that was lost with a process is
//! repeated, and those are few: the tickets under way and what was held for its turn.
//!
//! A ticket is in the output whole or not at all. One that cannot be read is given up with its
//! reason, and stops nobody after it.

mod output;
mod record;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::output::Output;
pub use self::record::Identity;
use self::record::Record;
use self::writer::Written;
use super::ticket_reader::{Cut, Means, Reached, Reader, Unread};
use crate::delivery::transcript::{Mark, PageOf};
use crate::desk::{ChatMessage, TicketId};

/// How messages are written.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What the output begins with.
    pub header: &'static [u8],
    /// Writes a message of a ticket, with the end of its line.
    pub write: fn(TicketId, &ChatMessage, &mut Vec<u8>),
}

/// Where transcripts go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The file or folder.
    pub path: PathBuf,
    /// Whether every ticket gets a file of its own in that folder.
    pub is_folder: bool,
    /// How messages are written.
    pub form: Form,
}

impl Target {
    /// The record of a job with this output.
    pub fn record(&self) -> PathBuf {
        if self.is_folder {
            return self.path.join(".deskcast.job");
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(".job");
        PathBuf::from(name)
    }
}

/// Why a job cannot begin, or cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// Something is there that is not of this job: what, and what to do.
    #[error("{0}")]
    Mistake(String),
    /// Another process is at it.
    #[error("another process is writing this output; wait for it, or stop it")]
    Busy,
    /// The output or the record cannot be written; the job can be taken up again.
    #[error("{0}")]
    Output(String),
    /// Desk refuses the token, or the address is wrong, or nobody was reached for long.
    #[error("{0}")]
    Desk(String),
}

/// A job that this process holds.
#[derive(Debug)]
pub struct Job {
    record: Record,
    output: Output,
    mark: Mark,
    tickets: u64,
    unread: Vec<Unread>,
    resumed: bool,
}

impl Job {
    /// Takes a job up where it was left, or begins it. `fresh` begins anew, whatever was there.
    ///
    /// # Errors
    /// [`JobError`], when the output is of another job or of somebody else, or cannot be written.
    pub fn open(target: &Target, identity: &Identity, fresh: bool) -> Result<Job, JobError> {
        if target.is_folder {
            make_folder(&target.path)?;
        }
        let path = target.record();
        let (mut record, past) = Record::open(&path)?;
        let past = if fresh { record::Past::default() } else { past };
        let tickets = identity.tickets;
        if let (Some(before), Some(mark)) = (&past.identity, past.mark) {
            check_same(target, before, identity)?;
            let (output, mark) = match mark.ticket < tickets {
                true => Output::resume(target, mark)?,
                false => {
                    output::check_whole(target, &mark)?;
                    (Output::Whole, mark)
                }
            };
            return Ok(Job {
                record,
                output,
                mark,
                tickets,
                unread: past.unread,
                resumed: true,
            });
        }
        if !fresh && let Some(what) = in_the_way(target) {
            let _ = std::fs::remove_file(&path);
            return Err(JobError::Mistake(format!(
                "{what}, and no job left it there. Choose another --out, or write over it with --fresh"
            )));
        }
        let (output, mark) = Output::begin(target)?;
        let made = record.begin(identity, mark);
        made.and_then(|()| output::sync_folder(&path))
            .map_err(|error| failed(&path, &error))?;
        Ok(Job {
            record,
            output,
            mark,
            tickets,
            unread: Vec::new(),
            resumed: false,
        })
    }

    /// Whether everything was written before.
    pub fn is_complete(&self) -> bool {
        self.mark.ticket >= self.tickets
    }

    /// Whether an earlier process began it.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Where it stands.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// The tickets that could not be read so far.
    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }
}

fn make_folder(path: &Path) -> Result<(), JobError> {
    std::fs::create_dir_all(path).map_err(|error| {
        JobError::Output(format!(
            "the folder {} cannot be made: {error}",
            path.display()
        ))
    })
}

fn check_same(target: &Target, before: &Identity, now: &Identity) -> Result<(), JobError> {
    let what = match () {
        () if before.base_url != now.base_url => format!("of another Desk ({})", before.base_url),
        () if before != now => format!("of another list of {} tickets", before.tickets),
        () => return Ok(()),
    };
    Err(JobError::Mistake(format!(
        "{} holds transcripts {what}. Choose another --out, or write over them with --fresh",
        target.path.display()
    )))
}

/// What is there that would be written over.
fn in_the_way(target: &Target) -> Option<String> {
    let path = target.path.display();
    if !target.is_folder {
        let length = std::fs::metadata(&target.path).ok()?.len();
        return (length > 0).then(|| format!("{path} exists"));
    }
    let mut entries = std::fs::read_dir(&target.path).ok()?.flatten();
    let found = entries.find(|entry| output::is_transcript(&entry.file_name()))?;
    Some(format!("{} exists", found.path().display()))
}

fn failed(path: &Path, error: &std::io::Error) -> JobError {
    JobError::Output(format!("{} cannot be written: {error}", path.display()))
}

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Where it stands now.
    pub mark: Mark,
    /// The tickets that could not be read, of all processes.
    pub unread: Vec<Unread>,
    /// Why it stopped before its end, where it did; none when it is complete.
    pub stopped: Option<JobError>,
    /// Whether it is complete.
    pub complete: bool,
}

/// Goes on with a job until it is complete or told to stop.
///
/// Must be called on a tokio runtime.
pub async fn transcribe(job: Job, tickets: &[TicketId], form: Form, means: Means) -> Ended {
    let Job {
        record,
        output,
        mark,
        unread,
        ..
    } = job;
    means.watched.update(|counts| {
        (counts.tickets, counts.messages) = (mark.ticket, mark.messages);
        counts.unread = unread.len() as u64;
    });
    let (commands, queue) = tokio::sync::mpsc::channel(128);
    let writer = writer::Writer::new(output, record, mark);
    let writing = tokio::task::spawn_blocking(move || writer.serve(queue));
    let from = Reached {
        ticket: mark.ticket,
        shown: mark.ticket > unread.len() as u64,
        place: (mark.offset, mark.last),
    };
    let cut: Cut<Written> =
        Arc::new(move |ticket, messages, place| written(form, ticket, messages, place));
    let (given_up, stopped) = Reader::new(tickets, from, cut, means).read(commands).await;
    let stopped = stopped.map(|error| JobError::Desk(error.to_string()));
    let mut unread = unread;
    unread.extend(given_up);
    let result = match writing.await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (mark, stopped) = match result {
        Ok(mark) => (mark, stopped),
        Err(why) => {
            let why = format!("the output cannot be written: {why}");
            (mark, Some(JobError::Output(why)))
        }
    };
    unread.retain(|ticket| ticket.at < mark.ticket);
    Ended {
        mark,
        unread,
        complete: mark.ticket >= tickets.len() as u64,
        stopped,
    }
}

fn written(
    form: Form,
    ticket: TicketId,
    messages: &[ChatMessage],
    (offset, last): (u64, Option<u64>),
) -> Written {
    let mut bytes = Vec::with_capacity(messages.len() * 256);
    for message in messages {
        (form.write)(ticket, message, &mut bytes);
    }
    let of = PageOf {
        bytes: bytes.len() as u64,
        messages: messages.len() as u64,
        offset,
        last,
    };
    Written { bytes, of }
}
