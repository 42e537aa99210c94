//! Where transcripts go: one file for all tickets, or a folder with a file for each.
//!
//! One file grows in the order of the list and is cut back to the last mark when a job is taken up
//! again. In a folder a ticket's file is written under another name, and gets its own when it is
//! whole: whatever has its name is complete.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{JobError, Target};
use crate::delivery::transcript::Mark;
use crate::desk::TicketId;

/// An output that is being written.
#[derive(Debug)]
pub(super) enum Output {
    /// One file.
    File(File),
    /// A folder, and the file of the ticket at hand.
    Folder(PathBuf, Option<File>),
    /// Wholly written before: nothing is added.
    Whole,
}

impl Output {
    /// Makes an output that has nothing in it yet, but its header.
    pub(super) fn begin(target: &Target) -> Result<(Output, Mark), JobError> {
        let wrong = |error: io::Error| unusable(target, &error);
        if target.is_folder {
            clear(&target.path).map_err(wrong)?;
            let output = Output::Folder(target.path.clone(), None);
            return Ok((output, Mark::default()));
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&target.path)
            .map_err(wrong)?;
        file.write_all(target.form.header).map_err(wrong)?;
        file.sync_all().map_err(wrong)?;
        sync_folder(&target.path).map_err(wrong)?;
        let mark = Mark::after_header(target.form.header.len() as u64);
        Ok((Output::File(file), mark))
    }

    /// Opens the output of an earlier process and cuts it back to the mark: the mark to go on from.
    pub(super) fn resume(target: &Target, mark: Mark) -> Result<(Output, Mark), JobError> {
        if target.is_folder {
            return Ok((Output::Folder(target.path.clone(), None), mark.back()));
        }
        let wrong = |error: io::Error| unusable(target, &error);
        check_whole(target, &mark)?;
        let mut file = OpenOptions::new()
            .write(true)
            .open(&target.path)
            .map_err(wrong)?;
        file.set_len(mark.bytes).map_err(wrong)?;
        file.seek(SeekFrom::End(0)).map_err(wrong)?;
        Ok((Output::File(file), mark))
    }

    /// Adds a page of a ticket.
    pub(super) fn page(&mut self, ticket: TicketId, bytes: &[u8]) -> io::Result<()> {
        match self {
            Output::File(file) => file.write_all(bytes),
            Output::Folder(folder, part) => open_part(folder, part, ticket)?.write_all(bytes),
            Output::Whole => Ok(()),
        }
    }

    /// Takes back what was written of a ticket. `mark` is what was written before it.
    pub(super) fn back(&mut self, mark: &Mark) -> io::Result<()> {
        match self {
            Output::File(file) => {
                file.set_len(mark.bytes)?;
                file.seek(SeekFrom::End(0)).map(drop)
            }
            Output::Folder(_, part) => {
                *part = None;
                Ok(())
            }
            Output::Whole => Ok(()),
        }
    }

    /// A ticket is whole.
    pub(super) fn end(&mut self, ticket: TicketId) -> io::Result<()> {
        let Output::Folder(folder, part) = self else {
            return Ok(());
        };
        open_part(folder, part, ticket)?.sync_data()?;
        *part = None;
        fs::rename(part_of(folder, ticket), folder.join(file_of(ticket)))
    }

    /// A ticket was given up: nothing of it stays.
    pub(super) fn drop_part(&mut self, ticket: TicketId) -> io::Result<()> {
        let Output::Folder(folder, part) = self else {
            return Ok(());
        };
        *part = None;
        for path in [part_of(folder, ticket), folder.join(file_of(ticket))] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes everything durable that was written.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        match self {
            Output::File(file) => file.sync_data(),
            Output::Folder(folder, _) => File::open(folder)?.sync_all(),
            Output::Whole => Ok(()),
        }
    }

    /// Whether a ticket can be cut anywhere, and not only at its ends.
    pub(super) fn has_marks_within_tickets(&self) -> bool {
        matches!(self, Output::File(_))
    }
}

/// Whether everything up to the mark is still there, as far as its length tells.
pub(super) fn check_whole(target: &Target, mark: &Mark) -> Result<(), JobError> {
    if target.is_folder {
        return Ok(());
    }
    let length = fs::metadata(&target.path)
        .map_err(|error| {
            JobError::Mistake(format!(
                "{} cannot be found again ({error}), although its job is recorded beside it. Put it back, or begin \
                 anew with --fresh",
                target.path.display()
            ))
        })?
        .len();
    if length < mark.bytes {
        return Err(JobError::Mistake(format!(
            "{} has {length} bytes, and the job had written {}: somebody changed it. Put it back, or begin anew \
             with --fresh",
            target.path.display(),
            mark.bytes
        )));
    }
    Ok(())
}

/// Whether a file of this name is a transcript in a folder of them.
pub(super) fn is_transcript(name: &OsStr) -> bool {
    let ticket = name.to_str().and_then(|name| name.strip_suffix(".jsonl"));
    ticket.is_some_and(|ticket| {
        !ticket.is_empty() && ticket.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Takes the transcripts of an earlier job away, so that what has its name is of this one.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_transcript(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn open_part<'a>(
    folder: &Path,
    part: &'a mut Option<File>,
    ticket: TicketId,
) -> io::Result<&'a mut File> {
    match part {
        Some(file) => Ok(file),
        None => Ok(part.insert(File::create(part_of(folder, ticket))?)),
    }
}

fn file_of(ticket: TicketId) -> String {
    format!("{ticket}.jsonl")
}

fn part_of(folder: &Path, ticket: TicketId) -> PathBuf {
    folder.join(format!(".{ticket}.jsonl.part"))
}

/// Makes the name of a file durable.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|path| !path.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn unusable(target: &Target, error: &io::Error) -> JobError {
    JobError::Output(format!(
        "{} cannot be written: {error}",
        target.path.display()
    ))
}
