//! The weeks in which clocks change, against a real store: every due time becomes one row, launched,
//! missed or skipped, whatever happens to the process, the machine and the clock.
//!
//! What is due is computed here from the minutes of real time and the numbers of the schedule, by
//! neither croner nor the planner. A whole year, without a store, is looked at in `year`: a year of
//! commits would take minutes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound::{Excluded, Included};
use std::path::{Path, PathBuf};

use deskcast::campaign::{Timetable, Zone};
use deskcast::journal::{Journal as _, Purpose, RunState, Store, StoreJournal, StoreUrl, Tended};
use deskcast::service::fires::{Question, Settled, settle};
use deskcast::service::planning::Campaign;
use deskcast::service::prepare::Terms;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::{at, name};

const DEADLINE: SignedDuration = SignedDuration::from_mins(15);
const NOT_RUNNING: &str = "the daemon was not running";
const LATE: &str = "more than 15m late";
const STOOD_FOR: &str = "the latest stands for it";

/// Whether the schedule names a time of day.
type Names = fn(DateTime) -> bool;

/// Daily, twice a night where clocks change, and hourly.
const SCHEDULES: [(&str, Names); 3] = [
    ("0 9 * * *", |time| (time.hour(), time.minute()) == (9, 0)),
    ("0,30 2 * * *", |time| {
        time.hour() == 2 && time.minute() % 30 == 0
    }),
    ("0 * * * *", |time| time.minute() == 0),
];
const HOURLY: &str = "0 * * * *";

/// Zones with the days around a change, which every schedule but the hourly sees twenty of.
const CHANGES: [(&str, &str); 7] = [
    ("America/New_York", "2026-03-08T07:00:00Z"),
    ("America/New_York", "2026-11-01T06:00:00Z"),
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("UTC", "2026-12-31T23:00:00Z"),
];

/// What is due after `begin` up to `end`: a look at every minute.
fn reference(
    names: Names,
    hourly: bool,
    zone: &str,
    begin: Timestamp,
    end: Timestamp,
) -> BTreeSet<Timestamp> {
    let zone = Zone::parse(zone).expect("a zone");
    let minute = SignedDuration::from_mins(1);
    let (mut due, mut seen) = (BTreeSet::new(), HashSet::new());
    let mut last = zone.rules().to_datetime(begin);
    let mut now = begin;
    while now < end {
        now += minute;
        let shown = zone.rules().to_datetime(now);
        let first_time = seen.insert(shown);
        if names(shown) && (hourly || first_time) {
            due.insert(now);
        }
        // Minutes that the clock left out, all at once.
        let mut skipped = last + minute;
        while skipped < shown {
            if names(skipped) && !hourly {
                due.insert(now);
            }
            skipped += minute;
        }
        last = shown;
    }
    due
}

/// The same numbers for the same seed (xorshift64*, by Vigna).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        i64::try_from(drawn).expect("31 bits") % bound
    }
}

/// What is durable, what a daemon has in its head, and what ought to be in the store.
/// Up to when the due times are decided in this store.
fn up_to(store: &Store) -> Option<Timestamp> {
    let decided = store.decided(&name()).expect("read");
    decided.map(|decided| decided.up_to)
}

struct World {
    store: PathBuf,
    campaign: Campaign,
    timetable: Timetable,
    journal: StoreJournal,
    decided: Option<Timestamp>,
    watching_since: Timestamp,
    /// What each due time ought to have become, by the clock at which it was decided.
    expected: BTreeMap<Timestamp, &'static str>,
}

impl World {
    fn new(folder: &Path, cron: &str, zone: &str, begin: Timestamp) -> World {
        let text = format!(
            "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n[repeat]\nsame_campaign = \"always\"\n\
             [schedule]\ncron = \"{cron}\"\ntimezone = \"{zone}\"\n"
        );
        let file = folder.join("spring.toml");
        std::fs::write(folder.join("a.csv"), "customer_id\n1\n").expect("written");
        std::fs::write(&file, text).expect("written");
        let campaign = Campaign::read(name(), &file, false).expect("a campaign");
        let timetable = campaign.definition.timetable(None).expect("a zone");
        let store = folder.join("deskcast.db");
        StoreUrl::of_file(&store).create().expect("a store");
        World {
            journal: StoreUrl::of_file(&store).open().expect("a store"),
            store,
            campaign,
            timetable: timetable.expect("a schedule"),
            decided: None,
            watching_since: begin,
            expected: BTreeMap::new(),
        }
    }

    fn reading(&self) -> Store {
        StoreUrl::of_file(&self.store).read().expect("a store")
    }

    fn restart(&mut self, now: Timestamp) {
        self.journal = StoreUrl::of_file(&self.store).open().expect("a store");
        self.decided = up_to(&self.reading());
        self.watching_since = now;
    }

    /// Decides what is due by this clock; dies after so many of the steps where a number is given.
    fn look(&mut self, now: Timestamp, dies_after: Option<usize>, due: &BTreeSet<Timestamp>) {
        let store = self.reading();
        let open = store.open_runs().expect("read");
        let question = Question {
            campaign: &self.campaign.definition.name,
            timetable: &self.timetable,
            decided: self.decided,
            watching_since: self.watching_since,
            now,
            tended: Tended::ByDaemon,
        };
        let before = up_to(&store);
        let (plan, mut steps) = question.answer(&store, &open).expect("an answer");
        let planned = steps.len();
        steps.truncate(dies_after.unwrap_or(planned));
        let finished = steps.len() == planned;
        let terms = Terms {
            base_url: "http://127.0.0.1:9/platform/v1".to_owned(),
            agent_id: Some(1),
            suppress: Vec::new(),
            timezone: None,
            house: deskcast::campaign::House::default(),
            requests_per_second: 1.0,
        };
        let mut settled = Settled::default();
        settle(
            &mut self.journal,
            &self.campaign,
            &terms,
            steps,
            &mut settled,
        )
        .expect("settled");
        self.decided = self.decided.max(settled.decided);
        if finished {
            self.decided = self.decided.max(Some(plan.watermark));
        }
        self.expect(now, before, !open.is_empty(), due);
    }

    /// What the due times between the store's watermarks before and after a look are by the rules.
    fn expect(
        &mut self,
        now: Timestamp,
        before: Option<Timestamp>,
        under_way: bool,
        due: &BTreeSet<Timestamp>,
    ) {
        let after = up_to(&self.reading());
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        let latest = due.range(..=now).next_back();
        for due in due.range((Excluded(before), Included(after))) {
            let became = match (now.duration_since(*due) > DEADLINE, under_way) {
                (true, _) if *due < self.watching_since => NOT_RUNNING,
                (true, _) => LATE,
                (false, true) => "skipped",
                (false, false) if latest == Some(due) => "launched",
                (false, false) => STOOD_FOR,
            };
            let twice = self.expected.insert(*due, became);
            assert_eq!(twice, None, "{due} was decided twice");
        }
    }

    fn end_runs(&mut self, now: Timestamp) {
        for run in self.reading().open_runs().expect("read") {
            let claim = self.journal.claim(run.id, Purpose::Sending, now);
            let fence = claim.expect("nobody else has it").fence;
            let released = self.journal.release(fence, RunState::Finished, "", now);
            released.expect("released");
        }
    }

    /// What the store says that each due time became; each is there once.
    fn found(&self) -> BTreeMap<Timestamp, &'static str> {
        let runs = self.reading().runs(None).expect("read");
        let found: BTreeMap<_, _> = runs
            .iter()
            .map(|run| {
                let became = match (run.state, run.note.as_str()) {
                    (RunState::Finished, _) => "launched",
                    (RunState::Missed, NOT_RUNNING) => NOT_RUNNING,
                    (RunState::Missed, LATE) => LATE,
                    (RunState::Missed, why) if why.ends_with("stands for them") => STOOD_FOR,
                    (RunState::Skipped, why) if why.ends_with("was still under way") => "skipped",
                    (state, why) => panic!("{}: {state:?} {why}", run.key),
                };
                (run.key.due, became)
            })
            .collect();
        assert_eq!(found.len(), runs.len(), "a due time is one row");
        found
    }
}

/// Days of restarts, deaths, suspends and clock steps, and a calm hour after them. Returns what
/// became of how many.
fn live(
    cron: &str,
    names: Names,
    zone: &str,
    change: &str,
    seed: u64,
) -> BTreeMap<&'static str, usize> {
    let days = if cron == HOURLY { 2 } else { 10 };
    let (begin, end) = (
        at(change) - SignedDuration::from_hours(24 * days),
        at(change) + SignedDuration::from_hours(24 * days),
    );
    let day = SignedDuration::from_hours(24);
    let due = reference(names, cron == HOURLY, zone, begin, end + day);
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = World::new(folder.path(), cron, zone, begin);
    let mut chance = Chance(seed);
    let (mut real, mut error) = (begin, SignedDuration::ZERO);
    world.look(begin, None, &due);
    while real < end {
        let suspended = chance.below(12) == 0;
        real += match suspended {
            true => SignedDuration::from_mins(30 + chance.below(days * 120)),
            false => SignedDuration::from_mins(1 + chance.below(days * 20)),
        };
        match chance.below(30) {
            0 => error = SignedDuration::from_mins(chance.below(600) - 300),
            1..8 => error = SignedDuration::ZERO,
            _ => {}
        }
        // Where there is something to do soon, it is done on time.
        let next = due.range(real + error..).next();
        if let Some(wait) = next.map(|due| due.duration_since(real + error))
            && chance.below(3) > 0
            && wait < SignedDuration::from_hours(days)
        {
            real += wait;
        }
        let now = real + error;
        if chance.below(6) == 0 {
            world.restart(now);
        }
        let dies_after = (chance.below(6) == 0).then(|| usize::try_from(chance.below(3)));
        let dies_after = dies_after.map(|steps| steps.expect("a few"));
        world.look(now, dies_after, &due);
        if dies_after.is_some() {
            world.restart(now);
        }
        if chance.below(3) > 0 {
            world.end_runs(now);
        }
    }
    world.look(real, None, &due);
    world.end_runs(real);
    let place = format!("{cron} in {zone} around {change}, seed {seed}");
    let decided = up_to(&world.reading()).expect("begun");
    assert!(decided + day > end, "{place}");
    let come: Vec<_> = due.range(..=decided).copied().collect();
    let found = world.found();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), come, "{place}");
    assert_eq!(found, world.expected, "{place}");
    let mut counts = BTreeMap::new();
    for became in found.values() {
        *counts.entry(*became).or_insert(0) += 1;
    }
    counts
}

#[test]
fn every_due_time_around_a_change_of_clocks_is_one_row_that_says_what_became_of_it() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, (zone, change)) in (1..).zip(CHANGES) {
        for (kind, (cron, names)) in (1..).zip(SCHEDULES) {
            for (became, count) in live(cron, names, zone, change, 1_000 * place + kind) {
                *counts.entry(became).or_default() += count;
            }
        }
    }
    for became in ["launched", "skipped", NOT_RUNNING, LATE] {
        assert!(
            counts.get(became).is_some_and(|count| *count > 20),
            "{counts:?}"
        );
    }
}
