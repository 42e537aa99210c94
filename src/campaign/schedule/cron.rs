//! A cron expression that has been understood: the civil times it matches.
//!
//! Civil times are dates and times as a calendar and a clock show them. Which moment in a zone such
//! a time is, if it is one at all, is the timetable's business.

mod dialect;

use std::fmt;
use std::sync::Arc;

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::{DateTime, date};

/// A cron expression that is due some day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// Shared by clones: it holds a list of all years, five kilobytes long.
    pattern: Arc<croner::Cron>,
    hourly: bool,
}

/// Why a text is no cron expression: a sentence that continues its name, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronMistake {
    /// What is wrong with it, as in "has 4 fields".
    pub what: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
}

impl Cron {
    /// Reads five fields (minute, hour, day of month, month, day of week), six with seconds before
    /// them, or a word such as `@daily`.
    ///
    /// # Errors
    /// [`CronMistake`] for anything else, and for an expression that is never due in eight years.
    pub fn parse(text: &str) -> Result<Self, CronMistake> {
        let fields = dialect::fields(text)?;
        let parser = CronParser::builder()
            .seconds(Seconds::Required)
            .year(Year::Disallowed)
            .build();
        let pattern = parser
            .parse(&fields.join(" "))
            .map_err(|error| CronMistake::new(format!("is no cron expression: {error}")))?;
        let cron = Self {
            text: text.trim().to_owned(),
            hourly: pattern.pattern.hours.values().len() == 24,
            pattern: Arc::new(pattern),
        };
        // Any eight years in a row that this century has left hold a 29 February.
        let (first, end) = (date(2024, 1, 1), date(2032, 1, 1));
        match cron.next(first.at(0, 0, 0, 0)) {
            Some(time) if time.date() < end => Ok(cron),
            _ => Err(CronMistake::new("is never due")
                .help("no year has such a day: look at the day of month and the month")),
        }
    }

    /// The first matching time from `from` on, which itself counts.
    pub fn next(&self, from: DateTime) -> Option<DateTime> {
        self.pattern.find_next_occurrence(&from, true).ok()
    }

    /// The last matching time before `end`, which itself does not count.
    pub fn previous(&self, end: DateTime) -> Option<DateTime> {
        self.pattern.find_previous_occurrence(&end, false).ok()
    }

    /// Whether every hour of the day is named: such a schedule follows the clock through a change
    /// of its offset, where others are held to the times they name.
    pub fn is_hourly(&self) -> bool {
        self.hourly
    }
}

impl CronMistake {
    fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
        }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

/// As it was written.
impl fmt::Display for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}
