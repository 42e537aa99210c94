//! Things that are wrong around the daemon, and what it says of them.

use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use crate::house::{EVERY_TWO_SECONDS, House, NEVER, page};
use crate::town::wait_until;

#[test]
fn a_folder_that_is_missing_is_said_and_read_once_it_is_there() {
    let house = House::new();
    let folder = house.scene.path("campaigns");
    std::fs::remove_dir_all(&folder).unwrap();
    let daemon = house.daemon();
    daemon.wait_until_it_says("the campaigns folder");
    assert!(daemon.log().contains("cannot be read"), "{}", daemon.log());
    house.campaign("spring", 2, NEVER);
    daemon.signal("HUP");
    daemon.wait_until_it_says("reading definitions again");
    wait_until("it can be launched", || {
        house.run(&["launch", "spring"]).code == Some(0)
    });
    house.wait_for_finished("spring", 1);
    daemon.stop();
    house.must_hold();
}

#[test]
fn a_port_that_is_taken_keeps_no_campaign_from_being_sent_and_is_served_once_it_is_free() {
    let house = House::new();
    house.campaign("spring", 5, EVERY_TWO_SECONDS);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    house.wait_for_finished("spring", 1);
    daemon.wait_until_it_says(&format!("cannot serve /metrics at {address}"));
    std::thread::sleep(Duration::from_secs(5));
    drop(taken);
    wait_until("it is served", || {
        page(&address, "/readyz").starts_with("HTTP/1.1 200 ")
    });
    let log = daemon.stop();
    let said = log.matches("cannot serve /metrics at").count();
    assert_eq!(said, 1, "{log}");
    for words in [
        "Set web.listen to another address, or to",
        "Campaigns are sent all the same",
        "the address of the pages is free now",
    ] {
        assert!(log.contains(words), "{log}");
    }
    house.must_hold();
}

/// The unit starts the daemon again after any exit code but 2.
#[test]
fn what_may_be_right_in_a_moment_ends_the_daemon_with_another_code_than_a_mistake() {
    let end = |house: &House, change: &dyn Fn(&mut Command)| {
        let daemon = house.start_daemon(|command| change(command));
        let (status, log) = daemon.end();
        (status.code(), log)
    };
    let house = House::new();
    let missing = house.scene.path("not-there-yet");
    for variable in ["DESKCAST__DESK__API_TOKEN_FILE", "DESKCAST__DESK__CA_FILE"] {
        let (code, log) = end(&house, &|command| {
            command.env(variable, &missing);
        });
        assert_eq!(code, Some(4), "{variable}: {log}");
        assert!(log.contains("not-there-yet"), "{log}");
    }
    let (code, log) = end(&house, &|command| {
        command.env("DESKCAST__LIMITS__CONCURRENCY", "none");
    });
    assert_eq!(code, Some(2), "that stays wrong: {log}");
}

/// A limit to the size of files stands in for the disk.
#[test]
fn a_store_that_cannot_be_written_stops_sending_and_all_goes_on_when_there_is_room_again() {
    let house = House::slow(20);
    house.campaign("spring", 300, NEVER);
    // The signal that comes with the limit is ignored, as nothing sends it for a full disk.
    let mut command = house.scene.command("sh");
    let binary = env!("CARGO_BIN_EXE_deskcast");
    command.args(["-c", &format!("trap '' XFSZ; exec {binary} daemon")]);
    let daemon = house.start_as(command);
    daemon.wait_until_it_stands();
    assert_eq!(house.run(&["launch", "spring"]).code, Some(0));
    wait_until("it sends", || house.chats() > 10);
    daemon.limit_files("4096");
    daemon.wait_until_it_says("the journal could not record; nothing more is sent");
    std::thread::sleep(Duration::from_millis(500));
    let chats = house.chats();
    std::thread::sleep(Duration::from_millis(1_000));
    assert_eq!(
        house.chats(),
        chats,
        "nothing leaves that cannot be recorded"
    );
    assert!(chats < 150);
    daemon.limit_files("unlimited");
    daemon.signal("HUP");
    house.wait_for_finished("spring", 1);
    let log = daemon.stop();
    house.must_hold();
    let unknown = house.number("SELECT count(*) FROM batch WHERE state = 5");
    let accepted = house.number("SELECT count(*) FROM batch WHERE state = 2");
    assert_eq!((accepted + unknown, accepted), (150, house.chats() as i64));
    assert!(
        log.lines().count() < 60,
        "it does not say the same again and again: {log}"
    );
}
