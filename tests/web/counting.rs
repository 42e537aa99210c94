//! The census of a store, and what it costs.

use std::path::Path;
use std::time::Instant;

use deskcast::campaign::{CampaignName, Priority, UnknownPolicy};
use deskcast::delivery::batch::BatchState;
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::{ChatId, Words};
use deskcast::delivery::plan::{Digest, PlanSink, PlanSummary};
use deskcast::delivery::tally::Listing;
use deskcast::journal::sqlite::SqliteJournal;
use deskcast::journal::sqlite::read::{Census, StateCount, Store};
use deskcast::journal::{
    Entry, Journal as _, JournalError, NewRun, Purpose, RunKey, RunState, What,
};
use jiff::{SignedDuration, Timestamp};

/// Customers of each batch.
const CUSTOMERS: u64 = 10;

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// A run of so many batches, due so many hours after noon, whose first ones end like this.
fn add_run(journal: &mut SqliteJournal, hour: i64, batches: u32, ends: &[Conclusion]) {
    let due = noon() + SignedDuration::from_hours(hour);
    let new = NewRun {
        key: RunKey {
            campaign: CampaignName::new("welcome").expect("a name"),
            due,
        },
        message: "Welcome aboard!".to_owned(),
        group: "onboarding".to_owned(),
        agent_id: 41,
        priority: Priority::Medium,
        batch_size: 10,
        base_url: "http://127.0.0.1:9/platform/v1".to_owned(),
        customers_file: "welcome.csv".to_owned(),
        unknown: UnknownPolicy::Hold,
        beside: true,
        created_at: due,
    };
    let mut fill = |sink: &mut dyn PlanSink<Error = JournalError>| {
        for number in 1..=batches {
            let first = u64::from(number) * CUSTOMERS;
            let ids: Vec<u64> = (first..first + CUSTOMERS).collect();
            sink.batch(number, &ids, &ids)?;
        }
        let planned = u64::from(batches) * CUSTOMERS;
        Ok::<_, JournalError>(PlanSummary {
            listing: Listing {
                listed: planned,
                ..Listing::default()
            },
            planned,
            batches,
            digest: Digest::parse(&format!("sha256:{}", "0a".repeat(32))).expect("a digest"),
            first_body: None,
            invalid_rows: Vec::new(),
        })
    };
    let run = journal.create_run(&new, &mut fill).expect("planned");
    if ends.is_empty() {
        return;
    }
    let fence = journal
        .claim(run, Purpose::Sending, due)
        .expect("claimed")
        .fence;
    let entry = |batch, what| Entry {
        batch,
        attempt: 1,
        at: due,
        what,
    };
    let entries = (1..).zip(ends).flat_map(|(batch, end)| {
        let outcome = What::Outcome(end.clone());
        [entry(batch, What::Intent), entry(batch, outcome)]
    });
    for result in journal.record(&[(fence, entries.collect())]) {
        result.expect("recorded");
    }
    if ends.len() as u32 >= batches {
        let finished = journal.release(fence, RunState::Finished, "", due);
        finished.expect("released");
    }
}

fn accepted(chat: u64) -> Conclusion {
    Conclusion::Accepted(ChatId(chat))
}

/// One run that is planned, one whose sender died with a batch unknown, and two that are finished.
pub(crate) fn a_store(path: &Path) {
    let mut journal = SqliteJournal::open(path).expect("a journal");
    let unknown = || Conclusion::Unknown(Words::own("the connection was reset"));
    let rejected = Conclusion::Rejected(Words::own("no such customer"));
    add_run(&mut journal, 0, 3, &[]);
    add_run(&mut journal, 1, 4, &[accepted(7), unknown(), rejected]);
    add_run(&mut journal, 2, 2, &[accepted(8), unknown()]);
    add_run(&mut journal, 3, 1, &[accepted(9)]);
}

#[test]
fn everything_in_a_store_is_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deskcast.db");
    a_store(&path);
    let census = Store::open(&path)
        .expect("a store")
        .census()
        .expect("counted");
    let mut expected = Census {
        interrupted: 1,
        oldest_unknown: Some(noon() + SignedDuration::from_hours(1)),
        ..Census::default()
    };
    for (state, count) in &mut expected.runs {
        *count = match state {
            RunState::Planned => 1,
            RunState::Finished => 2,
            _ => 0,
        };
    }
    for count in &mut expected.batches {
        let batches = match count.state {
            BatchState::Planned => 4,
            BatchState::Accepted => 3,
            BatchState::Rejected => 1,
            BatchState::Unknown => 2,
            _ => 0,
        };
        *count = StateCount {
            batches,
            customers: batches * CUSTOMERS,
            ..*count
        };
    }
    assert_eq!(census, expected);
}

#[test]
#[ignore = "a figure: cargo test --release --test web -- --ignored --nocapture"]
fn a_thousand_runs_of_a_hundred_batches_are_counted_within_50_ms() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deskcast.db");
    let mut journal = SqliteJournal::open(&path).expect("a journal");
    let ends: Vec<Conclusion> = (1..=100).map(accepted).collect();
    for hour in 0..1000 {
        add_run(&mut journal, hour, 100, &ends);
    }
    let mut took: Vec<f64> = (0..21)
        .map(|_| {
            let start = Instant::now();
            let store = Store::open(&path).expect("a store");
            let census = store.census().expect("counted");
            assert_eq!(census.batches[2].batches, 100_000);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took.sort_by(f64::total_cmp);
    eprintln!(
        "census: median {:.1} ms, worst {:.1} ms",
        took[10], took[20]
    );
    assert!(took[10] < 50.0, "{took:?}");
}
