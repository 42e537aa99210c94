//! The campaigns folder changes while the daemon is at work; and so does the token.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use jiff::Timestamp;

use crate::house::{AGAIN, House, NEVER, free_address, page};
use crate::town::wait_until;

const EVERY_SECOND: &str = "cron = \"* * * * * *\"\ntimezone = \"UTC\"\n";

fn messages(house: &House, text: &str) -> usize {
    house.desk.with(|desk| {
        let chats = desk.world().chats().iter();
        chats.filter(|chat| chat.message() == text).count()
    })
}

#[test]
fn a_file_whose_name_cannot_name_a_campaign_is_an_error_in_the_log_once() {
    let house = House::new();
    house.campaign("good", 2, NEVER);
    let good = std::fs::read_to_string(house.scene.path("campaigns/good.toml")).unwrap();
    house.replace("Spring-Sale.toml", &good);
    let daemon = house.daemon();
    let names = [
        "spring_sale.toml",
        "spring sale.toml",
        "autumn.toml.txt",
        "Spring.TOML",
    ];
    names.iter().for_each(|file| house.replace(file, &good));
    for file in names {
        daemon.wait_until_it_says(&format!("file=\"{file}\""));
    }
    daemon.signal("HUP");
    std::thread::sleep(Duration::from_secs(2));
    let log = daemon.stop();
    for file in names.iter().chain(["Spring-Sale.toml"].iter()) {
        let of = |line: &&str| line.contains(&format!("file=\"{file}\""));
        let lines: Vec<&str> = log.lines().filter(of).collect();
        assert_eq!(lines.len(), 1, "{file}: {log}");
        let level = match file.ends_with(".toml") {
            true => "ERROR",
            false => "WARN",
        };
        assert!(lines[0].contains(level), "{log}");
    }
    assert!(log.contains("did you mean"), "{log}");
}

#[test]
fn a_campaign_that_is_removed_takes_its_launch_lag_along() {
    let house = House::new();
    let address = free_address();
    house.campaign("spring", 2, EVERY_SECOND);
    let daemon = house.start_daemon(|command| {
        command.env("DESKCAST__WEB__LISTEN", &address);
    });
    let tells = || page(&address, "/metrics").contains("launch_lag_seconds{campaign=\"spring\"}");
    wait_until("its lag is told", tells);
    std::fs::remove_file(house.scene.path("campaigns/spring.toml")).unwrap();
    wait_until("it is gone", || !tells());
    // What was being launched just then is the last.
    std::thread::sleep(Duration::from_secs(2));
    assert!(!tells());
    daemon.stop();
}

#[test]
fn a_definition_counts_as_it_is_written_and_a_broken_one_as_it_was() {
    let house = House::new();
    let daemon = house.daemon();
    house.campaign("spring", 2, EVERY_SECOND);
    wait_until("a new campaign is launched", || {
        messages(&house, "Hello from spring") > 0
    });
    house.definition("spring", "Hello again", EVERY_SECOND);
    wait_until("the changed one is", || messages(&house, "Hello again") > 0);
    house.replace("spring.toml", "message = ");
    daemon.wait_until_it_says("a definition is broken");
    let before = messages(&house, "Hello again");
    wait_until("the last good one still is", || {
        messages(&house, "Hello again") > before + 1
    });
    house.replace("words.txt", "Hello from a file");
    let schedule = format!("{AGAIN}[schedule]\n{EVERY_SECOND}");
    house.replace(
        "spring.toml",
        &format!(
            "message_file = \"words.txt\"\ngroup = \"vip\"\ncustomers = \"spring.csv\"\n{schedule}"
        ),
    );
    wait_until("the message of a file is sent", || {
        messages(&house, "Hello from a file") > 0
    });
    house.replace("words.txt", "Hello from a file, again");
    wait_until("the changed file is", || {
        messages(&house, "Hello from a file, again") > 0
    });
    daemon.signal("HUP");
    daemon.wait_until_it_says("reading definitions again");
    let log = daemon.stop();
    assert_eq!(log.matches("a definition is broken").count(), 1, "{log}");
    house.must_hold();
    let first = |text: &str| {
        house.desk.with(|desk| {
            let mut chats = desk.world().chats().iter();
            chats.position(|chat| chat.message() == text).unwrap()
        })
    };
    let order = [
        "Hello from spring",
        "Hello again",
        "Hello from a file",
        "Hello from a file, again",
    ];
    assert!(order.map(first).is_sorted());
    assert_eq!(
        house
            .states("spring")
            .iter()
            .filter(|state| *state == "missed")
            .count(),
        0
    );
}

#[test]
fn a_campaign_that_is_removed_ends_its_schedule_and_not_its_run() {
    let house = House::slow(200);
    house.campaign("spring", 60, EVERY_SECOND);
    let daemon = house.daemon();
    wait_until("it sends", || house.chats() > 0);
    std::fs::remove_file(house.scene.path("campaigns/spring.toml")).unwrap();
    daemon.wait_until_it_says("its schedule has ended");
    let removed = Timestamp::now().as_millisecond();
    house.wait_for_finished("spring", 1);
    std::thread::sleep(Duration::from_millis(1_500));
    daemon.stop();
    house.must_hold();
    assert_eq!(house.chats(), 30, "the run went on to its end");
    let runs = house.runs();
    assert!(runs.iter().all(|run| run.due <= removed), "{runs:#?}");
}

#[test]
fn a_token_that_was_refused_is_read_again_and_sending_goes_on() {
    let house = House::new();
    let token = |text: &str| {
        house.scene.write("token", text);
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(house.scene.path("token"), private).unwrap();
    };
    token("an-old-secret");
    house.campaign("spring", 4, NEVER);
    let daemon = house.start_daemon(|command| {
        command
            .env_remove("DESKCAST__DESK__API_TOKEN")
            .env("DESKCAST__DESK__API_TOKEN_FILE", "token");
    });
    daemon.wait_until_it_stands();
    assert_eq!(house.run(&["launch", "spring"]).code, Some(0));
    wait_until("the run is stopped", || {
        house.states("spring") == ["stopped"]
    });
    assert_eq!(house.chats(), 0);
    token("sandbox");
    daemon.signal("HUP");
    house.wait_for_finished("spring", 1);
    let log = daemon.stop();
    assert!(!log.contains("an-old-secret"), "{log}");
    house.must_hold();
    assert_eq!(house.chats(), 2);
}
