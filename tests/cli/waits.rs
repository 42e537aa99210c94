//! What a run can wait for at its gate: lines of a definition, what is said of the run meanwhile, and
//! how many batches of four it sends before.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub(crate) struct Wait {
    pub(crate) name: &'static str,
    pub(crate) lines: String,
    pub(crate) note: &'static str,
    pub(crate) sent: u64,
}

/// Everything that holds a run back for an hour or more.
pub(crate) fn all() -> Vec<Wait> {
    let wait = |name, lines: &str, note, sent| Wait {
        name,
        lines: lines.to_owned(),
        note,
        sent,
    };
    let clock = |hours| {
        let at = Timestamp::now().saturating_add(SignedDuration::from_hours(hours));
        let at = at.unwrap().to_zoned(TimeZone::UTC);
        at.strftime("%H:%M:%S").to_string()
    };
    let window = format!(
        "[window]\ntimezone = \"UTC\"\nfrom = \"{}\"\nto = \"{}\"\n",
        clock(2),
        clock(3)
    );
    vec![
        wait("window", &window, "when its window opens", 0),
        wait(
            "approval",
            "[approval]\nrequired = true\n",
            "waits for approval",
            0,
        ),
        wait(
            "hold",
            "[canary]\ncustomers = 4\nhold = \"1h\"\n",
            "to look at its canary",
            1,
        ),
        wait(
            "ask",
            "[canary]\ncustomers = 4\nhold = \"0s\"\nthen = \"ask\"\n",
            "its canary went well; waits for approval",
            1,
        ),
        wait(
            "hour",
            "[pace]\ncustomers_per_hour = 4\n",
            "customers_per_hour = 4",
            1,
        ),
        wait(
            "open",
            "[pace]\nmax_open = { open = 1, answers_within = \"1h\" }\n",
            "open chats (max_open)",
            1,
        ),
    ]
}
