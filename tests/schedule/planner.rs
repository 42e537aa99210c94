//! What becomes of due times: launched, missed, skipped or queued, each once.

use deskcast::campaign::{Decision, MissedWhy, Plan, Situation, SkippedWhy, decide};
use jiff::Timestamp;

use crate::{at, name, timetable};

/// A daemon that has decided until `watermark` and watches since `since` looks at the clock.
struct Look {
    watermark: Option<&'static str>,
    since: &'static str,
    now: &'static str,
    unfinished: Option<&'static str>,
    queued: Option<&'static str>,
}

const DAY: Look = Look {
    watermark: Some("2026-11-20T09:00:00Z"),
    since: "2026-11-01T00:00:00Z",
    now: "2026-11-21T09:00:01Z",
    unfinished: None,
    queued: None,
};

impl Look {
    fn plan(&self, lines: &str) -> Plan {
        let table = timetable(&format!("timezone = \"UTC\"\n{lines}"));
        let campaign = name();
        decide(
            &table,
            &Situation {
                campaign: &campaign,
                watermark: self.watermark.map(at),
                now: at(self.now),
                watching_since: at(self.since),
                unfinished: self.unfinished.map(at),
                queued: self.queued.map(at),
            },
        )
    }
}

const DAILY: &str = "cron = \"0 9 * * *\"";

fn launch(due: &str) -> Decision {
    Decision::Launch {
        due: at(due),
        catch_up: false,
    }
}

fn missed(due: &str, why: MissedWhy) -> Decision {
    Decision::Missed {
        first: at(due),
        last: at(due),
        count: 1,
        why,
    }
}

#[test]
fn what_is_due_is_launched_and_the_next_is_waited_for() {
    let plan = DAY.plan(DAILY);
    assert_eq!(plan.decisions, [launch("2026-11-21T09:00:00Z")]);
    assert_eq!(plan.watermark, at("2026-11-21T09:00:00Z"));
    assert_eq!(plan.wake_at, Some(at("2026-11-22T09:00:00Z")));
}

#[test]
fn what_is_decided_is_not_decided_again_by_a_clock_set_back() {
    let plan = Look {
        now: "2026-11-20T08:59:59Z",
        ..DAY
    }
    .plan(DAILY);
    assert_eq!(plan.decisions, []);
    assert_eq!(plan.watermark, at("2026-11-20T09:00:00Z"));
    assert_eq!(plan.wake_at, Some(at("2026-11-21T09:00:00Z")));
}

#[test]
fn a_run_starts_until_its_deadline_and_is_missed_after_it() {
    let last = Look {
        now: "2026-11-21T09:15:00Z",
        ..DAY
    };
    assert_eq!(last.plan(DAILY).decisions, [launch("2026-11-21T09:00:00Z")]);
    let late = Look {
        now: "2026-11-21T09:15:01Z",
        ..DAY
    };
    let why = MissedWhy::Late(std::time::Duration::from_secs(900));
    assert_eq!(why.to_string(), "more than 15m late");
    let plan = late.plan(DAILY);
    assert_eq!(plan.decisions, [missed("2026-11-21T09:00:00Z", why)]);
    assert_eq!(plan.watermark, at("2026-11-21T09:00:00Z"));
}

#[test]
fn what_nobody_watched_for_was_missed_because_of_that() {
    let plan = Look {
        since: "2026-11-22T12:00:00Z",
        now: "2026-11-22T12:00:00Z",
        ..DAY
    }
    .plan(DAILY);
    let why = MissedWhy::NotRunning;
    assert_eq!(why.to_string(), "the daemon was not running");
    assert_eq!(
        plan.decisions,
        [
            missed("2026-11-21T09:00:00Z", why.clone()),
            missed("2026-11-22T09:00:00Z", why)
        ]
    );
}

#[test]
fn one_run_catches_up_for_all_that_was_missed() {
    let lines = format!("{DAILY}\nmissed = \"run-once\"");
    let caught = MissedWhy::CaughtUp(at("2026-11-23T09:00:00Z"));
    let missed = [
        missed("2026-11-21T09:00:00Z", caught.clone()),
        missed("2026-11-22T09:00:00Z", caught),
    ];
    let [first, second] = missed;
    let late = Look {
        now: "2026-11-23T12:00:00Z",
        ..DAY
    };
    let catch_up = Decision::Launch {
        due: at("2026-11-23T09:00:00Z"),
        catch_up: true,
    };
    assert_eq!(
        late.plan(&lines).decisions,
        [first.clone(), second.clone(), catch_up]
    );
    // One that is due now does it anyway.
    let timely = Look {
        now: "2026-11-23T09:05:00Z",
        ..DAY
    };
    assert_eq!(
        timely.plan(&lines).decisions,
        [first, second, launch("2026-11-23T09:00:00Z")]
    );
}

#[test]
fn a_new_campaign_begins_now() {
    let new = Look {
        watermark: None,
        ..DAY
    };
    let plan = new.plan(&format!("{DAILY}\nmissed = \"run-once\""));
    assert_eq!(plan.decisions, []);
    assert_eq!(plan.watermark, at("2026-11-21T09:00:01Z"));
    let dates = "at = [\"2026-11-20T09:00\", \"2026-11-21T08:50\", \"2026-11-22T09:00\"]";
    let plan = new.plan(&format!("{dates}\nmissed = \"run-once\""));
    assert_eq!(plan.decisions.len(), 2);
    assert_eq!(plan.decisions[1], launch("2026-11-21T08:50:00Z"));
    let plan = new.plan(dates);
    let before = missed("2026-11-20T09:00:00Z", MissedWhy::BeforeFirstSeen);
    assert_eq!(plan.decisions, [before, launch("2026-11-21T08:50:00Z")]);
    assert_eq!(plan.wake_at, Some(at("2026-11-22T09:00:00Z")));
}

#[test]
fn a_run_in_the_way_is_skipped_queued_or_joined() {
    let busy = Look {
        unfinished: Some("2026-11-20T09:00:00Z"),
        ..DAY
    };
    let due = at("2026-11-21T09:00:00Z");
    let why = SkippedWhy::Overlap {
        campaign: name(),
        due: at("2026-11-20T09:00:00Z"),
    };
    assert_eq!(
        why.to_string(),
        "the run spring@2026-11-20T09:00:00Z was still under way"
    );
    assert_eq!(busy.plan(DAILY).decisions, [Decision::Skipped { due, why }]);
    let queue = format!("{DAILY}\noverlap = \"queue\"");
    assert_eq!(busy.plan(&queue).decisions, [Decision::Queue { due }]);
    let allow = format!("{DAILY}\noverlap = \"allow\"");
    assert_eq!(
        busy.plan(&allow).decisions,
        [launch("2026-11-21T09:00:00Z")]
    );
}

#[test]
fn one_run_waits_at_most_and_begins_when_the_other_has_ended() {
    let lines = format!("{DAILY}\noverlap = \"queue\"");
    let waiting = Look {
        unfinished: Some("2026-11-19T09:00:00Z"),
        queued: Some("2026-11-20T09:00:00Z"),
        ..DAY
    };
    let why = SkippedWhy::QueueFull {
        campaign: name(),
        due: at("2026-11-20T09:00:00Z"),
    };
    assert_eq!(
        waiting.plan(&lines).decisions,
        [Decision::Skipped {
            due: at("2026-11-21T09:00:00Z"),
            why
        }]
    );
    let ended = Look {
        unfinished: None,
        now: "2026-11-20T23:00:00Z",
        ..waiting
    };
    assert_eq!(
        ended.plan(&lines).decisions,
        [launch("2026-11-20T09:00:00Z")]
    );
}

#[test]
fn a_year_without_a_daemon_is_a_thousand_records_and_one_more() {
    let plan = Look {
        watermark: Some("2025-11-21T00:00:00Z"),
        now: "2026-11-21T00:00:30Z",
        since: "2026-11-21T00:00:30Z",
        unfinished: None,
        queued: None,
    }
    .plan("cron = \"* * * * *\"\nstarting_deadline = \"1m\"");
    let mut seen: Option<Timestamp> = None;
    let (mut records, mut sum, mut launched) = (0, 0, Vec::new());
    for decision in &plan.decisions {
        match decision {
            Decision::Missed {
                first, last, count, ..
            } => {
                assert!(seen.is_none_or(|seen| seen < *first) && first <= last);
                seen = Some(*last);
                (records, sum) = (records + 1, sum + count);
            }
            Decision::Launch { due, .. } => launched.push(*due),
            other => launched.push(match other {
                Decision::Skipped { due, .. } => *due,
                _ => panic!("{other:?}"),
            }),
        }
    }
    assert_eq!(records, 1_002);
    assert_eq!(sum + launched.len() as u64, 365 * 24 * 60);
    assert_eq!(launched, [at("2026-11-21T00:00:00Z")]);
}

#[test]
fn after_a_gap_the_latest_is_launched_and_stands_for_the_others() {
    let gap = Look {
        watermark: Some("2026-11-20T20:28:00Z"),
        now: "2026-11-20T20:43:10Z",
        ..DAY
    };
    let minutes = "cron = \"* * * * *\"";
    let plan = gap.plan(minutes);
    let why = MissedWhy::CaughtUp(at("2026-11-20T20:43:00Z"));
    assert_eq!(
        why.to_string(),
        "the run of 2026-11-20T20:43:00Z stands for them"
    );
    let (last, others) = plan.decisions.split_last().expect("decisions");
    assert_eq!(last, &launch("2026-11-20T20:43:00Z"));
    assert_eq!(others.len(), 14);
    for (minute, decision) in (29..).zip(others) {
        let due = format!("2026-11-20T20:{minute}:00Z");
        assert_eq!(decision, &missed(&due, why.clone()));
    }
    assert_eq!(plan.watermark, at("2026-11-20T20:43:00Z"));
    // A run that is under way is in the way of all of them, and that is what is said.
    let busy = Look {
        unfinished: Some("2026-11-20T20:28:00Z"),
        ..gap
    };
    let skipped = |decision: &Decision| matches!(decision, Decision::Skipped { .. });
    assert!(busy.plan(minutes).decisions.iter().all(skipped));
    // Runs that may be side by side are launched, each.
    let beside = busy.plan(&format!("{minutes}\noverlap = \"allow\""));
    let launched = |decision: &Decision| matches!(decision, Decision::Launch { .. });
    assert_eq!(beside.decisions.len(), 15);
    assert!(beside.decisions.iter().all(launched));
}
