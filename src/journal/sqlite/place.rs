//! Where a store lies, as it remembers it and as it is found: its file, its machine and the secret
//! beside it, in the `-tick` file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};

use super::{beside, tick};
use crate::journal::JournalError;
use crate::journal::place::Place;

/// What tells of a container, where the machine's id may be another one at every start.
const CONTAINER_FILES: [&str; 3] = [
    "/.dockerenv",
    "/run/.containerenv",
    "/run/systemd/container",
];
const CONTAINER_VARIABLES: [&str; 2] = ["container", "KUBERNETES_SERVICE_HOST"];

impl Place {
    /// Where the store at this path is found; its file may have another name still.
    pub(super) fn found(store: &Path, file: &Path) -> Result<Place, JournalError> {
        let metadata = std::fs::metadata(file).map_err(|error| gone(store, &error.to_string()))?;
        let born = metadata.created().ok();
        let born = born.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Place {
            secret: tick::read(store).secret,
            path: store.display().to_string(),
            device: metadata.dev() as i64,
            inode: metadata.ino() as i64,
            born: born.and_then(|it| i64::try_from(it.as_nanos()).ok()),
            machine: machine(),
        })
    }

    fn remembered(connection: &Connection) -> Result<Place, JournalError> {
        Ok(connection.query_row(
            "SELECT secret, path, device, inode, born, machine FROM place",
            [],
            |row| {
                Ok(Place {
                    secret: Some(row.get(0)?),
                    path: row.get(1)?,
                    device: row.get(2)?,
                    inode: row.get(3)?,
                    born: row.get(4)?,
                    machine: row.get(5)?,
                })
            },
        )?)
    }
}

/// The name of this machine, hashed: its id is not for others to see. None in a container.
fn machine() -> Option<String> {
    let contained = CONTAINER_FILES.iter().any(|file| Path::new(file).exists())
        || CONTAINER_VARIABLES
            .iter()
            .any(|name| std::env::var_os(name).is_some());
    if contained {
        return None;
    }
    let id = std::fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| {
        let hash = Sha256::digest(format!("deskcast {id}"));
        hash.iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    })
}

/// Gives a store its place: this file, with a secret of its own beside it, or the one that is there.
pub(super) fn settle(tx: &Connection, store: &Path, file: &Path) -> Result<(), JournalError> {
    let secret = match tick::read(store).secret {
        Some(secret) => secret,
        None => new_secret(tx)?,
    };
    let noted = tick::read(store).tick.unwrap_or(0);
    tick::write(store, noted.max(tick::last(tx)?), &secret)?;
    keep(tx, &Place::found(store, file)?)
}

/// Gives a store that was adopted a new secret here, which no other copy knows.
pub(super) fn resettle(tx: &Connection, store: &Path, tick: u64) -> Result<(), JournalError> {
    tick::write(store, tick, &new_secret(tx)?)?;
    keep(tx, &Place::found(store, store)?)
}

fn new_secret(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT lower(hex(randomblob(16)))", [], |row| row.get(0))
}

fn keep(connection: &Connection, place: &Place) -> Result<(), JournalError> {
    // A machine that is not known here stays the one that was.
    connection.execute(
        "UPDATE place SET secret = coalesce(?1, secret), path = ?2, device = ?3, inode = ?4, born = ?5,
           machine = coalesce(?6, machine)",
        params![
            place.secret,
            place.path,
            place.device,
            place.inode,
            place.born,
            place.machine
        ],
    )?;
    Ok(())
}

/// What tells that this store is not the original, or was put back; nothing where it is the one.
pub(super) fn differences(
    connection: &Connection,
    store: &Path,
) -> Result<Vec<String>, JournalError> {
    let mut differences: Vec<String> = rolled_back(connection, store)?.into_iter().collect();
    let found = Place::found(store, store)?;
    differences.extend(Place::remembered(connection)?.differences(&found));
    Ok(differences)
}

fn rolled_back(connection: &Connection, store: &Path) -> Result<Option<String>, JournalError> {
    let (tick, noted) = (tick::last(connection)?, tick::read(store).tick);
    Ok(noted.filter(|noted| *noted > tick).map(|noted| {
        format!(
            "the store was rolled back: it ends at commit {tick}, and {} knows of commit {noted}",
            tick::path(store).display()
        )
    }))
}

/// Refuses a store that is not the original, or was put back.
pub(super) fn check(connection: &Connection, store: &Path) -> Result<(), JournalError> {
    let differences = differences(connection, store)?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(JournalError::Store(format!(
        "the store {} is a copy, or was put back: {}. What was sent since may not be in it, and would be sent \
         again; so nothing is sent from it. If it is the one that goes on, see to it that no other copy does, \
         then: deskcast store adopt --by NAME",
        store.display(),
        differences.join("; ")
    )))
}

/// Remembers what may change without a copy, where everything else is as it was.
pub(super) fn refresh(connection: &Connection, store: &Path) -> Result<(), JournalError> {
    let (remembered, found) = (Place::remembered(connection)?, Place::found(store, store)?);
    let as_kept = Place {
        machine: found.machine.clone().or(remembered.machine.clone()),
        ..found.clone()
    };
    if remembered != as_kept && differences(connection, store)?.is_empty() {
        keep(connection, &found)?;
    }
    Ok(())
}

/// The file that a connection has open, by which it is noticed when the path means another one.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    file: Identity,
    /// SQLite's log beside it, once it was seen.
    log: Mutex<Option<Identity>>,
}

type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

impl OpenFile {
    /// The file at this path, which is opened next.
    pub(super) fn at(path: &Path) -> Result<OpenFile, JournalError> {
        let metadata = std::fs::metadata(path).map_err(|error| gone(path, &error.to_string()))?;
        Ok(OpenFile {
            path: path.to_owned(),
            file: identity(&metadata),
            log: Mutex::new(None),
        })
    }

    /// Refuses to go on where the path does not name this file any more.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.file => Ok(()),
            Ok(_) => Err(gone(&self.path, "another file is in its place")),
            Err(error) => Err(gone(&self.path, &error.to_string())),
        }
    }

    /// As [`OpenFile::check`], after a commit: its log must be the one that is there, too.
    pub(super) fn check_commit(&self) -> Result<(), JournalError> {
        self.check()?;
        let path = beside(&self.path, "-wal");
        let found = std::fs::metadata(&path).map_err(|error| gone(&path, &error.to_string()))?;
        let found = identity(&found);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match *log.get_or_insert(found) == found {
            true => Ok(()),
            false => Err(gone(&path, "another file is in its place")),
        }
    }
}

fn gone(path: &Path, why: &str) -> JournalError {
    JournalError::Store(format!(
        "{} was moved, replaced or removed while it was in use ({why}): what is recorded now would be lost, so \
         nothing more is sent. Put it back with all files beside it; what was in flight is unknown then",
        path.display()
    ))
}
