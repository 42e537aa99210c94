//! A dry run with every rule: of ten million listed, two million are suppressed by a list, and five
//! million were messaged in the last week by thirty other runs.

use std::process::Stdio;

use deskcast::campaign::{CampaignName, Priority, UnknownPolicy};
use deskcast::delivery::dispatch::Conclusion;
use deskcast::delivery::outcome::ChatId;
use deskcast::delivery::plan::{Digest, PlanSummary};
use deskcast::delivery::tally::Listing;
use deskcast::journal::{
    Entry, Journal, JournalError, Launch, NewRun, Purpose, RunKey, RunState, StoreJournal,
    StoreUrl, What,
};
use jiff::{SignedDuration, Timestamp};

use crate::audience::{self, Ids};
use crate::figures::{Figures, Target, median, spread};
use crate::place::{GROUP, Limits, MESSAGE, Place};
use crate::process;
use crate::{Outcome, Size};

const DESK: &str = "http://127.0.0.1:9/platform/v1";
const RUNS: u64 = 30;
const BATCH: u64 = 100;
const LIMITS: Limits = Limits {
    requests_per_second: 5.0,
    concurrency: 8,
};

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let rows = size.pick(10_000_000, 1_000_000);
    for ids in [Ids::Shuffled, Ids::Scattered] {
        ruled(ids, rows, size.pick(3, 3), figures)?;
    }
    Ok(())
}

fn ruled(ids: Ids, rows: u64, times: u32, figures: &mut Figures) -> Outcome<()> {
    let place = Place::new()?;
    place.settings(DESK, &LIMITS)?;
    audience::write(&place.customers("ruled"), rows, ids, None)?;
    let list: String = (0..rows / 5)
        .map(|row| format!("{}\n", ids.id(row, rows)))
        .collect();
    std::fs::write(place.path().join("campaigns/suppressed.csv"), list)?;
    std::fs::write(
        place.path().join("campaigns/ruled.toml"),
        format!(
            "message = \"{MESSAGE}\"\ngroup = \"{GROUP}\"\n\
             [customers]\nfiles = [\"ruled.csv\"]\nexclude = [\"suppressed.csv\"]\n\
             [repeat]\nany_campaign = \"7d\"\nmax_per_customer = {{ count = 3, within = \"30d\" }}\n"
        ),
    )?;
    send(&place, ids, rows)?;
    let mut took = Vec::new();
    for _ in 0..times {
        took.push(dry_run(&place, rows)?);
    }
    let seconds: Vec<f64> = took.iter().map(|(seconds, _)| *seconds).collect();
    let peak: Vec<f64> = took.iter().map(|(_, megabytes)| *megabytes).collect();
    figures.tell(
        &format!("{ids:?} ids, {rows} listed"),
        spread(&seconds, "s"),
    );
    figures.judge(
        &format!("  {ids:?}, dry run"),
        median(&seconds),
        "s",
        Target::Below(10.0),
    );
    figures.judge(
        &format!("  {ids:?}, peak memory"),
        median(&peak),
        "MB",
        Target::Below(300.0),
    );
    Ok(())
}

/// Seconds and megabytes of a dry run, which must have left out exactly those it has to.
fn dry_run(place: &Place, rows: u64) -> Outcome<(f64, f64)> {
    let arguments = ["run", "ruled", "--dry-run", "--json"];
    let took = process::run(&mut place.deskcast(&arguments))?;
    let output = place.deskcast(&arguments).stdout(Stdio::piped()).output()?;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let customers = &told["customers"];
    let by = &customers["excluded_by"];
    // The list has the first fifth; the runs have all from the middle on.
    let expected = [rows / 5, rows / 2, rows - rows / 5 - rows / 2];
    let found = [
        &by["suppressed"],
        &by["messaged_lately"],
        &customers["planned"],
    ];
    if found.map(|count| count.as_u64().unwrap_or(0)) != expected {
        return Err(format!("{customers} instead of {expected:?}").into());
    }
    Ok((took.seconds, took.peak_megabytes))
}

/// Thirty runs within the last week, to the second half of the customers.
fn send(place: &Place, ids: Ids, rows: u64) -> Outcome<()> {
    let mut journal = StoreUrl::of_file(place.store()).open()?;
    let first = rows / 2;
    let per_run = (rows - first) / RUNS;
    for run in 0..RUNS {
        let from = first + run * per_run;
        let to = match run + 1 {
            RUNS => rows,
            _ => from + per_run,
        };
        let customers: Vec<u64> = (from..to).map(|row| ids.id(row, rows)).collect();
        add_run(&mut journal, run, &customers)?;
    }
    Ok(())
}

fn add_run(journal: &mut StoreJournal, number: u64, customers: &[u64]) -> Outcome<()> {
    let ago = SignedDuration::from_hours(5 * (number as i64 + 1));
    let at = Timestamp::now() - ago;
    let new = NewRun {
        key: RunKey {
            campaign: CampaignName::new(&format!("other-{number}"))?,
            due: at,
        },
        message: MESSAGE.to_owned(),
        group: GROUP.to_owned(),
        agent_id: 41,
        priority: Priority::Medium,
        batch_size: BATCH as u32,
        base_url: DESK.to_owned(),
        customers_file: "other.csv".to_owned(),
        unknown: UnknownPolicy::Hold,
        beside: true,
        created_at: at,
        launch: Launch::default(),
    };
    let batches = customers.len().div_ceil(BATCH as usize) as u32;
    let run = journal.create_run::<JournalError>(&new, &mut |sink| {
        let mut line = 1;
        for (number, customers) in (1..).zip(customers.chunks(BATCH as usize)) {
            let lines: Vec<u64> = (1..=customers.len() as u64).map(|n| line + n).collect();
            line += customers.len() as u64;
            sink.batch(number, customers, &lines)?;
        }
        Ok(summary(customers.len() as u64, batches))
    })?;
    let fence = journal.claim(run, Purpose::Sending, at)?.fence;
    let entry = |batch, what| Entry {
        batch,
        attempt: 1,
        at: at.into(),
        what,
    };
    let accepted = |batch: u32| What::Outcome(Conclusion::Accepted(ChatId(u64::from(batch))));
    let intents = (1..=batches).map(|batch| entry(batch, What::Intent));
    let outcomes = (1..=batches).map(|batch| entry(batch, accepted(batch)));
    for recorded in journal.record(&[(fence, intents.chain(outcomes).collect())]) {
        recorded?;
    }
    Ok(journal.release(fence, RunState::Finished, "", at)?)
}

fn summary(planned: u64, batches: u32) -> PlanSummary {
    let digest = Digest::parse(&format!("sha256:{}", "0".repeat(64)));
    PlanSummary {
        listing: Listing {
            listed: planned,
            ..Listing::default()
        },
        planned,
        batches,
        digest: digest.expect("64 digits are a digest"),
        first_body: None,
        invalid_rows: Vec::new(),
        left_out: Vec::new(),
        lists: Vec::new(),
        files: Vec::new(),
    }
}
