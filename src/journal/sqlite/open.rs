//! Opening the store: what it must be able to do, and the sentence when it cannot.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use super::owner::Lock;
use super::place::OpenFile;
use super::{beside, place, tick};
use crate::journal::store::Creation;
use crate::journal::{JournalError, limits};

/// The schema versions, each a step from the one before; a store's version is how many it took.
const MIGRATIONS: [&str; 13] = [
    include_str!("schema/runs.sql"),
    include_str!("schema/orders.sql"),
    include_str!("schema/pace.sql"),
    include_str!("schema/audience.sql"),
    include_str!("schema/messages.sql"),
    include_str!("schema/approval.sql"),
    include_str!("schema/lookups.sql"),
    include_str!("schema/variants.sql"),
    include_str!("schema/boot_clock.sql"),
    include_str!("schema/place.sql"),
    include_str!("schema/clock.sql"),
    include_str!("schema/lists.sql"),
    include_str!("schema/figures.sql"),
];
/// "desk" in ASCII: marks the file as ours.
const APPLICATION_ID: i64 = 0x6465_736b;
/// Pages of 4 KiB that the log may hold before they are copied back into the file.
const CHECKPOINT_PAGES: i64 = 8_000;
/// Pages that are kept in memory.
const CACHE_PAGES: i64 = 4_000;
/// Held while a store is made or brought up to date.
const SETUP_LOCK: &str = "-setup.lock";
/// How long a commit waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What is said of a file without a store in it.
const EMPTY: &str = "it is empty: no store was made in it, or what it held is lost. Restore a backup; to begin \
    anew, remove it, and: deskcast store create";
/// How long a process waits between two tries to change the journal mode.
const A_MOMENT: Duration = Duration::from_millis(5);

/// A sentence about this store.
fn explain(path: &Path, what: impl Display) -> JournalError {
    JournalError::Store(format!("the store {}: {what}", path.display()))
}

/// Opens an existing store for writing, migrating it where needed.
///
/// The file is never opened but by SQLite: closing any handle of ours on it would end the locks
/// that other connections of this process hold, and another process could then take the log away
/// from under them.
pub(super) fn writable(path: &Path) -> Result<(Connection, OpenFile), JournalError> {
    if !path.exists() {
        return Err(explain(
            path,
            "does not exist. To make it: deskcast store create",
        ));
    }
    let file = OpenFile::at(path)?;
    let mut connection = connect(path)?;
    if connection.is_readonly(MAIN_DB)? {
        let what = "it cannot be written; check the permissions and the file system";
        return Err(explain(path, what));
    }
    prepare(&mut connection, path).map_err(|error| match error {
        JournalError::Store(what) => explain(path, what),
        other => other,
    })?;
    place::refresh(&connection, path)?;
    file.check()?;
    Ok((connection, file))
}

/// Opens an existing store for reading.
pub(super) fn readable(path: &Path) -> Result<(Connection, OpenFile), JournalError> {
    if !path.exists() {
        return Err(explain(
            path,
            "does not exist. To make it: deskcast store create",
        ));
    }
    let newest = MIGRATIONS.len() as i64;
    let file = OpenFile::at(path)?;
    let connection = connect(path)?;
    let version = version(&connection).map_err(|error| explain(path, sentence(&error)))?;
    check_version(version).map_err(|error| explain(path, error))?;
    if version == 0 {
        return Err(explain(path, EMPTY));
    }
    // An older deskcast wrote it, and nothing was sent by this one yet: what is asked for now may
    // be in no table of its.
    if version < newest {
        drop(writable(path)?);
    }
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| explain(path, sentence(&error)))?;
    file.check()?;
    Ok((connection, file))
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|error| explain(path, sentence(&error)))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Makes a store with permissions for its owner only, unless there is one.
///
/// It is made whole under another name and put in its place in one step: nobody ever sees a part
/// of it, whoever starts at the same time or is killed.
///
/// # Errors
/// Refuses a place where something is left of a store that is gone: what that one knew is lost,
/// and a new one would send it again.
pub(super) fn create(path: &Path) -> Result<Creation, JournalError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let wrong = |error: std::io::Error| {
        let folder = folder.display();
        explain(
            path,
            format!("cannot be made: the folder {folder}: {error}"),
        )
    };
    let lock = Lock::wait_for(beside(path, SETUP_LOCK)).map_err(wrong)?;
    if path.symlink_metadata().is_ok() {
        drop(lock);
        return writable(path).map(|_| Creation::Exists);
    }
    refuse_leftovers(path)?;
    let new = tempfile::Builder::new()
        .prefix(".deskcast-new-")
        .tempfile_in(folder)
        .map_err(wrong)?
        .into_temp_path();
    let mut connection = connect(&new)?;
    set_up(&mut connection, path, &new)?;
    connection
        .close()
        .map_err(|(_, error)| explain(path, sentence(&error)))?;
    new.persist_noclobber(path)
        .map_err(|error| wrong(error.error))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(wrong)?;
    Ok(Creation::Made)
}

/// Refuses to make a store beside what is left of another one.
fn refuse_leftovers(path: &Path) -> Result<(), JournalError> {
    let log = beside(path, "-wal");
    let left = if tick::read(path).tick.is_some_and(|tick| tick > 0) {
        tick::path(path)
    } else if log.exists() {
        log
    } else {
        return Ok(());
    };
    Err(JournalError::Store(lost(path, &left)))
}

/// What is said where a store was, and is not any more.
fn lost(path: &Path, left: &Path) -> String {
    format!(
        "the store {} is gone, and {} is left of it. It was removed or moved, or its disk is not mounted; whom it \
         knew to be messaged would be messaged again. Put it back, or restore a backup. To begin anew on purpose, \
         remove what is left, then: deskcast store create",
        path.display(),
        left.display()
    )
}

/// A sentence where a store was at this path, and is not any more.
pub(super) fn lost_at(path: &Path) -> Option<String> {
    let tick = tick::path(path);
    let lost_one = !path.exists() && tick::read(path).tick.is_some_and(|tick| tick > 0);
    lost_one.then(|| lost(path, &tick))
}

fn prepare(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let here = version(connection)?;
    check_version(here)?;
    check_owner(connection)?;
    if here != MIGRATIONS.len() as i64 || mode(connection)? != "wal" {
        let _lock = Lock::wait_for(beside(path, SETUP_LOCK)).map_err(|error| {
            JournalError::Store(format!("it cannot be brought up to date: {error}"))
        })?;
        return set_up(connection, path, path);
    }
    set_durable(connection)
}

/// Makes the tables of a store, or those that an older one lacks. `file` is where it lies until it
/// has its name.
fn set_up(connection: &mut Connection, path: &Path, file: &Path) -> Result<(), JournalError> {
    let begun = Instant::now();
    // The busy timeout does not hold for this one statement.
    while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
        let is_busy = error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        if !is_busy || begun.elapsed() > BUSY_TIMEOUT {
            return Err(error.into());
        }
        std::thread::sleep(A_MOMENT);
    }
    set_durable(connection)?;
    migrate(connection, path, file)
}

fn mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))
}

fn set_durable(connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Neighbouring batches share pages: copying these back less often saves much of the copying.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", CACHE_PAGES)?;
    let mode = mode(connection)?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if mode != "wal" || synchronous != 2 {
        return Err(JournalError::Store(format!(
            "cannot be made durable here (journal mode {mode}, synchronous {synchronous}); put it on a local file system"
        )));
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, file: &Path) -> Result<(), JournalError> {
    if version(connection)? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&tx)?;
    check_version(from)?;
    for step in MIGRATIONS.iter().skip(from as usize) {
        tx.execute_batch(step)?;
    }
    let has_place: bool = tx.query_row("SELECT secret <> '' FROM place", [], |row| row.get(0))?;
    if !has_place {
        place::settle(&tx, path, file)?;
    }
    tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(tx.commit()?)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn check_version(version: i64) -> Result<(), JournalError> {
    if (0..=MIGRATIONS.len() as i64).contains(&version) {
        return Ok(());
    }
    Err(JournalError::Store(format!(
        "was written by a newer deskcast (its schema is {version}); use that one"
    )))
}

/// Whether a database is a store of deskcast's.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok(application == APPLICATION_ID && version(connection)? > 0)
}

/// Refuses the database of another program, before anything in it is changed. One statement, so
/// that a store that another process is just setting up is seen before or after, not in between.
fn check_owner(connection: &Connection) -> Result<(), JournalError> {
    let (version, application, objects): (i64, i64, i64) = connection.query_row(
        "SELECT v.user_version, a.application_id, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_user_version v, pragma_application_id a",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if version > 0 && application == APPLICATION_ID {
        return Ok(());
    }
    if version == 0 && objects == 0 {
        return Err(JournalError::Store(EMPTY.to_owned()));
    }
    Err(JournalError::Store(
        "it is the database of another program, not a deskcast store; choose another file"
            .to_owned(),
    ))
}

/// What a SQLite error means to an operator.
pub(super) fn sentence(error: &rusqlite::Error) -> String {
    let no_room_for_index = error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    let meaning = match error.sqlite_error_code() {
        _ if no_room_for_index => "the disk is full; make room",
        Some(ErrorCode::DiskFull) => "the disk is full; make room",
        Some(ErrorCode::ReadOnly) => {
            "it cannot be written; check the permissions and the file system"
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process keeps it locked; find out which one, and wait for it or end it"
        }
        Some(ErrorCode::NotADatabase) => "it is not a deskcast store; choose another file",
        Some(ErrorCode::DatabaseCorrupt) => "it is damaged; restore a backup",
        Some(ErrorCode::SystemIoFailure) => "the disk failed; check it",
        Some(ErrorCode::CannotOpen) if limits::has_too_many_files() => limits::MORE_FILES,
        Some(ErrorCode::CannotOpen) => "it cannot be opened; check the path and the permissions",
        _ => return error.to_string(),
    };
    format!("{meaning} ({error})")
}
