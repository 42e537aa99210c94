//! Facts about days and zones that libraries get wrong.

use jiff::civil::{Date, Weekday, date};

use crate::{at, timetable};

/// The due days of an expression from 2026 to 2028, at 9 each day.
fn days(cron: &str) -> Vec<Date> {
    let table = timetable(&format!(
        "cron = \"0 9 {cron}\"\ntimezone = \"UTC\"\nnot_before = \"2026-01-01\"\nnot_after = \"2028-12-31\""
    ));
    let fires = table.fires_after(at("2025-01-01T00:00:00Z"));
    fires.map(|fire| fire.civil.date()).collect()
}

/// The days of the same years that a rule picks, one by one.
fn picked(rule: impl Fn(Date) -> bool) -> Vec<Date> {
    let days = std::iter::successors(Some(date(2026, 1, 1)), |day| day.tomorrow().ok());
    days.take_while(|day| day.year() < 2029)
        .filter(|day| rule(*day))
        .collect()
}

fn is_weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn is_last_week(day: Date) -> bool {
    day.day() > day.days_in_month() - 7
}

#[test]
fn days_of_the_month_and_of_the_week_mean_what_cron_means() {
    let is = |day: Date, weekday| day.weekday() == weekday;
    let last_weekday = |day: Date| {
        let rest = day.day() + 1..=day.days_in_month();
        let later = rest.filter_map(|number| day.with().day(number).build().ok());
        is_weekday(day) && !later.into_iter().any(is_weekday)
    };
    let nearest_to_15 = |day: Date| match day.with().day(15).build().map(Date::weekday) {
        Ok(Weekday::Saturday) => day.day() == 14,
        Ok(Weekday::Sunday) => day.day() == 16,
        _ => day.day() == 15,
    };
    let second_friday = |day: Date| is(day, Weekday::Friday) && (8..15).contains(&day.day());
    assert_eq!(
        days("L * *"),
        picked(|day| day.day() == day.days_in_month())
    );
    assert_eq!(days("LW * *"), picked(last_weekday));
    assert_eq!(days("15W * *"), picked(nearest_to_15));
    assert_eq!(days("* * FRI#2"), picked(second_friday));
    assert_eq!(
        days("* * FRIL"),
        picked(|day| is(day, Weekday::Friday) && is_last_week(day))
    );
    // Either is enough, unless one of them begins with a star.
    assert_eq!(
        days("1 * MON"),
        picked(|day| day.day() == 1 || is(day, Weekday::Monday))
    );
    assert_eq!(
        days("*/2 * MON"),
        picked(|day| day.day() % 2 == 1 && is(day, Weekday::Monday))
    );
    assert_eq!(days("29 2 *"), [date(2028, 2, 29)]);
    assert_eq!(days("* * 7"), days("* * SUN"));
}

/// What the clocks of a zone show at the due times after a moment.
fn shown(lines: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let table = timetable(&format!("{lines}\ntimezone = \"{zone}\""));
    let fires = table.next(at(after), count);
    let rules = table.zone().rules();
    let shown = fires.iter().map(|fire| fire.due.to_zoned(rules.clone()));
    shown
        .map(|time| time.strftime("%Y-%m-%d %H:%M %:z").to_string())
        .collect()
}

/// Their governments changed the clocks after the rules of 2025 were written.
#[test]
fn the_rules_of_zones_are_those_of_today() {
    for (zone, offset) in [
        ("America/Edmonton", "-06:00"),
        ("America/Vancouver", "-07:00"),
        ("Africa/Casablanca", "+00:00"),
    ] {
        let due = shown("cron = \"0 9 * * *\"", zone, "2026-11-21T00:00:00Z", 1);
        assert_eq!(due, [format!("2026-11-21 09:00 {offset}")], "{zone}");
    }
}

#[test]
fn a_day_that_a_zone_left_out_neither_ends_a_schedule_nor_repeats_a_run() {
    let after = "2011-12-29T00:00:00Z";
    let cron = "cron = \"0 9 * * *\"\nnot_before = \"2011-12-01\"";
    assert_eq!(
        shown(cron, "Pacific/Apia", after, 4),
        [
            "2011-12-29 09:00 -10:00",
            "2011-12-31 00:00 +14:00",
            "2011-12-31 09:00 +14:00",
            "2012-01-01 09:00 +14:00"
        ]
    );
    let skip = format!("{cron}\ndst_gap = \"skip\"");
    assert_eq!(
        shown(&skip, "Pacific/Apia", after, 2),
        ["2011-12-29 09:00 -10:00", "2011-12-31 09:00 +14:00"]
    );
}

#[test]
fn a_step_within_a_skipped_hour_is_one_run_or_none() {
    let (zone, after) = ("America/New_York", "2026-03-08T05:00:00Z");
    let cron = "cron = \"*/15 2 * * *\"";
    assert_eq!(
        shown(cron, zone, after, 2),
        ["2026-03-08 03:00 -04:00", "2026-03-09 02:00 -04:00"]
    );
    let skip = format!("{cron}\ndst_gap = \"skip\"");
    assert_eq!(shown(&skip, zone, after, 1), ["2026-03-09 02:00 -04:00"]);
}

/// Half an hour is skipped, from 02:00 to 02:30, and shown twice, from 01:30 to 02:00.
#[test]
fn a_change_of_half_an_hour_is_a_change() {
    let zone = "Australia/Lord_Howe";
    let cron = "cron = \"0,30 2 * * *\"";
    assert_eq!(
        shown(cron, zone, "2026-10-03T14:00:00Z", 2),
        ["2026-10-04 02:30 +11:00", "2026-10-05 02:00 +11:00"]
    );
    let cron = "cron = \"45 1 * * *\"\ndst_fold = \"both\"";
    assert_eq!(
        shown(cron, zone, "2026-04-04T12:00:00Z", 2),
        ["2026-04-05 01:45 +11:00", "2026-04-05 01:45 +10:30"]
    );
}
