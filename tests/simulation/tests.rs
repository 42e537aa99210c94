//! The tests of this binary, and how many seeds run at once.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::canary::{self, Rule};
use super::figures::Figures;
use super::mutation::Mutation;
use super::scenes;
use super::{Story, simulate};

/// Seeds within which a planted bug must be found.
const ENOUGH: u64 = 1_000;

pub(crate) type Outcome = Result<String, String>;

/// A test by its name. It is given the seeds to try.
pub(crate) type Test = (&'static str, fn(RangeInclusive<u64>) -> Outcome);

pub(crate) const TESTS: [Test; 15] = [
    ("every_seed_keeps_the_promise", every_seed),
    (
        "a_clock_that_is_set_while_a_request_is_late_proves_nothing",
        |_| scenes::clock_set_while_late(),
    ),
    ("a_run_whose_last_outcome_is_lost_is_not_finished", |_| {
        scenes::must_tell(scenes::last_outcome_lost, Mutation::UntoldFailure)
    }),
    ("after_a_commit_that_failed_nothing_more_leaves", |_| {
        scenes::must_tell(scenes::commit_failed, Mutation::UntoldFailure)
    }),
    ("a_run_that_has_failed_is_not_sent_again", |_| {
        scenes::must_tell(scenes::failed_and_claimed, Mutation::SendFailed)
    }),
    ("a_commit_that_fails_and_is_not_told_is_found", |_| {
        planted(Mutation::UntoldFailure)
    }),
    ("the_same_seed_tells_the_same_story", same_story),
    ("a_request_before_its_intent_is_found", |_| {
        planted(Mutation::SendBeforeDurable)
    }),
    ("an_unknown_that_is_sent_again_is_found", |_| {
        planted(Mutation::ResendUnknown)
    }),
    ("a_checkpoint_moved_too_early_is_found", |_| {
        planted(Mutation::CheckpointAtFetch)
    }),
    ("a_grace_time_by_the_wall_clock_is_found", |_| {
        planted(Mutation::GraceByTheWallClock)
    }),
    ("a_canary_that_counts_in_a_storm_is_found", |_| {
        planted(Mutation::CanaryByCount)
    }),
    ("a_copy_that_is_adopted_as_planned_is_found", |_| {
        planted(Mutation::AdoptAsPlanned)
    }),
    ("nobody_outside_of_the_wave_before_it_was_judged", |seeds| {
        first_wave(seeds, Rule::Named)
    }),
    (
        "a_canary_that_counts_instead_of_naming_is_found",
        |_| match first_wave(1..=ENOUGH, Rule::Counted) {
            Ok(_) => Err(format!("not found within {ENOUGH} seeds")),
            Err(found) => Ok(found),
        },
    ),
];

fn first_wave(seeds: RangeInclusive<u64>, rule: Rule) -> Outcome {
    let words = format!("from seed {} to {}", seeds.start(), seeds.end());
    for seed in seeds {
        canary::story(seed, rule).map_err(|why| format!("seed {seed}: {why}"))?;
    }
    Ok(words)
}

fn every_seed(seeds: RangeInclusive<u64>) -> Outcome {
    let begun = Instant::now();
    let (figures, failed) = try_seeds(seeds.clone(), Mutation::None);
    let rate = figures.seeds as f64 / begun.elapsed().as_secs_f64();
    match failed {
        // A seed with one of either would have failed.
        None => Ok(format!(
            "from seed {} to {}, {rate:.0} a second: {figures}; duplicates 0, lost 0",
            seeds.start(),
            seeds.end(),
        )),
        Some((seed, why)) => Err(failure(seed, Mutation::None, &why)),
    }
}

fn same_story(_: RangeInclusive<u64>) -> Outcome {
    for seed in 1..=25 {
        let tell = || simulate(seed, Mutation::None, true).trace;
        let (first, second) = (tell(), tell());
        if first != second {
            let at = first.iter().zip(&second).position(|(a, b)| a != b);
            return Err(format!("seed {seed} differs from itself in line {at:?}"));
        }
        if first.len() < 20 {
            return Err(format!("seed {seed} tells nothing"));
        }
    }
    Ok(String::new())
}

fn planted(mutation: Mutation) -> Outcome {
    match try_seeds(1..=ENOUGH, mutation).1 {
        Some((seed, why)) => Ok(format!(
            "{} is found by seed {seed}: {why}",
            mutation.name()
        )),
        None => Err(format!("{ENOUGH} seeds do not find {}", mutation.name())),
    }
}

fn failure(seed: u64, mutation: Mutation, why: &str) -> String {
    let bug = match mutation {
        Mutation::None => String::new(),
        mutation => format!(" --bug {}", mutation.name()),
    };
    format!(
        "seed {seed}: {why}\nreplay it: cargo test --test simulation -- --seed {seed} --trace{bug}"
    )
}

/// Tries seeds on all processors until one fails; the lowest one that did.
pub(crate) fn try_seeds(
    seeds: RangeInclusive<u64>,
    mutation: Mutation,
) -> (Figures, Option<(u64, String)>) {
    let next = AtomicU64::new(*seeds.start());
    let lowest = AtomicU64::new(u64::MAX);
    let result = Mutex::new((Figures::default(), None));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut sum = Figures::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > *seeds.end() || seed > lowest.load(Ordering::Relaxed) {
                        break;
                    }
                    let Story {
                        violation, figures, ..
                    } = simulate(seed, mutation, false);
                    sum.add(&figures);
                    if let Some(violation) = violation
                        && lowest.fetch_min(seed, Ordering::Relaxed) > seed
                    {
                        let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                        if result.1.as_ref().is_none_or(|(other, _)| seed < *other) {
                            result.1 = Some((seed, violation.to_string()));
                        }
                    }
                }
                let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                result.0.add(&sum);
            });
        }
    });
    result.into_inner().unwrap_or_else(PoisonError::into_inner)
}
