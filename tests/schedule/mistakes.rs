//! Every mistake in a schedule or a window, as it is shown.

use std::fmt::Write as _;

use deskcast::campaign::{Cron, Definition};

use crate::name;

const LEAST: &str = "message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n";

fn complaint(lines: &str) -> String {
    Definition::parse(name(), &format!("{LEAST}{lines}"))
        .expect_err(lines)
        .render("campaigns/spring.toml", false)
}

fn complaints(table: &str, lines: &[&str]) -> String {
    lines.iter().fold(String::new(), |mut shown, line| {
        let complaint = complaint(&format!("[{table}]\n{line}\n"));
        writeln!(shown, "{complaint}\n").expect("a string takes everything");
        shown
    })
}

#[test]
fn all_mistakes_of_both_tables_are_shown_at_once() {
    insta::assert_snapshot!(complaint(
        "[schedule]\ncorn = \"0 9 * * *\"\ntimezone = \"Berlin\"\nmissed = \"run_once\"\n\
         starting_deadline = 15\njitter = \"2 fortnights\"\n[window]\nfrom = \"9am\"\ndays = [\"mon\", \"tues\"]\n\
         excpet = []\n"
    ));
}

#[test]
fn a_schedule_says_when_in_one_way() {
    insta::assert_snapshot!(complaints(
        "schedule",
        &[
            "",
            "cron = \"0 9 * * *\"\nat = \"2026-12-01T09:00\"",
            "at = []",
            "at = \"2026-12-01\"",
            "at = [\"2026-12-01T09:00\", \"2026-13-01T09:00\"]",
            "at = \"2026-12-01T09:00:00Z\"",
        ],
    ));
}

#[test]
fn a_schedule_that_never_runs_is_refused() {
    insta::assert_snapshot!(complaints(
        "schedule",
        &[
            "cron = \"0 9 31 2 *\"",
            "cron = \"0 9 25 12 *\"\nnot_before = \"2026-12-26\"\nnot_after = \"2027-12-24\"",
            "at = \"2026-12-01T09:00\"\nnot_after = \"2026-11-30\"",
            "cron = \"0 9 * * *\"\nnot_before = \"2026-12-26\"\nnot_after = \"2026-12-24\"",
        ],
    ));
}

#[test]
fn a_zone_is_named_as_the_database_names_it() {
    insta::assert_snapshot!(complaints(
        "schedule",
        &[
            "cron = \"@daily\"\ntimezone = \"Europe/Berln\"",
            "cron = \"@daily\"\ntimezone = \"new york\"",
            "cron = \"@daily\"\ntimezone = \"+02:00\"",
            "cron = \"@daily\"\ntimezone = 2",
        ],
    ));
}

#[test]
fn a_start_is_not_delayed_beyond_the_next_due_time() {
    insta::assert_snapshot!(complaints(
        "schedule",
        &[
            "cron = \"*/15 * * * *\"\njitter = \"20m\"",
            "cron = \"@daily\"\njitter = \"25h\""
        ],
    ));
}

#[test]
fn a_window_that_never_opens_is_refused() {
    insta::assert_snapshot!(complaints(
        "window",
        &[
            "days = []",
            "from = \"09:00\"\nto = \"09:00\"",
            "from = \"24:30\"",
            "unfinished = \"hold\"",
            "finish_by = \"2026-12-01T09:00\"\n[schedule]\nat = \"2026-12-01T09:00\"",
        ],
    ));
}

#[test]
fn every_kind_of_mistake_in_an_expression_has_a_sentence() {
    let wrong = [
        "0 9 * *",
        "0 9 * * * * 2027",
        "CRON_TZ=UTC 0 9 * * *",
        "@dayly",
        "@reboot",
        "@x",
        "60 * * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 MON * * *",
        "0 0 * JAM *",
        "0 0 * * MOND",
        "0 9,,10 * * *",
        "0 , * * *",
        "0/15 * * * *",
        "JAN/2 * * * *",
        "*/0 * * * *",
        "*/90 * * * *",
        "*/x * * * *",
        "0 22-2 * * *",
        "0 0 * * FRI-MON",
        "0 0 L-3 * *",
        "0 0 32W * *",
        "0 0 W * *",
        "0 0 L,LW * *",
        "0 0 * * FRI#6",
        "0 0 * * L",
        "0 0 * * MON-FRI#1",
        "? * * * *",
        "0 0 31 4,6 *",
        "+5 * * * *",
        "0 9 * * +MON",
    ];
    let shown = wrong.iter().fold(String::new(), |mut shown, text| {
        let mistake = Cron::parse(text).expect_err(text);
        let help = mistake.help.unwrap_or_default();
        writeln!(shown, "{text:?} {}\n    {help}", mistake.what).expect("a string");
        shown
    });
    insta::assert_snapshot!(shown);
}

#[test]
fn without_any_zone_it_is_said_where_one_can_be_set() {
    let text = format!("{LEAST}[schedule]\ncron = \"@daily\"\n[window]\nfrom = \"09:00\"\n");
    let definition = Definition::parse(name(), &text).expect("a definition");
    let sentence = definition.timetable(None).expect_err("no zone").to_string();
    insta::assert_snapshot!(sentence, @r#"the schedule has no time zone: add a line such as timezone = "America/New_York" to [schedule], or set schedule.timezone in deskcast.toml for all campaigns"#);
    let sentence = definition
        .open_hours(None)
        .expect_err("no zone")
        .to_string();
    insta::assert_snapshot!(sentence, @r#"the window has no time zone: add a line such as timezone = "America/New_York" to [window], or set schedule.timezone in deskcast.toml for all campaigns"#);
}
