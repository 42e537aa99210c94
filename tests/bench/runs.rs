//! `deskcast runs` and the numbers of `/metrics` on a store with a long history: a thousand runs of
//! a hundred batches each, finished and read.

use std::process::Stdio;
use std::time::Instant;

use deskcast::campaign::{CampaignName, Priority, UnknownPolicy};
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::plan::{Digest, PlanSink, PlanSummary};
use deskcast::delivery::tally::Listing;
use deskcast::delivery::tracking::Counts;
use deskcast::journal::{
    Entry, Journal, JournalError, NewRun, Purpose, Reading, RunKey, RunState, StoreJournal,
    StoreUrl, What,
};
use jiff::{SignedDuration, Timestamp};

use crate::figures::{Figures, Target, median, spread};
use crate::place::{GROUP, Limits, MESSAGE, Place};
use crate::{Outcome, Size};

const BATCHES: u32 = 100;
const BATCH_SIZE: u32 = 100;
const LIMITS: Limits = Limits {
    requests_per_second: 5.0,
    concurrency: 8,
};

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let runs = size.pick(1000, 100);
    let place = Place::new()?;
    place.settings("http://127.0.0.1:9/platform/v1", &LIMITS)?;
    let mut journal = StoreUrl::of_file(place.store()).open()?;
    for run in 0..runs {
        add_run(&mut journal, run)?;
    }
    drop(journal);
    let batches = u64::from(runs) * u64::from(BATCHES);
    figures.tell("store", format!("{runs} runs, {batches} batches"));
    let mut took = Vec::new();
    for _ in 0..21 {
        took.push(list(&place, runs)?);
    }
    figures.tell("deskcast runs", spread(&took, "ms"));
    figures.judge("deskcast runs", median(&took), "ms", Target::Below(50.0));
    let mut took = Vec::new();
    for _ in 0..21 {
        took.push(count(&place, batches)?);
    }
    figures.judge(
        "counted for /metrics",
        median(&took),
        "ms",
        Target::Below(50.0),
    );
    Ok(())
}

/// The milliseconds of one `deskcast runs`, which must name every campaign.
fn list(place: &Place, runs: u32) -> Outcome<f64> {
    let start = Instant::now();
    let output = place
        .deskcast(&["runs"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .output()?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let text = String::from_utf8_lossy(&output.stdout);
    let named = (0..runs).filter(|run| text.contains(&name(*run))).count();
    if !output.status.success() || named != runs as usize {
        return Err(format!("deskcast runs named {named} of {runs} runs").into());
    }
    Ok(took)
}

/// The milliseconds of one census, which must find every batch.
fn count(place: &Place, batches: u64) -> Outcome<f64> {
    let start = Instant::now();
    let census = StoreUrl::of_file(place.store()).read()?.census()?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let found: u64 = census.batches.iter().map(|count| count.batches).sum();
    if found != batches {
        return Err(format!("{found} of {batches} batches were counted").into());
    }
    Ok(took)
}

fn name(run: u32) -> String {
    format!("campaign-{run:04}")
}

/// A run that was planned, sent and read.
fn add_run(journal: &mut StoreJournal, number: u32) -> Outcome<()> {
    let at = Timestamp::from_second(1_780_000_000)? + SignedDuration::from_hours(number.into());
    let new = NewRun {
        key: RunKey {
            campaign: CampaignName::new(&name(number))?,
            due: at,
        },
        message: MESSAGE.to_owned(),
        group: GROUP.to_owned(),
        agent_id: 41,
        priority: Priority::Medium,
        batch_size: BATCH_SIZE,
        base_url: "http://127.0.0.1:9/platform/v1".to_owned(),
        customers_file: "customers.csv".to_owned(),
        unknown: UnknownPolicy::Hold,
        beside: true,
        created_at: at,
        launch: deskcast::journal::Launch::default(),
    };
    let run = journal.create_run(&new, &mut fill)?;
    let fence = journal.claim(run, Purpose::Sending, at)?.fence;
    let entry = |batch, what| Entry {
        batch,
        attempt: 1,
        at: at.into(),
        what,
    };
    let chat = |batch| ChatId(u64::from(number * BATCHES + batch));
    let intents = (1..=BATCHES).map(|batch| entry(batch, What::Intent));
    let accepted = |batch| What::Outcome(Conclusion::Accepted(chat(batch)));
    let outcomes = (1..=BATCHES).map(|batch| entry(batch, accepted(batch)));
    for recorded in journal.record(&[(fence, intents.chain(outcomes).collect())]) {
        recorded?;
    }
    let readings: Vec<Reading> = (1..=BATCHES).map(|batch| reading(batch, at)).collect();
    journal.keep_readings(run, &readings, u64::from(BATCHES))?;
    Ok(journal.release(fence, RunState::Finished, "", at)?)
}

fn reading(batch: u32, at: Timestamp) -> Reading {
    Reading {
        batch,
        at,
        figures: Counts {
            sent: BATCH_SIZE.into(),
            responded: 7,
            closed: 5,
        }
        .into(),
        settled: true,
    }
}

fn fill(sink: &mut dyn PlanSink<Error = JournalError>) -> Result<PlanSummary, JournalError> {
    let size = u64::from(BATCH_SIZE);
    for batch in 1..=BATCHES {
        let rows = u64::from(batch - 1) * size..u64::from(batch) * size;
        let ids: Vec<u64> = rows.clone().map(|row| row * 7 + 1).collect();
        let lines: Vec<u64> = rows.map(|row| row + 2).collect();
        sink.batch(batch, &ids, &lines)?;
    }
    let planned = u64::from(BATCHES) * size;
    Ok(PlanSummary {
        listing: Listing {
            listed: planned,
            ..Listing::default()
        },
        planned,
        batches: BATCHES,
        digest: no_digest(),
        first_body: None,
        invalid_rows: Vec::new(),
        left_out: Vec::new(),
        lists: Vec::new(),
        files: Vec::new(),
    })
}

/// The digest is not looked at here; one must be there.
fn no_digest() -> Digest {
    let digest = Digest::parse(&format!("sha256:{}", "0".repeat(64)));
    digest.expect("64 digits are a digest")
}
