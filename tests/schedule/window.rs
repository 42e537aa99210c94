//! When messages may leave.

use deskcast::campaign::{Definition, Ending, OpenHours};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

use crate::{at, name};

/// The hours of a definition with these lines in `[window]`.
fn hours(lines: &str) -> OpenHours {
    let text =
        format!("message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n[window]\n{lines}\n");
    Definition::parse(name(), &text)
        .unwrap_or_else(|problems| panic!("{}", problems.render("a.toml", false)))
        .open_hours(None)
        .expect("a zone")
        .expect("a window")
}

fn office() -> OpenHours {
    hours(
        "from = \"09:00\"\nto = \"20:00\"\ndays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]\n\
         except = [\"2026-12-25\"]\ntimezone = \"America/New_York\"",
    )
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn it_is_open_from_its_beginning_to_before_its_end() {
    let hours = office();
    let (from, to) = (at("2026-11-23T14:00:00Z"), at("2026-11-24T01:00:00Z"));
    assert!(!hours.is_open(from - SECOND));
    assert!(hours.is_open(from));
    assert!(hours.is_open(to - SECOND));
    assert!(!hours.is_open(to));
    assert_eq!(hours.closes_at(from), Some(to));
    assert_eq!(hours.closes_at(to), None);
    assert_eq!(hours.opens_at(to), Some(at("2026-11-24T14:00:00Z")));
}

#[test]
fn it_stays_closed_on_other_days_and_on_exceptions() {
    let hours = office();
    // Friday 25 December is an exception, 26 and 27 are the weekend.
    let closed = at("2026-12-25T01:00:00Z");
    assert_eq!(hours.opens_at(closed), Some(at("2026-12-28T14:00:00Z")));
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_opens_on() {
    let hours = hours("from = \"20:00\"\nto = \"06:00\"\ndays = [\"fri\"]\ntimezone = \"UTC\"");
    assert!(!hours.is_open(at("2026-11-27T05:00:00Z")), "Friday morning");
    assert!(hours.is_open(at("2026-11-27T20:00:00Z")));
    assert!(
        hours.is_open(at("2026-11-28T05:59:59Z")),
        "Saturday morning"
    );
    assert!(!hours.is_open(at("2026-11-28T06:00:00Z")));
    assert!(!hours.is_open(at("2026-11-28T20:00:00Z")));
}

#[test]
fn a_window_without_hours_is_open_all_day_without_a_break() {
    let hours = hours("days = [\"sat\", \"sun\"]\ntimezone = \"Europe/Berlin\"");
    // The clocks go back on Sunday 25 October 2026: the weekend has 49 hours.
    let from = at("2026-10-23T22:00:00Z");
    assert_eq!(hours.opens_at(at("2026-10-23T12:00:00Z")), Some(from));
    assert_eq!(
        hours.closes_at(from),
        Some(from + SignedDuration::from_hours(49))
    );
}

#[test]
fn the_days_on_which_clocks_change_are_shorter_and_longer() {
    let length = |day: &str| {
        let hours = hours("from = \"01:00\"\nto = \"04:00\"\ntimezone = \"America/New_York\"");
        let from = hours.opens_at(at(day)).expect("open");
        let to = hours.closes_at(from).expect("closes");
        to.duration_since(from).as_hours()
    };
    assert_eq!(length("2026-03-07T12:00:00Z"), 2);
    assert_eq!(length("2026-03-08T12:00:00Z"), 3);
    assert_eq!(length("2026-10-31T12:00:00Z"), 4);
}

#[test]
fn it_closes_for_good_at_finish_by() {
    let hours = hours(
        "from = \"09:00\"\nto = \"20:00\"\nfinish_by = \"2026-12-24T18:00\"\ntimezone = \"UTC\"",
    );
    let end = at("2026-12-24T18:00:00Z");
    assert_eq!(hours.finish_by(), Some(end));
    assert_eq!(hours.closes_at(end - SECOND), Some(end));
    assert_eq!(hours.opens_at(end), None);
    assert!(!hours.is_open(end));
}

#[test]
fn sending_waits_through_nights_and_weekends() {
    let hours = office();
    let hour = |count: u64| Duration::from_secs(count * 3600);
    // Thursday 19:00: an hour then, eleven on Friday, one on Monday.
    let begin = at("2026-11-20T00:00:00Z");
    assert_eq!(
        hours.ending(begin, hour(1)),
        Ending::At(at("2026-11-20T01:00:00Z"))
    );
    assert_eq!(
        hours.ending(begin, hour(13)),
        Ending::At(at("2026-11-23T15:00:00Z"))
    );
    assert_eq!(hours.ending(begin, hour(200_000)), Ending::TooFar);
}

#[test]
fn what_does_not_fit_before_finish_by_is_told() {
    let hours = hours(
        "from = \"09:00\"\nto = \"20:00\"\nfinish_by = \"2026-12-24T18:00\"\ntimezone = \"UTC\"",
    );
    let begin: Timestamp = at("2026-12-23T19:00:00Z");
    let day = Duration::from_secs(11 * 3600);
    let left = Duration::from_secs(3600);
    assert_eq!(hours.ending(begin, day), Ending::Unfinished(left));
}
