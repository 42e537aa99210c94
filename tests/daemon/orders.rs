//! Orders from another process: obeyed within a second, kept, and shown.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use crate::house::{House, NEVER};
use crate::stage::ledger::State;
use crate::town::{Running, wait_until};

/// From the order to its answer in the store, in milliseconds. A request in flight is waited for.
fn slowest_answer(house: &House) -> i64 {
    house.number("SELECT max(obeyed_at - at) FROM orders WHERE verb IN ('pause', 'cancel')")
}

/// A daemon that sends the campaign `spring` to so many customers.
fn launched(house: &House, customers: u64) -> (crate::house::Daemon, String) {
    house.campaign("spring", customers, NEVER);
    let daemon = house.daemon();
    let launched = house.run(&["launch", "spring", "--by", "alice"]);
    assert_eq!(launched.code, Some(0), "{launched:?}");
    wait_until("it sends", || house.chats() > 2);
    (daemon, launched.out.trim().to_owned())
}

/// What an order says of the numbers in its table.
fn said(out: &str, words: &str) -> u64 {
    let line = out.lines().find(|line| line.trim().starts_with(words));
    line.map_or(0, |line| {
        line.split_whitespace().last().unwrap().parse().unwrap()
    })
}

#[test]
fn a_run_in_the_daemons_hands_is_paused_and_resumed_and_cancelled_for_good() {
    let house = House::slow(200);
    let (daemon, key) = launched(&house, 400);
    let paused = house.run(&["pause", &key, "--by", "alice", "--why", "complaints"]);
    assert_eq!(paused.code, Some(0), "{paused:?}");
    assert_eq!(paused.out, format!("{key}  paused by alice: complaints\n"));
    let chats = house.chats();
    sleep(Duration::from_millis(700));
    assert_eq!(house.chats(), chats, "nothing leaves of a paused run");
    let listed = house.run(&["runs"]).out;
    assert!(listed.contains("paused by alice: complaints"), "{listed}");
    let again = house.run(&["pause", &key]);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.out.contains("it was paused already"), "{again:?}");

    let resumed = house.run(&["resume", "spring", "--by", "bob"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert!(
        resumed.out.contains(&format!("{key}  resumed by bob\n")),
        "{resumed:?}"
    );
    let begun = std::time::Instant::now();
    wait_until("it goes on", || house.chats() > chats);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );

    let cancelled = house.run(&["cancel", "spring", "--by", "carol", "--why", "enough"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let run = house.only_run("spring");
    assert_eq!(
        (run.state.as_str(), run.note.as_str()),
        ("cancelled", "cancelled by carol: enough")
    );
    let messaged = house.desk.with(|desk| desk.world().memory().customers());
    assert_eq!(said(&cancelled.out, "messaged"), messaged, "{cancelled:?}");
    assert_eq!(
        said(&cancelled.out, "not messaged"),
        400 - messaged,
        "{cancelled:?}"
    );
    assert!(messaged > 0 && messaged < 400);
    let slowest = slowest_answer(&house);
    assert!(slowest <= 1_000, "obeyed after {slowest} ms");
    eprintln!("the slowest of three orders to the daemon was obeyed after {slowest} ms");

    for verb in ["resume", "pause", "cancel"] {
        let late = house.run(&[verb, &key]);
        assert_eq!(late.code, Some(3), "{late:?}");
        assert!(late.out.contains("it is cancelled already"), "{late:?}");
    }
    let none = house.run(&["cancel", "spring"]);
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.err.contains("no run of \"spring\" is under way"),
        "{none:?}"
    );
    let missing = house.run(&["pause", "spring@2026-01-01T09:00:00Z"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    let missing = house.run(&["pause", "sprign"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");

    daemon.stop();
    let daemon = house.daemon();
    daemon.signal("HUP");
    sleep(Duration::from_millis(1_000));
    daemon.stop();
    assert_eq!(house.only_run("spring").state, "cancelled");
    assert_eq!(
        house.desk.with(|desk| desk.world().memory().customers()),
        messaged
    );
    house.must_hold();
    let kept = house
        .number("SELECT count(*) FROM orders WHERE obeyed_at >= at AND by <> '' AND answer <> ''");
    assert_eq!(
        kept,
        house.number("SELECT count(*) FROM orders"),
        "who, when and what came of it"
    );
}

#[test]
fn a_run_that_was_paused_goes_on_exactly_where_it_was_and_all_its_chats_are_followed() {
    let house = House::slow(100);
    let (daemon, key) = launched(&house, 60);
    for _ in 0..2 {
        assert_eq!(house.run(&["pause", &key]).code, Some(0));
        sleep(Duration::from_millis(300));
        assert_eq!(house.run(&["resume", &key]).code, Some(0));
        let chats = house.chats();
        wait_until("it goes on", || {
            house.chats() > chats || house.chats() == 30
        });
    }
    house.wait_for_finished("spring", 1);
    // Also those that came after the first pause.
    wait_until("every chat is read again after the end", || {
        house.number("SELECT count(*) FROM batch b JOIN run r ON r.id = b.run WHERE b.read_at > r.ended_at OR b.settled = 1") == 30
    });
    daemon.stop();
    house.must_hold();
    assert_eq!(house.chats(), 30);
    assert_eq!(
        house.number("SELECT count(*) FROM attempt WHERE outcome <> 'not sent'"),
        0,
        "nothing that had left was tried twice"
    );
}

#[test]
fn a_one_shot_obeys_from_another_process_as_well() {
    let house = House::slow(200);
    house.campaign("spring", 200, "");
    let one_shot = Running::start(house.scene.deskcast(&["run", "spring"]));
    wait_until("it sends", || house.chats() > 2);
    let paused = house.run(&["pause", "spring", "--by", "alice"]);
    assert_eq!(paused.code, Some(0), "{paused:?}");
    assert_eq!(one_shot.end().code, Some(4));
    let run = house.only_run("spring");
    assert_eq!(run.state, "paused");
    let refused = house.run(&["run", "spring"]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(
        refused
            .err
            .contains(&format!("To go on with it: deskcast resume {}", run.key())),
        "{refused:?}"
    );
    assert_eq!(house.run(&["resume", "spring"]).code, Some(0));
    let one_shot = Running::start(house.scene.deskcast(&["run", "spring"]));
    let chats = house.chats();
    wait_until("it goes on", || house.chats() > chats + 3);
    one_shot.signal("TERM");
    assert_eq!(one_shot.end().code, Some(4));
    // Nobody sends it now: the order is obeyed as it is given.
    let cancelled = house.run(&["cancel", &run.key()]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let messaged = house.desk.with(|desk| desk.world().memory().customers());
    assert_eq!(said(&cancelled.out, "messaged"), messaged, "{cancelled:?}");
    assert_eq!(
        said(&cancelled.out, "not messaged"),
        200 - messaged,
        "{cancelled:?}"
    );
    let slowest = slowest_answer(&house);
    assert!(slowest <= 1_000, "obeyed after {slowest} ms");
    eprintln!("the slowest order to a one-shot was obeyed after {slowest} ms");
    house.must_hold();
}

#[test]
fn of_a_cancelled_run_unknown_batches_are_looked_for_and_never_sent_again() {
    let house = House::with(150, 4, "[reconcile]\ngrace = \"1s\"\n");
    house.campaign("spring", 80, "");
    let text = std::fs::read_to_string(house.scene.path("campaigns/spring.toml")).unwrap();
    let rule = "batch_size = 2\nunknown = \"resend-when-absent\"";
    house.replace("spring.toml", &text.replace("batch_size = 2", rule));
    let one_shot = Running::start(house.scene.deskcast(&["run", "spring"]));
    wait_until("it sends", || house.chats() > 2);
    one_shot.signal("KILL");
    one_shot.end();
    let cancelled = house.run(&["cancel", "spring"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let run = house.only_run("spring");
    let unknown = house.customers_in(run.id, State::Unknown);
    assert_eq!(
        said(&cancelled.out, "perhaps messaged (unknown)"),
        unknown,
        "{cancelled:?}"
    );
    assert_eq!(
        said(&cancelled.out, "not messaged"),
        house.customers_in(run.id, State::Planned)
    );
    assert!(unknown > 0);
    // The grace time of a request that may still be on its way.
    sleep(Duration::from_millis(1_200));
    let daemon = house.daemon();
    wait_until("what Desk holds is found", || {
        house.number("SELECT count(*) FROM batch WHERE state = 2") == house.chats() as i64
    });
    sleep(Duration::from_millis(500));
    daemon.stop();
    house.run(&["reconcile", &run.key()]);
    let first = house.number("SELECT coalesce(min(number), 0) FROM batch WHERE state = 5");
    if first > 0 {
        let word = house.run(&[
            "reconcile",
            &run.key(),
            "--batch",
            &first.to_string(),
            "--resend",
        ]);
        assert_eq!(word.code, Some(2), "{word:?}");
        assert!(word.err.contains("nothing more of it is sent"), "{word:?}");
    }
    house.must_hold();
    let after = house.only_run("spring");
    assert_eq!((after.state, after.note), (run.state, run.note));
}

/// However they meet, a cancel wins, and each of them is answered.
#[test]
fn orders_that_race_are_all_answered_and_a_cancel_is_for_good() {
    let house = House::slow(60);
    house.campaign("other", 400, NEVER);
    let (daemon, key) = launched(&house, 400);
    for (count, verbs) in [
        ["pause", "resume", "pause", "cancel"],
        ["cancel", "pause", "resume", "pause"],
    ]
    .iter()
    .enumerate()
    {
        let which = if count == 0 {
            key.clone()
        } else {
            let launched = house.run(&["launch", "other"]);
            assert_eq!(launched.code, Some(0), "{launched:?}");
            launched.out.trim().to_owned()
        };
        let racing: Vec<Running> = verbs
            .iter()
            .map(|verb| Running::start(house.scene.deskcast(&[verb, &which])))
            .collect();
        for order in racing {
            let ended = order.end();
            assert!(matches!(ended.code, Some(0 | 3)), "{ended:?}");
            assert!(!ended.out.contains("has not obeyed yet"), "{ended:?}");
        }
    }
    daemon.stop();
    house.must_hold();
    for run in house.runs() {
        assert_eq!(run.state, "cancelled", "{run:?}");
    }
    assert_eq!(
        house.number("SELECT count(*) FROM orders WHERE obeyed_at IS NULL"),
        0
    );
}

#[test]
fn a_launch_sends_what_the_file_says_now_or_nothing() {
    let house = House::new();
    house.campaign("spring", 4, NEVER);
    let good = std::fs::read_to_string(house.scene.path("campaigns/spring.toml")).unwrap();
    let daemon = house.daemon();
    // In the same moment: the daemon may not have heard of the file yet.
    house.replace("spring.toml", &good.replace("group = ", "grup = "));
    let refused = house.run(&["launch", "spring"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for words in [
        "nothing was launched",
        "spring.toml:",
        "did you mean \"group\"?",
    ] {
        assert!(refused.err.contains(words), "{words}: {refused:?}");
    }
    house.replace("spring.toml", &good.replace("Hello", "Goodbye"));
    let launched = house.run(&["launch", "spring"]);
    assert_eq!(launched.code, Some(0), "{launched:?}");
    house.wait_for_finished("spring", 1);
    let texts = house.desk.with(|desk| {
        let chats = desk.world().chats().iter();
        let texts: BTreeSet<String> = chats.map(|chat| chat.message().to_owned()).collect();
        texts
    });
    assert_eq!(texts, BTreeSet::from(["Goodbye from spring".to_owned()]));
    let log = daemon.stop();
    let read = "its file is read, and what it says holds";
    assert_eq!(
        log.matches(read).count(),
        2,
        "at the start, and the mended one: {log}"
    );
    house.must_hold();
}

#[test]
fn a_launch_says_what_it_launched_or_why_not() {
    let house = House::slow(100);
    house.campaign("spring", 60, NEVER);
    let alone = house.run(&["launch", "spring"]);
    assert_eq!(alone.code, Some(4), "{alone:?}");
    assert!(
        alone.err.contains("no daemon runs on the store"),
        "{alone:?}"
    );
    assert!(
        alone.err.contains("To send from here: deskcast run spring"),
        "{alone:?}"
    );
    house.replace("broken.toml", "message = ");
    let daemon = house.daemon();
    for (name, words) in [
        ("autumn", "autumn.toml does not exist"),
        ("broken", "broken.toml:1"),
    ] {
        let refused = house.run(&["launch", name]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains(words), "{refused:?}");
    }
    let launched = house.run(&["launch", "spring", "--why", "a first try"]);
    assert_eq!(launched.code, Some(0), "{launched:?}");
    let key = launched.out.trim().to_owned();
    assert_eq!(house.only_run("spring").key(), key);
    let beside = house.run(&["launch", "spring"]);
    assert_eq!(beside.code, Some(2), "{beside:?}");
    assert!(
        beside.err.contains(&format!(
            "the run {key} is unfinished; nothing was launched beside it"
        )),
        "{beside:?}"
    );
    daemon.stop();
    house.must_hold();
    assert_eq!(
        house.number("SELECT count(*) FROM orders WHERE verb = 'launch' AND why = 'a first try'"),
        1
    );
}

/// Whether the schedule of `spring` is paused.
fn schedule_is_paused(house: &House) -> bool {
    let sql = "SELECT count(*) FROM schedule WHERE campaign = 'spring' AND paused_at IS NOT NULL";
    house.number(sql) == 1
}

/// A run of a campaign with a schedule, stopped in the middle.
fn stopped_run(house: &House) -> String {
    house.campaign("spring", 200, "cron = \"0 9 * * *\"\ntimezone = \"UTC\"\n");
    let one_shot = Running::start(house.scene.deskcast(&["run", "spring"]));
    wait_until("it sends", || house.chats() > 2);
    one_shot.signal("TERM");
    one_shot.end();
    house.only_run("spring").key()
}

#[test]
fn cancelling_a_campaign_pauses_its_schedule_and_nobody_is_taken_up_without_a_word() {
    let house = House::slow(200);
    let key = stopped_run(&house);
    let cancelled = house.run(&["cancel", "spring", "--why", "wrong text"]);
    assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
    let says = "spring: paused, no schedule launches it until: deskcast resume spring\n";
    assert!(cancelled.out.starts_with(says), "{cancelled:?}");
    assert!(schedule_is_paused(&house));
    let left = said(&cancelled.out, "not messaged");
    assert!(left > 0);
    // Whoever sends to them after all is told.
    let words = format!("{left} customers of {key} were not messaged when that was cancelled");
    let dry_run = house.run(&["run", "spring", "--dry-run"]);
    let shown: Vec<&str> = dry_run.out.split_whitespace().collect();
    assert!(shown.join(" ").contains(&words), "{dry_run:?}");
    let resumed = house.run(&["resume", "spring"]);
    assert!(
        resumed.out.contains("its schedule goes on, next "),
        "{resumed:?}"
    );
    let words = format!("It takes up the {left} customers of {key}");
    assert!(resumed.out.contains(&words), "{resumed:?}");
    let run = house.run(&["run", "spring"]);
    assert!(
        run.err
            .contains("those who are still listed are in this plan"),
        "{run:?}"
    );
}

#[test]
fn cancelling_one_run_leaves_the_schedule_and_says_when_it_is_due_next() {
    for whole_name in [false, true] {
        let house = House::slow(200);
        let key = stopped_run(&house);
        let arguments = match whole_name {
            true => vec!["cancel", "spring", "--this-run-only"],
            false => vec!["cancel", key.as_str()],
        };
        let cancelled = house.run(&arguments);
        assert_eq!(cancelled.code, Some(0), "{cancelled:?}");
        assert!(!schedule_is_paused(&house));
        for words in [
            "spring: its schedule goes on, next ",
            " 09:00, UTC\n",
            "It takes up the ",
            "To stop that: deskcast pause spring\n",
        ] {
            assert!(cancelled.out.contains(words), "{words}: {cancelled:?}");
        }
    }
}
