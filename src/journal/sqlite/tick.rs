//! The file beside the store that no backup of the store restores: the count of commits, kept in
//! the store as well, and the secret of the store's place.
//!
//! A store that was restored from a backup has lost commits, and with them what was sent since:
//! planned batches may be in Desk. The file is then ahead of the store. A store that was copied
//! without it has no such file, or one with another secret. Either way nothing is sent until an
//! operator adopts the store. The count may lag behind, after a crash of the machine or beside
//! another process; it is never ahead of what was durable.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use super::beside;
use crate::journal::JournalError;

/// Digits of the count; a newline follows them.
const DIGITS: usize = 20;

/// The file beside the store; nothing is noted while there is none.
#[derive(Debug)]
pub(super) struct TickFile {
    file: Option<File>,
    path: PathBuf,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// The last commit that it knows of.
    pub(super) tick: Option<u64>,
    /// The secret of the place.
    pub(super) secret: Option<String>,
}

impl TickFile {
    /// Opens the file where there is one.
    pub(super) fn open(store: &Path) -> TickFile {
        let path = path(store);
        TickFile {
            file: OpenOptions::new().write(true).open(&path).ok(),
            path,
        }
    }

    /// Looks for the file again: somebody may have adopted the store since.
    pub(super) fn look_again(&mut self) {
        self.file = OpenOptions::new().write(true).open(&self.path).ok();
    }

    /// Notes that the commit with this tick is durable. Losing the note loses nothing but the
    /// chance to notice a rollback, so a failure here is no failure of the commit.
    pub(super) fn note(&self, tick: u64) {
        if let Some(file) = &self.file {
            let _ = file.write_all_at(format!("{tick:0DIGITS$}\n").as_bytes(), 0);
        }
    }
}

/// The path of the file beside this store.
pub(super) fn path(store: &Path) -> PathBuf {
    beside(store, "-tick")
}

/// Reads the file beside this store.
pub(super) fn read(store: &Path) -> Noted {
    let text = std::fs::read_to_string(path(store)).unwrap_or_default();
    let mut lines = text.lines();
    let tick = lines.next().and_then(|line| line.parse().ok());
    let secret = lines.next().filter(|line| !line.is_empty());
    Noted {
        tick,
        secret: secret.map(str::to_owned),
    }
}

/// Writes the file beside this store, in place: whoever has it open sees it. Durable when it
/// returns.
pub(super) fn write(store: &Path, tick: u64, secret: &str) -> Result<(), JournalError> {
    let path = path(store);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| {
            let text = format!("{tick:0DIGITS$}\n{secret}\n");
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
            file.sync_all()
        });
    written.map_err(|error| {
        JournalError::Store(format!("{} cannot be written: {error}", path.display()))
    })
}

/// The tick of the commit that is being made.
pub(super) fn next(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    tx.prepare_cached("UPDATE tick SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

/// The tick of the last commit.
pub(super) fn last(connection: &rusqlite::Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT last FROM tick", [], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}
