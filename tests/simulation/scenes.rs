//! What failed once, told anew: each scene is written down, not drawn, and keeps the promise; with the
//! bug planted that it is about, it does not.

use std::time::Duration;

use deskcast::delivery::batch::BatchState;
use deskcast::journal::memory::StoredRun;
use deskcast::journal::{RunId, RunState};

use super::campaigns::{Campaign, GROUP, NOBODYS};
use super::chance::Chance;
use super::mutation::Mutation;
use super::tests::Outcome;
use super::weather::Weather;
use super::world::{Happening, World};

const RUN: RunId = RunId(1);
const MOST_STEPS: usize = 100_000;

/// Holds without the bug, and does not with it.
pub(crate) fn must_tell(scene: fn(Mutation) -> World, bug: Mutation) -> Outcome {
    if let Some(violation) = scene(Mutation::None).violation {
        return Err(violation.to_string());
    }
    match scene(bug).violation {
        Some(violation) => Ok(format!("with {}: {violation}", bug.name())),
        None => Err(format!("{} is not told", bug.name())),
    }
}

/// One process in fine weather sends so many batches of one, and these faults strike.
fn scene(
    mutation: Mutation,
    batches: u64,
    concurrency: usize,
    group: &str,
    strikes: &str,
) -> World {
    let weather = Weather {
        strikes: strikes.to_owned(),
        ..Weather::default()
    };
    let mut world = World::under(weather, Chance::new(1), 20.0, concurrency, mutation);
    let campaign = Campaign::of_singles(batches, group, world.wall());
    world.campaigns.push(campaign);
    world.after(Duration::ZERO, Happening::Create(0));
    world.after(Duration::from_secs(1), Happening::Start(0));
    world
}

impl World {
    fn until(&mut self, what: &'static str, is_so: impl Fn(&World) -> bool) {
        for _ in 0..MOST_STEPS {
            if self.violation.is_some() || is_so(self) {
                return;
            }
            self.go_on();
        }
        self.fail("a scene goes as it is written", what);
    }

    fn stored(&self) -> Option<std::sync::Arc<StoredRun>> {
        self.disk.run(RUN)
    }

    fn is(&self, batch: u32, state: BatchState) -> bool {
        let stored = self.stored();
        stored.is_some_and(|run| run.batches[&batch].state == state)
    }

    fn run_is(&self, state: RunState) -> bool {
        self.stored().is_some_and(|run| run.state == state)
    }

    /// The next commit fails, and no other.
    fn fail_a_commit(&mut self) {
        let before = self.figures.commits;
        self.weather.commit_fails = 1.0;
        self.until("a commit", |world| world.figures.commits > before);
        self.weather.commit_fails = 0.0;
    }

    /// To the end of the run, and what must hold then.
    fn end(&mut self) {
        self.clear();
        self.run();
        self.drain();
        if self.violation.is_none() {
            self.verdict();
        }
    }
}

/// The second of four requests is never answered and applied late, by so much; when it is given up
/// the clock is set, by so many seconds, and the others are sent. Then it is looked for.
fn late_by(late: u64, step: i64, mutation: Mutation) -> World {
    let mut world = scene(mutation, 4, 1, GROUP, &format!("apply-late=@2:{late}s"));
    world.until("it is given up", |world| world.is(2, BatchState::Unknown));
    world.set_clock(step * 1000);
    world.end();
    if world.violation.is_some() {
        return world;
    }
    if let Err(error) = world.reconcile(RUN, true) {
        world.fail("a verdict is recorded", error.to_string());
    }
    world.after(Duration::ZERO, Happening::Start(0));
    world.end();
    world
}

/// However late and however the clock is set: nobody is messaged twice. By the clock on the wall
/// somebody would be, as soon as it is set forward by more than the grace time.
pub(crate) fn clock_set_while_late() -> Outcome {
    const HOUR: i64 = 3_600;
    const YEAR: i64 = 365 * 24 * HOUR;
    let mut told = 0;
    for late in [1, 29, 31, 45, 59, 89] {
        for step in [-YEAR, -HOUR, -61, -1, 0, 1, 61, 70, HOUR, YEAR] {
            if let Some(violation) = late_by(late, step, Mutation::None).violation {
                return Err(format!("{late} s late, set by {step} s: {violation}"));
            }
            let bug = late_by(late, step, Mutation::GraceByTheWallClock);
            let must_tell = late > 30 && step >= 70;
            if must_tell != bug.violation.is_some() {
                let found = bug.violation;
                return Err(format!(
                    "{late} s late, set by {step} s, by the wall: {found:?}"
                ));
            }
            told += u32::from(must_tell);
        }
    }
    Ok(format!("by the wall clock {told} of 60 would be wrong"))
}

/// The commit of the last outcome fails when nothing else is to be done.
pub(crate) fn last_outcome_lost(mutation: Mutation) -> World {
    let mut world = scene(mutation, 3, 1, GROUP, "");
    world.until("the last is made", |world| world.figures.creates == 3);
    world.fail_a_commit();
    world.end();
    world
}

/// The commit of two outcomes fails, while the next batches are under way to be sent: the journal has
/// four as sending then, and two of them never leave.
pub(crate) fn commit_failed(mutation: Mutation) -> World {
    let mut world = scene(mutation, 9, 2, GROUP, "");
    world.until("two are made", |world| world.figures.creates == 3);
    world.fail_a_commit();
    let before = world.departures.len();
    world.until("it is given up", |world| {
        world.run_is(RunState::Stopped) || world.run_is(RunState::Finished)
    });
    let more = world.departures.len() - before;
    if more > 0 {
        let what = format!("{more} requests");
        world.fail("nothing leaves after a commit that failed", what);
    }
    world.end();
    world
}

/// A process comes to a run that it found open, and that has failed since.
pub(crate) fn failed_and_claimed(mutation: Mutation) -> World {
    let mut world = scene(mutation, 30, 1, NOBODYS, "");
    world.until("it has failed", |world| world.run_is(RunState::Failed));
    let before = world.departures.len();
    world.start(1);
    if let Some(process) = world.processes.keys().last().copied() {
        world.after(Duration::ZERO, Happening::Claim(process, RUN));
    }
    let later = world.now + Duration::from_secs(5);
    world.until("it came to it", |world| world.now > later);
    world.end();
    if world.departures.len() > before {
        let more = world.departures.len() - before;
        world.fail("a run that has failed is over", format!("{more} requests"));
    }
    world
}
