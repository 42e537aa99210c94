//! One state of the model: the disk, the process (or none), what is on its way, and what was
//! really applied.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use deskcast::campaign::{CampaignName, Priority, UnknownPolicy};
use deskcast::delivery::dispatch::{Conclusion, Dispatcher, Ending};
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::plan::{Digest, PlanSummary};
use deskcast::delivery::tally::Listing;
use deskcast::journal::memory::{MemoryDisk, ProcessId};
use deskcast::journal::{
    Entry, Fence, Journal, JournalError, NewRun, Purpose, RunId, RunKey, RunState, What,
};
use jiff::Timestamp;

use super::check::{Applied, Audience, BatchView, RunView};

pub(crate) const RUN: RunId = RunId(1);
/// The customer of the batch that was accepted before, where there is one.
const EARLIER: u64 = 9;

/// A state.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) disk: MemoryDisk,
    pub(crate) process: Option<Process>,
    /// Requests that left and were not answered, dead senders' included, by batch and attempt.
    pub(crate) flights: BTreeMap<(u32, u32), Flight>,
    pub(crate) applied: Applied,
    pub(crate) bad: BTreeSet<u64>,
    /// Attempts to which something happened that leaves them in doubt.
    pub(crate) causes: BTreeSet<(u32, u32)>,
}

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) customers: Vec<u64>,
    /// What the other side did with it: nothing yet, or a chat, or a refusal.
    pub(crate) done: Option<Result<ChatId, ()>>,
    /// Whether anybody still waits for the answer.
    pub(crate) awaited: bool,
}

/// A living process that owns the run.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    pub(crate) fence: Fence,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) now: Duration,
    pub(crate) permits: BTreeSet<(u32, u32)>,
    pub(crate) pieces: Vec<Vec<Entry>>,
    pub(crate) owed: Vec<Entry>,
    pub(crate) loading: Option<(u32, u32, usize)>,
    pub(crate) asked: bool,
    pub(crate) probing: bool,
    /// Batches whose request was recalled and not heard of since.
    pub(crate) recalled: BTreeSet<u32>,
    pub(crate) wake_at: Option<Duration>,
    pub(crate) ending: Option<Ending>,
    pub(crate) told_to_stop: bool,
    /// A commit has failed: what follows from it may be refused.
    pub(crate) failed: bool,
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_772_355_600).unwrap()
}

impl Scene {
    /// Two batches, of the customers 1 and 2 and of customer 3, planned and claimed. `proven`: a
    /// batch before them was accepted, so that both may be in flight at once.
    pub(crate) fn new(proven: bool, bad: &[u64]) -> Scene {
        let disk = MemoryDisk::new();
        let mut journal = disk.open();
        create(&mut journal).unwrap();
        let claim = journal.claim(RUN, Purpose::Sending, noon()).unwrap();
        let mut applied = Applied::new();
        if proven {
            let outcome = What::Outcome(Conclusion::Accepted(ChatId(1)));
            for what in [What::Intent, outcome] {
                let entry = entry(3, 1, what);
                journal.record(&[(claim.fence, vec![entry])])[0]
                    .as_ref()
                    .unwrap();
            }
            applied.insert(1, vec![EARLIER]);
        } else {
            // Nothing was accepted: the third batch, which is in nobody's way, was refused.
            let words = deskcast::delivery::outcome::Words::default();
            for what in [What::Intent, What::Outcome(Conclusion::Rejected(words))] {
                let entry = entry(3, 1, what);
                journal.record(&[(claim.fence, vec![entry])])[0]
                    .as_ref()
                    .unwrap();
            }
        }
        journal
            .release(claim.fence, RunState::Stopped, "", noon())
            .unwrap();
        drop(journal);
        let mut scene = Scene {
            disk,
            process: None,
            flights: BTreeMap::new(),
            applied,
            bad: bad.iter().copied().collect(),
            causes: BTreeSet::new(),
        };
        scene.restart().unwrap();
        scene.load(true).unwrap();
        scene
    }

    /// A copy that shares nothing.
    pub(crate) fn fork(&self) -> Scene {
        Scene {
            disk: self.disk.fork(),
            ..self.clone()
        }
    }

    /// What the file of the run holds.
    pub(crate) fn audience(&self) -> Audience {
        Audience {
            listed: 4,
            planned: [1, 2, 3, EARLIER].into(),
            ..Audience::default()
        }
    }

    /// The journal's word on the run.
    pub(crate) fn view(&self) -> RunView {
        let run = self.disk.run(RUN).unwrap();
        let batches = run.batches.iter().map(|(number, batch)| {
            let view = BatchView {
                parent: batch.parent,
                state: batch.state,
                attempt: batch.attempt,
                chat: batch.chat.map(|chat| chat.0),
                customers: batch.customers.to_vec(),
            };
            (*number, view)
        });
        RunView {
            name: "run".to_owned(),
            state: run.state,
            listing: run.listing,
            owner: self.disk.owner(RUN),
            batches: batches.collect(),
        }
    }

    /// Two states with one fingerprint go on alike. Ticks, tokens and process ids are left out:
    /// they only grow, and nothing here depends on how far.
    pub(crate) fn fingerprint(&self) -> u128 {
        let mut text = String::new();
        let mut hasher = DefaultHasher::new();
        let run = self.disk.run(RUN).unwrap();
        run.state.hash(&mut hasher);
        for (number, batch) in &run.batches {
            (
                number,
                batch.state,
                batch.attempt,
                batch.chat,
                &batch.customers,
            )
                .hash(&mut hasher);
        }
        (&self.flights, &self.applied, &self.causes).hash(&mut hasher);
        if let Some(process) = &self.process {
            let Process {
                id: _,
                fence: _,
                dispatcher,
                now,
                permits,
                pieces,
                owed,
                loading,
                asked,
                probing,
                recalled,
                wake_at,
                ending,
                told_to_stop,
                failed,
            } = process;
            (dispatcher, now, permits, loading, asked, probing).hash(&mut hasher);
            (recalled, wake_at, ending, told_to_stop, failed).hash(&mut hasher);
            write!(text, "{pieces:?}{owed:?}").unwrap();
        }
        text.hash(&mut hasher);
        let first = hasher.finish();
        // A second, differently begun half makes a collision as good as impossible.
        let mut other = DefaultHasher::new();
        (first, 1_u8).hash(&mut other);
        (&self.flights, &self.applied, text).hash(&mut other);
        for (number, batch) in &run.batches {
            (number, batch.state, batch.attempt).hash(&mut other);
        }
        u128::from(first) << 64 | u128::from(other.finish())
    }
}

pub(crate) fn entry(batch: u32, attempt: u32, what: What) -> Entry {
    Entry {
        batch,
        attempt,
        at: noon().into(),
        what,
    }
}

fn create(journal: &mut impl Journal) -> Result<RunId, JournalError> {
    let new = NewRun {
        key: RunKey {
            campaign: CampaignName::new("small").unwrap(),
            due: noon(),
        },
        message: "Hello".to_owned(),
        group: "vip".to_owned(),
        agent_id: 41,
        priority: Priority::Low,
        batch_size: 2,
        base_url: "https://desk.test".to_owned(),
        customers_file: "a.csv".to_owned(),
        beside: true,
        unknown: UnknownPolicy::Hold,
        created_at: noon(),
        launch: deskcast::journal::Launch::default(),
    };
    journal.create_run(&new, &mut |sink| {
        sink.batch(1, &[1, 2], &[2, 3])?;
        sink.batch(2, &[3], &[4])?;
        sink.batch(3, &[EARLIER], &[5])?;
        Ok(PlanSummary {
            listing: Listing {
                listed: 4,
                ..Listing::default()
            },
            planned: 4,
            batches: 3,
            digest: Digest::parse(&format!("sha256:{:064}", 0)).unwrap(),
            first_body: None,
            invalid_rows: Vec::new(),
            left_out: Vec::new(),
            lists: Vec::new(),
            files: Vec::new(),
        })
    })
}
