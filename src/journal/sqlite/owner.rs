//! Who owns a run: a lock file beside the store, one for each run that is being sent.
//!
//! The kernel releases the lock when its holder ends, also by kill -9, and never before. So there
//! is no time to live to wait for and no clock to trust; a suspended owner stays the owner.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::journal::{JournalError, RunId};

/// Who only looks whether a run has an owner holds the lock for a moment, too: what is taken for an
/// owner must be there this many times.
const LOOKS: u32 = 10;
/// Between two of them.
const A_MOMENT: Duration = Duration::from_millis(1);

/// The lock on a run. It ends with this value or with the process.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock, or says that a living process has it.
    pub(super) fn take(store: &Path, run: RunId) -> Result<Lock, JournalError> {
        let taken = "the run is being sent by another process on this machine";
        Lock::take_file(path(store, run), taken)
    }

    /// Takes the lock that this file is, or says that it is `taken`.
    pub(super) fn take_file(path: PathBuf, taken: &str) -> Result<Lock, JournalError> {
        for look in 0..LOOKS {
            if look > 0 {
                std::thread::sleep(A_MOMENT);
            }
            let file = open(&path).map_err(|error| {
                JournalError::Store(format!(
                    "cannot open the lock file {}: {error}",
                    path.display()
                ))
            })?;
            match file.try_lock() {
                // The last owner may have removed the file since it was opened: a lock that
                // nobody else can find is none.
                Ok(()) if is_at(&file, &path) => return Ok(Lock { file, path }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(JournalError::Store(format!(
                        "cannot lock {}: {error}. The store must lie on a local file system",
                        path.display()
                    )));
                }
            }
        }
        Err(JournalError::Owned(taken.to_owned()))
    }

    /// Takes the lock that this file is, as soon as nobody else has it.
    pub(super) fn wait_for(path: PathBuf) -> std::io::Result<Lock> {
        loop {
            let file = open(&path)?;
            file.lock()?;
            // The last owner removed the file on its way out: a lock that nobody else finds is none.
            if is_at(&file, &path) {
                return Ok(Lock { file, path });
            }
        }
    }

    /// Says that the run is wanted, for as long as the lock is held. Who only looks for unknown
    /// batches gives the run up then.
    pub(super) fn want(store: &Path, run: RunId) -> Result<Lock, JournalError> {
        Lock::take_file(wanted(store, run), "the run is wanted by another process")
    }

    /// Whether a living process wants this run.
    pub(super) fn is_wanted(store: &Path, run: RunId) -> bool {
        is_held(&wanted(store, run))
    }

    /// Whether a living process has the lock of this run.
    pub(super) fn is_held(store: &Path, run: RunId) -> bool {
        is_held(&path(store, run))
    }
}

fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

impl Drop for Lock {
    /// The file goes with the lock. Who has opened it in the meantime sees that and looks again.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

fn path(store: &Path, run: RunId) -> PathBuf {
    super::beside(store, &format!("-run{}.lock", run.0))
}

fn wanted(store: &Path, run: RunId) -> PathBuf {
    super::beside(store, &format!("-run{}.wanted.lock", run.0))
}

/// Whether this file is the one at this path.
fn is_at(file: &File, path: &Path) -> bool {
    let inode = |found: std::io::Result<std::fs::Metadata>| found.map(|it| (it.dev(), it.ino()));
    match (inode(file.metadata()), inode(std::fs::metadata(path))) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        _ => false,
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Who we are, for people who ask who owns a run.
pub(super) fn name() -> String {
    format!("process {}", std::process::id())
}
