//! Killed at random times of a larger campaign, every second time twice in a row.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use deskcast::delivery::patience::Jitter;

use crate::arguments::Arguments;
use crate::campaign::{Campaign, RUN};
use crate::table::Row;
use crate::workers::side_by_side;

/// Kills so many campaigns at a time drawn from the length of an undisturbed one.
pub(crate) fn times(arguments: &Arguments) -> Row {
    let begun = Instant::now();
    let undisturbed = Campaign::large();
    undisturbed.scene.run(&RUN);
    let length = begun.elapsed();
    let mut chance = Jitter::new(arguments.seed);
    let waits: Vec<Vec<Duration>> = (0..arguments.times)
        .map(|nth| (0..=nth % 2).map(|_| chance.up_to(length)).collect())
        .collect();
    let outcomes = side_by_side(arguments.jobs, waits, |waits| {
        let campaign = Campaign::large();
        let kills = waits.iter().map(|wait| kill_after(&campaign, *wait)).sum();
        (format!("after {waits:?}"), campaign.finish(kills))
    });
    Row::of(
        format!("{:.1} s, seed {}", length.as_secs_f64(), arguments.seed),
        outcomes,
    )
}

/// Kills the campaign after this time; how often it struck, 0 or 1.
fn kill_after(campaign: &Campaign, wait: Duration) -> u64 {
    if campaign.is_sent() {
        return 0;
    }
    let mut process = campaign
        .scene
        .deskcast(&RUN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    // It may have come to its end by itself.
    let _ = process.kill();
    let status = process.wait().unwrap();
    u64::from(status.signal().is_some())
}
