//! What a job leaves behind so that it can be taken up again: a record beside its output.
//!
//! It lies there and not in the store, because it is worth nothing without the output and the
//! output is in doubt without it: they are moved, copied and deleted together. It is a file of JSON
//! lines that only grows: what the job is, then marks, and what could not be read. A line that was
//! cut by a kill is its last one, says nothing, and is cut off. The kernel's lock on the file tells
//! whether somebody is at work.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::JobError;
use crate::delivery::transcript::Mark;
use crate::service::ticket_reader::Unread;

/// What a job is: two with the same identity come to the same output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The Desk that is read.
    pub base_url: String,
    /// The digest of the list of tickets.
    pub digest: String,
    /// How many they are.
    pub tickets: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Job(Identity),
    Unread(Unread),
    Mark(Mark),
}

/// The record of a job, locked by this process.
#[derive(Debug)]
pub(super) struct Record {
    file: File,
}

/// What a record says.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) identity: Option<Identity>,
    pub(super) mark: Option<Mark>,
    /// Those before the mark.
    pub(super) unread: Vec<Unread>,
}

impl Record {
    /// Opens the record, or makes an empty one, and locks it.
    pub(super) fn open(path: &Path) -> Result<(Record, Past), JobError> {
        let wrong = |what: &str, error: std::io::Error| {
            JobError::Output(format!(
                "the record of the job, {}, cannot be {what}: {error}",
                path.display()
            ))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| wrong("opened", error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JobError::Busy),
            Err(TryLockError::Error(error)) => return Err(wrong("locked", error)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| wrong("read", error))?;
        if !may_be_a_record(&bytes) {
            return Err(JobError::Mistake(format!(
                "{} is no record of a job, and would be written over; choose another --out",
                path.display()
            )));
        }
        let (past, sound) = understand(&bytes);
        file.set_len(sound)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(|error| wrong("written", error))?;
        Ok((Record { file }, past))
    }

    /// Forgets everything and begins with this job, durably.
    pub(super) fn begin(&mut self, identity: &Identity, mark: Mark) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.append(&[Line::Job(identity.clone()), Line::Mark(mark)])
    }

    /// Adds what could not be read, and the mark behind it, durably.
    pub(super) fn mark(&mut self, unread: Vec<Unread>, mark: Mark) -> std::io::Result<()> {
        let mut lines: Vec<Line> = unread.into_iter().map(Line::Unread).collect();
        lines.push(Line::Mark(mark));
        self.append(&lines)
    }

    fn append(&mut self, lines: &[Line]) -> std::io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.file.sync_data()
    }
}

/// Whether these are the bytes of a record, or the beginning of some that a kill cut off.
fn may_be_a_record(bytes: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"{\"job\":";
    let length = bytes.len().min(BEGINNING.len());
    bytes[..length] == BEGINNING[..length]
}

/// What the bytes of a record say, and how many of them are sound. A mark makes good what stands
/// before it: a ticket without one behind it is read again, and then may be readable.
fn understand(bytes: &[u8]) -> (Past, u64) {
    let (mut past, mut unread, mut sound, mut read) = (Past::default(), Vec::new(), 0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(whole) = line.strip_suffix(b"\n") else {
            break;
        };
        read += line.len() as u64;
        match serde_json::from_slice(whole) {
            Ok(Line::Job(identity)) => past.identity = Some(identity),
            Ok(Line::Unread(ticket)) => unread.push(ticket),
            Ok(Line::Mark(mark)) => {
                past.mark = Some(mark);
                past.unread.append(&mut unread);
                sound = read;
            }
            Err(_) => break,
        }
    }
    if past.mark.is_none() {
        past.identity = None;
    }
    (past, sound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unread(at: u64) -> Unread {
        let why = "404: Not found.".to_owned();
        Unread {
            at,
            ticket: at + 1,
            why,
        }
    }

    fn record() -> Vec<u8> {
        let identity = Identity {
            base_url: "http://desk".to_owned(),
            digest: "sha256:00".to_owned(),
            tickets: 9,
        };
        let mark = |ticket| {
            Line::Mark(Mark {
                ticket,
                ..Mark::default()
            })
        };
        let lines = [
            Line::Job(identity),
            mark(0),
            Line::Unread(unread(2)),
            mark(3),
            Line::Unread(unread(5)),
            mark(7),
        ];
        let json = |line| format!("{}\n", serde_json::to_string(line).expect("JSON"));
        lines.iter().map(json).collect::<String>().into_bytes()
    }

    #[test]
    fn a_record_says_what_was_put_in() {
        let bytes = record();
        let (past, sound) = understand(&bytes);
        assert_eq!(sound, bytes.len() as u64);
        assert_eq!(past.unread, [unread(2), unread(5)]);
        assert_eq!(past.mark.map(|mark| mark.ticket), Some(7));
    }

    proptest! {
        #[test]
        fn a_record_that_was_cut_anywhere_says_what_was_whole(cut in 0usize..600) {
            let bytes = record();
            let cut = cut.min(bytes.len());
            let (past, sound) = understand(&bytes[..cut]);
            let whole = |line: &&[u8]| line.ends_with(b"\n");
            let lines: Vec<&[u8]> = bytes[..cut].split_inclusive(|byte| *byte == b'\n').filter(whole).collect();
            let marks = lines.iter().rposition(|line| line.starts_with(b"{\"mark\"")).map_or(0, |at| at + 1);
            prop_assert_eq!(sound, lines[..marks].iter().map(|line| line.len() as u64).sum::<u64>());
            prop_assert_eq!(past.identity.is_some(), marks > 0);
            prop_assert!(may_be_a_record(&bytes[..cut]));
            let through = past.mark.map_or(0, |mark| mark.ticket);
            let expected: Vec<Unread> = [2, 5].into_iter().filter(|at| *at < through).map(unread).collect();
            prop_assert_eq!(past.unread, expected);
        }
    }
}
