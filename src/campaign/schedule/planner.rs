//! Due times against the clock: what is launched now, what was missed, when to look again.
//!
//! The watermark is the last due time that was decided. What is due after it and by now is decided
//! once, in order, whatever the clock did in between: set back, nothing is decided again, and what
//! lies between is waited for; set forward, or after a night of suspend or a year without a daemon,
//! what is later than its starting deadline is missed, and recorded as that.
//!
//! The caller records the decisions and the new watermark in one transaction, and refuses a second
//! run of one campaign and due time. Then a planner that dies in between changes nothing.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::timetable::{Fire, Timetable};
use super::{MissedPolicy, Overlap, Rule};
use crate::campaign::CampaignName;

/// The latest due times of those that were missed that are told one by one. A campaign of every
/// minute that nobody launched for a year is no half a million rows.
const TOLD_ONE_BY_ONE: usize = 1_000;

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
    let (mut missed, mut timely) = (Missed::default(), Vec::new());
    let mut wake_at = None;
    for fire in timetable.fires_after(start) {
        let starts_at = timetable.starts_at(situation.campaign, fire.due);
        if starts_at > situation.now {
            wake_at = Some(starts_at);
            break;
        }
        match planner.is_late(starts_at) {
            true => missed.push(fire),
            false => timely.push(fire),
        }
    }
    let latest = timely.last().or(missed.late.back());
    let watermark = latest.map(|fire| fire.due);
    planner.miss(missed, timely.first());
    for fire in timely {
        planner.admit(fire.due, false);
    }
    Plan {
        decisions: planner.decisions,
        watermark: watermark.map_or(start, |last| last.max(start)),
        wake_at,
    }
}

/// Due times that were missed, in order.
#[derive(Default)]
struct Missed {
    /// The first and the last of those that are told together, and how many they are.
    early: Option<(Timestamp, Timestamp, u64)>,
    /// The others.
    late: VecDeque<Fire>,
}

impl Missed {
    fn push(&mut self, fire: Fire) {
        self.late.push_back(fire);
        if self.late.len() <= TOLD_ONE_BY_ONE {
            return;
        }
        if let Some(Fire { due, .. }) = self.late.pop_front() {
            let (first, count) = self
                .early
                .map_or((due, 0), |(first, _, count)| (first, count));
            self.early = Some((first, due, count + 1));
        }
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

    /// Records what was missed. A catch-up is launched for all of it, unless a run that is due now
    /// stands for it anyway, or the campaign is new.
    fn miss(&mut self, mut missed: Missed, next: Option<&Fire>) {
        let run_once = self.timetable.schedule().missed == MissedPolicy::RunOnce
            && self.situation.watermark.is_some();
        let catch_up = match run_once && next.is_none() {
            true => missed.late.pop_back(),
            false => None,
        };
        let stand_in = catch_up.as_ref().or(next).filter(|_| run_once);
        let stand_in = stand_in.map(|fire| fire.due);
        let late = missed.late.iter().map(|fire| (fire.due, fire.due, 1));
        for (first, last, count) in missed.early.into_iter().chain(late) {
            let why = self.missed_why(first, stand_in);
            self.decisions.push(Decision::Missed {
                first,
                last,
                count,
                why,
            });
        }
        if let Some(fire) = catch_up {
            self.admit(fire.due, true);
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
            Self::CaughtUp(due) => write!(f, "one run for all that was missed, that of {due:.0}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Definition;

    #[test]
    fn of_many_that_were_missed_the_early_ones_are_told_together() {
        let name = CampaignName::new("spring").expect("a name");
        let text = "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n\
                    [schedule]\ncron = \"* * * * *\"\ntimezone = \"UTC\"\n";
        let definition = Definition::parse(name.clone(), text).expect("a definition");
        let schedule = definition.schedule.expect("a schedule");
        let timetable = schedule.in_zone(None).expect("a zone");
        let before: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let minutes = 3 * TOLD_ONE_BY_ONE as i64;
        let now = before + SignedDuration::from_mins(minutes);
        let plan = decide(
            &timetable,
            &Situation {
                campaign: &name,
                watermark: Some(before),
                now,
                watching_since: now,
                unfinished: None,
                queued: None,
            },
        );
        let due_of = |minute| before + SignedDuration::from_mins(minute);
        let why = MissedWhy::NotRunning;
        // The last sixteen are within the starting deadline.
        let late = minutes - 16;
        let first_late = late - TOLD_ONE_BY_ONE as i64 + 1;
        let together = Decision::Missed {
            first: due_of(1),
            last: due_of(first_late - 1),
            count: first_late as u64 - 1,
            why: why.clone(),
        };
        assert_eq!(plan.decisions[0], together);
        let (first, last) = (due_of(first_late), due_of(first_late));
        let alone = Decision::Missed {
            first,
            last,
            count: 1,
            why,
        };
        assert_eq!(plan.decisions[1], alone);
        assert_eq!(plan.decisions.len(), 1 + TOLD_ONE_BY_ONE + 16);
        assert_eq!(plan.watermark, now);
    }
}
