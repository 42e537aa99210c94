//! Planning: a dry run and a journaled plan beside reading the column with the bare `csv` crate.
//!
//! All three are whole processes, on a file of five columns that the page cache holds. The
//! journaled plan is a run whose first create is refused for its token, which ends it: what it
//! does beyond planning is counted against it.

use std::path::Path;
use std::process::Stdio;

use crate::audience::{self, Ids};
use crate::bare;
use crate::figures::{Figures, Target, median, spread};
use crate::place::{Limits, Place};
use crate::process::{self, Took};
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const BATCH_SIZE: usize = 100;
const DUPLICATE_EVERY: u64 = 1000;
/// The exit code of a run that stopped and can be resumed.
const STOPPED: i32 = 4;

const LIMITS: Limits = Limits {
    requests_per_second: 5.0,
    concurrency: 8,
};

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let place = Place::new()?;
    let rows = size.pick(10_000_000, 1_000_000);
    let times = size.pick(5, 3);
    for ids in [Ids::Shuffled, Ids::Scattered] {
        compare(&place, rows, ids, times, figures)?;
    }
    cost_per_row(&place, size, figures)
}

/// The three side by side, in turn.
fn compare(place: &Place, rows: u64, ids: Ids, times: u32, figures: &mut Figures) -> Outcome<()> {
    let csv = place.customers("large");
    audience::write(&csv, rows, ids, Some(DUPLICATE_EVERY))?;
    place.campaign("large", BATCH_SIZE)?;
    // Any other token is refused, and a run that is refused for its token stops.
    let sandbox = Sandbox::start(&["--token", "another"])?;
    place.settings(&sandbox.base_url(), &LIMITS)?;
    let megabytes = csv.metadata()?.len() as f64 / 1e6;
    figures.tell(
        &format!("{ids:?} ids"),
        format!("{rows} rows, {megabytes:.0} MB"),
    );
    // Once beforehand, so that the first measurement does not read from the disk.
    read_bare(&csv)?;
    let (mut bare, mut dry, mut journaled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..times {
        bare.push(read_bare(&csv)?);
        dry.push(dry_run(place)?);
        journaled.push(journaled_plan(place)?);
    }
    let sections = [
        ("dry run", dry, Target::AtMost(2.5)),
        ("journaled plan", journaled, Target::AtMost(4.0)),
    ];
    let tell = |name: &str, took: &[Took]| {
        figures.tell(&format!("  {name}"), spread(&seconds(took), "s"));
        let cpu: Vec<f64> = took.iter().map(|took| took.cpu_seconds).collect();
        figures.tell(&format!("  {name}, processor time"), spread(&cpu, "s"));
    };
    tell("bare csv", &bare);
    for (name, took, _) in &sections {
        tell(name, took);
    }
    for (name, took, target) in &sections {
        let ratios: Vec<f64> = seconds(took)
            .iter()
            .zip(seconds(&bare))
            .map(|(took, bare)| took / bare)
            .collect();
        figures.judge(
            &format!("  {name} to bare csv"),
            median(&ratios),
            "times",
            *target,
        );
        let peak: Vec<f64> = took.iter().map(|took| took.peak_megabytes).collect();
        let name = format!("  {name}, peak memory");
        figures.judge(&name, median(&peak), "MB", Target::Below(250.0));
    }
    Ok(())
}

fn seconds(took: &[Took]) -> Vec<f64> {
    took.iter().map(|took| took.seconds).collect()
}

fn read_bare(csv: &Path) -> Outcome<Took> {
    let took = process::run(&mut bare::command(&["csv", &csv.to_string_lossy()])?)?;
    ended_with(took, 0)
}

fn dry_run(place: &Place) -> Outcome<Took> {
    // Whoever was planned before would be left out.
    place.clear_store()?;
    let took = process::run(&mut place.deskcast(&["run", "large", "--dry-run"]))?;
    ended_with(took, 0)
}

fn journaled_plan(place: &Place) -> Outcome<Took> {
    place.clear_store()?;
    let mut command = place.deskcast(&["run", "large"]);
    // It complains of the token, as it should.
    command.stderr(Stdio::null());
    let took = process::run(&mut command)?;
    ended_with(took, STOPPED)
}

fn ended_with(took: Took, code: i32) -> Outcome<Took> {
    match took.code {
        Some(ended) if ended == code => Ok(took),
        ended => Err(format!("it ended with {ended:?} instead of {code}").into()),
    }
}

/// Whether a row costs the same in a small file and in a large one: planned within a process that
/// is running already, since starting one costs more than a small file.
fn cost_per_row(place: &Place, size: Size, figures: &mut Figures) -> Outcome<()> {
    let mut costs = Vec::new();
    for (rows, times) in [
        (10_000, 200),
        (100_000, 40),
        (1_000_000, 8),
        (10_000_000, 3),
    ] {
        if rows > size.pick(10_000_000, 1_000_000) {
            continue;
        }
        let csv = place.customers("sized");
        audience::write(&csv, rows, Ids::Shuffled, Some(DUPLICATE_EVERY))?;
        place.campaign("sized", BATCH_SIZE)?;
        let cost = nanoseconds_per_row(place, rows, times)?;
        figures.tell(&format!("a row of {rows}"), format!("{cost:.0} ns"));
        costs.push(cost);
    }
    let most = costs.iter().copied().fold(f64::NAN, f64::max);
    let least = costs.iter().copied().fold(f64::NAN, f64::min);
    // Flat: the set of ids outgrows the processor's caches, and that is all that may be seen.
    figures.judge(
        "the dearest row to the cheapest",
        most / least,
        "times",
        Target::AtMost(2.0),
    );
    Ok(())
}

fn nanoseconds_per_row(place: &Place, rows: u64, times: u32) -> Outcome<f64> {
    let definition = place.path().join("campaigns/sized.toml");
    let words = ["plan", &definition.to_string_lossy(), &times.to_string()];
    let output = bare::command(&words)?.stderr(Stdio::inherit()).output()?;
    let costs: Vec<f64> = String::from_utf8(output.stdout)?
        .lines()
        .map(|line| seconds_of(line, rows))
        .collect::<Outcome<_>>()?;
    Ok(median(&costs) * 1e9 / rows as f64)
}

/// The seconds of a plan, which must have found every customer once.
fn seconds_of(line: &str, rows: u64) -> Outcome<f64> {
    let (seconds, planned) = line.split_once(' ').ok_or("a line without a plan")?;
    let expected = rows - rows / DUPLICATE_EVERY;
    if planned.parse() != Ok(expected) {
        return Err(format!("{planned} customers were planned instead of {expected}").into());
    }
    Ok(seconds.parse()?)
}
