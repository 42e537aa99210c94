//! Things that are wrong around the daemon, and what it says of them.

use std::net::TcpListener;

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
