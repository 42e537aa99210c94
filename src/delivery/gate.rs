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
    /// When it may leave by the clock.
    pub hours: Hours,
    /// Whether somebody has approved the plan.
    pub approved: bool,
    /// Whether it belongs to the first wave.
    pub in_wave: bool,
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

/// When messages of a run may leave by the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hours {
    /// Now.
    #[default]
    Open,
    /// From then on.
    From(Timestamp),
    /// Never again: it should have been through by then.
    Over {
        /// By when.
        finish_by: Timestamp,
        /// Whether the run is cancelled for that; else it is paused.
        cancel: bool,
    },
}

/// In what way a run is held for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Until an operator resumes it.
    Paused,
    /// What remains is never sent.
    Cancelled,
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
    /// Not by itself any more, and why.
    Hold(Held, String),
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

/// What a run waits for that only a person can end.
pub const WAITS_FOR_APPROVAL: &str = "waits for approval (deskcast approve)";
/// The same, once its first wave was looked at.
pub const CANARY_WAITS_FOR_APPROVAL: &str =
    "its canary went well; waits for approval (deskcast approve)";

/// Whether the next batch of a run with these restraints may leave now.
pub fn decide(restraints: &Restraints, facts: &Facts, now: Timestamp) -> Decision {
    if let Hours::Over { finish_by, cancel } = facts.hours {
        return too_late(finish_by, cancel);
    }
    if restraints.approval && !facts.approved {
        return Decision::Wait(asking(WAITS_FOR_APPROVAL));
    }
    if let Hours::From(opens) = facts.hours {
        return Decision::Wait(Waiting {
            why: format!("waits until {}, when its window opens", second(opens)),
            figures: String::new(),
            until: Some(opens),
        });
    }
    if let Some(canary) = &restraints.canary
        && let Some(decision) = first_wave(canary, facts, now)
    {
        return decision;
    }
    pace(&restraints.pace, facts, now)
}

fn too_late(finish_by: Timestamp, cancel: bool) -> Decision {
    let (held, done) = match cancel {
        true => (Held::Cancelled, "cancelled"),
        false => (Held::Paused, "paused"),
    };
    let why = format!("{done} by itself, as it was to be through by {finish_by} (finish_by)");
    Decision::Hold(held, why)
}

/// What the first wave has to say against another batch.
fn first_wave(canary: &Canary, facts: &Facts, now: Timestamp) -> Option<Decision> {
    let step = facts.wave.step(canary, facts.in_wave, now);
    Some(match step {
        Step::Go => return None,
        Step::InFlight => Decision::Wait(asking("waits for what came of its canary")),
        Step::Look(since) => Decision::Judge(since),
        Step::Ask => Decision::Wait(asking(CANARY_WAITS_FOR_APPROVAL)),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::campaign::{Share, Then};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    fn restraints() -> Restraints {
        Restraints {
            pace: Pace {
                customers_per_hour: Some(100),
                max_open: Some(MaxOpen {
                    open: 10,
                    of: OpenOf::Group,
                    answers_within: HOUR,
                }),
                ..Pace::default()
            },
            canary: Some(Canary {
                customers: 50,
                hold: Duration::from_secs(60),
                max_rejected: Share::ALL,
                max_unknown: Share::ALL,
                min_responded: Share::default(),
                then: Then::Ask,
            }),
            approval: true,
            ..Restraints::default()
        }
    }

    /// Everything holds it back at once.
    fn facts() -> Facts {
        Facts {
            next: 10,
            hours: Hours::Over {
                finish_by: at(5),
                cancel: false,
            },
            wave: Wave {
                accepted: 50,
                ended_at: Some(at(0)),
                ..Wave::default()
            },
            messaged: vec![Messaged {
                at: at(0),
                customers: 95,
            }],
            in_flight: 12,
            ..Facts::default()
        }
    }

    /// What is said, without its figures.
    fn said(facts: &Facts, now: i64) -> String {
        match decide(&restraints(), facts, at(now)) {
            Decision::Wait(waiting) => waiting.why,
            Decision::Hold(held, why) => format!("{held:?}: {why}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_weighs_most_is_said_first() {
        let mut facts = facts();
        assert_eq!(
            said(&facts, 10),
            "Paused: paused by itself, as it was to be through by 1970-01-01T00:00:05Z (finish_by)"
        );
        facts.hours = Hours::From(at(20));
        assert_eq!(said(&facts, 10), "waits for approval (deskcast approve)");
        facts.approved = true;
        assert_eq!(
            said(&facts, 10),
            "waits until 1970-01-01T00:00:20Z, when its window opens"
        );
        facts.hours = Hours::Open;
        assert_eq!(
            said(&facts, 10),
            "waits until 1970-01-01T00:01:00Z to look at its canary"
        );
        assert_eq!(said(&facts, 60), "Judge(1970-01-01T00:01:00Z)");
        facts.wave.judged = Some((at(60), true));
        assert_eq!(
            said(&facts, 61),
            "its canary went well; waits for approval (deskcast approve)"
        );
        facts.wave.approved_at = Some(at(61));
        assert_eq!(
            said(&facts, 62),
            "waits until 1970-01-01T01:00:00Z (customers_per_hour = 100)"
        );
        facts.messaged.clear();
        assert_eq!(
            said(&facts, 62),
            "waits for fewer than 10 open chats of the group (max_open)"
        );
        facts.in_flight = 9;
        assert_eq!(said(&facts, 62), "Open");
    }

    #[test]
    fn without_restraints_a_batch_just_leaves() {
        let facts = Facts {
            hours: Hours::Open,
            ..facts()
        };
        assert_eq!(
            decide(&Restraints::default(), &facts, at(0)),
            Decision::Open
        );
    }

    #[test]
    fn limits_and_the_hold_make_a_run_longer() {
        let hours = |customers| at_least(&restraints(), customers).as_secs();
        assert_eq!(hours(50), 0, "the first wave is all there is");
        assert_eq!(hours(51), 60);
        assert_eq!(hours(101), 3_660);
    }

    proptest! {
        /// Whatever is waited for, the time to look again lies ahead, and at that time what was
        /// said before is not said of the same facts again.
        #[test]
        fn a_wait_with_an_end_ends_then(
            hours in 0_i64..100, ended_at in 0_i64..100, sent in prop::collection::vec((0_i64..100, 0_u64..60), 0..6),
        ) {
            let facts = Facts {
                approved: true,
                hours: Hours::From(at(hours)),
                wave: Wave { accepted: 50, ended_at: Some(at(ended_at)), ..Wave::default() },
                messaged: sent.into_iter().map(|(second, customers)| Messaged { at: at(second), customers }).collect(),
                in_flight: 0,
                ..facts()
            };
            // The shell asks the clock whether the window is open.
            let facts_at = |now: i64| match now >= hours {
                true => Facts { hours: Hours::Open, ..facts.clone() },
                false => facts.clone(),
            };
            let mut now = 0;
            for _ in 0..10 {
                match decide(&restraints(), &facts_at(now), at(now)) {
                    Decision::Wait(Waiting { until: Some(until), why, .. }) => {
                        prop_assert!(until > at(now), "{why}");
                        now = until.as_second();
                        prop_assert_ne!(said(&facts_at(now), now), why);
                    }
                    Decision::Judge(since) => {
                        prop_assert!(since <= at(now));
                        return Ok(());
                    }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!(false, "it never ends");
        }
    }
}
