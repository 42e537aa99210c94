//! A month of an hourly campaign against the real store: looks at the clock at random times, restarts
//! and deaths between any two steps, runs that take their time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use deskcast::campaign::{CampaignName, Timetable};
use deskcast::journal::{Journal as _, Purpose, RunState, StoreJournal, StoreUrl, Tended};
use deskcast::service::fires::{Question, Settled, settle};
use deskcast::service::planning::Campaign;
use deskcast::service::prepare::Terms;
use jiff::Timestamp;

const HOUR: i64 = 3600;
/// As long as a run may start late.
const DEADLINE: i64 = 15 * 60;

/// A little generator: the same month every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*, by Vigna.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

/// What is durable, and what a daemon has in its head.
struct World {
    store: std::path::PathBuf,
    campaign: Campaign,
    timetable: Timetable,
    journal: StoreJournal,
    decided: Option<Timestamp>,
    watching_since: Timestamp,
}

impl World {
    fn new(folder: &Path, start: Timestamp) -> World {
        let text = "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n[repeat]\nsame_campaign = \"always\"\n\
                    [schedule]\ncron = \"0 * * * *\"\ntimezone = \"Europe/Berlin\"\n";
        std::fs::write(folder.join("a.csv"), "customer_id\n1\n").unwrap();
        std::fs::write(folder.join("hourly.toml"), text).unwrap();
        let name = CampaignName::new("hourly").unwrap();
        let campaign = Campaign::read(name, &folder.join("hourly.toml"), false).unwrap();
        let schedule = campaign.definition.schedule.clone().unwrap();
        let store = folder.join("deskcast.db");
        StoreUrl::of_file(&store).create().unwrap();
        World {
            journal: StoreUrl::of_file(&store).open().unwrap(),
            store,
            campaign,
            timetable: schedule.in_zone(None).unwrap(),
            decided: None,
            watching_since: start,
        }
    }

    fn restart(&mut self, now: Timestamp) {
        self.journal = StoreUrl::of_file(&self.store).open().unwrap();
        let name = &self.campaign.definition.name;
        let decided = StoreUrl::of_file(&self.store)
            .read()
            .unwrap()
            .decided(name)
            .unwrap();
        self.decided = decided.map(|decided| decided.up_to);
        self.watching_since = now;
    }

    /// Decides what is due, and dies after so many of the steps where a number is given.
    fn look(&mut self, now: Timestamp, dies_after: Option<usize>) {
        let store = StoreUrl::of_file(&self.store).read().unwrap();
        let open = store.open_runs().unwrap();
        let question = Question {
            campaign: &self.campaign.definition.name,
            timetable: &self.timetable,
            decided: self.decided,
            watching_since: self.watching_since,
            now,
            tended: Tended::ByDaemon,
        };
        let (plan, mut steps) = question.answer(&store, &open).unwrap();
        let planned = steps.len();
        steps.truncate(dies_after.unwrap_or(usize::MAX));
        let terms = Terms {
            base_url: "http://127.0.0.1:9/platform/v1".to_owned(),
            agent_id: Some(1),
            suppress: Vec::new(),
            timezone: None,
            house: deskcast::campaign::House::default(),
            requests_per_second: 1.0,
        };
        let all = steps.len() == planned;
        let mut settled = Settled::default();
        settle(
            &mut self.journal,
            &self.campaign,
            &terms,
            steps,
            &mut settled,
        )
        .unwrap();
        self.decided = self.decided.max(settled.decided);
        if all {
            self.decided = self.decided.max(Some(plan.watermark));
        }
    }

    fn durable(&self) -> Option<i64> {
        let store = StoreUrl::of_file(&self.store).read().unwrap();
        let decided = store.decided(&self.campaign.definition.name).unwrap();
        decided.map(|decided| decided.up_to.as_second())
    }

    /// Ends the run that is under way.
    fn end_run(&mut self, now: Timestamp) {
        let open = StoreUrl::of_file(&self.store)
            .read()
            .unwrap()
            .open_runs()
            .unwrap();
        for run in open {
            let claim = self.journal.claim(run.id, Purpose::Sending, now).unwrap();
            let fence = claim.fence;
            self.journal
                .release(fence, RunState::Finished, "", now)
                .unwrap();
        }
    }
}

#[test]
fn a_month_of_an_hourly_campaign_has_a_row_for_every_hour_whenever_its_daemon_dies() {
    let start: Timestamp = "2026-10-05T00:10:00Z".parse().unwrap();
    let end = start + Duration::from_secs(31 * 24 * 3600);
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(folder.path(), start);
    let mut chance = Chance(20_261_005);
    let (mut now, mut deaths) = (start, 0);
    let mut expected: BTreeMap<i64, &str> = BTreeMap::new();
    // Seen for the first time: nothing before is decided.
    world.look(now, None);
    let mut decided = now.as_second();
    let mut under_way = false;
    while now < end {
        // Mostly on time, at times hours late.
        let step = match chance.below(10) {
            0 => 60 * (30 + chance.below(400)),
            _ => 60 * (1 + chance.below(30)),
        };
        now += Duration::from_secs(step);
        if chance.below(4) == 0 {
            world.restart(now);
        }
        let dies_after = (chance.below(5) == 0).then(|| usize::try_from(chance.below(4)).unwrap());
        world.look(now, dies_after);
        let durable = world.durable().unwrap_or(decided);
        for due in (decided / HOUR + 1..=now.as_second() / HOUR).map(|hour| hour * HOUR) {
            if due > durable {
                break;
            }
            let state = match (now.as_second() - due > DEADLINE, under_way) {
                (true, _) => "missed",
                (false, true) => "skipped",
                (false, false) => "finished",
            };
            under_way |= state == "finished";
            expected.insert(due, state);
            decided = due;
        }
        if dies_after.is_some() {
            deaths += 1;
            world.restart(now);
        }
        if under_way && chance.below(3) == 0 {
            now += Duration::from_secs(30);
            world.end_run(now);
            under_way = false;
        }
    }
    world.end_run(now);
    let runs = StoreUrl::of_file(&world.store)
        .read()
        .unwrap()
        .runs(None)
        .unwrap();
    let found: BTreeMap<i64, &str> = runs
        .iter()
        .map(|run| (run.key.due.as_second(), run.state.as_str()))
        .collect();
    assert_eq!(found.len(), runs.len(), "a due time is one run");
    assert_eq!(found, expected);
    let hours = (expected.len() as i64 - 1) * HOUR;
    let (first, last) = (
        expected.keys().next().unwrap(),
        expected.keys().last().unwrap(),
    );
    assert_eq!(last - first, hours, "no hour is left out");
    let count = |state: &str| expected.values().filter(|it| **it == state).count();
    assert!(
        deaths > 50
            && ["missed", "skipped", "finished"]
                .iter()
                .all(|it| count(it) > 20),
        "{deaths} {expected:?}"
    );
}
