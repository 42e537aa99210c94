//! Killed right after a system call: once, and once more while it recovers.

use crate::arguments::Arguments;
use crate::campaign::{Campaign, RUN};
use crate::strace::{self, Traced};
use crate::table::Row;
use crate::workers::side_by_side;

/// The second kill comes within so many calls of the recovery.
const SOON: usize = 60;

/// Kills a small campaign right after its k-th call, for every k or a sample.
pub(crate) fn once(arguments: &Arguments) -> Row {
    kill_each(arguments, arguments.points, |campaign, at| {
        kill(campaign, at)
    })
}

/// The same, and then the process that recovers from it after its first, eighth, … call.
pub(crate) fn twice(arguments: &Arguments) -> Row {
    let points = arguments.points.map(|points| points.div_ceil(2));
    kill_each(arguments, points, |campaign, at| match kill(campaign, at) {
        0 => 0,
        kills => kills + kill(campaign, 1 + at * 7 % SOON),
    })
}

fn kill_each(
    arguments: &Arguments,
    points: Option<usize>,
    strike: impl Fn(&Campaign, usize) -> u64 + Sync,
) -> Row {
    if let Err(sentence) = strace::is_there() {
        return Row::broken(sentence);
    }
    let calls = match strace::run(&Campaign::small().scene, &RUN, usize::MAX) {
        Traced::Ended {
            calls,
            code: Some(3),
        } => calls,
        other => return Row::broken(format!("undisturbed, it came to {other:?}")),
    };
    let outcomes = side_by_side(arguments.jobs, spread(calls, points), |at| {
        let campaign = Campaign::small();
        let kills = strike(&campaign, at);
        let outcome = campaign.finish(kills);
        (format!("call {at}"), outcome)
    });
    Row::of(format!("{calls} system calls"), outcomes)
}

/// Kills the campaign right after this call; how often it struck, 0 or 1.
fn kill(campaign: &Campaign, at: usize) -> u64 {
    if campaign.is_sent() {
        return 0;
    }
    match strace::run(&campaign.scene, &RUN, at) {
        Traced::Killed(_) => 1,
        Traced::Ended { .. } => 0,
        Traced::Stuck(doing) => {
            campaign.stuck(format!("killed at call {at}, it did not end: {doing}"));
            0
        }
    }
}

/// So many numbers from 1 to `last`, evenly spread; all of them without a number.
fn spread(last: usize, points: Option<usize>) -> Vec<usize> {
    let points = points.unwrap_or(last).min(last);
    (0..points)
        .map(|point| 1 + point * last / points.max(1))
        .collect()
}
