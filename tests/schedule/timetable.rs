//! Due times in real zones, where clocks skip and repeat hours.

use jiff::Timestamp;

use crate::{at, timetable};

/// The next due times as the clocks of the zone show them.
fn shown(lines: &str, after: &str, count: usize) -> Vec<String> {
    let table = timetable(lines);
    let zoned = |due: Timestamp| due.to_zoned(table.zone().rules().clone());
    let fires = table.next(at(after), count);
    fires
        .iter()
        .map(|fire| zoned(fire.due).strftime("%d. %H:%M %:z").to_string())
        .collect()
}

const NEW_YORK: &str = "timezone = \"America/New_York\"";

#[test]
fn a_daily_time_stays_at_its_hour_through_both_changes() {
    let lines = format!("cron = \"0 9 * * *\"\n{NEW_YORK}");
    assert_eq!(
        shown(&lines, "2026-03-07T05:00:00Z", 2),
        ["07. 09:00 -05:00", "08. 09:00 -04:00"]
    );
    assert_eq!(
        shown(&lines, "2026-10-31T05:00:00Z", 2),
        ["31. 09:00 -04:00", "01. 09:00 -05:00"]
    );
}

#[test]
fn a_skipped_time_moves_to_the_end_of_the_gap_once() {
    let after = "2026-03-08T06:00:00Z";
    for cron in [
        "30 2 * * *",
        "*/15 2 * * *",
        "0,30 2 * * *",
        "*/10 2,3 * * *",
    ] {
        let lines = format!("cron = \"{cron}\"\n{NEW_YORK}");
        assert_eq!(shown(&lines, after, 1), ["08. 03:00 -04:00"], "{cron}");
        assert_ne!(shown(&lines, after, 2)[1], "08. 03:00 -04:00", "{cron}");
    }
}

#[test]
fn an_hourly_schedule_runs_once_in_every_real_hour() {
    let lines = format!("cron = \"0 * * * *\"\n{NEW_YORK}");
    for after in ["2026-03-08T03:00:00Z", "2026-11-01T03:00:00Z"] {
        let fires = timetable(&lines).next(at(after), 8);
        for pair in fires.windows(2) {
            assert_eq!(pair[1].due.duration_since(pair[0].due).as_secs(), 3600);
        }
    }
}
