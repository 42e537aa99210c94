//! A folder with campaigns and a store, and what became of every row that was listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use deskcast::campaign::{CampaignName, ListFile};
use deskcast::delivery::batch::BatchState;
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::{ChatId, Words};
use deskcast::delivery::reason::Reason;
use deskcast::journal::reading::LeftOut;
use deskcast::journal::runs::RunRecord;
use deskcast::journal::{
    Entry, Journal, JournalError, Launch, Purpose, Resolution, RunId, RunState, Store,
    StoreJournal, StoreUrl, Verdict, What,
};
use deskcast::service::launch::{Asked, Launched, NotLaunched, launch};
use deskcast::service::planning::Campaign;
use deskcast::service::prepare::Terms;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

pub(crate) const DESK: &str = "https://desk.test/platform/v1";

/// Days after 2026-03-01T09:00:00Z.
pub(crate) fn day(days: i64) -> Timestamp {
    Timestamp::from_second(1_772_355_600).unwrap() + SignedDuration::from_hours(24 * days)
}

/// Whoever was left out, by reason: each row as its id or what stood in its place.
pub(crate) type LeftOutRows = BTreeMap<Reason, Vec<String>>;

/// What became of every row of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sorted {
    pub(crate) planned: BTreeSet<u64>,
    pub(crate) left_out: LeftOutRows,
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) journal: StoreJournal,
    pub(crate) base_url: String,
    pub(crate) suppress: Vec<PathBuf>,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("deskcast.db");
        StoreUrl::of_file(&store).create().unwrap();
        let journal = StoreUrl::of_file(&store).open().unwrap();
        World {
            folder,
            journal,
            base_url: DESK.to_owned(),
            suppress: Vec::new(),
        }
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// A file of ids under the header `customer_id`.
    pub(crate) fn ids(&self, file: &str, ids: impl IntoIterator<Item = u64>) {
        let mut text = "customer_id\n".to_owned();
        for id in ids {
            writeln!(text, "{id}").unwrap();
        }
        self.write(file, &text);
    }

    /// A campaign with the customers of `NAME.csv`, and these lines.
    pub(crate) fn campaign(&self, name: &str, lines: &str) {
        let customers = match lines.contains("[customers]") {
            true => String::new(),
            false => format!("customers = \"{name}.csv\"\n"),
        };
        let text = format!(
            "message = \"Hi\"\ngroup = \"vip\"\nagent_id = 41\nbatch_size = 2\n{customers}{lines}"
        );
        self.write(&format!("{name}.toml"), &text);
    }

    pub(crate) fn read(&self, name: &str) -> Campaign {
        let path = self.folder.path().join(format!("{name}.toml"));
        Campaign::read(CampaignName::new(name).unwrap(), &path, false)
            .unwrap_or_else(|mistake| panic!("{mistake}"))
    }

    pub(crate) fn store(&self) -> Store {
        StoreUrl::of_file(self.folder.path().join("deskcast.db"))
            .read()
            .unwrap()
    }

    /// The lists of the settings.
    pub(crate) fn lists(&self) -> Vec<ListFile> {
        let strict = |path: &PathBuf| ListFile {
            path: path.clone(),
            may_be_empty: false,
        };
        self.suppress.iter().map(strict).collect()
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            base_url: self.base_url.clone(),
            agent_id: None,
            timezone: None,
            suppress: self.lists(),
            house: deskcast::campaign::House::default(),
            requests_per_second: 1.0,
        }
    }

    /// Plans a run of a campaign.
    pub(crate) fn try_plan(&mut self, name: &str, at: Timestamp) -> Result<RunRecord, NotLaunched> {
        let campaign = self.read(name);
        let terms = self.terms();
        let Launched::New(key) = launch(&mut self.journal, &campaign, &terms, &asked(at))? else {
            panic!("a run of {name} is there already");
        };
        Ok(self.store().run(&key).unwrap().unwrap())
    }

    /// The same beside unfinished runs.
    pub(crate) fn try_plan_beside(&mut self, name: &str, at: Timestamp) -> RunRecord {
        let (campaign, terms) = (self.read(name), self.terms());
        let asked = Asked {
            beside: true,
            ..asked(at)
        };
        let launched = launch(&mut self.journal, &campaign, &terms, &asked);
        let Ok(Launched::New(key)) = launched else {
            panic!("a run of {name} was not planned");
        };
        self.store().run(&key).unwrap().unwrap()
    }

    pub(crate) fn plan(&mut self, name: &str, at: Timestamp) -> RunRecord {
        self.try_plan(name, at)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// What became of every row of a run; the sums of its listing are held against it.
    pub(crate) fn sorted(&self, run: &RunRecord) -> Sorted {
        let store = self.store();
        let mut sorted = Sorted {
            planned: BTreeSet::new(),
            left_out: LeftOutRows::new(),
        };
        let mut rows = 0;
        store
            .each_batch::<JournalError>(run.id, &mut |batch| {
                rows += batch.customers.len() as u64;
                sorted.planned.extend(&batch.customers);
                Ok(())
            })
            .unwrap();
        assert_eq!(rows, sorted.planned.len() as u64, "nobody is planned twice");
        store
            .each_left_out::<JournalError>(run.id, &mut |row| {
                rows += 1;
                let (reason, shown) = match row {
                    LeftOut::Customer {
                        ground, customer, ..
                    } => (ground.reason, customer.to_string()),
                    LeftOut::Named { ground, name, .. } => (ground.reason, name.to_owned()),
                    LeftOut::Invalid { value, .. } => (Reason::Invalid, value.to_owned()),
                };
                sorted.left_out.entry(reason).or_default().push(shown);
                Ok(())
            })
            .unwrap();
        assert_eq!(rows, run.listing.listed, "every row has one end");
        let tally = store.standing(run).unwrap().tally;
        assert_eq!(tally.contradiction(), None);
        for (reason, count) in run.listing.excluded_by.counts() {
            let found = sorted.left_out.get(&reason).map_or(0, Vec::len) as u64;
            assert_eq!(found, count, "{reason:?}");
        }
        sorted
    }

    /// Plans and sends; whoever was planned.
    pub(crate) fn send(&mut self, name: &str, at: Timestamp) -> BTreeSet<u64> {
        let run = self.plan(name, at);
        let planned = self.sorted(&run).planned;
        self.end(run.id, at, |_| Some(BatchState::Accepted));
        planned
    }

    /// Sends the batches of a run, so that each comes to stand in this state; none leaves it
    /// planned. The run is finished then, or stopped where something is left.
    pub(crate) fn end(
        &mut self,
        run: RunId,
        at: Timestamp,
        state: impl Fn(u32) -> Option<BatchState>,
    ) {
        let claim = self.journal.claim(run, Purpose::Sending, at).unwrap();
        let fence = claim.fence;
        let mut left = false;
        for batch in 1..=claim.last_batch {
            let Some(state) = state(batch) else {
                left = true;
                continue;
            };
            let entry = |what| Entry {
                batch,
                attempt: 1,
                at: at.into(),
                what,
            };
            let conclusion = match state {
                BatchState::Sending => None,
                BatchState::Accepted => Some(Conclusion::Accepted(ChatId(u64::from(batch)))),
                BatchState::Rejected => Some(Conclusion::Rejected(words())),
                BatchState::Unknown | BatchState::Abandoned => Some(Conclusion::Unknown(words())),
                BatchState::Planned | BatchState::Split => panic!("not an end"),
            };
            let mut entries = vec![entry(What::Intent)];
            entries.extend(conclusion.map(|conclusion| entry(What::Outcome(conclusion))));
            self.journal.record(&[(fence, entries)]).remove(0).unwrap();
            if state == BatchState::Abandoned {
                let verdict = Verdict {
                    batch,
                    attempt: 1,
                    at,
                    by: "mira".to_owned(),
                    resolution: Resolution::Abandoned,
                    evidence: "nobody knows".to_owned(),
                };
                self.journal.resolve(fence, &[verdict]).unwrap();
            }
        }
        let state = match left {
            true => RunState::Stopped,
            false => RunState::Finished,
        };
        self.journal.release(fence, state, "", at).unwrap();
    }
}

fn words() -> Words {
    Words {
        status: Some(400),
        code: None,
        message: "no".to_owned(),
    }
}

pub(crate) fn asked(at: Timestamp) -> Asked {
    Asked {
        expected: None,
        beside: false,
        at,
        due: None,
        launch: Launch::default(),
        unasked: None,
    }
}

pub(crate) fn set(ids: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
    ids.into_iter().collect()
}

pub(crate) fn rows<const N: usize>(left_out: [(Reason, &[&str]); N]) -> LeftOutRows {
    let owned = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect();
    left_out
        .into_iter()
        .map(|(reason, rows)| (reason, owned(rows)))
        .collect()
}
