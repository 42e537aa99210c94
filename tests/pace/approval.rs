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
    let approve = [
        "approve",
        "spring",
        "--yes",
        "--by",
        "mira",
        "--why",
        "looked at it",
    ];
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
    assert_eq!(
        town.scene.run(&["approve", "spring", "--yes"]).code,
        Some(0)
    );
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
    assert_eq!(
        town.scene.run(&["approve", "spring", "--yes"]).code,
        Some(0)
    );
    wait_until("all of it is sent", || town.messaged() == 30);
    daemon.signal("TERM");
    assert_eq!(daemon.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
}

/// The run that waits, and its digest.
fn waiting(town: &Town) -> (String, String) {
    let runs = town.scene.run(&["runs", "--json"]).json();
    let of = |key: &str| runs[0][key].as_str().unwrap().to_owned();
    (of("run"), of("digest"))
}

#[test]
fn whoever_approves_sees_the_whole_plan_and_names_it_or_says_yes() {
    let town = asking();
    let running = town.start(&RUN);
    wait_for_question(&town);
    let (run, digest) = waiting(&town);
    // Nobody can be asked here.
    let unasked = town.scene.run(&["approve", "spring"]);
    assert_eq!(unasked.code, Some(2), "{unasked:?}");
    for part in [
        run.as_str(),
        digest.as_str(),
        "Hello from spring",
        "vip-support",
        "Planned",
    ] {
        assert!(unasked.err.contains(part), "{part}: {unasked:?}");
    }
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = town.scene.run(&["approve", &run, "--plan", &other]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(approvals(&town).is_empty());
    let approved = town.scene.run(&["approve", &run, "--plan", &digest]);
    assert_eq!(approved.code, Some(0), "{approved:?}");
    assert_eq!(running.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
}

#[test]
fn a_paused_run_and_one_of_several_are_not_approved() {
    let town = asking();
    let first = town.start(&RUN);
    wait_for_question(&town);
    let second = town.start(&["run", "spring", "--new"]);
    wait_until("there are two", || town.ledgers().len() == 2);
    let several = town.scene.run(&["approve", "spring", "--yes"]);
    assert_eq!(several.code, Some(2), "{several:?}");
    assert!(
        several.err.contains("2 runs of \"spring\" are under way"),
        "{several:?}"
    );
    let (run, _) = waiting(&town);
    assert_eq!(town.scene.run(&["pause", &run]).code, Some(0));
    let paused = town.scene.run(&["approve", &run, "--yes"]);
    assert_eq!(paused.code, Some(2), "{paused:?}");
    assert!(
        paused.err.contains(&format!("deskcast resume {run}")),
        "{paused:?}"
    );
    assert!(approvals(&town).is_empty());
    assert_eq!(town.messaged(), 0);
    for running in [first, second] {
        running.signal("TERM");
        running.end();
    }
}

/// deskcast on a terminal of its own, where this is typed.
fn on_a_terminal(town: &Town, arguments: &str, typed: &str) -> (Option<i32>, String) {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_deskcast"));
    let mut script = town.scene.command("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm");
    let output = assert_cmd::Command::from_std(script)
        .write_stdin(format!("{typed}\n"))
        .timeout(std::time::Duration::from_secs(60))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[test]
fn on_a_terminal_the_answer_decides() {
    let town = asking();
    let running = town.start(&RUN);
    wait_for_question(&town);
    let (code, text) = on_a_terminal(&town, "approve spring", "y");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("Type yes to go on"), "{text}");
    assert!(approvals(&town).is_empty());
    let (code, text) = on_a_terminal(&town, "approve spring", "yes");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(running.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
}

#[test]
fn more_customers_than_the_settings_name_are_confirmed_by_their_number() {
    let town = Town::new(30, 5, "");
    let settings = std::fs::read_to_string(town.scene.path("deskcast.toml")).unwrap();
    let settings = settings + "[defaults]\nconfirm_above = 29\n";
    town.scene.write("deskcast.toml", settings);
    let unasked = town.scene.run(&["run", "spring"]);
    assert_eq!(unasked.code, Some(2), "{unasked:?}");
    assert!(
        unasked.err.contains("30 customers would be messaged"),
        "{unasked:?}"
    );
    let (code, text) = on_a_terminal(&town, "run spring", "yes");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("Type 30 to go on"), "{text}");
    assert!(town.ledgers().is_empty(), "nothing is planned");
    let (code, text) = on_a_terminal(&town, "run spring", "30");
    assert_eq!(code, Some(0), "{text}");
    town.must_have(30, 0, 0, 0);
    // What is not more is not asked about, nor what was named, nor what a script means.
    for (customers, more) in [(29, ""), (31, "--yes")] {
        let town = Town::new(customers, 5, "");
        let above = ("DESKCAST__DEFAULTS__CONFIRM_ABOVE", "29");
        let arguments: Vec<&str> = ["run", "spring", more]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect();
        let ended = town.run_with(&[above], &arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

#[test]
fn rules_of_the_house_hold_for_every_campaign_that_does_not_set_them_aside_by_name() {
    let town = Town::new(30, 5, "");
    let settings = std::fs::read_to_string(town.scene.path("deskcast.toml")).unwrap();
    let house = "[defaults]\nlimit = 29\napproval = true\nwindow = \"00:00-24:00\"\n[schedule]\ntimezone = \"UTC\"\n";
    town.scene.write("deskcast.toml", settings + house);
    for arguments in [
        &["run", "spring", "--yes"][..],
        &["run", "spring", "--dry-run"],
    ] {
        let refused = town.scene.run(arguments);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains("customers.limit is 29"), "{refused:?}");
    }
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    town.scene
        .write(file, format!("{text}overrides = [\"limit\"]\n"));
    let dry_run = town.scene.run(&["run", "spring", "--dry-run"]);
    assert!(
        dry_run.out.contains("waits for deskcast approve"),
        "{dry_run:?}"
    );
    let running = town.start(&RUN);
    wait_for_question(&town);
    let (run, digest) = waiting(&town);
    assert_eq!(town.messaged(), 0);
    // The file says what the run was planned with, under the rules of the house.
    assert_eq!(town.scene.run(&["check", "spring"]).code, Some(0));
    assert_eq!(
        town.scene.run(&["approve", &run, "--plan", &digest]).code,
        Some(0)
    );
    assert_eq!(running.end().code, Some(0));
    town.must_have(30, 0, 0, 0);
    // What is wider than the house is a mistake that a check finds.
    let wide = "[window]\nfrom = \"06:00\"\nto = \"05:00\"\n";
    town.scene.write(file, format!("{text}{wide}"));
    let check = town.scene.run(&["check", "spring"]);
    assert_eq!(check.code, Some(2), "{check:?}");
    assert!(
        check.out.contains("wider than that of the house"),
        "{check:?}"
    );
}
