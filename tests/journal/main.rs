//! One suite that every journal passes, and the same random verbs for all of them.
//!
//! What a journal promises is written down once, in [`suite`], and holds for the SQLite file as it
//! does for the journal in memory: that is what allows a simulation to stand on the latter.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ahead;
mod claims;
mod copies;
mod faults;
mod limits;
mod moves;
mod random;
mod settling;
mod stores;
mod suite;
mod wave;

use deskcast::campaign::{CampaignName, Priority, UnknownPolicy};
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::moment::{BootTime, Moment};
use deskcast::delivery::outcome::Words;
use deskcast::delivery::plan::{Digest, PlanSummary};
use deskcast::delivery::tally::Listing;
use deskcast::journal::{
    Claim, Entry, Fence, Journal, JournalError, NewRun, Permit, Purpose, RunId, RunKey, What,
};
use jiff::Timestamp;
use std::time::Duration;

/// 2026-03-01T09:00:00Z and some seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_355_600 + seconds).unwrap()
}

fn new_run(campaign: &str, due: i64) -> NewRun {
    NewRun {
        key: RunKey {
            campaign: CampaignName::new(campaign).unwrap(),
            due: at(due),
        },
        message: "Spring sale".to_owned(),
        group: "vip".to_owned(),
        agent_id: 41,
        priority: Priority::High,
        batch_size: 4,
        base_url: "https://desk.test".to_owned(),
        customers_file: "a.csv".to_owned(),
        beside: true,
        unknown: UnknownPolicy::Hold,
        created_at: at(0),
        launch: deskcast::journal::Launch::default(),
    }
}

/// A run of these batches; customer n of the file stands in line n + 1.
fn create<J: Journal>(
    journal: &mut J,
    new: &NewRun,
    batches: &[&[u64]],
) -> Result<RunId, JournalError> {
    journal.create_run::<JournalError>(new, &mut |sink| {
        let mut line = 1;
        for (number, customers) in (1..).zip(batches) {
            let lines: Vec<u64> = (1..=customers.len() as u64).map(|n| line + n).collect();
            line += customers.len() as u64;
            sink.batch(number, customers, &lines)?;
        }
        Ok(summary(line - 1, batches.len() as u32))
    })
}

fn summary(planned: u64, batches: u32) -> PlanSummary {
    PlanSummary {
        listing: Listing {
            listed: planned,
            ..Listing::default()
        },
        planned,
        batches,
        digest: Digest::parse(&format!("sha256:{:064}", planned)).unwrap(),
        first_body: None,
        invalid_rows: Vec::new(),
        left_out: Vec::new(),
        lists: Vec::new(),
        files: Vec::new(),
    }
}

/// A moment by both clocks, of which the boot clock is between two milliseconds.
fn moment(seconds: i64) -> Moment {
    Moment {
        wall: at(seconds),
        boot: Some(BootTime {
            boot: u64::MAX - 1,
            since: Duration::from_secs(seconds.unsigned_abs()) + Duration::from_nanos(500_100),
        }),
    }
}

fn entry(batch: u32, attempt: u32, what: What) -> Entry {
    Entry {
        batch,
        attempt,
        at: moment(i64::from(batch * 10 + attempt)),
        what,
    }
}

fn intent(batch: u32, attempt: u32) -> Entry {
    entry(batch, attempt, What::Intent)
}

fn outcome(batch: u32, attempt: u32, conclusion: Conclusion) -> Entry {
    entry(batch, attempt, What::Outcome(conclusion))
}

fn words() -> Words {
    Words {
        status: Some(400),
        code: Some("deskp400201".to_owned()),
        message: "no".to_owned(),
    }
}

fn claim<J: Journal>(journal: &mut J, run: RunId) -> Claim {
    journal.claim(run, Purpose::Sending, at(100)).unwrap()
}

fn record<J: Journal>(
    journal: &mut J,
    fence: Fence,
    entries: Vec<Entry>,
) -> Result<Vec<Permit>, JournalError> {
    journal.record(&[(fence, entries)]).remove(0)
}
