//! Daemons and one-shots beside each other: each due time is one run, and its customers are
//! messaged once.

use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;

use crate::house::{EVERY_TWO_SECONDS, House};
use crate::town::{Running, wait_until};

/// How many due times are fought over.
const ROUNDS: usize = 3;

#[test]
fn two_daemons_and_three_one_shots_a_second_make_one_run_of_each_due_time() {
    let house = House::slow(20);
    house.campaign("spring", 7, EVERY_TWO_SECONDS);
    let daemons = [house.daemon(), house.daemon()];
    house.wait_for_finished("spring", 1);
    let mut ended = Vec::new();
    for _ in 0..ROUNDS {
        let now = Timestamp::now().as_millisecond();
        sleep(Duration::from_millis((2_005 - now % 2_000).unsigned_abs()));
        let one_shots: Vec<Running> = (0..3)
            .map(|_| Running::start(house.scene.deskcast(&["run", "spring", "--scheduled"])))
            .collect();
        ended.extend(one_shots.into_iter().map(Running::end));
    }
    for ended in &ended {
        // Done, or somebody else was faster with the very run.
        assert!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
    }
    let logs = daemons.map(|daemon| daemon.stop());
    house.must_hold();
    let runs = house.runs();
    for (run, next) in runs.iter().zip(&runs[1..]) {
        assert_eq!(next.due - run.due, 2_000, "{runs:#?}");
    }
    assert!(runs.len() > ROUNDS);
    let (last, others) = runs.split_last().unwrap();
    assert!(
        others.iter().all(|run| run.state == "finished"),
        "{runs:#?}"
    );
    assert!(
        ["finished", "stopped"].contains(&last.state.as_str()),
        "{runs:#?}"
    );
    assert_eq!(
        house.number("SELECT count(*) FROM batch WHERE state = 5"),
        0
    );
    for run in &runs {
        let launched = format!("launched run={}", run.key());
        let times = logs.iter().filter(|log| log.contains(&launched)).count();
        assert!(
            times <= 1,
            "two daemons say that they launched {}",
            run.key()
        );
    }
    for log in &logs {
        assert!(
            !log.contains("not launched"),
            "every due time was launched: {log}"
        );
    }
}

#[test]
fn a_one_shot_that_is_killed_beside_a_daemon_is_taken_over_by_it() {
    let house = House::slow(100);
    house.campaign("spring", 60, "");
    let daemon = house.daemon();
    let one_shot = Running::start(house.scene.deskcast(&["run", "spring"]));
    wait_until("it sends", || house.chats() > 3);
    one_shot.signal("KILL");
    let ended = one_shot.end();
    assert_eq!(ended.code, None, "{ended:?}");
    let run = house.only_run("spring");
    assert_eq!(run.state, "sending");
    house.wait_for_finished("spring", 1);
    let log = daemon.stop();
    assert!(
        log.contains("requests were in flight when the last process ended"),
        "{log}"
    );
    house.must_hold();
    let unknown = house.number("SELECT count(*) FROM batch WHERE state = 5");
    let accepted = house.number("SELECT count(*) FROM batch WHERE state = 2");
    assert_eq!((accepted + unknown, accepted), (30, house.chats() as i64));
}
