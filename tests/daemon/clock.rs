//! Due times that are decided up to a time that has not come, as after a clock that was ahead and was
//! put right.

use std::time::Duration;

use deskcast::campaign::CampaignName;
use deskcast::delivery::moment::{BootTime, Moment};
use deskcast::journal::schedule::Unlaunched;
use deskcast::journal::{RunState, StoreUrl, clock};
use jiff::Timestamp;

use crate::house::{EVERY_TWO_SECONDS, House, Run, free_address, page};
use crate::town::wait_until;

const YEAR: Duration = Duration::from_secs(366 * 86_400);
const A_WHILE: Duration = Duration::from_secs(11 * 60);

fn spring() -> CampaignName {
    CampaignName::new("spring").unwrap()
}

/// As a daemon leaves it whose clock is a year ahead: the due times of the next minute are recorded
/// as missed, save one, whose run was skipped. Returns that one.
fn decided_ahead(house: &House) -> Timestamp {
    let mut journal = StoreUrl::of_file(house.scene.store()).open().unwrap();
    let now = Timestamp::now();
    let even = now.as_second() / 2 * 2;
    let mut fires = Vec::new();
    for due in (even + 2..even + 60).step_by(2) {
        let due = Timestamp::from_second(due).unwrap();
        let (state, why) = match due.as_second() == even + 8 {
            true => (RunState::Skipped, "the campaign was paused by mira"),
            false => (RunState::Missed, "the daemon was not running"),
        };
        let why = why.to_owned();
        fires.push(Unlaunched { due, state, why });
    }
    let ahead = now + YEAR;
    journal.decide(&spring(), fires, ahead, ahead).unwrap();
    Timestamp::from_second(even + 8).unwrap()
}

/// As if that had been seen so long ago, by a clock that was not set since.
fn seen(house: &House, ago: Duration) {
    let mut journal = StoreUrl::of_file(house.scene.store()).open().unwrap();
    let now = clock::now();
    let boot = now.boot.expect("a boot clock");
    let since = boot.since.checked_sub(ago).expect("booted a while ago");
    let earlier = Moment {
        wall: now.wall - ago,
        boot: Some(BootTime { since, ..boot }),
    };
    assert_eq!(journal.settle_ahead(earlier).unwrap().len(), 1);
}

#[test]
fn a_schedule_that_is_decided_up_to_a_time_that_has_not_come_is_said_everywhere() {
    let house = House::new();
    house.campaign("spring", 5, EVERY_TWO_SECONDS);
    decided_ahead(&house);
    let address = free_address();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    daemon.wait_until_it_says("the clock was set back");
    let unready = page(&address, "/readyz");
    assert!(unready.starts_with("HTTP/1.1 503 "), "{unready}");
    for words in [
        "the due times of spring are decided up to ",
        "If it is behind, set it right.",
        "is due again then",
    ] {
        assert!(unready.contains(words), "{unready}");
    }
    let metrics = page(&address, "/metrics");
    let ahead = metrics
        .lines()
        .find_map(|line| line.strip_prefix("deskcast_decided_ahead_seconds "))
        .expect("its metric");
    assert!(ahead.parse::<f64>().unwrap() > 31_000_000.0, "{ahead}");
    std::thread::sleep(Duration::from_secs(3));
    let log = daemon.stop();
    assert_eq!(log.matches("the clock was set back").count(), 1, "{log}");

    let checked = house.run(&["check", "spring"]);
    assert_eq!(checked.code, Some(3), "{checked:?}");
    let words: Vec<&str> = checked.out.split_whitespace().collect();
    assert!(
        words.join(" ").contains("which has not come"),
        "{checked:?}"
    );
    assert!(checked.out.lines().all(|line| line.chars().count() <= 80));
    let checked = house.run(&["check", "spring", "--json"]).json();
    assert!(checked["campaigns"][0]["decided_ahead"].is_string());
    let scheduled = house.run(&["run", "spring", "--scheduled"]);
    assert_eq!(scheduled.code, Some(4), "{scheduled:?}");
    assert!(scheduled.err.contains("is due again then"), "{scheduled:?}");
    assert_eq!(
        house.chats(),
        0,
        "a clock that may be behind sends nobody anything"
    );
}

#[test]
fn a_clock_that_was_put_right_is_believed_and_what_is_due_after_that_is_launched_once() {
    let house = House::new();
    let schedule = format!("{EVERY_TWO_SECONDS}starting_deadline = \"2s\"\n");
    house.campaign("spring", 3, &schedule);
    let skipped = decided_ahead(&house);
    seen(&house, A_WHILE);
    let address = free_address();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    wait_until("runs of both sides of the skipped one are through", || {
        let launched = house.runs().into_iter().filter(Run::was_launched);
        let mut after = launched.filter(|run| run.due > skipped.as_millisecond());
        after.any(|run| run.state == "finished")
    });
    wait_until("it is ready", || {
        page(&address, "/readyz").starts_with("HTTP/1.1 200 ")
    });
    let log = daemon.stop();
    assert!(log.contains("the clock is believed"), "{log}");
    house.must_hold();
    let runs = house.runs();
    let launched: Vec<&Run> = runs.iter().filter(|run| run.was_launched()).collect();
    for (run, next) in launched.iter().zip(&launched[1..]) {
        let expected = match next.due - 2_000 == skipped.as_millisecond() {
            true => 4_000,
            false => 2_000,
        };
        assert_eq!(next.due - run.due, expected, "{runs:#?}");
    }
    let first = launched[0];
    assert!(
        first.created_at - first.due <= 4_000,
        "nothing is made up for: {runs:#?}"
    );
    let of_skipped = runs.iter().find(|run| run.due == skipped.as_millisecond());
    assert_eq!(
        of_skipped.map(|run| run.state.as_str()),
        Some("skipped"),
        "it stays decided"
    );
}

#[test]
fn a_one_shot_that_asks_every_minute_believes_a_clock_after_ten_minutes() {
    let house = House::new();
    house.campaign("spring", 3, EVERY_TWO_SECONDS);
    decided_ahead(&house);
    seen(&house, A_WHILE);
    let ended = house.run(&["run", "spring", "--scheduled"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let launched = house.runs().into_iter().filter(Run::was_launched).count();
    assert_eq!((launched, house.chats()), (1, 2));
    house.must_hold();
}
