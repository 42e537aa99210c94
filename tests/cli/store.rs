//! Trouble with the store: a sentence, nothing sent that is not recorded, and on it goes when the
//! trouble is over.

use std::time::Duration;

use rusqlite::Connection;

use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::{Ended, Scene, finish};
use crate::town::{Town, remove_store, strace, wait_until};

const RUN: [&str; 3] = ["run", "spring", "--json"];

/// Runs a campaign while the kernel refuses what strace is told to make it refuse.
fn run_refusing(scene: &Scene, options: &[&str]) -> Ended {
    let mut command = strace(scene);
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "signal=none"])
        .args(options)
        .arg(env!("CARGO_BIN_EXE_deskcast"))
        .args(RUN);
    finish(command)
}

/// Nothing of what the sentence says about the folder of the test.
fn sentence(scene: &Scene, text: &str) -> String {
    let folder = scene.path("").display().to_string();
    text.trim_end().replace(&folder, "[folder]/")
}

/// The disk fails in the middle of a run with this error; then it is mended.
fn fails_in_the_middle(call: &str, error: &str, when: &str, words: &str) {
    let town = Town::new(200, 4, "");
    let inject = format!("inject={call}:error={error}:when={when}");
    let ended = run_refusing(&town.scene, &["-e", &inject]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.err.contains(words), "{}", ended.err);
    assert!(town.messaged() > 0, "it was in the middle: {ended:?}");
    let in_flight = town
        .ledger()
        .batches
        .iter()
        .filter(|batch| matches!(batch.state, State::Sending | State::Unknown))
        .count();
    assert!(in_flight <= 4, "{in_flight} batches in flight");
    let ended = town.scene.run(&RUN);
    let unknown = ended.json()["customers"]["unknown"].as_u64().unwrap();
    assert_eq!(
        ended.code,
        Some(if unknown > 0 { 3 } else { 0 }),
        "{ended:?}"
    );
    town.must_have(200 - unknown, 0, unknown, 0);
    let findings = town.findings();
    assert_eq!(
        (findings.unknown as usize, findings.unsettled),
        (in_flight, 0)
    );
}

#[test]
fn a_disk_that_fills_up_stops_the_run() {
    fails_in_the_middle("pwrite64", "ENOSPC", "120+", "the disk is full");
}

#[test]
fn a_disk_that_fails_stops_the_run() {
    fails_in_the_middle("fsync", "EIO", "14+", "the disk failed");
}

#[test]
fn a_disk_that_is_full_from_the_start_plans_nothing() {
    let town = Town::new(20, 4, "");
    let ended = run_refusing(&town.scene, &["-e", "inject=pwrite64:error=ENOSPC"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    assert!(ended.err.contains("the disk is full"), "{}", ended.err);
    assert_eq!(town.desk.creates(), 0);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(20, 0, 0, 0);
}

#[test]
fn a_limit_on_the_size_of_files_stops_the_run() {
    let town = Town::new(4000, 4, "");
    // The signal that such a limit sends is ignored here, as by most service managers.
    let mut command = town.scene.command("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_deskcast")).args(RUN);
    let ended = finish(command);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let ended = town.scene.run(&RUN);
    let unknown = ended.json()["customers"]["unknown"].as_u64().unwrap();
    assert!(unknown <= 16, "{unknown} unknown");
    town.must_have(4000 - unknown, 0, unknown, 0);
}

#[test]
fn a_store_that_is_read_only_is_refused() {
    let town = Town::new(20, 4, "");
    let store = town.scene.store().display().to_string();
    let options = ["-P", &store, "-e", "inject=openat:error=EROFS"];
    let ended = run_refusing(&town.scene, &options);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    insta::assert_snapshot!(sentence(&town.scene, &ended.err));
    assert_eq!(town.desk.creates(), 0);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(20, 0, 0, 0);
}

/// Keeps the store locked, as another process in the middle of a commit would.
fn locked(town: &Town) -> Connection {
    assert_eq!(town.scene.run(&["run", "spring", "--json"]).code, Some(0));
    let connection = Connection::open(town.scene.store()).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[test]
fn a_store_that_stays_locked_is_given_up() {
    let town = Town::new(4, 4, "");
    town.allow_repeats();
    let holder = locked(&town);
    let ended = town.scene.run(&RUN);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    insta::assert_snapshot!(sentence(&town.scene, &ended.err));
    assert_eq!(town.desk.creates(), 1);
    drop(holder);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
}

#[test]
fn a_store_that_is_locked_for_a_moment_is_waited_for() {
    let town = Town::new(4, 4, "");
    town.allow_repeats();
    let holder = locked(&town);
    let running = town.start(&RUN);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(town.desk.creates(), 1, "it waits");
    drop(holder);
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(town.desk.creates(), 2);
}

#[test]
fn a_store_of_a_newer_deskcast_is_refused_and_left_alone() {
    let town = Town::new(4, 4, "");
    let connection = Connection::open(town.scene.store()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    must_be_refused_untouched(&town, "newer");
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let town = Town::new(4, 4, "");
    town.scene.write(
        "deskcast.db",
        "Dear diary, today I was nearly taken for a store. ".repeat(40),
    );
    must_be_refused_untouched(&town, "no-database");
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let town = Town::new(4, 4, "");
    remove_store(&town.scene);
    let connection = Connection::open(town.scene.store()).unwrap();
    connection
        .execute_batch("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
        .unwrap();
    drop(connection);
    must_be_refused_untouched(&town, "something-else");
}

fn must_be_refused_untouched(town: &Town, name: &str) {
    let before = std::fs::read(town.scene.store()).unwrap();
    let ended = town.scene.run(&RUN);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    insta::assert_snapshot!(name, sentence(&town.scene, &ended.err));
    assert_eq!(town.desk.creates(), 0);
    assert_eq!(std::fs::read(town.scene.store()).unwrap(), before);
}

/// Sends until a few more are through, and stops.
fn send_some(town: &Town) {
    let goal = town.messaged() + 12;
    let running = town.start(&RUN);
    wait_until("a few more are sent", || town.messaged() >= goal);
    running.signal("TERM");
    assert_eq!(running.end().code, Some(4));
}

#[test]
fn a_store_that_was_rolled_back_sends_nothing_until_it_is_put_right() {
    let town = Town::slow(240, 4, 10);
    let (store, old, new) = (
        town.scene.store(),
        town.scene.path("old"),
        town.scene.path("new"),
    );
    send_some(&town);
    std::fs::copy(&store, &old).unwrap();
    send_some(&town);
    std::fs::rename(&store, &new).unwrap();
    std::fs::copy(&old, &store).unwrap();
    let creates = town.desk.creates();
    let ended = town.scene.run(&RUN);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    assert!(
        ended.err.contains("the store was rolled back"),
        "{}",
        ended.err
    );
    assert_eq!(town.desk.creates(), creates, "nothing is sent on a guess");
    std::fs::rename(&new, &store).unwrap();
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(240, 0, 0, 0);
}

#[test]
fn a_clock_that_was_set_back_stops_a_run_until_it_is_right() {
    let town = Town::slow(240, 4, 10);
    send_some(&town);
    let creates = town.desk.creates();
    let hour = 3_600_000;
    let shift = |by: i64| {
        let store = Connection::open(town.scene.store()).unwrap();
        store
            .execute("UPDATE batch SET intended_at = intended_at + ?1", [by])
            .unwrap();
    };
    shift(hour);
    let ended = town.scene.run(&RUN);
    assert_eq!((ended.code, ended.out.as_str()), (Some(4), ""), "{ended:?}");
    assert!(
        ended.err.contains("the clock was set back"),
        "{}",
        ended.err
    );
    assert_eq!(town.desk.creates(), creates);
    shift(-hour);
    assert_eq!(town.scene.run(&RUN).code, Some(0));
    town.must_have(240, 0, 0, 0);
}

#[test]
fn the_files_of_a_store_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let town = Town::slow(240, 4, 10);
    let running = town.start(&RUN);
    wait_until("it sends", || town.messaged() > 0);
    let mut seen = 0;
    for entry in std::fs::read_dir(town.scene.path("")).unwrap() {
        let entry = entry.unwrap();
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with("deskcast.db")
        {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{entry:?}");
            seen += 1;
        }
    }
    assert!(
        seen >= 4,
        "the store, its log, the tick and the lock: {seen}"
    );
    running.signal("TERM");
    running.end();
    assert_eq!(Ledger::read(&town.scene.store()).len(), 1);
}
