//! Due times against the clock: what is launched now, what was missed, when to look again.
//!
//! The watermark is the last due time that was decided. What is due after it and by now is decided
//! once, in order, whatever the clock did in between: set back, nothing is decided again, and what
//! lies between is waited for; set forward, or after a night of suspend or a year without a daemon,
//! what is later than its starting deadline is missed, and recorded as that.
//!
//! Of several due times that may still start, as after a gap, the latest is launched where runs of a
//! campaign do not overlap, and it stands for the others.
//!
//! The caller records the decisions and the new watermark in one transaction, and refuses a second
//! run of one campaign and due time. Then a planner that dies in between changes nothing.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::timetable::Timetable;
use super::{MissedPolicy, Overlap, Rule};
use crate::campaign::CampaignName;

/// How far the due times of a campaign have been decided.
pub type Watermark = Timestamp;

/// What there is to know when due times are decided.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// Whose due times they are.
    pub campaign: &'a CampaignName,
    /// The last due time that was decided; none when the campaign is seen for the first time, or
    /// its schedule was changed.
    pub watermark: Option<Watermark>,
    /// The time.
    pub now: Timestamp,
    /// When this process began to watch the clock: what was due before was missed because nobody did.
    pub watching_since: Timestamp,
    /// The due time of the campaign's unfinished run, the latest where there are several.
    pub unfinished: Option<Timestamp>,
    /// The due time that waits for that run to end.
    pub queued: Option<Timestamp>,
}

/// What becomes of due times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A run begins now.
    Launch {
        /// Its due time.
        due: Timestamp,
        /// It is late, and stands for others that were missed.
        catch_up: bool,
    },
    /// A run begins when the unfinished one has ended.
    Queue {
        /// Its due time.
        due: Timestamp,
    },
    /// There will be no run: too late.
    Missed {
        /// The first due time of those meant.
        first: Timestamp,
        /// The last one; the same as the first where it is one.
        last: Timestamp,
        /// How many, from 1.
        count: u64,
        /// Why.
        why: MissedWhy,
    },
    /// There will be no run: another one was in the way.
    Skipped {
        /// The due time.
        due: Timestamp,
        /// Why.
        why: SkippedWhy,
    },
}

/// Why a due time was missed. Displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissedWhy {
    /// Nobody watched the clock until it was too late.
    NotRunning,
    /// The process was there, but came to it later than this: a suspended machine, a clock step.
    Late(Duration),
    /// It was over when the campaign was first seen.
    BeforeFirstSeen,
    /// A run at this due time stands for it.
    CaughtUp(Timestamp),
}

/// Why a due time was skipped. Displays as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SkippedWhy {
    /// This run was unfinished.
    Overlap {
        /// Its campaign.
        campaign: CampaignName,
        /// Its due time.
        due: Timestamp,
    },
    /// This run was waiting already.
    QueueFull {
        /// Its campaign.
        campaign: CampaignName,
        /// Its due time.
        due: Timestamp,
    },
}

/// The decisions of one look at the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What becomes of the due times that have come, in order.
    pub decisions: Vec<Decision>,
    /// The watermark from now on.
    pub watermark: Watermark,
    /// When there is something to decide next; none when nothing is ever due again. A queued run
    /// may begin earlier: look again when the unfinished one has ended.
    pub wake_at: Option<Timestamp>,
}

/// Decides every due time that has come since the watermark.
pub fn decide(timetable: &Timetable, situation: &Situation<'_>) -> Plan {
    let mut planner = Planner {
        timetable,
        situation,
        decisions: Vec::new(),
        under_way: situation.unfinished,
        queued: situation.queued,
    };
    planner.launch_queued();
    let start = planner.start();
    let (mut missed, mut timely) = (Misses::default(), Vec::new());
    let (mut watermark, mut wake_at) = (start, None);
    for fire in timetable.fires_after(start) {
        let starts_at = timetable.starts_at(situation.campaign, fire.due);
        if starts_at > situation.now {
            wake_at = Some(starts_at);
            break;
        }
        watermark = fire.due;
        match planner.is_late(starts_at) {
            true => missed.push(fire.due),
            false => timely.push(fire.due),
        }
    }
    let passed_over = planner.passed_over(&mut timely);
    planner.miss(missed, timely.first().copied());
    planner.stand_in(passed_over, timely.first().copied());
    for due in timely {
        planner.admit(due, false);
    }
    Plan {
        decisions: planner.decisions,
        watermark,
        wake_at,
    }
}

/// Most misses of one look that are told one by one; those beyond are told together.
const MISSES_LISTED: usize = 1_000;

/// What was missed, in as much memory for a year as for a day.
#[derive(Debug, Default)]
struct Misses {
    /// The first ones.
    listed: Vec<Timestamp>,
    /// The first, the last and the number of those beyond, without the very last of all.
    beyond: Option<(Timestamp, Timestamp, u64)>,
    /// The very last of all, which may be made up for.
    last: Option<Timestamp>,
}

impl Misses {
    fn push(&mut self, due: Timestamp) {
        let Some(before) = self.last.replace(due) else {
            return;
        };
        match &mut self.beyond {
            None if self.listed.len() < MISSES_LISTED => self.listed.push(before),
            None => self.beyond = Some((before, before, 1)),
            Some((_, last, count)) => (*last, *count) = (before, *count + 1),
        }
    }

    /// Each with its first and last due time and its number, in order.
    fn told(self) -> impl Iterator<Item = (Timestamp, Timestamp, u64)> {
        let one = |due| (due, due, 1);
        let listed = self.listed.into_iter().map(one);
        listed.chain(self.beyond).chain(self.last.map(one))
    }
}

struct Planner<'a> {
    timetable: &'a Timetable,
    situation: &'a Situation<'a>,
    decisions: Vec<Decision>,
    under_way: Option<Timestamp>,
    queued: Option<Timestamp>,
}

impl Planner<'_> {
    /// Where due times begin to be decided. Of a campaign that is new nothing in the past is
    /// launched, save a date that somebody wrote down and that is not too late yet.
    fn start(&self) -> Timestamp {
        match (self.situation.watermark, &self.timetable.schedule().rule) {
            (Some(watermark), _) => watermark,
            (None, Rule::Cron(_)) => self.situation.now,
            (None, Rule::At(_)) => Timestamp::MIN,
        }
    }

    fn launch_queued(&mut self) {
        if self.under_way.is_none()
            && let Some(due) = self.queued.take()
        {
            self.admit(due, false);
        }
    }

    fn is_late(&self, starts_at: Timestamp) -> bool {
        let deadline = self.timetable.schedule().starting_deadline;
        let late = self.situation.now.duration_since(starts_at);
        late > SignedDuration::try_from(deadline).unwrap_or(SignedDuration::MAX)
    }

    /// Of several due times that may still start, the latest is launched where only one can be: what
    /// was due longest ago is what is wanted least. Takes the others out of `timely`.
    fn passed_over(&self, timely: &mut Vec<Timestamp>) -> Misses {
        let mut passed_over = Misses::default();
        let only_one = self.timetable.schedule().overlap == Overlap::Skip;
        if only_one && self.under_way.is_none() {
            let others = timely.len().saturating_sub(1);
            timely.drain(..others).for_each(|due| passed_over.push(due));
        }
        passed_over
    }

    /// Records due times for which the run of another one stands.
    fn stand_in(&mut self, missed: Misses, stand_in: Option<Timestamp>) {
        let Some(stand_in) = stand_in else { return };
        for (first, last, count) in missed.told() {
            self.decisions.push(Decision::Missed {
                first,
                last,
                count,
                why: MissedWhy::CaughtUp(stand_in),
            });
        }
    }

    /// Records what was missed. A catch-up is launched for all of it, unless a run that is due now
    /// stands for it anyway, or the campaign is new.
    fn miss(&mut self, mut missed: Misses, next: Option<Timestamp>) {
        let run_once = self.timetable.schedule().missed == MissedPolicy::RunOnce
            && self.situation.watermark.is_some();
        let catch_up = match run_once && next.is_none() {
            true => missed.last.take(),
            false => None,
        };
        let stand_in = catch_up.or(next).filter(|_| run_once);
        for (first, last, count) in missed.told() {
            let why = self.missed_why(last, stand_in);
            self.decisions.push(Decision::Missed {
                first,
                last,
                count,
                why,
            });
        }
        if let Some(due) = catch_up {
            self.admit(due, true);
        }
    }

    fn missed_why(&self, due: Timestamp, stand_in: Option<Timestamp>) -> MissedWhy {
        match stand_in {
            Some(stand_in) => MissedWhy::CaughtUp(stand_in),
            None if self.situation.watermark.is_none() => MissedWhy::BeforeFirstSeen,
            None if due < self.situation.watching_since => MissedWhy::NotRunning,
            None => MissedWhy::Late(self.timetable.schedule().starting_deadline),
        }
    }

    /// Launches a due time, unless another run is in its way.
    fn admit(&mut self, due: Timestamp, catch_up: bool) {
        let campaign = self.situation.campaign.clone();
        let overlap = self.timetable.schedule().overlap;
        let decision = match (self.under_way, self.queued, overlap) {
            (None, _, _) | (_, _, Overlap::Allow) => {
                self.under_way = Some(due);
                Decision::Launch { due, catch_up }
            }
            (Some(_), None, Overlap::Queue) => {
                self.queued = Some(due);
                Decision::Queue { due }
            }
            (Some(_), Some(queued), Overlap::Queue) => Decision::Skipped {
                due,
                why: SkippedWhy::QueueFull {
                    campaign,
                    due: queued,
                },
            },
            (Some(run), _, Overlap::Skip) => Decision::Skipped {
                due,
                why: SkippedWhy::Overlap { campaign, due: run },
            },
        };
        self.decisions.push(decision);
    }
}

impl fmt::Display for MissedWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("the daemon was not running"),
            Self::Late(deadline) => {
                write!(
                    f,
                    "more than {} late",
                    humantime::format_duration(*deadline)
                )
            }
            Self::BeforeFirstSeen => f.write_str("it was over when the campaign was first seen"),
            Self::CaughtUp(due) => write!(f, "the run of {due:.0} stands for them"),
        }
    }
}

impl fmt::Display for SkippedWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap { campaign, due } => {
                write!(f, "the run {campaign}@{due:.0} was still under way")
            }
            Self::QueueFull { campaign, due } => {
                write!(f, "the run {campaign}@{due:.0} was waiting already")
            }
        }
    }
}
