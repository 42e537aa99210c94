//! From kill -9 to sending again: a run of a million customers, killed several times on its way,
//! and how long each new process takes from its start until its first create arrives.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::audience::{self, Ids};
use crate::figures::{Figures, Target, median, spread};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const BATCH_SIZE: u64 = 100;
const LIMITS: Limits = Limits {
    requests_per_second: 100_000.0,
    concurrency: 64,
};
/// How long answers take, in milliseconds: long enough to be killed in the middle.
const LATENCY: &str = "10";
/// What a killed process had in flight has arrived after this.
const STRAGGLERS: Duration = Duration::from_millis(200);

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let batches = size.pick(10_000, 2_000);
    let place = Place::new()?;
    let sandbox = Sandbox::start(&["--latency", LATENCY])?;
    place.settings(&sandbox.base_url(), &LIMITS)?;
    place.campaign("killed", BATCH_SIZE as usize)?;
    let rows = batches * BATCH_SIZE;
    audience::write(&place.customers("killed"), rows, Ids::Shuffled, None)?;
    let mut client = Running::start(&mut place.deskcast(&["run", "killed"]))?;
    let mut took = Vec::new();
    for kill in 1..=5 {
        sandbox.wait_for(batches * kill / 8, &mut client)?;
        let seconds;
        (client, seconds) = kill_and_start(&place, &sandbox, client)?;
        took.push(seconds);
    }
    drop(client);
    if sandbox.most_messaged()? != 1 {
        return Err("somebody was messaged twice".into());
    }
    figures.tell(
        &format!("{rows} customers, start to first create"),
        spread(&took, "s"),
    );
    figures.judge(
        "kill -9 to sending again",
        median(&took),
        "s",
        Target::Below(1.0),
    );
    Ok(())
}

/// Kills a run and goes on with it: the new process, and the seconds from its start to its first
/// create at the sandbox.
fn kill_and_start(place: &Place, sandbox: &Sandbox, client: Running) -> Outcome<(Running, f64)> {
    client.kill()?;
    std::thread::sleep(STRAGGLERS);
    let before = sandbox.creates()?;
    let start = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
    let mut client = Running::start(&mut place.deskcast(&["run", "killed"]))?;
    sandbox.wait_for(before + 1, &mut client)?;
    let first = sandbox.create_times()?[usize::try_from(before)?];
    Ok((client, first - start))
}
