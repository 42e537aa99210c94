//! The store, read with plain SQL: every batch, and what became of every customer.

use std::collections::BTreeMap;
use std::path::Path;

use deskcast::journal::packed;
use rusqlite::{Connection, Row};

/// Where a batch stands, by the numbers that the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Planned,
    Sending,
    Accepted,
    Rejected,
    Split,
    Unknown,
    Abandoned,
}

const STATES: [State; 7] = [
    State::Planned,
    State::Sending,
    State::Accepted,
    State::Rejected,
    State::Split,
    State::Unknown,
    State::Abandoned,
];

/// A batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) number: u32,
    pub(crate) state: State,
    /// How many attempts it has had.
    pub(crate) attempts: u32,
    /// The id of its chat.
    pub(crate) chat: Option<u64>,
    pub(crate) customers: Vec<u64>,
}

/// An attempt that did not end accepted.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) batch: u32,
    pub(crate) outcome: String,
    pub(crate) words: String,
}

/// A run with all of its batches.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) campaign: String,
    pub(crate) state: String,
    /// What was listed, and what of it was not planned.
    pub(crate) listed: u32,
    pub(crate) left_out: u32,
    pub(crate) batches: Vec<Batch>,
    pub(crate) attempts: Vec<Attempt>,
}

impl Ledger {
    /// Every run of a store, in the order in which they were planned; none where there is no store.
    pub(crate) fn read(store: &Path) -> Vec<Ledger> {
        if !store.exists() {
            return Vec::new();
        }
        let connection = Connection::open(store).expect("a store");
        connection
            .busy_timeout(std::time::Duration::from_secs(20))
            .expect("set");
        let versions: Vec<i64> = query(&connection, "PRAGMA user_version", |row| row.get(0));
        if versions == [0] {
            return Vec::new();
        }
        let runs = query(&connection, "SELECT id FROM run ORDER BY id", |row| {
            row.get(0)
        });
        runs.into_iter().map(|run| one(&connection, run)).collect()
    }

    /// The batches that customers are in for good: a split one has handed its customers on.
    pub(crate) fn ends(&self) -> impl Iterator<Item = &Batch> {
        self.batches
            .iter()
            .filter(|batch| batch.state != State::Split)
    }

    /// How many customers are in each state.
    pub(crate) fn sums(&self) -> BTreeMap<State, u64> {
        let mut sums = BTreeMap::new();
        for batch in self.ends() {
            *sums.entry(batch.state).or_default() += batch.customers.len() as u64;
        }
        sums
    }

    /// The batches in this state.
    pub(crate) fn in_state(&self, state: State) -> impl Iterator<Item = &Batch> {
        self.batches
            .iter()
            .filter(move |batch| batch.state == state)
    }
}

fn one(connection: &Connection, run: i64) -> Ledger {
    let about = query(
        connection,
        &format!(
            "SELECT campaign, state, listed, duplicates + invalid + excluded FROM run WHERE id = {run}"
        ),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    );
    let (campaign, state, listed, left_out) = about.into_iter().next().expect("the run");
    Ledger {
        campaign,
        state,
        listed,
        left_out,
        batches: query(
            connection,
            &format!(
                "SELECT b.number, b.state, b.attempt, b.chat, c.packed FROM batch b
                 JOIN batch_customers c ON c.id = (b.run << 32) + b.number
                 WHERE b.run = {run} ORDER BY b.number"
            ),
            batch,
        ),
        attempts: query(
            connection,
            &format!(
                "SELECT batch, outcome, message FROM attempt WHERE run = {run} ORDER BY batch, attempt"
            ),
            |row| {
                Ok(Attempt {
                    batch: row.get(0)?,
                    outcome: row.get(1)?,
                    words: row.get(2)?,
                })
            },
        ),
    }
}

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        number: row.get(0)?,
        state: STATES[row.get::<_, u32>(1)? as usize],
        attempts: row.get(2)?,
        chat: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
        customers: packed::customers(&row.get::<_, Vec<u8>>(4)?).expect("packed customers"),
    })
}

fn query<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = connection.prepare(sql).expect("good SQL");
    let rows = statement.query_map([], read).expect("rows");
    rows.collect::<Result<_, _>>().expect("readable rows")
}
