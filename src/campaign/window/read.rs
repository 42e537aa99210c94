//! The keys of `[window]`, their defaults and their limits.

use jiff::civil::{Date, Time, Weekday};

use super::{Days, SendWindow, Unfinished};
use crate::campaign::Problem;
use crate::campaign::schedule::{Schedule, date_time, day, zone};
use crate::campaign::table::{Entry, TableReader};

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `[window]`. The schedule, where there is one, must leave it a moment to be open.
pub(in crate::campaign) fn window(
    table: &mut TableReader<'_>,
    schedule: Option<&Schedule>,
) -> Option<SendWindow> {
    let from = table.optional("from", time);
    let to = table.optional("to", time);
    let days = table.optional("days", days);
    let except = table.optional("except", except);
    let timezone = table.optional("timezone", zone);
    let finish_by = table.optional("finish_by", date_time);
    let unfinished = table.optional("unfinished", unfinished);
    let window = SendWindow {
        from: from.unwrap_or(Time::midnight()),
        to: to.unwrap_or(Time::midnight()),
        days: days.unwrap_or(Days::ALL),
        except: except.unwrap_or_default(),
        timezone,
        finish_by,
        unfinished: unfinished.unwrap_or_default(),
    };
    if window.from == window.to && window.from != Time::midnight() {
        let help = "a whole day is from = \"00:00\", to = \"24:00\"";
        table.wrong("to", "is the same as from: the window is never open", help);
    }
    if unfinished.is_some() && finish_by.is_none() {
        let help = "add finish_by, or leave this key out";
        table.wrong(
            "unfinished",
            "says what to do at finish_by, which is missing",
            help,
        );
    }
    let begin = schedule.and_then(Schedule::first_known);
    if let (Some(begin), Some(end)) = (begin, finish_by)
        && end <= begin
    {
        let title = format!("is not after {begin}, when the campaign is first due");
        table.wrong(
            "finish_by",
            title,
            "move it: the window is closed for good by then",
        );
    }
    Some(window)
}

/// A time of day to the minute or second; "24:00" is midnight, as the end of a day.
fn time(entry: &Entry<'_>) -> Result<Time, Problem> {
    let wanted = "a time of day from \"00:00\" to \"24:00\"";
    let text = entry.moment(wanted)?;
    if text == "24:00" || text == "24:00:00" {
        return Ok(Time::midnight());
    }
    let plain = text.contains(':') && !text.contains(['-', '+', 'T', 'Z', ' ', '.']);
    let time = text.parse().ok().filter(|_| plain);
    time.ok_or_else(|| {
        let problem = entry.problem(format_args!("must be {wanted}"));
        // "9:00" is a time of day for people, and its first digit is missing.
        let padded = format!("0{text}");
        match padded.parse::<Time>() {
            Ok(_) if padded.len() == "09:00".len() => {
                problem.help(format!("did you mean \"{padded}\"?"))
            }
            _ => problem,
        }
    })
}

fn days(entry: &Entry<'_>) -> Result<Days, Problem> {
    let wanted = "a list of days such as [\"mon\", \"tue\"]";
    let elements = entry.list().ok_or_else(|| entry.wrong_type(wanted))?;
    let days: Result<Vec<Weekday>, Problem> = elements.iter().map(weekday).collect();
    Days::new(days?).ok_or_else(|| {
        entry
            .problem("is an empty list: the window is never open")
            .help("leave the key out for every day")
    })
}

/// "mon" or "Monday".
fn weekday(entry: &Entry<'_>) -> Result<Weekday, Problem> {
    entry.choice(&WEEK, |word| {
        let word = word.to_lowercase();
        let mut week = WEEK.iter().zip(Weekday::Monday.cycle_forward());
        let named = |name: &str, day: Weekday| word == name || word == full(day);
        week.find(|(name, day)| named(name, *day))
            .map(|(_, day)| day)
    })
}

fn full(day: Weekday) -> String {
    format!("{day:?}").to_lowercase()
}

fn except(entry: &Entry<'_>) -> Result<Vec<Date>, Problem> {
    let wanted = "a list of days such as [\"2026-12-25\"]";
    let elements = entry.list().ok_or_else(|| entry.wrong_type(wanted))?;
    let mut days: Vec<Date> = elements.iter().map(day).collect::<Result<_, _>>()?;
    days.sort();
    days.dedup();
    Ok(days)
}

fn unfinished(entry: &Entry<'_>) -> Result<Unfinished, Problem> {
    entry.choice(&["hold", "cancel"], |word| match word {
        "hold" => Some(Unfinished::Hold),
        "cancel" => Some(Unfinished::Cancel),
        _ => None,
    })
}
