//! The budget, as the server sees it: how much of an allowed rate is used, and the most requests
//! in any window of one second, for one process and for several that share a store; and what
//! sharing costs.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use deskcast::delivery::pace::MOST_LEASES;
use deskcast::service::budget::{Budget, Lane};

use crate::audience::{self, Ids};
use crate::figures::{Figures, Target, median, spread};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const CONCURRENCY: usize = 64;

/// How many processes share one store.
const PROCESSES: [u32; 3] = [1, 2, 4];

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    cost(size, figures)?;
    let seconds = size.pick(20, 5);
    for rate in [5, 50, 500] {
        for processes in PROCESSES {
            let times = arrivals(rate, processes, seconds)?;
            let name = match processes {
                1 => format!("{rate} a second"),
                _ => format!("{rate} a second, {processes} processes"),
            };
            judge(&name, rate, seconds, &times, figures);
        }
    }
    Ok(())
}

/// What the file between processes costs: a request is taken from it and leaves by it, both
/// without a wait.
fn cost(size: Size, figures: &mut Figures) -> Outcome<()> {
    let place = Place::new()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let _entered = runtime.enter();
    // So many may leave at once; they go one by one.
    let burst = NonZeroU32::new(MOST_LEASES).ok_or("no burst")?;
    let mut micros = Vec::new();
    for time in 0..size.pick(50, 10) {
        let file = place.path().join(format!("budget-{time}"));
        let budget = Budget::shared(&file, f64::from(MOST_LEASES), burst, None)?;
        let start = Instant::now();
        let mut requests = 0_u32;
        runtime.block_on(async {
            while requests < MOST_LEASES && budget.try_acquire(Lane::Read) {
                budget.depart().await;
                requests += 1;
            }
        });
        micros.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(requests));
    }
    figures.judge(
        "shared by a file, a request",
        median(&micros),
        "µs",
        Target::Below(20.0),
    );
    figures.tell("  of these", spread(&micros, "µs"));
    Ok(())
}

/// When creates arrived, over a little more than so many seconds: each process sends a campaign of
/// its own, and all have one store.
fn arrivals(rate: u32, processes: u32, seconds: u32) -> Outcome<Vec<f64>> {
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
    let mut clients = Vec::new();
    for process in 0..processes {
        let name = format!("paced{process}");
        audience::write(&place.customers(&name), batches, Ids::Shuffled, None)?;
        place.campaign(&name, 1)?;
    }
    for process in 0..processes {
        let name = format!("paced{process}");
        clients.push(Running::start(&mut place.deskcast(&["run", &name]))?);
    }
    sandbox.wait_for(1, &mut clients[0])?;
    std::thread::sleep(Duration::from_secs(u64::from(seconds) + 1));
    for client in clients {
        client.kill()?;
    }
    sandbox.create_times()
}

fn judge(name: &str, rate: u32, seconds: u32, times: &[f64], figures: &mut Figures) {
    let first = times.first().copied().unwrap_or_default();
    let within = times.iter().filter(|at| **at < first + f64::from(seconds));
    let used = 100.0 * within.count() as f64 / f64::from(rate * seconds);
    figures.judge(
        &format!("{name}, used over {seconds} s"),
        used,
        "%",
        Target::AtLeast(99.0),
    );
    figures.judge(
        &format!("{name}, most in any second"),
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
