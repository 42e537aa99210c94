//! What is due is launched, once, whatever becomes of the daemon; what was not is recorded with its
//! reason.

use std::thread::sleep;
use std::time::Duration;

use crate::house::{EVERY_TWO_SECONDS, House, Run};
use crate::town::wait_until;

/// The longest that a launch may lag behind its due time on a busy machine, in milliseconds.
const LAG_MS: i64 = 1_500;

#[test]
fn a_campaign_is_launched_when_it_is_due_sent_and_its_chats_followed() {
    let house = House::new();
    house.campaign("spring", 5, EVERY_TWO_SECONDS);
    let daemon = house.daemon();
    house.wait_for_finished("spring", 3);
    wait_until("a chat is read again after its run has ended", || {
        house.number(
            "SELECT count(*) FROM batch b JOIN run r ON r.id = b.run WHERE b.read_at > r.ended_at",
        ) > 0
    });
    let log = daemon.stop();
    house.must_hold();
    let runs = house.runs();
    for (run, next) in runs.iter().zip(&runs[1..]) {
        assert_eq!(next.due - run.due, 2_000, "{runs:#?}");
    }
    for run in &runs {
        assert_eq!(run.due % 2_000, 0, "{run:?}");
        assert!((0..LAG_MS).contains(&(run.created_at - run.due)), "{run:?}");
        assert!(
            log.contains(&format!("launched run={}", run.key())),
            "{log}"
        );
    }
    let finished = runs.iter().filter(|run| run.state == "finished").count();
    assert!(house.chats() >= 3 * finished, "three batches each");
}

/// The daemon is away twice: told to go and killed. What became due meanwhile is launched where its
/// starting deadline allows, and else missed; every due time has its row, and one.
#[test]
fn a_restart_launches_nothing_twice_and_misses_nothing_within_the_deadline() {
    let house = House::new();
    house.campaign(
        "spring",
        3,
        &format!("{EVERY_TWO_SECONDS}starting_deadline = \"3s\"\n"),
    );
    let daemon = house.daemon();
    house.wait_for_finished("spring", 1);
    daemon.stop();
    let daemon = house.daemon();
    let finished = house.states("spring").len();
    house.wait_for_finished("spring", finished + 1);
    daemon.kill();
    let gone_since = now_ms();
    sleep(Duration::from_millis(7_100));
    let back_since = now_ms();
    let daemon = house.daemon();
    wait_until("it launches again", || {
        let runs = house.runs();
        runs.iter()
            .any(|run| run.due > back_since && run.state == "finished")
    });
    daemon.stop();
    house.must_hold();
    let runs = house.runs();
    for (run, next) in runs.iter().zip(&runs[1..]) {
        assert_eq!(next.due - run.due, 2_000, "{runs:#?}");
    }
    for run in runs.iter().filter(|run| !run.was_launched()) {
        // Those that were too late, and of those that were not all but the latest.
        let stood_for = run.note.ends_with("stands for them");
        assert_eq!(run.state, "missed", "{runs:#?}");
        assert!(
            stood_for || run.note == "the daemon was not running",
            "{runs:#?}"
        );
        assert!(
            run.due > gone_since - 1_000 && back_since - run.due > 1_000,
            "{runs:#?}"
        );
    }
    let late = |run: &&Run| run.due > gone_since && run.due < back_since - 3_200 - LAG_MS;
    assert!(runs.iter().filter(late).count() > 0, "{runs:#?}");
    assert!(
        runs.iter().filter(late).all(|run| run.state == "missed"),
        "{runs:#?}"
    );
    let within = |run: &&Run| run.due > back_since - 1_500;
    assert!(
        runs.iter().filter(within).any(Run::was_launched),
        "{runs:#?}"
    );
    // A machine that is slow to start the daemon has more than one of them to choose from.
    let taken = |run: &Run| run.was_launched() || run.note.ends_with("stands for them");
    assert!(runs.iter().filter(within).all(taken), "{runs:#?}");
    let missed = runs.iter().find(|run| run.state == "missed").unwrap();
    let listed = house.run(&["runs"]).out;
    let at = listed.find(&missed.key()).expect("its row");
    assert!(
        listed[at..].contains("the daemon was not running"),
        "{listed}"
    );
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
