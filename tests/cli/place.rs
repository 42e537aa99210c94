//! A copy of a store is not the store: nothing is sent from it until somebody says that it is the one
//! that goes on, and then nothing that the other may have sent is sent again.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;

use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::{Ended, finish};
use crate::town::{Town, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];

/// Sends a part of the audience, and is told to stop.
fn half_sent() -> Town {
    let town = Town::slow(240, 4, 10);
    let running = town.start(&RUN);
    wait_until("some are sent", || town.messaged() >= 40);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
    town
}

/// `cp -a` of the folder.
fn copy(town: &Town) -> std::path::PathBuf {
    let from = town.scene.path("");
    let to = town.scene.path("copy");
    std::fs::create_dir(&to).unwrap();
    for name in [
        "campaigns",
        "deskcast.toml",
        "deskcast.db",
        "deskcast.db-tick",
    ] {
        let done = Command::new("cp")
            .arg("-a")
            .args([from.join(name), to.join(name)])
            .status();
        assert!(done.unwrap().success());
    }
    to
}

fn run_in(town: &Town, folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = town.scene.deskcast(arguments);
    command.current_dir(folder);
    finish(command)
}

/// How often the one was messaged who was messaged most.
fn most(town: &Town) -> u64 {
    town.desk
        .with(|stand_in| u64::from(stand_in.world().memory().most()))
}

/// Nothing is sent from the copy; run and dry run say so in the same words.
#[track_caller]
fn must_be_refused(town: &Town, folder: &Path, word: &str) {
    let creates = town.desk.creates();
    let ran = run_in(town, folder, &RUN);
    assert_eq!((ran.code, ran.out.as_str()), (Some(4), ""), "{ran:?}");
    assert!(ran.err.contains(word), "{ran:?}");
    assert!(
        ran.err.contains("deskcast store adopt --by NAME"),
        "{ran:?}"
    );
    let shown = run_in(town, folder, &["run", "spring", "--dry-run"]);
    assert_eq!((shown.code, shown.out.as_str()), (Some(4), ""), "{shown:?}");
    assert_eq!(shown.err, ran.err);
    assert_eq!(town.desk.creates(), creates, "nothing is sent");
    let seen = run_in(town, folder, &["report", "--json"]);
    assert_eq!(seen.code, Some(0), "it can be read: {seen:?}");
    let shown = run_in(town, folder, &["store", "show"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
}

#[test]
fn a_copy_sends_nothing_until_it_is_adopted_and_then_nothing_twice() {
    let town = half_sent();
    let copy = copy(&town);
    let ended = town.scene.run(&RUN);
    assert_eq!(ended.code, Some(0), "the original goes on: {ended:?}");
    must_be_refused(&town, &copy, "its file is not the one that it was in");

    let adopted = run_in(
        &town,
        &copy,
        &["store", "adopt", "--by", "mira", "--why", "a new disk"],
    );
    assert_eq!(adopted.code, Some(0), "{adopted:?}");
    assert!(
        adopted.out.contains("may have been sent since"),
        "{adopted:?}"
    );
    let run = run_in(&town, &copy, &RUN);
    let accepted = run.json()["customers"]["accepted"].as_u64().unwrap();
    let unknown = run.json()["customers"]["unknown"].as_u64().unwrap();
    assert_eq!(accepted + unknown, 240, "{run:?}");
    assert_eq!(run.json()["customers"]["remaining"], 0, "{run:?}");
    assert!(accepted > 200, "those that Desk has are found: {run:?}");
    assert_eq!((town.messaged(), most(&town)), (240, 1));
    // Customers of what is unknown count as messaged.
    let ended = run_in(&town, &copy, &["run", "spring", "--new", "--json"]);
    assert_eq!(ended.json()["state"], "nobody", "{ended:?}");
    assert_eq!((town.messaged(), most(&town)), (240, 1));
}

#[test]
fn what_nobody_has_sent_since_goes_on_by_the_word_of_who_adopts() {
    let town = half_sent();
    let copy = copy(&town);
    must_be_refused(&town, &copy, "is a copy");
    let adopt = ["store", "adopt", "--by", "mira", "--nothing-was-sent-since"];
    assert_eq!(run_in(&town, &copy, &adopt).code, Some(0));
    let ended = run_in(&town, &copy, &RUN);
    assert_eq!(ended.json()["customers"]["accepted"], 240, "{ended:?}");
    assert_eq!((town.messaged(), most(&town)), (240, 1));
    // From then on this is its place.
    let again = run_in(&town, &copy, &adopt);
    assert_eq!(again.code, Some(2), "{again:?}");
    let shown = run_in(&town, &copy, &["store", "show"]);
    assert!(shown.out.contains("Adopted     by mira"), "{shown:?}");
    assert_eq!(shown.code, Some(0));
}

#[test]
fn a_backup_in_a_folder_of_its_own_is_a_copy() {
    let town = half_sent();
    let folder = town.scene.path("fresh");
    std::fs::create_dir(&folder).unwrap();
    let backup = folder.join("deskcast.db").display().to_string();
    let store = Connection::open(town.scene.store()).unwrap();
    store.execute("VACUUM INTO ?1", [&backup]).unwrap();
    drop(store);
    for name in ["campaigns", "deskcast.toml"] {
        std::os::unix::fs::symlink(town.scene.path(name), folder.join(name)).unwrap();
    }
    std::fs::remove_file(folder.join("deskcast.toml")).unwrap();
    std::fs::copy(
        town.scene.path("deskcast.toml"),
        folder.join("deskcast.toml"),
    )
    .unwrap();
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    must_be_refused(
        &town,
        &folder,
        "deskcast.db-tick, which stays where a store lives, is gone",
    );
}

#[test]
fn a_backup_that_is_put_back_is_taken_as_unknown_from_there_on() {
    let town = half_sent();
    let backup = town.scene.path("backup.db").display().to_string();
    let store = Connection::open(town.scene.store()).unwrap();
    store.execute("VACUUM INTO ?1", [&backup]).unwrap();
    drop(store);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    std::fs::rename(&backup, town.scene.store()).unwrap();
    let here = town.scene.path("");
    must_be_refused(&town, &here, "the store was rolled back");
    assert_eq!(
        town.scene.run(&["store", "adopt", "--by", "mira"]).code,
        Some(0)
    );
    let ended = town.scene.run(&RUN);
    assert!(matches!(ended.code, Some(0 | 3)), "{ended:?}");
    assert_eq!((town.messaged(), most(&town)), (240, 1));
}

#[test]
fn absence_is_not_concluded_from_the_commits_of_one_copy() {
    let town = half_sent();
    let copy = copy(&town);
    let store = Connection::open(copy.join("deskcast.db")).unwrap();
    store
        .execute("UPDATE run SET unknown_policy = 'resend-when-absent'", [])
        .unwrap();
    drop(store);
    assert_eq!(
        run_in(&town, &copy, &["store", "adopt", "--by", "mira"]).code,
        Some(0)
    );
    let messaged = town.messaged();
    // Another run makes chats with later commits; nobody else has sent the first one's.
    std::fs::write(
        copy.join("campaigns/later.csv"),
        "customer_id\n900\n901\n902\n",
    )
    .unwrap();
    let text =
        "message = \"Later\"\ngroup = \"vip-support\"\ncustomers = \"later.csv\"\nbatch_size = 1\n";
    std::fs::write(copy.join("campaigns/later.toml"), text).unwrap();
    assert_eq!(run_in(&town, &copy, &["run", "later"]).code, Some(0));
    for _ in 0..2 {
        let mut command = town.scene.deskcast(&["reconcile", "spring"]);
        command
            .current_dir(&copy)
            .env("DESKCAST__RECONCILE__GRACE", "1ms");
        assert_eq!(finish(command).code, Some(3));
        let ended = run_in(&town, &copy, &RUN);
        assert_eq!(ended.json()["customers"]["remaining"], 0, "{ended:?}");
    }
    assert_eq!(town.messaged(), messaged + 3, "nothing of it is sent again");
}

#[test]
fn a_folder_that_is_moved_within_its_file_system_is_the_same_store() {
    let town = half_sent();
    let moved = town.scene.path("moved");
    std::fs::create_dir(&moved).unwrap();
    for name in [
        "campaigns",
        "deskcast.toml",
        "deskcast.db",
        "deskcast.db-tick",
    ] {
        std::fs::rename(town.scene.path(name), moved.join(name)).unwrap();
    }
    let ended = run_in(&town, &moved, &RUN);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!((town.messaged(), most(&town)), (240, 1));
}

#[test]
fn a_store_that_goes_away_under_a_run_stops_it_within_a_batch() {
    for replaced in [false, true] {
        let town = Town::slow(240, 4, 10);
        let running = town.start(&RUN);
        wait_until("some are sent", || town.messaged() >= 40);
        std::fs::create_dir(town.scene.path("old")).unwrap();
        for end in ["", "-wal", "-shm"] {
            let name = format!("deskcast.db{end}");
            let _ = std::fs::rename(town.scene.path(&name), town.scene.path("old").join(&name));
        }
        if replaced {
            town.scene.write("deskcast.db", "");
        }
        let creates = town.desk.creates();
        let ended = running.end();
        assert_eq!(ended.code, Some(4), "{ended:?}");
        assert!(
            ended.err.contains("moved, replaced or removed"),
            "{ended:?}"
        );
        // Those in flight at that moment, and those whose intent was just durable.
        let more = town.desk.creates() - creates;
        assert!(more <= 8, "{more} more were sent");
        let second = town.scene.run(&RUN);
        assert!(matches!(second.code, Some(2 | 4)), "{second:?}");
        for end in ["", "-wal", "-shm"] {
            let name = format!("deskcast.db{end}");
            let _ = std::fs::rename(town.scene.path("old").join(&name), town.scene.path(&name));
        }
        let ended = town.scene.run(&RUN);
        let unknown = ended.json()["customers"]["unknown"].as_u64().unwrap();
        assert_eq!(town.messaged() + unknown, 240, "{ended:?}");
        assert_eq!(most(&town), 1);
        let in_flight = |ledger: &Ledger| {
            let states = ledger.batches.iter().map(|batch| batch.state);
            states.filter(|state| *state == State::Sending).count()
        };
        assert_eq!(in_flight(&town.ledger()), 0);
    }
}

#[test]
fn a_log_that_is_removed_under_a_run_stops_it() {
    let town = Town::slow(240, 4, 10);
    let running = town.start(&RUN);
    wait_until("some are sent", || town.messaged() >= 40);
    std::fs::remove_file(town.scene.path("deskcast.db-wal")).unwrap();
    let creates = town.desk.creates();
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(town.desk.creates() - creates <= 8);
}
