//! The budget, as the server sees it: how much of an allowed rate is used, and the most requests
//! in any window of one second, for one process and for several that share a store; and what
//! sharing costs.

use std::io::Write as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deskcast::delivery::pace::MOST_LEASES;
use deskcast::service::budget::{Budget, Lane, departures, file_beside};

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
    busy(size, figures)
}

/// Four processes at 50 a second while disk and processor are kept busy on purpose: what left, by
/// the machine's own clock, and what arrived, which such a machine is late to see.
fn busy(size: Size, figures: &mut Figures) -> Outcome<()> {
    const RATE: u32 = 50;
    let seconds = size.pick(20, 5);
    let place = Place::new()?;
    let load = Load::start(place.path());
    let sandbox = Sandbox::start(&[])?;
    let clients = start(&place, &sandbox, RATE, 4, seconds)?;
    drop(load);
    // The load is gone, and a bunch that it made would be there again each second.
    std::thread::sleep(Duration::from_secs(3));
    for client in clients {
        client.kill()?;
    }
    let name = "50 a second, 4 processes, disk and processor busy";
    let file = file_beside(&place.store(), &sandbox.base_url());
    let left: Vec<f64> = departures(&file)?
        .iter()
        .map(Duration::as_secs_f64)
        .collect();
    let arrived = sandbox.create_times()?;
    figures.judge(
        &format!("{name}, most that left in any second"),
        most_in(&left, 1.0) as f64,
        "",
        Target::AtMost(f64::from(RATE)),
    );
    figures.judge(
        "  most that left in a fifth of a second, of 10",
        most_in(&left, 0.2) as f64,
        "",
        Target::AtMost(12.0),
    );
    figures.tell(
        "  most that arrived in any second",
        most_in(&arrived, 1.0).to_string(),
    );
    figures.tell(
        "  most that arrived in a fifth of a second",
        most_in(&arrived, 0.2).to_string(),
    );
    Ok(())
}

/// Two threads that write and fsync, and two that compute, until it is dropped.
struct Load(Arc<AtomicBool>);

impl Load {
    fn start(folder: &Path) -> Load {
        let ended = Arc::new(AtomicBool::new(false));
        for number in 0..2 {
            let (over, path) = (Arc::clone(&ended), folder.join(format!("load-{number}")));
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let written = std::fs::File::create(&path)
                        .and_then(|mut file| file.write_all(&[0; 1 << 20]).map(|()| file))
                        .and_then(|file| file.sync_all());
                    if written.is_err() {
                        return;
                    }
                }
            });
            let over = Arc::clone(&ended);
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {});
        }
        Load(ended)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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
    for client in start(&place, &sandbox, rate, processes, seconds)? {
        client.kill()?;
    }
    sandbox.create_times()
}

/// Starts the processes, and returns so many seconds after the first request arrived.
fn start(
    place: &Place,
    sandbox: &Sandbox,
    rate: u32,
    processes: u32,
    seconds: u32,
) -> Outcome<Vec<Running>> {
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
    Ok(clients)
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
        most_in(times, 1.0) as f64,
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

/// The most of these times, which are in order, in any window of so many seconds, half open.
fn most_in(times: &[f64], seconds: f64) -> usize {
    let within = |first: usize| {
        let after = times[first..]
            .iter()
            .take_while(|at| **at < times[first] + seconds);
        after.count()
    };
    (0..times.len()).map(within).max().unwrap_or(0)
}
