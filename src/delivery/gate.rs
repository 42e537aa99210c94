//! The gate: whether the next batch of a run may leave now, beside the budget.
//!
//! Everything that a definition can say to hold a run back meets here. The order is that of
//! weight: what ends the run, then who has to agree, then when, then how many.

use std::time::Duration;

use jiff::Timestamp;

use super::canary::{Step, Wave};
use super::open_chats::{OpenChat, Room, room};
use super::sliding::{self, Messaged, free_at};
use crate::campaign::{Canary, MaxOpen, OpenOf, Pace, Restraints};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is known when a batch is about to leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The most customers that it may have.
    pub next: u64,
    /// Whether somebody has approved the plan.
    pub approved: bool,
    /// What came of the first wave.
    pub wave: Wave,
    /// Customers of the campaign who were messaged within a day, or may have been.
    pub messaged: Vec<Messaged>,
    /// Batches that count for `max_open` and are not all closed.
    pub chats: Vec<OpenChat>,
    /// Customers who count for `max_open`, of whom it is not known yet whether they are messaged.
    pub in_flight: u64,
    /// The shortest time between two readings of a chat.
    pub shortest: Duration,
}

/// Whether the next batch may leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Open,
    /// When these chats, by their places, are read, it is decided.
    Read(Vec<usize>),
    /// When the chats of the first wave were read at this time or after, it is to be judged.
    Judge(Timestamp),
    /// Not yet.
    Wait(Waiting),
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What for, for the operator: it stays the same while it is waited.
    pub why: String,
    /// How that stands right now; may be empty.
    pub figures: String,
    /// When to look again; none where only something from outside can end it.
    pub until: Option<Timestamp>,
}

/// Whether the next batch of a run with these restraints may leave now.
pub fn decide(restraints: &Restraints, facts: &Facts, now: Timestamp) -> Decision {
    if restraints.approval && !facts.approved {
        return Decision::Wait(asking("waits for approval (deskcast approve)"));
    }
    if let Some(canary) = &restraints.canary
        && let Some(decision) = first_wave(canary, &facts.wave, now)
    {
        return decision;
    }
    pace(&restraints.pace, facts, now)
}

/// What the first wave has to say against another batch.
fn first_wave(canary: &Canary, wave: &Wave, now: Timestamp) -> Option<Decision> {
    let step = wave.step(canary, now);
    Some(match step {
        Step::Go => return None,
        Step::InFlight => Decision::Wait(asking("waits for what came of its canary")),
        Step::Look(since) => Decision::Judge(since),
        Step::Ask => Decision::Wait(asking(
            "its canary went well; waits for approval (deskcast approve)",
        )),
        Step::Hold(until) => Decision::Wait(Waiting {
            why: format!("waits until {} to look at its canary", second(until)),
            figures: String::new(),
            until: Some(until),
        }),
    })
}

/// Only something from outside ends it.
fn asking(why: &str) -> Waiting {
    Waiting {
        why: why.to_owned(),
        figures: String::new(),
        until: None,
    }
}

fn pace(pace: &Pace, facts: &Facts, now: Timestamp) -> Decision {
    for (limit, window, name) in [
        (pace.customers_per_day, DAY, "day"),
        (pace.customers_per_hour, HOUR, "hour"),
    ] {
        if let Some(most) = limit
            && let Some(waiting) = too_many(facts, most, window, name, now)
        {
            return Decision::Wait(waiting);
        }
    }
    match &pace.max_open {
        Some(rule) => open_chats(rule, facts, now),
        None => Decision::Open,
    }
}

fn too_many(
    facts: &Facts,
    most: u64,
    window: Duration,
    name: &str,
    now: Timestamp,
) -> Option<Waiting> {
    let free = free_at(&facts.messaged, window, most, facts.next, now);
    (free > now).then(|| Waiting {
        why: format!(
            "waits until {} (customers_per_{name} = {most})",
            second(free)
        ),
        figures: String::new(),
        until: Some(free),
    })
}

fn open_chats(rule: &MaxOpen, facts: &Facts, now: Timestamp) -> Decision {
    match room(rule, &facts.chats, facts.in_flight, facts.shortest, now) {
        Room::Open => Decision::Open,
        Room::Read(places) => Decision::Read(places),
        Room::Full {
            open,
            awaited,
            until,
        } => Decision::Wait(Waiting {
            why: format!(
                "waits for fewer than {} open chats{} (max_open)",
                rule.open,
                match rule.of {
                    OpenOf::Run => "",
                    OpenOf::Group => " of the group",
                }
            ),
            figures: format!("{open} open, {awaited} may still answer"),
            until,
        }),
    }
}

/// How long a run with these restraints takes at least, beside what its rate makes it take.
pub fn at_least(restraints: &Restraints, customers: u64) -> Duration {
    let pace = &restraints.pace;
    let hours = pace
        .customers_per_hour
        .map(|most| sliding::at_least(customers, HOUR, most));
    let days = pace
        .customers_per_day
        .map(|most| sliding::at_least(customers, DAY, most));
    let limits = hours.max(days).unwrap_or_default();
    let canary = restraints
        .canary
        .filter(|canary| canary.customers < customers);
    limits.saturating_add(canary.map(|canary| canary.hold).unwrap_or_default())
}

/// A time for people; the part of a second that is cut off must not make it too early.
fn second(at: Timestamp) -> Timestamp {
    let seconds = at.as_second() + i64::from(at.subsec_nanosecond() > 0);
    Timestamp::from_second(seconds).unwrap_or(at)
}
