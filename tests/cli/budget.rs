//! One budget over several processes: what arrives at Desk, counted in any second.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig};
use deskcast::service::budget::departures;

use crate::stage::desk::Desk;
use crate::stage::scene::finish;
use crate::town::{Running, Town, strace, wait_until};

/// Requests a second.
const RATE: usize = 50;
const SECOND: u64 = 1_000_000;

/// One of these tests at a time: they measure time.
static ONE: Mutex<()> = Mutex::new(());

/// What a test measures in.
struct Measured {
    town: Town,
    lateness: Lateness,
    _one: MutexGuard<'static, ()>,
}

impl std::ops::Deref for Measured {
    type Target = Town;

    fn deref(&self) -> &Town {
        &self.town
    }
}

/// How late this machine was, at most, with a thread that was to run at once.
struct Lateness {
    micros: Arc<AtomicU64>,
}

impl Lateness {
    fn watch() -> Lateness {
        let micros = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&micros);
        std::thread::spawn(move || {
            const NAP: Duration = Duration::from_millis(1);
            while let Some(most) = seen.upgrade() {
                let begun = Instant::now();
                std::thread::sleep(NAP);
                let late = begun.elapsed().saturating_sub(NAP).as_micros() as u64;
                most.fetch_max(late, Ordering::Relaxed);
            }
        });
        Lateness { micros }
    }

    /// A second, less what a request may have been held up between leaving and being seen: by the
    /// thread that sends, by the one that receives and by the one that notes the time.
    fn second(&self) -> u64 {
        let late = self.micros.load(Ordering::Relaxed);
        SECOND - (3 * late).min(SECOND / 3)
    }
}

/// A Desk that keeps the times of arrivals, and two campaigns with more than enough to send.
fn town(faults: &str) -> Measured {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let stand_in = StandInConfig {
        faults: Faults::parse(faults).unwrap(),
        keep_times: true,
        ..StandInConfig::default()
    };
    let desk = Desk::of(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    });
    let town = Town::with(desk, 2000, 1);
    town.scene.campaign("summer", 10_001..=12_000, 1);
    settings(&town, RATE);
    Measured {
        town,
        lateness: Lateness::watch(),
        _one: one,
    }
}

fn settings(town: &Town, rate: usize) {
    let base_url = town.desk.base_url();
    let text = format!(
        "[desk]\nbase_url = \"{base_url}\"\nagent_id = 41\n\
         [limits]\nrequests_per_second = {rate}\nconcurrency = 16\n"
    );
    town.scene.write("deskcast.toml", text);
}

fn start(town: &Town, campaign: &str) -> Running {
    town.start(&["run", campaign, "--json"])
}

/// When creates arrived, in microseconds of any clock, in order.
fn times(town: &Town) -> Vec<u64> {
    let mut times = town
        .desk
        .with(|stand_in| stand_in.requests().create_times().to_vec());
    times.sort_unstable();
    times
}

fn between(times: &[u64], from: u64, to: u64) -> usize {
    times.iter().filter(|at| (from..to).contains(*at)).count()
}

/// How many customers of each of the two campaigns were messaged.
fn sent(town: &Town) -> [u64; 2] {
    let count = |ledger: &crate::stage::ledger::Ledger| {
        let sums = ledger.sums();
        sums.get(&crate::stage::ledger::State::Accepted)
            .copied()
            .unwrap_or(0)
    };
    let ledgers = town.ledgers();
    ["spring", "summer"].map(|name| {
        ledgers
            .iter()
            .find(|ledger| ledger.campaign == name)
            .map_or(0, count)
    })
}

fn both_send(town: &Town) {
    wait_until("both send", || sent(town).iter().all(|sent| *sent >= 3));
}

/// Suspends a process at a moment at which it does not hold the store locked, which the other one
/// would have to wait for.
fn suspend_between_commits(town: &Town, process: &Running) {
    let store = rusqlite::Connection::open(town.scene.store()).unwrap();
    store.busy_timeout(Duration::from_millis(300)).unwrap();
    wait_until("it is suspended between commits", || {
        process.signal("STOP");
        let is_free = store.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok();
        if !is_free {
            process.signal("CONT");
        }
        is_free
    });
}

/// The file that the processes share.
fn file(town: &Town) -> PathBuf {
    let folder = std::fs::read_dir(town.scene.path("")).unwrap();
    folder
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("deskcast.db-budget-")
        })
        .expect("a budget's file")
}

/// No second of the machine's clock has more departures than allowed, however late anything was.
#[track_caller]
fn never_more_departs(measured: &Measured, rate: usize) {
    let left = departures(&file(measured)).unwrap();
    assert!(left.len() > rate, "{} left", left.len());
    for group in left.windows(rate + 1) {
        let apart = group[rate] - group[0];
        assert!(apart >= Duration::from_secs(1), "{} in {apart:?}", rate + 1);
    }
}

/// The most arrivals in any second. A server that is late itself sees what left evenly bunched up,
/// so that the second is shorter by as much as this machine was late.
fn most_in_a_second(measured: &Measured, times: &[u64]) -> usize {
    most_within(times, measured.lateness.second())
}

/// The most of these times in any span of this length.
fn most_within(times: &[u64], span: u64) -> usize {
    let within = |first: usize| {
        let end = times[first] + span;
        times[first..].iter().take_while(|at| **at < end).count()
    };
    (0..times.len()).map(within).max().unwrap_or(0)
}

#[track_caller]
fn never_exceeded(measured: &Measured) {
    let times = times(measured);
    never_more_departs(measured, RATE);
    // What leaves is counted exactly; on its way a request may be held up and meet the next ones.
    let most = most_in_a_second(measured, &times);
    assert!(most <= RATE + 2, "{most} of {} in a second", times.len());
}

/// At least 95 % of the rate is used, from now on. A busy machine may be in the way once, and waste
/// is there every time.
#[track_caller]
fn used_well(town: &Town) {
    let mut seen = Vec::new();
    for _ in 0..3 {
        let began = *times(town).last().unwrap();
        std::thread::sleep(Duration::from_secs(4));
        let times = times(town);
        let ended = *times.last().unwrap();
        let seconds = (ended - began) as f64 / SECOND as f64;
        let used = between(&times, began, ended) as f64 / (seconds * RATE as f64);
        if used >= 0.95 && seconds > 3.5 {
            return;
        }
        let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1000);
        let long: Vec<u64> = gaps.filter(|ms| *ms > 2000 / RATE as u64).collect();
        seen.push((used, seconds, long));
    }
    panic!("used of the rate, in seconds, and long gaps in ms: {seen:?}");
}

#[test]
fn two_runs_on_one_store_share_the_rate_and_waste_none_of_it() {
    let town = town("");
    let running = [start(&town, "spring"), start(&town, "summer")];
    both_send(&town);
    let before = sent(&town);
    used_well(&town);
    let after = sent(&town);
    for process in &running {
        process.signal("TERM");
    }
    for process in running {
        assert_eq!(process.end().code, Some(4));
    }
    never_exceeded(&town);
    let shares = [after[0] - before[0], after[1] - before[1]];
    assert!(shares.iter().all(|sent| *sent >= 80), "{shares:?}");
    let mode = file(&town).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

/// Four processes, and a disk on which now and then nothing is recorded for a third of a second:
/// what piled up meanwhile leaves evenly, and so does everything after it.
#[test]
fn after_a_disk_that_stood_still_nothing_leaves_in_a_bunch_nor_a_second_later() {
    let town = town("");
    let campaigns = ["spring", "summer", "autumn", "winter"];
    for (name, from) in [("autumn", 20_001), ("winter", 30_001)] {
        town.scene.campaign(name, from..=from + 1_999, 1);
    }
    let running = campaigns.map(|campaign| start(&town, campaign));
    both_send(&town);
    let store = rusqlite::Connection::open(town.scene.store()).unwrap();
    store.busy_timeout(Duration::from_secs(30)).unwrap();
    for _ in 0..3 {
        store.execute_batch("BEGIN IMMEDIATE").unwrap();
        std::thread::sleep(Duration::from_millis(330));
        store.execute_batch("ROLLBACK").unwrap();
        std::thread::sleep(Duration::from_millis(2_200));
    }
    let left = departures(&file(&town)).unwrap();
    drop(running);
    never_more_departs(&town, RATE);
    let micros: Vec<u64> = left.iter().map(|at| at.as_micros() as u64).collect();
    // Ten fit evenly; one may be early by half a gap, and one by what its timer was late.
    let most = most_within(&micros, SECOND / 5);
    assert!(most <= RATE / 5 + 2, "{most} within 200 ms");
}

#[test]
fn a_run_that_is_killed_leaves_its_share_to_the_other() {
    let town = town("");
    let (first, second) = (start(&town, "spring"), start(&town, "summer"));
    both_send(&town);
    first.signal("KILL");
    first.end();
    used_well(&town);
    // And a third one finds the budget used, and takes its place.
    let third = start(&town, "spring");
    std::thread::sleep(Duration::from_secs(2));
    drop((second, third));
    never_exceeded(&town);
}

#[test]
fn a_suspended_run_holds_up_nobody_and_does_not_burst_when_it_goes_on() {
    let town = town("");
    let (first, second) = (start(&town, "spring"), start(&town, "summer"));
    both_send(&town);
    for _ in 0..4 {
        suspend_between_commits(&town, &first);
        let stopped = *times(&town).last().unwrap();
        std::thread::sleep(Duration::from_millis(1300));
        let ended = *times(&town).last().unwrap();
        first.signal("CONT");
        let sent = between(&times(&town), stopped, ended);
        assert!(sent >= RATE / 2, "{sent} in 1.3 s beside a suspended one");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop((first, second));
    never_exceeded(&town);
}

/// As a process does that is suspended in the few microseconds in which it holds the lock.
#[test]
fn a_lock_that_is_never_released_holds_up_nobody_for_long() {
    let town = town("");
    let running = start(&town, "spring");
    wait_until("it sends", || town.messaged() >= 10);
    let held = std::fs::File::open(file(&town)).unwrap();
    held.lock().unwrap();
    let (begun, before) = (Instant::now(), town.messaged());
    wait_until("it goes on", || town.messaged() >= before + 60);
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    running.signal("TERM");
    let ended = running.end();
    assert!(
        ended.err.contains("holds the budget's lock was suspended"),
        "{}",
        ended.err
    );
    never_exceeded(&town);
}

#[test]
fn a_file_that_is_damaged_or_deleted_under_way_exceeds_nothing_and_stops_nobody() {
    let damages: [fn(&PathBuf); 4] = [
        |path| std::fs::remove_file(path).unwrap(),
        |path| std::fs::write(path, "not a budget").unwrap(),
        |path| std::fs::File::create(path).map(drop).unwrap(),
        |path| {
            // The page stays, the departures are lost.
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(128).unwrap();
        },
    ];
    let town = town("");
    let running = [start(&town, "spring"), start(&town, "summer")];
    both_send(&town);
    for damage in damages {
        damage(&file(&town));
        let before = sent(&town);
        wait_until("both go on", || {
            let now = sent(&town);
            now[0] >= before[0] + 10 && now[1] >= before[1] + 10
        });
    }
    drop(running);
    never_exceeded(&town);
}

#[test]
fn the_stricter_limit_of_two_processes_holds_for_both() {
    let town = town("");
    let first = start(&town, "spring");
    wait_until("it sends", || town.messaged() >= 10);
    settings(&town, 10);
    let second = start(&town, "summer");
    wait_until("the second sends", || sent(&town)[1] >= 2);
    let began = *times(&town).last().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    first.signal("TERM");
    let err = first.end().err;
    drop(second);
    let times: Vec<u64> = times(&town).into_iter().filter(|at| *at >= began).collect();
    let most = most_in_a_second(&town, &times);
    assert!(most <= 10, "{most} of {} in a second", times.len());
    assert!(times.len() >= 36, "{} in 4 s", times.len());
    assert!(
        err.contains("another process on this store has stricter limits"),
        "{err}"
    );
}

#[test]
fn a_429_holds_back_every_process() {
    let town = town("429=@40:3s");
    let running = [start(&town, "spring"), start(&town, "summer")];
    wait_until("it was throttled", || {
        town.desk.with(|desk| desk.requests().answers_with(429)) > 0
    });
    let throttled = times(&town)[39];
    std::thread::sleep(Duration::from_secs(5));
    drop(running);
    let times = times(&town);
    let during = between(
        &times,
        throttled + SECOND / 10,
        throttled + 29 * SECOND / 10,
    );
    assert_eq!(during, 0, "requests while Desk asked for patience");
    assert!(between(&times, throttled + 3 * SECOND, throttled + 5 * SECOND) >= 60);
    never_exceeded(&town);
}

/// The journal is elsewhere on the disk, and works.
#[test]
fn a_file_that_the_disk_refuses_leaves_a_run_an_eighth_of_its_rate() {
    let town = Town::new(20, 1, "");
    settings(&town, 400);
    let base_url = town.desk.base_url();
    let store = PathBuf::from("deskcast.db");
    let budget = deskcast::service::budget::file_beside(&store, &base_url);
    let budget = budget.display().to_string();
    let mut command = strace(&town.scene);
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "signal=none"])
        .args([
            "-P",
            &budget,
            "-P",
            &town.scene.path(&budget).display().to_string(),
        ])
        .args(["-e", "inject=pwrite64:error=EIO"])
        .arg(env!("CARGO_BIN_EXE_deskcast"))
        .args(["run", "spring", "--json"]);
    let ended = finish(command);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let words = "an eighth of the rate is used until it can";
    assert_eq!(ended.err.matches(words).count(), 1, "{}", ended.err);
    town.must_have(20, 0, 0, 0);
}
