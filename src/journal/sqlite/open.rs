//! Opening the store: what it must be able to do, and the sentence when it cannot.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::journal::JournalError;

/// The schema versions, each a step from the one before; a store's version is how many it took.
const MIGRATIONS: [&str; 9] = [
    include_str!("schema/runs.sql"),
    include_str!("schema/orders.sql"),
    include_str!("schema/pace.sql"),
    include_str!("schema/audience.sql"),
    include_str!("schema/messages.sql"),
    include_str!("schema/approval.sql"),
    include_str!("schema/lookups.sql"),
    include_str!("schema/variants.sql"),
    include_str!("schema/boot_clock.sql"),
];
/// "desk" in ASCII: marks the file as ours.
const APPLICATION_ID: i64 = 0x6465_736b;
/// Pages of 4 KiB that the log may hold before they are copied back into the file.
const CHECKPOINT_PAGES: i64 = 8_000;
/// Pages that are kept in memory.
const CACHE_PAGES: i64 = 4_000;
/// How long a commit waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the store for writing, making or migrating it where needed.
pub(super) fn writable(path: &Path) -> Result<Connection, JournalError> {
    let explain =
        |what: String| JournalError::Store(format!("the store {}: {what}", path.display()));
    // SQLite would make the file readable by others where the umask allows it.
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| explain(format!("cannot be opened for writing: {error}")))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| explain(sentence(&error)))?;
    prepare(&mut connection).map_err(|error| match error {
        JournalError::Store(what) => explain(what),
        other => other,
    })?;
    Ok(connection)
}

/// Opens an existing store for reading.
pub(super) fn readable(path: &Path) -> Result<Connection, JournalError> {
    let explain =
        |what: String| JournalError::Store(format!("the store {}: {what}", path.display()));
    if !path.exists() {
        return Err(explain(
            "does not exist yet: nothing was run with these settings".to_owned(),
        ));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| explain(sentence(&error)))?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let newest = MIGRATIONS.len() as i64;
    let mut version_here = version(&connection).map_err(|error| explain(sentence(&error)))?;
    // An older deskcast wrote it, and nothing was sent by this one yet: what is asked for now may
    // be in no table of its.
    if (1..newest).contains(&version_here) {
        drop(writable(path)?);
        version_here = newest;
    }
    connection
        .pragma_update(None, "query_only", true)
        .map_err(|error| explain(sentence(&error)))?;
    let version = version_here;
    if version != newest {
        check_version(version).map_err(|error| explain(error.to_string()))?;
        return Err(explain(
            "was not set up yet: nothing was run with these settings".to_owned(),
        ));
    }
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    check_version(version(connection)?)?;
    check_owner(connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Neighbouring batches share pages: copying these back less often saves much of the copying.
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", CACHE_PAGES)?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if mode != "wal" || synchronous != 2 {
        return Err(JournalError::Store(format!(
            "cannot be made durable here (journal mode {mode}, synchronous {synchronous}); put it on a local file system"
        )));
    }
    migrate(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    if version(connection)? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&tx)?;
    check_version(from)?;
    for step in MIGRATIONS.iter().skip(from as usize) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(tx.commit()?)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
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

/// Refuses the database of another program, before anything in it is changed. One statement, so
/// that a store that another process is just setting up is seen before or after, not in between.
fn check_owner(connection: &Connection) -> Result<(), JournalError> {
    let (version, application, objects): (i64, i64, i64) = connection.query_row(
        "SELECT v.user_version, a.application_id, (SELECT count(*) FROM sqlite_schema)
         FROM pragma_user_version v, pragma_application_id a",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let ours = version > 0 && application == APPLICATION_ID;
    let new = version == 0 && objects == 0;
    if ours || new {
        return Ok(());
    }
    Err(JournalError::Store(
        "it is the database of another program, not a deskcast store; choose another file"
            .to_owned(),
    ))
}

/// What a SQLite error means to an operator.
pub(super) fn sentence(error: &rusqlite::Error) -> String {
    let meaning = match error.sqlite_error_code() {
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
        Some(ErrorCode::CannotOpen) => "it cannot be opened; check the path and the permissions",
        _ => return error.to_string(),
    };
    format!("{meaning} ({error})")
}
