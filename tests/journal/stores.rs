//! The journals under test, and what can be seen of each from outside.

use std::path::{Path, PathBuf};

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::list::List;
use deskcast::journal::memory::{MemoryDisk, MemoryJournal};
use deskcast::journal::{Fence, Journal, JournalError, RunId, StoreJournal, StoreUrl, packed};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row};
use tempfile::TempDir;

/// A kind of journal: where it lies, and how a process opens it.
pub(crate) trait Store {
    type Journal: Journal;
    fn new() -> Self;
    fn open(&self) -> Self::Journal;
    fn seen(&self, run: RunId) -> Option<SeenRun>;
    /// Gives up a run whose unknown batches were planned again.
    fn reopen(
        journal: &mut Self::Journal,
        fence: Fence,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError>;
}

/// All that is durable of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenRun {
    pub(crate) state: String,
    pub(crate) note: String,
    pub(crate) fence: i64,
    pub(crate) digest: String,
    pub(crate) listed: u64,
    pub(crate) reads: u64,
    pub(crate) batches: Vec<SeenBatch>,
    pub(crate) verdicts: Vec<(u32, u32, String)>,
    /// The lists that leave somebody out, by name: entries, time of change, matched, left out.
    pub(crate) lists: Vec<(String, u64, i64, u64, u64)>,
}

/// All that is durable of a batch. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeenBatch {
    pub(crate) number: u32,
    pub(crate) parent: Option<u32>,
    pub(crate) state: BatchState,
    pub(crate) attempt: u32,
    pub(crate) intended_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) ticks: (Option<u64>, Option<u64>),
    pub(crate) chat: Option<u64>,
    pub(crate) customers: Vec<u64>,
    pub(crate) lines: Vec<u64>,
    pub(crate) read: Option<(i64, [u64; 3], bool)>,
}

impl SeenRun {
    pub(crate) fn batch(&self, number: u32) -> &SeenBatch {
        let found = self.batches.iter().find(|batch| batch.number == number);
        found.expect("the batch is there")
    }

    pub(crate) fn states(&self) -> Vec<(u32, BatchState)> {
        let batches = self.batches.iter();
        batches.map(|batch| (batch.number, batch.state)).collect()
    }
}

/// A SQLite file, in memory-backed storage where there is some: it is not the disk that is tested.
pub(crate) struct Sqlite {
    pub(crate) path: PathBuf,
    _folder: TempDir,
}

impl Store for Sqlite {
    type Journal = StoreJournal;

    fn new() -> Sqlite {
        let fast = Path::new("/dev/shm");
        let folder = if fast.is_dir() {
            TempDir::new_in(fast).unwrap()
        } else {
            TempDir::new().unwrap()
        };
        let path = folder.path().join("store.db");
        StoreUrl::of_file(&path).create().unwrap();
        Sqlite {
            path,
            _folder: folder,
        }
    }

    fn open(&self) -> StoreJournal {
        StoreUrl::of_file(&self.path).open().unwrap()
    }

    fn reopen(
        journal: &mut StoreJournal,
        fence: Fence,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        journal.reopen(fence, note, now)
    }

    fn seen(&self, run: RunId) -> Option<SeenRun> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let store = Connection::open_with_flags(&self.path, flags).unwrap();
        let mut seen = store
            .query_row(
                "SELECT state, fence, digest, listed, reads, note FROM run WHERE id = ?1",
                [run.0],
                |row| {
                    Ok(SeenRun {
                        state: row.get(0)?,
                        note: row.get(5)?,
                        fence: row.get(1)?,
                        digest: row.get(2)?,
                        listed: row.get::<_, i64>(3)?.unsigned_abs(),
                        reads: row.get::<_, i64>(4)?.unsigned_abs(),
                        batches: Vec::new(),
                        verdicts: Vec::new(),
                        lists: Vec::new(),
                    })
                },
            )
            .ok()?;
        seen.batches = all(
            &store,
            run,
            "SELECT number, parent, state, attempt, intended_at, ended_at, intent_tick, ended_tick, chat, packed,
               read_at, sent, responded, closed, settled
             FROM batch JOIN batch_customers ON batch_customers.id = (run << 32) + number
             WHERE run = ?1 ORDER BY number",
            batch,
        );
        seen.verdicts = all(
            &store,
            run,
            "SELECT batch, attempt, result FROM resolution WHERE run = ?1 ORDER BY id",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        );
        seen.lists = all(
            &store,
            run,
            "SELECT name, entries, changed_at, matched, left_out FROM list WHERE run = ?1 ORDER BY number",
            |row| {
                let number = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
                Ok((row.get(0)?, number(1)?, row.get(2)?, number(3)?, number(4)?))
            },
        );
        Some(seen)
    }
}

fn all<T>(
    store: &Connection,
    run: RunId,
    sql: &str,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([run.0], row).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn batch(row: &Row<'_>) -> rusqlite::Result<SeenBatch> {
    let number = |column: usize| {
        let value: Option<i64> = row.get(column)?;
        Ok::<_, rusqlite::Error>(value.map(i64::unsigned_abs))
    };
    let (customers, lines) = packed::rows(&row.get::<_, Vec<u8>>(9)?).unwrap();
    let count = |column| Ok::<_, rusqlite::Error>(number(column)?.unwrap_or(0));
    let counts = [count(11)?, count(12)?, count(13)?];
    let settled = row.get(14)?;
    Ok(SeenBatch {
        number: row.get(0)?,
        parent: row.get(1)?,
        state: BatchState::from_code(row.get(2)?).unwrap(),
        attempt: row.get(3)?,
        intended_at: row.get(4)?,
        ended_at: row.get(5)?,
        ticks: (number(6)?, number(7)?),
        chat: number(8)?,
        customers,
        lines,
        read: row
            .get::<_, Option<i64>>(10)?
            .map(|at| (at, counts, settled)),
    })
}

fn seen_list(list: &List) -> (String, u64, i64, u64, u64) {
    let changed_at = list.changed_at.as_millisecond();
    let List {
        entries,
        matched,
        left_out,
        ..
    } = *list;
    (list.name.clone(), entries, changed_at, matched, left_out)
}

/// The journal in memory.
pub(crate) struct Memory(pub(crate) MemoryDisk);

impl Store for Memory {
    type Journal = MemoryJournal;

    fn new() -> Memory {
        Memory(MemoryDisk::new())
    }

    fn open(&self) -> MemoryJournal {
        self.0.open()
    }

    fn reopen(
        journal: &mut MemoryJournal,
        fence: Fence,
        note: &str,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        journal.reopen(fence, note, now)
    }

    fn seen(&self, run: RunId) -> Option<SeenRun> {
        let run = self.0.run(run)?;
        let batches = run.batches.iter().map(|(number, batch)| SeenBatch {
            number: *number,
            parent: batch.parent,
            state: batch.state,
            attempt: batch.attempt,
            intended_at: batch.intended_at.map(|at| at.as_millisecond()),
            ended_at: batch.ended_at.map(|at| at.as_millisecond()),
            ticks: (batch.intent_tick, batch.ended_tick),
            chat: batch.chat.map(|chat| chat.0),
            customers: batch.customers.to_vec(),
            lines: batch.lines.to_vec(),
            read: batch.read.map(|(at, counts, settled)| {
                let counts = [counts.sent, counts.responded, counts.closed];
                (at.as_millisecond(), counts, settled)
            }),
        });
        let verdicts = run.verdicts.iter().map(|verdict| {
            let change = verdict.resolution.change();
            let result = change.map_or("unknown", |change| change.to().as_str());
            (verdict.batch, verdict.attempt, result.to_owned())
        });
        Some(SeenRun {
            state: run.state.as_str().to_owned(),
            note: run.note.clone(),
            fence: run.fence,
            digest: run.digest.clone(),
            listed: run.listing.listed,
            reads: run.reads,
            batches: batches.collect(),
            verdicts: verdicts.collect(),
            lists: run.lists.iter().map(seen_list).collect(),
        })
    }
}

#[test]
fn a_store_of_an_older_deskcast_is_brought_up_to_date_by_whoever_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskcast.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../../src/journal/sqlite/schema/runs.sql"))
        .unwrap();
    old.execute_batch(
        "INSERT INTO run (campaign, due, state, message, group_key, agent_id, priority, batch_size, base_url,
           customers_file, created_at)
         VALUES ('welcome', 1000, 'finished', 'Hello', 'vip', 41, 'MEDIUM', 100, 'https://desk', 'a.csv', 1000);
         PRAGMA user_version = 1; PRAGMA application_id = 0x6465736b;",
    )
    .unwrap();
    drop(old);
    let store = deskcast::journal::StoreUrl::of_file(&path).read().unwrap();
    let runs = store.runs(None).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].key.to_string(), "welcome@1970-01-01T00:00:01Z");
    assert!(runs[0].tended == deskcast::journal::Tended::ByHand && !runs[0].test);
}
