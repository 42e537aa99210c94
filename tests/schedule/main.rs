//! When campaigns run: the dialect, due times in real zones, and what becomes of them.

mod check;
mod facts;
mod mistakes;
mod planner;
mod store;
mod timetable;
mod window;
mod year;

use deskcast::campaign::{CampaignName, Definition, Schedule, Timetable};
use jiff::Timestamp;

/// The schedule of a definition with these lines in `[schedule]`.
fn schedule(lines: &str) -> Schedule {
    let text =
        format!("message = \"Hi.\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n[schedule]\n{lines}\n");
    Definition::parse(name(), &text)
        .unwrap_or_else(|problems| panic!("{}", problems.render("a.toml", false)))
        .schedule
        .expect("a schedule")
}

/// The same in the zone that it names.
fn timetable(lines: &str) -> Timetable {
    schedule(lines).in_zone(None).expect("a zone")
}

fn name() -> CampaignName {
    CampaignName::new("spring").expect("a name")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}
