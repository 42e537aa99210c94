//! `run NAME --scheduled`: it decides as the daemon does.

use jiff::{SignedDuration, Timestamp};

use crate::town::Town;

fn with_schedule(town: &Town, lines: &str) {
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    let text = format!("{text}[schedule]\ntimezone = \"UTC\"\n{lines}\n");
    town.scene.write(file, text);
}

/// A daily time that was so long ago.
fn daily(ago: SignedDuration) -> String {
    let due = Timestamp::now() - ago;
    format!("cron = \"{}\"", due.strftime("%S %M %H * * *"))
}

#[test]
fn a_campaign_that_is_new_begins_now_and_launches_nothing_that_was_due_before() {
    let town = Town::new(20, 5, "");
    with_schedule(&town, &daily(SignedDuration::from_mins(2)));
    for _ in 0..2 {
        let ended = town.scene.run(&["run", "spring", "--scheduled"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            ended.err.contains("nothing of \"spring\" is due now"),
            "{ended:?}"
        );
    }
    assert_eq!((town.messaged(), town.ledgers().len()), (0, 0));
}

#[test]
fn what_is_due_after_the_first_call_is_launched_by_the_next() {
    let town = Town::new(20, 5, "");
    with_schedule(&town, &daily(SignedDuration::from_secs(-3)));
    let first = town.scene.run(&["run", "spring", "--scheduled"]);
    assert!(first.err.contains("is due now"), "{first:?}");
    std::thread::sleep(std::time::Duration::from_secs(4));
    let second = town.scene.run(&["run", "spring", "--scheduled"]);
    assert_eq!(second.code, Some(0), "{second:?}");
    town.must_have(20, 0, 0, 0);
}
