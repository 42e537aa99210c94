//! What a schedule says beside its times: overlaps, missed runs, a pause; and a campaign that cannot
//! be planned when it is due.

use std::thread::sleep;
use std::time::Duration;

use crate::house::{EVERY_TWO_SECONDS, House, Run};
use crate::town::wait_until;

const EVERY_SECOND: &str = "cron = \"* * * * * *\"\ntimezone = \"UTC\"\n";

/// Each run takes longer than the second to the next due time.
#[test]
fn a_due_time_during_a_run_is_skipped_waits_or_is_launched_beside_it_as_the_campaign_says() {
    let house = House::with(300, 1, "");
    for rule in ["skip", "queue", "allow"] {
        house.campaign(rule, 8, &format!("{EVERY_SECOND}overlap = \"{rule}\"\n"));
    }
    let daemon = house.daemon();
    for rule in ["skip", "queue", "allow"] {
        house.wait_for_finished(rule, 2);
    }
    daemon.stop();
    house.must_hold();
    let of = |rule: &str| -> Vec<Run> {
        let runs = house.runs().into_iter();
        runs.filter(|run| run.campaign == rule).collect()
    };
    let overlaps = |rule: &str| {
        house.number(&format!(
            "SELECT count(*) FROM run a JOIN run b ON a.campaign = b.campaign AND a.due < b.due
             WHERE a.campaign = '{rule}' AND b.started_at < coalesce(a.ended_at, 1e18)"
        ))
    };
    assert_eq!((overlaps("skip"), overlaps("queue")), (0, 0));
    assert!(overlaps("allow") > 0);
    for run in of("skip").iter().filter(|run| !run.was_launched()) {
        assert!(run.note.ends_with("was still under way"), "{run:?}");
    }
    for run in of("queue").iter().filter(|run| !run.was_launched()) {
        assert!(run.note.ends_with("was waiting already"), "{run:?}");
    }
    let (skip, queue, allow) = (of("skip"), of("queue"), of("allow"));
    assert!(skip.iter().any(|run| run.state == "skipped"), "{skip:#?}");
    assert!(queue.iter().any(|run| run.state == "skipped"), "{queue:#?}");
    assert!(
        queue[1].was_launched(),
        "the second one waits for the first: {queue:#?}"
    );
    assert!(allow.iter().all(Run::was_launched), "{allow:#?}");
    for runs in [skip, queue, allow] {
        for (run, next) in runs.iter().zip(&runs[1..]) {
            assert_eq!(next.due - run.due, 1_000, "{runs:#?}");
        }
    }
}

#[test]
fn what_was_missed_is_made_up_for_by_one_run_where_the_campaign_says_so() {
    let house = House::new();
    let once = format!("{EVERY_TWO_SECONDS}starting_deadline = \"1s\"\nmissed = \"run-once\"\n");
    house.campaign("spring", 3, &once);
    let daemon = house.daemon();
    house.wait_for_finished("spring", 1);
    daemon.kill();
    sleep(Duration::from_millis(6_500));
    let before = house.runs().len();
    let daemon = house.daemon();
    wait_until("two more runs have finished", || {
        house.runs()[before..]
            .iter()
            .filter(|run| run.state == "finished")
            .count()
            >= 2
    });
    daemon.stop();
    house.must_hold();
    let runs = house.runs();
    for (run, next) in runs.iter().zip(&runs[1..]) {
        assert_eq!(next.due - run.due, 2_000, "{runs:#?}");
    }
    let missed: Vec<&Run> = runs.iter().filter(|run| run.state == "missed").collect();
    assert!(missed.len() >= 2, "{runs:#?}");
    let place = runs.iter().position(|run| run.state == "missed").unwrap();
    let stand_in = &runs[place + missed.len()];
    assert_eq!(stand_in.state, "finished");
    for run in missed {
        let due = stand_in.key();
        let due = due.split_once('@').unwrap().1;
        assert_eq!(run.note, format!("the run of {due} stands for them"));
    }
}

#[test]
fn what_a_paused_campaign_fires_is_skipped_until_it_is_resumed() {
    let house = House::new();
    house.campaign("spring", 3, EVERY_SECOND);
    let daemon = house.daemon();
    house.wait_for_finished("spring", 1);
    let paused = house.run(&["pause", "spring", "--by", "alice"]);
    assert!(
        paused
            .out
            .contains("paused, no schedule launches it until: deskcast resume spring"),
        "{paused:?}"
    );
    wait_until("two due times are skipped", || {
        house
            .states("spring")
            .iter()
            .filter(|state| *state == "skipped")
            .count()
            >= 2
    });
    let listed = house.run(&["runs", "spring"]).out;
    assert!(
        listed.contains("the campaign was paused by alice"),
        "{listed}"
    );
    let chats = house.chats();
    let resumed = house.run(&["resume", "spring", "--by", "bob"]);
    assert!(resumed.out.contains("spring: resumed"), "{resumed:?}");
    wait_until("it is launched again", || house.chats() > chats);
    daemon.stop();
    house.must_hold();
    for run in house.runs().iter().filter(|run| run.state == "skipped") {
        assert_eq!(run.note, "the campaign was paused by alice", "{run:?}");
    }
}

#[test]
fn a_campaign_that_cannot_be_planned_has_failed_and_its_next_due_time_works_again() {
    let house = House::new();
    house.campaign("spring", 3, EVERY_SECOND);
    house.replace("spring.csv", "customer_id\n1\nnobody\n");
    let daemon = house.daemon();
    wait_until("a run has failed", || {
        house.states("spring").contains(&"failed".to_owned())
    });
    house.customers("spring", 3);
    house.wait_for_finished("spring", 1);
    daemon.stop();
    house.must_hold();
    let runs = house.runs();
    let failed: Vec<&Run> = runs.iter().filter(|run| run.state == "failed").collect();
    for run in &failed {
        assert!(run.note.starts_with("could not be planned: "), "{run:?}");
        assert!(
            run.note.contains("spring.csv") && run.note.contains("line 3"),
            "{run:?}"
        );
    }
    let listed = house.run(&["runs"]).out;
    assert!(listed.contains("could not be planned"), "{listed}");
    assert!(runs.iter().all(|run| run.state != "skipped"), "{runs:#?}");
}
