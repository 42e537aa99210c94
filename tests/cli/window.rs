//! The send window: nothing leaves outside of it, and what is not sent when it closes for good is
//! held or cancelled, as the campaign says.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::town::Town;

fn with_window(town: &Town, lines: &str) {
    let file = "campaigns/spring.toml";
    let text = std::fs::read_to_string(town.scene.path(file)).unwrap();
    let text = format!("{text}[window]\ntimezone = \"UTC\"\n{lines}\n");
    town.scene.write(file, text);
}

/// The time of day in UTC so long from now.
fn clock(from_now: SignedDuration, form: &str) -> String {
    let at = Timestamp::now().saturating_add(from_now).unwrap();
    at.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

#[test]
fn a_run_waits_until_its_window_opens() {
    let town = Town::new(20, 5, "");
    let opens = clock(SignedDuration::from_secs(4), "%H:%M:%S");
    with_window(&town, &format!("from = \"{opens}\""));
    let begun = Instant::now();
    let running = town.start(&["run", "spring"]);
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(town.desk.creates(), 0, "before {opens}");
    let listed = town.scene.run(&["runs"]);
    assert!(
        listed.out.contains("when its window opens"),
        "{}",
        listed.out
    );
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(begun.elapsed() >= Duration::from_secs(3));
    town.must_have(20, 0, 0, 0);
}

#[test]
fn a_run_that_waits_for_its_window_stops_at_once_when_told_to() {
    let town = Town::new(20, 5, "");
    let opens = clock(SignedDuration::from_hours(2), "%H:%M:%S");
    let closes = clock(SignedDuration::from_hours(3), "%H:%M:%S");
    with_window(&town, &format!("from = \"{opens}\"\nto = \"{closes}\""));
    let running = town.start(&["run", "spring"]);
    crate::town::wait_until("it waits", || {
        town.scene.run(&["runs"]).out.contains("window opens")
    });
    let told = Instant::now();
    running.signal("TERM");
    let ended = running.end();
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(told.elapsed() < Duration::from_secs(5));
    town.must_have(0, 0, 0, 20);
}

#[test]
fn what_is_not_sent_when_the_window_closes_for_good_is_cancelled_where_the_campaign_says_so() {
    let town = Town::new(20, 5, "");
    let end = clock(SignedDuration::from_hours(-1), "%Y-%m-%dT%H:%M");
    with_window(
        &town,
        &format!("finish_by = \"{end}\"\nunfinished = \"cancel\""),
    );
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.out.contains("cancelled by itself"), "{}", ended.out);
    town.must_have(0, 0, 0, 20);
    let run = ended.out.split_whitespace().next().unwrap();
    let resumed = town.scene.run(&["resume", run, "--by", "alice"]);
    assert!(
        resumed.out.contains("it is cancelled already"),
        "{}",
        resumed.out
    );
}

#[test]
fn what_is_held_when_the_window_closes_for_good_goes_on_when_an_operator_says_so() {
    let town = Town::new(20, 5, "");
    let end = clock(SignedDuration::from_hours(-1), "%Y-%m-%dT%H:%M");
    with_window(&town, &format!("finish_by = \"{end}\""));
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.out.contains("paused by itself"), "{}", ended.out);
    town.must_have(0, 0, 0, 20);
    let resumed = town.scene.run(&["resume", "spring", "--by", "alice"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    town.must_have(20, 0, 0, 0);
}
