//! Things that are wrong around the daemon, and what it says of them.

use std::net::TcpListener;
use std::time::Duration;

use crate::house::{House, NEVER};
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
fn a_port_that_is_taken_is_a_sentence() {
    let house = House::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(
        log.contains(&format!("cannot serve /metrics at {address}")),
        "{log}"
    );
    assert!(
        log.contains("Set web.listen to another address, or to \"off\""),
        "{log}"
    );
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
