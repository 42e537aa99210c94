//! A year of a daemon that is restarted, suspended and whose clock is set, against a reference that
//! knows neither croner nor the planner: every minute of real time, as the clocks of the zone show
//! it, compared with the numbers of the schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use deskcast::campaign::{Decision, Plan, Situation, Timetable, Zone, decide};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::{at, name, timetable};

const ZONES: [&str; 4] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "UTC",
];
const BEGIN: &str = "2026-01-01T12:00:00Z";
const END: &str = "2027-01-01T12:00:00Z";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A schedule by its numbers: the hours and the minutes at which it is due each day.
struct Numbers {
    cron: &'static str,
    hours: &'static [i8],
    minutes: &'static [i8],
}

const SCHEDULES: [Numbers; 3] = [
    Numbers {
        cron: "0 9 * * *",
        hours: &[9],
        minutes: &[0],
    },
    Numbers {
        cron: "0 * * * *",
        hours: &[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
        ],
        minutes: &[0],
    },
    Numbers {
        cron: "0,30 2 * * *",
        hours: &[2],
        minutes: &[0, 30],
    },
];

/// Half a million minutes for each, looked at once for all tests.
static REFERENCES: LazyLock<BTreeMap<(&str, &str), BTreeSet<Timestamp>>> = LazyLock::new(|| {
    let of = |zone| {
        SCHEDULES
            .iter()
            .map(move |numbers| ((numbers.cron, zone), numbers.look(zone)))
    };
    ZONES.into_iter().flat_map(of).collect()
});

impl Numbers {
    fn timetable(&self, zone: &str, more: &str) -> Timetable {
        timetable(&format!(
            "cron = \"{}\"\ntimezone = \"{zone}\"\n{more}",
            self.cron
        ))
    }

    fn names(&self, civil: DateTime) -> bool {
        self.hours.contains(&civil.hour()) && self.minutes.contains(&civil.minute())
    }

    /// Every due time of the year.
    fn reference(&self, zone: &'static str) -> &'static BTreeSet<Timestamp> {
        &REFERENCES[&(self.cron, zone)]
    }

    /// The same, by looking at each of its minutes.
    fn look(&self, zone: &str) -> BTreeSet<Timestamp> {
        let zone = Zone::parse(zone).expect("a zone");
        let hourly = self.hours.len() == 24;
        let (mut now, end) = (at(BEGIN), at(END));
        let mut shown = zone.rules().to_datetime(now);
        let mut latest = shown;
        let mut due = BTreeSet::new();
        while now < end {
            now += MINUTE;
            let next = shown.saturating_add(MINUTE);
            shown = zone.rules().to_datetime(now);
            let skipped = std::iter::successors(Some(next), |time| Some(*time + MINUTE))
                .take_while(|time| *time < shown)
                .any(|time| self.names(time));
            let again = shown <= latest;
            latest = latest.max(shown);
            let is_due = self.names(shown) && (hourly || !again);
            if is_due || (skipped && !hourly) {
                due.insert(now);
            }
        }
        due
    }
}

#[test]
fn a_year_of_due_times_is_what_its_minutes_say() {
    for zone in ZONES {
        for numbers in &SCHEDULES {
            let table = numbers.timetable(zone, "");
            let fires = table.fires_after(at(BEGIN)).map(|fire| fire.due);
            let fires: BTreeSet<_> = fires.take_while(|due| *due <= at(END)).collect();
            assert_eq!(
                &fires,
                numbers.reference(zone),
                "{} in {zone}",
                numbers.cron
            );
        }
    }
}

/// What a store remembers: one record for each due time, the watermark, the run under way.
#[derive(Default)]
struct Store {
    watermark: Option<Timestamp>,
    launched: BTreeSet<Timestamp>,
    queued: Option<Timestamp>,
    unfinished: Option<Timestamp>,
    /// Missed and skipped, first and last due time with their number.
    others: BTreeMap<Timestamp, (Timestamp, u64)>,
}

impl Store {
    fn commit(&mut self, plan: &Plan) {
        self.watermark = Some(plan.watermark);
        for decision in &plan.decisions {
            match decision {
                Decision::Launch { due, .. } => {
                    assert!(self.launched.insert(*due), "{due} was launched twice");
                    self.unfinished = Some(*due);
                    self.queued = self.queued.filter(|queued| queued != due);
                }
                Decision::Queue { due } => assert_eq!(self.queued.replace(*due), None),
                Decision::Skipped { due, .. } => self.record(*due, *due, 1),
                Decision::Missed {
                    first, last, count, ..
                } => self.record(*first, *last, *count),
            }
        }
    }

    fn record(&mut self, first: Timestamp, last: Timestamp, count: u64) {
        let before = self.others.insert(first, (last, count));
        assert_eq!(before, None, "{first} was recorded twice");
    }

    /// How often each due time of the reference is accounted for.
    fn accounts(&self, due: Timestamp) -> usize {
        let other = self.others.range(..=due).next_back();
        let told = other.is_some_and(|(_, (last, _))| due <= *last);
        let ran = self.launched.contains(&due);
        let waits = self.queued == Some(due);
        [ran, waits, told].into_iter().filter(|is| *is).count()
    }
}

/// Numbers that look like chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// A year of looks at a clock that is set forward and back; some look dies before its commit.
fn live(table: &Timetable, seed: u64) -> (Store, Timestamp) {
    let mut chance = Chance(seed);
    let (mut store, campaign) = (Store::default(), name());
    let (mut real, mut error) = (at(BEGIN), SignedDuration::ZERO);
    let (mut since, mut latest) = (real, real);
    while real < at(END) {
        let now = real + error;
        latest = latest.max(now);
        let plan = decide(
            table,
            &Situation {
                campaign: &campaign,
                watermark: store.watermark,
                now,
                watching_since: since,
                unfinished: store.unfinished,
                queued: store.queued,
            },
        );
        let died = store.watermark.is_some() && chance.one_in(50);
        if !died {
            for decision in &plan.decisions {
                if let Decision::Launch {
                    due,
                    catch_up: false,
                } = decision
                    && store.queued != Some(*due)
                {
                    let late = now.duration_since(*due);
                    assert!(late <= SignedDuration::from_mins(15), "{due} at {now}");
                    assert!(!late.is_negative(), "{due} at {now}");
                }
            }
            store.commit(&plan);
        }
        if chance.one_in(3) {
            store.unfinished = None;
        }
        let wait = match chance.below(1000) {
            // Off or suspended, up to two days.
            0..20 => chance.below(2 * 86_400),
            // As soon as there is something to do.
            20..600 => match plan.wake_at {
                Some(wake) => u64::try_from(wake.duration_since(now).as_secs()).unwrap_or(0),
                None => 60,
            },
            _ => chance.below(1800),
        };
        real += SignedDuration::from_secs(i64::try_from(wait.clamp(1, 86_400 * 2)).expect("days"));
        if chance.one_in(40) {
            let hours = i64::try_from(chance.below(13)).expect("a few") - 6;
            error = SignedDuration::from_hours(hours);
        } else if chance.one_in(10) {
            error = SignedDuration::ZERO;
        }
        if died || wait > 3600 {
            since = real + error;
        }
    }
    (store, latest)
}

#[test]
fn every_due_time_of_a_stormy_year_has_exactly_one_end() {
    let mut launched = 0;
    for zone in ZONES {
        for numbers in &SCHEDULES {
            let reference = numbers.reference(zone);
            for (seed, more) in [
                (1, ""),
                (2, "overlap = \"queue\""),
                (3, "overlap = \"allow\""),
                (4, "missed = \"run-once\""),
                (5, "overlap = \"queue\"\nmissed = \"run-once\""),
            ] {
                let table = numbers.timetable(zone, more);
                let (store, latest) = live(&table, seed);
                let place = format!("{} in {zone}, seed {seed}", numbers.cron);
                let come: Vec<_> = reference.iter().filter(|due| **due <= latest).collect();
                for due in &come {
                    // A watermark set forward by a wrong clock may lie beyond what is due.
                    assert!(
                        store.accounts(**due) == 1 || Some(**due) > store.watermark,
                        "{due}: {place}"
                    );
                }
                for due in &store.launched {
                    assert!(reference.contains(due) || *due > at(END), "{due}: {place}");
                }
                launched += store.launched.len();
            }
        }
    }
    assert!(launched > 10_000, "{launched} launched");
}

#[test]
fn a_year_without_storms_launches_every_run() {
    for zone in ZONES {
        for numbers in &SCHEDULES {
            let (table, campaign) = (numbers.timetable(zone, "overlap = \"allow\""), name());
            let (mut store, mut now) = (Store::default(), at(BEGIN));
            while now <= at(END) {
                let situation = Situation {
                    campaign: &campaign,
                    watermark: store.watermark,
                    now,
                    watching_since: at(BEGIN),
                    unfinished: None,
                    queued: None,
                };
                let plan = decide(&table, &situation);
                store.commit(&plan);
                now = plan.wake_at.expect("it never ends");
            }
            assert_eq!(&store.launched, numbers.reference(zone), "{zone}");
            assert!(store.others.is_empty());
        }
    }
}

proptest! {
    #[test]
    fn due_times_are_in_order_each_once_wherever_they_begin(
        minute in prop::sample::select(vec!["0", "30", "*/7", "*", "15,45"]),
        hour in prop::sample::select(vec!["*", "1", "2", "*/2", "1-3", "0,23"]),
        gap in prop::sample::select(vec!["shift", "skip"]),
        fold in prop::sample::select(vec!["first", "second", "both"]),
        zone in prop::sample::select(ZONES.to_vec()),
        change in prop::sample::select(vec![
            "2026-03-08T06:00:00Z", "2026-11-01T05:00:00Z", "2026-03-29T00:00:00Z",
            "2026-10-25T00:00:00Z", "2026-04-04T14:00:00Z", "2026-10-03T14:00:00Z",
        ]),
        later in 0_i64..18_000,
    ) {
        let table = timetable(&format!(
            "cron = \"{minute} {hour} * * *\"\ntimezone = \"{zone}\"\ndst_gap = \"{gap}\"\ndst_fold = \"{fold}\""
        ));
        let begin = at(change) - SignedDuration::from_hours(1);
        let all = table.next(begin, 300);
        prop_assert!(all.windows(2).all(|pair| pair[0].due < pair[1].due));
        let restart = begin + SignedDuration::from_secs(later);
        let rest: Vec<_> = all.iter().copied().filter(|fire| fire.due > restart).collect();
        prop_assert_eq!(table.next(restart, rest.len()), rest);
    }
}
