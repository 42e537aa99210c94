//! `[approval]`: nothing is sent before somebody has agreed to the plan.

use crate::town::{Town, wait_until};
use crate::{desk, people, town, without_time};

const RUN: [&str; 3] = ["run", "spring", "--json"];
const WAITS: &str = "waits for approval (deskcast approve)";

fn asking() -> Town {
    let lines = "[approval]\nrequired = true\n[repeat]\nsame_campaign = \"always\"";
    town(desk(people(0, 0), ""), 30, lines)
}

fn wait_for_question(town: &Town) {
    wait_until("it asks", || town.scene.run(&["runs"]).out.contains(WAITS));
}

/// Who approved which plan of which run, and why.
fn approvals(town: &Town) -> Vec<(i64, bool, String, String, String)> {
    let store = rusqlite::Connection::open(town.scene.store()).unwrap();
    let sql = "SELECT a.run, a.digest = r.digest, a.by, a.why, a.digest FROM approval a JOIN run r ON r.id = a.run ORDER BY a.id";
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_run_by_hand_waits_for_approval_and_it_is_kept_who_gave_it() {
    let town = asking();
    let running = town.start(&RUN);
    wait_for_question(&town);
    assert_eq!(town.desk.creates(), 0);
    let approve = ["approve", "spring", "--by", "mira", "--why", "looked at it"];
    let ended = town.scene.run(&approve);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let digest = approvals(&town).remove(0).4;
    insta::assert_snapshot!(without_time(&ended.out).replace(&digest, "[digest]"));
    assert_eq!(running.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
    let kept = approvals(&town).remove(0);
    let words = (kept.2.as_str(), kept.3.as_str());
    assert_eq!((kept.0, kept.1, words), (1, true, ("mira", "looked at it")));
    let late = town.scene.run(&["approve", "spring"]);
    assert_eq!((late.code, late.out.as_str()), (Some(2), ""), "{late:?}");
}

#[test]
fn an_approval_is_good_while_nobody_sends_and_for_one_plan_alone() {
    let town = asking();
    let running = town.start(&RUN);
    wait_for_question(&town);
    running.signal("KILL");
    running.end();
    assert_eq!(town.scene.run(&["approve", "spring"]).code, Some(0));
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(30, 0, 0, 0);
    // Another run is another plan, and asks again.
    let running = town.start(&RUN);
    wait_for_question(&town);
    assert_eq!(town.messaged(), 30);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
}

#[test]
fn whoever_names_the_plan_has_approved_it() {
    let town = asking();
    let dry = town
        .scene
        .run(&["run", "spring", "--dry-run", "--json"])
        .json();
    let plan = dry["digest"].as_str().unwrap();
    let ended = town.scene.run(&["run", "spring", "--json", "--plan", plan]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(30, 0, 0, 0);
    let approvals = approvals(&town);
    assert_eq!(approvals.len(), 1);
    assert_eq!((approvals[0].1, approvals[0].3.as_str()), (true, "--plan"));
}

#[test]
fn what_the_daemon_launches_waits_for_approval_too() {
    let town = asking();
    let daemon = town.start(&["daemon"]);
    wait_until("it is there", || town.scene.store().exists());
    wait_until("it launches", || {
        town.scene.run(&["launch", "spring"]).code == Some(0)
    });
    wait_for_question(&town);
    assert_eq!(town.desk.creates(), 0);
    assert_eq!(town.scene.run(&["approve", "spring"]).code, Some(0));
    wait_until("all of it is sent", || town.messaged() == 30);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
}
