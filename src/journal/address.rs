//! The address of a store. It opens what it names, for whoever asks: nobody outside of this room knows
//! which database that is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::gate::GateBook;
use super::store::{Creation, Inspected};
use super::{DaemonLock, JournalError, RunId, Store, StoreJournal, sqlite};

/// Where the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl(Kept);

/// What keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    /// `sqlite:PATH`: an SQLite database in a file on this machine.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The store in this file.
    pub fn of_file(path: impl Into<PathBuf>) -> StoreUrl {
        StoreUrl(Kept::Sqlite(path.into()))
    }

    /// Reads an address as it is written in the settings.
    ///
    /// # Errors
    /// Says what it takes.
    pub fn parse(text: &str) -> Result<StoreUrl, String> {
        let path = text.strip_prefix("sqlite:").unwrap_or_default();
        // "//host" and "?options" mean something elsewhere; taking them for a path would put
        // the journal where nobody looks for it.
        if path.is_empty() || path.starts_with("//") || path.contains('?') {
            return Err("\"sqlite:PATH\", such as \"sqlite:/var/lib/deskcast/deskcast.db\"".into());
        }
        if path == ":memory:" {
            return Err(
                "\"sqlite:PATH\" with a file: a journal in memory would forget who was messaged"
                    .into(),
            );
        }
        Ok(StoreUrl::of_file(path))
    }

    /// The same store with a relative path made relative to `folder`.
    #[must_use]
    pub fn relative_to(&self, folder: &Path) -> StoreUrl {
        match &self.0 {
            Kept::Sqlite(path) => StoreUrl::of_file(folder.join(path)),
        }
    }

    /// The same store with its path in full: wherever a command is typed, it is the same one.
    #[must_use]
    pub fn in_full(&self) -> StoreUrl {
        let Kept::Sqlite(path) = &self.0;
        let is_link = path
            .symlink_metadata()
            .is_ok_and(|found| found.file_type().is_symlink());
        // What lies beside the store lies beside the file itself, whichever name it is opened by.
        StoreUrl::of_file(match path.canonicalize() {
            Ok(real) if is_link => real,
            _ => std::path::absolute(path).unwrap_or_else(|_| path.clone()),
        })
    }

    /// The file that it is, beside which what belongs to it lies; none where it is not in a file.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kept::Sqlite(path) => Some(path),
        }
    }

    /// Where it is, for people.
    pub fn place(&self) -> impl fmt::Display {
        match &self.0 {
            Kept::Sqlite(path) => path.display(),
        }
    }

    /// Whether there is something at this address.
    pub fn exists(&self) -> bool {
        match &self.0 {
            Kept::Sqlite(path) => path.exists(),
        }
    }

    /// A sentence where a store was at this address, and is not any more.
    pub fn lost(&self) -> Option<String> {
        match &self.0 {
            Kept::Sqlite(path) => sqlite::facts::lost(path),
        }
    }

    /// Looks at what is there without changing a byte of it, and at the runs of the Desk at `base_url`;
    /// nothing where it is no store of deskcast's, or cannot be read.
    pub fn inspect(&self, base_url: &str) -> Option<Inspected> {
        match &self.0 {
            Kept::Sqlite(path) => sqlite::facts::inspect(path, base_url),
        }
    }

    /// Makes the store, for its owner only, unless there is one.
    ///
    /// # Errors
    /// As [`StoreUrl::open`]; and where something is left of a store that is gone.
    pub fn create(&self) -> Result<Creation, JournalError> {
        match &self.0 {
            Kept::Sqlite(path) => StoreJournal::create(path),
        }
    }

    /// Opens an existing store for who changes it.
    ///
    /// # Errors
    /// Refuses, with a sentence, what is no store, what a newer deskcast wrote, what cannot be
    /// written, and what cannot do what durability needs.
    pub fn open(&self) -> Result<StoreJournal, JournalError> {
        match &self.0 {
            Kept::Sqlite(path) => StoreJournal::open(path),
        }
    }

    /// Opens an existing store for who only reads.
    ///
    /// # Errors
    /// Refuses, with a sentence, what is no store, what a newer deskcast wrote, and what cannot be read.
    pub fn read(&self) -> Result<Store, JournalError> {
        match &self.0 {
            Kept::Sqlite(path) => Store::open(path),
        }
    }

    /// Opens an existing store for the gate of a run.
    ///
    /// # Errors
    /// As [`StoreUrl::open`].
    pub fn gate_book(&self) -> Result<GateBook, JournalError> {
        match &self.0 {
            Kept::Sqlite(path) => GateBook::open(path),
        }
    }

    /// Says that a daemon lives on the store, for as long as what is returned is held.
    ///
    /// # Errors
    /// Where that cannot be said.
    pub fn daemon_lock(&self) -> Result<DaemonLock, JournalError> {
        match &self.0 {
            Kept::Sqlite(path) => DaemonLock::take(path),
        }
    }

    /// Whether somebody wants to have this run, who finds it claimed by who only looks for its
    /// unknown batches.
    pub fn is_wanted(&self, run: RunId) -> bool {
        match &self.0 {
            Kept::Sqlite(path) => StoreJournal::is_wanted(path, run),
        }
    }
}

impl Default for StoreUrl {
    fn default() -> StoreUrl {
        StoreUrl::of_file("deskcast.db")
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kept::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}
