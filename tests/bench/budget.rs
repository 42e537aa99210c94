//! The budget, as the server sees it: how much of an allowed rate is used, and the most requests
//! in any window of one second.

use crate::audience::{self, Ids};
use crate::figures::{Figures, Target};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const CONCURRENCY: usize = 64;

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let seconds = size.pick(20, 5);
    for rate in [5, 50, 500] {
        let times = arrivals(rate, seconds)?;
        judge(rate, seconds, &times, figures);
    }
    Ok(())
}

/// When creates arrived, over a little more than so many seconds.
fn arrivals(rate: u32, seconds: u32) -> Outcome<Vec<f64>> {
    let place = Place::new()?;
    let sandbox = Sandbox::start(&[])?;
    place.settings(
        &sandbox.base_url(),
        &Limits {
            requests_per_second: f64::from(rate),
            concurrency: CONCURRENCY,
        },
    )?;
    let batches = u64::from(rate * (seconds + 10));
    audience::write(&place.customers("paced"), batches, Ids::Shuffled, None)?;
    place.campaign("paced", 1)?;
    let mut client = Running::start(&mut place.deskcast(&["run", "paced"]))?;
    sandbox.wait_for(1, &mut client)?;
    std::thread::sleep(std::time::Duration::from_secs(u64::from(seconds) + 1));
    client.kill()?;
    sandbox.create_times()
}

fn judge(rate: u32, seconds: u32, times: &[f64], figures: &mut Figures) {
    let first = times.first().copied().unwrap_or_default();
    let within = times.iter().filter(|at| **at < first + f64::from(seconds));
    let used = 100.0 * within.count() as f64 / f64::from(rate * seconds);
    figures.judge(
        &format!("{rate} a second, used over {seconds} s"),
        used,
        "%",
        Target::AtLeast(99.0),
    );
    figures.judge(
        &format!("{rate} a second, most in any second"),
        most_in_a_second(times) as f64,
        "",
        Target::AtMost(f64::from(rate)),
    );
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let longest = gaps.iter().copied().fold(0.0, f64::max);
    figures.tell(
        "  longest gap between two",
        format!("{:.1} ms of {:.1} ms", longest * 1e3, 1e3 / f64::from(rate)),
    );
}

/// The most of these times, which are in order, in any window of one second, half open.
fn most_in_a_second(times: &[f64]) -> usize {
    let within = |first: usize| {
        let after = times[first..]
            .iter()
            .take_while(|at| **at < times[first] + 1.0);
        after.count()
    };
    (0..times.len()).map(within).max().unwrap_or(0)
}
