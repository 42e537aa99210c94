//! The count of commits, kept twice: in the store, and in a small file beside it.
//!
//! A store that was restored from a backup has lost commits, and with them what was sent since:
//! planned batches may be in Desk. The file, which no backup of the store restores, is then ahead
//! of the store, and sending waits for the operator's word. The file may lag behind, after a crash
//! of the machine or beside another process; it is never ahead of what was durable.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use crate::journal::JournalError;

/// The file beside the store.
#[derive(Debug)]
pub(super) struct TickFile {
    file: File,
    path: PathBuf,
}

impl TickFile {
    pub(super) fn open(store: &Path) -> Result<TickFile, JournalError> {
        let mut name = store.as_os_str().to_owned();
        name.push("-tick");
        let path = PathBuf::from(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| {
                JournalError::Store(format!("cannot open {}: {error}", path.display()))
            })?;
        Ok(TickFile { file, path })
    }

    /// Notes that the commit with this tick is durable. Losing the note loses nothing but the
    /// chance to notice a rollback, so a failure here is no failure of the commit.
    pub(super) fn note(&self, tick: u64) {
        let _ = self
            .file
            .write_all_at(format!("{tick:020}\n").as_bytes(), 0);
    }

    /// Refuses a store that is behind the file.
    pub(super) fn check(&self, tick: u64) -> Result<(), JournalError> {
        let mut text = [0_u8; 20];
        let noted = match self.file.read_at(&mut text, 0) {
            Ok(20) => std::str::from_utf8(&text)
                .ok()
                .and_then(|text| text.parse::<u64>().ok()),
            _ => None,
        };
        match noted {
            Some(noted) if noted > tick => Err(JournalError::Store(format!(
                "the store was rolled back: it ends at commit {tick}, and {} knows of commit {noted}. What was \
                 sent in between is not in it, and would be sent again. Find out what was, then remove {} to \
                 send all the same",
                self.path.display(),
                self.path.display()
            ))),
            _ => Ok(()),
        }
    }
}

/// The tick of the commit that is being made.
pub(super) fn next(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    tx.prepare_cached("UPDATE tick SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// The tick of the last commit.
pub(super) fn last(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    tx.query_row("SELECT last FROM tick", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}
