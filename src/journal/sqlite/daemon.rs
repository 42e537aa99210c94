//! Whether a daemon lives on this store: a lock file that every daemon holds together with others.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::read::Store;
use crate::journal::JournalError;

/// Says that a daemon lives, for as long as it is held and its process lives.
#[derive(Debug)]
pub struct DaemonLock {
    _file: File,
    /// Whether another daemon was at work on the store already: they share the runs.
    pub is_beside_another: bool,
}

impl DaemonLock {
    /// Takes a share in the lock.
    pub(in crate::journal) fn take(store: &Path) -> Result<DaemonLock, JournalError> {
        let path = path(store);
        let wrong = |what: std::io::Error| {
            JournalError::Store(format!("cannot lock {}: {what}", path.display()))
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(wrong)?;
        let is_beside_another = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        file.lock_shared().map_err(wrong)?;
        Ok(DaemonLock {
            _file: file,
            is_beside_another,
        })
    }
}

impl Store {
    /// Whether a daemon lives on this store.
    pub fn has_daemon(&self) -> bool {
        let Ok(file) = File::open(path(&self.path)) else {
            return false;
        };
        matches!(file.try_lock(), Err(TryLockError::WouldBlock))
    }
}

fn path(store: &Path) -> PathBuf {
    super::beside(store, "-daemon.lock")
}
