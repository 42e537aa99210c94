//! What is typed wrong, or in the wrong folder, is answered with what was probably meant.

use std::process::Command;

use crate::stage::scene::{Ended, Scene, finish};

/// A Desk at which nobody listens: what is tested here is said before anybody is called.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";

fn scene() -> Scene {
    let scene = Scene::new(NOWHERE);
    scene.campaign("spring", 1..=2, 4);
    scene
}

/// Says so much, with exit code 2.
fn must_say(ended: &Ended, part: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.err.contains(part),
        "{part:?} is not in {:?}",
        ended.err
    );
}

#[test]
fn a_campaign_by_a_path_without_its_ending_is_asked_for_with_it() {
    must_say(
        &scene().run(&["run", "campaigns/spring"]),
        "campaigns/spring does not exist; did you mean \"campaigns/spring.toml\"?",
    );
}

#[test]
fn a_file_of_the_folder_by_its_name_alone_is_asked_for_by_its_path() {
    must_say(
        &scene().run(&["run", "spring.toml"]),
        "spring.toml does not exist; did you mean \"campaigns/spring.toml\"?",
    );
}

#[test]
fn an_option_whose_value_may_be_left_out_is_asked_for_with_its_value() {
    for command in ["run", "track"] {
        let ended = scene().run(&[command, "spring", "--follow", "30m"]);
        must_say(&ended, "did you mean --follow=30m?");
    }
}

#[test]
fn who_is_no_number_is_looked_for_in_desk() {
    must_say(&scene().run(&["why", "Rosa"]), "--sendbird-id ID");
}

#[test]
fn a_desk_out_of_reach_is_not_called_wrong() {
    let ended = scene().run(&["check", "spring", "--online"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.out.contains("Desk  could not be asked"), "{ended:?}");
}

#[test]
fn a_name_with_capitals_blanks_or_an_ending_is_asked_for_as_it_may_be() {
    let scene = scene();
    for typed in ["Spring", "SPRING", " spring"] {
        must_say(&scene.run(&["run", typed]), "did you mean \"spring\"?");
    }
    must_say(
        &scene.run(&["runs", "Spring_Sale.toml"]),
        "did you mean \"spring-sale\"?",
    );
}

#[test]
fn settings_are_no_campaign_that_is_there() {
    let ended = scene().run(&["run", "./autumn.toml"]);
    must_say(&ended, "autumn.toml does not exist; . holds no campaign");
}

#[test]
fn where_there_are_no_settings_the_places_are_named() {
    let empty = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskcast"));
        command.env_clear().args(arguments).current_dir(&empty);
        finish(command)
    };
    let ended = run(&["run", "spring"]);
    must_say(&ended, "there are no settings: no deskcast.toml in /");
    must_say(&ended, "deskcast init");
    let ended = run(&["run", "spring", "--dry-run"]);
    must_say(&ended, "there is no folder campaigns in /");
}

#[test]
fn a_time_of_day_without_its_first_digit_is_asked_for_with_it() {
    let scene = scene();
    let spring = std::fs::read_to_string(scene.path("campaigns/spring.toml")).expect("there");
    scene.write(
        "campaigns/spring.toml",
        format!("{spring}[window]\ntimezone = \"Berlin\"\nfrom = \"9:00\"\nto = \"18:00\"\n"),
    );
    let ended = scene.run(&["run", "spring", "--dry-run"]);
    must_say(&ended, "did you mean \"09:00\"?");
    must_say(&ended, "did you mean \"Europe/Berlin\"?");
}

#[test]
fn a_second_sandbox_names_the_option_for_another_port() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let ended = scene().run(&["sandbox", "--port", &port]);
    must_say(&ended, "--port 0 takes a free port");
}
