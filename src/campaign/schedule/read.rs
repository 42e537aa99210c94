//! The keys of `[schedule]`, their defaults and their limits.

use std::time::Duration;

use jiff::civil::{Date, DateTime};

use super::cron::Cron;
use super::zone::Zone;
use super::{DstFold, DstGap, EARLIEST, MissedPolicy, Overlap, Rule, Schedule};
use crate::campaign::Problem;
use crate::campaign::table::{Entry, TableReader};

/// The longest starting deadline and jitter: a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const EXAMPLE: &str = "cron = \"0 9 * * MON-FRI\"";

/// Reads `[schedule]`.
pub(in crate::campaign) fn schedule(table: &mut TableReader<'_>) -> Option<Schedule> {
    table.require_one_of(&["cron", "at"], EXAMPLE);
    table.exclude("cron", "at", "keep one of the two");
    let cron = table.optional("cron", cron).map(Rule::Cron);
    let at = table.optional("at", at).map(Rule::At);
    let timezone = table.optional("timezone", zone);
    let not_before = table.optional("not_before", day);
    let not_after = table.optional("not_after", day);
    let starting_deadline = table.optional("starting_deadline", |entry| {
        entry.duration(Duration::from_secs(1)..=DAY)
    });
    let missed = table.optional("missed", missed);
    let overlap = table.optional("overlap", overlap);
    let dst_gap = table.optional("dst_gap", dst_gap);
    let dst_fold = table.optional("dst_fold", dst_fold);
    let jitter = table.optional("jitter", |entry| entry.duration(Duration::ZERO..=DAY));
    let schedule = Schedule {
        rule: cron.or(at)?,
        timezone,
        not_before,
        not_after,
        starting_deadline: starting_deadline.unwrap_or(Schedule::STARTING_DEADLINE),
        missed: missed.unwrap_or_default(),
        overlap: overlap.unwrap_or_default(),
        dst_gap: dst_gap.unwrap_or_default(),
        dst_fold: dst_fold.unwrap_or_default(),
        jitter: jitter.unwrap_or_default(),
    };
    check_days(table, &schedule);
    check_jitter(table, &schedule);
    Some(schedule)
}

fn cron(entry: &Entry<'_>) -> Result<Cron, Problem> {
    let text = entry.text("a cron expression in quotes")?;
    Cron::parse(text).map_err(|mistake| {
        let problem = entry.problem(mistake.what);
        match mistake.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    })
}

fn at(entry: &Entry<'_>) -> Result<Vec<DateTime>, Problem> {
    let Some(elements) = entry.list() else {
        return Ok(vec![date_time(entry)?]);
    };
    let mut times: Vec<DateTime> = elements.iter().map(date_time).collect::<Result<_, _>>()?;
    times.sort();
    times.dedup();
    if times.is_empty() {
        return Err(entry.problem("is an empty list"));
    }
    Ok(times)
}

/// A date with a time of day and without an offset, to the second.
pub(in crate::campaign) fn date_time(entry: &Entry<'_>) -> Result<DateTime, Problem> {
    let wanted = "a date and time such as \"2026-12-01T09:00\"";
    let text = entry.moment(wanted)?;
    let problem = || entry.problem(format_args!("must be {wanted}"));
    let time = text.split_once(['T', 't', ' ']).map(|(_, time)| time);
    let Some(time) = time else {
        return Err(problem().help("say the time of day, too"));
    };
    if time.contains(['Z', 'z', '+', '-', '[']) {
        return Err(problem().help(
            "write the time as clocks in the campaign's time zone show it; the zone has a key of \
             its own: timezone",
        ));
    }
    let parsed: Option<DateTime> = text.parse().ok();
    parsed
        .filter(|time| time.subsec_nanosecond() == 0)
        .ok_or_else(problem)
}

/// A day of the calendar.
pub(in crate::campaign) fn day(entry: &Entry<'_>) -> Result<Date, Problem> {
    let wanted = "a day such as \"2026-12-24\"";
    let text = entry.moment(wanted)?;
    let day = text
        .parse()
        .ok()
        .filter(|_| text.len() == "2026-12-24".len());
    day.ok_or_else(|| entry.problem(format_args!("must be {wanted}")))
}

/// A time zone by name.
pub(in crate::campaign) fn zone(entry: &Entry<'_>) -> Result<Zone, Problem> {
    let text = entry.text("a time zone such as \"America/New_York\"")?;
    Zone::parse(text).map_err(|unknown| {
        let problem = entry.problem("is no time zone that deskcast knows");
        problem.help(match unknown.near() {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => {
                "name a zone as the IANA does, such as \"America/New_York\" or \"UTC\"".to_owned()
            }
        })
    })
}

fn missed(entry: &Entry<'_>) -> Result<MissedPolicy, Problem> {
    entry.choice(&["skip", "run-once"], |word| match word {
        "skip" => Some(MissedPolicy::Skip),
        "run-once" => Some(MissedPolicy::RunOnce),
        _ => None,
    })
}

fn overlap(entry: &Entry<'_>) -> Result<Overlap, Problem> {
    entry.choice(&["skip", "queue", "allow"], |word| match word {
        "skip" => Some(Overlap::Skip),
        "queue" => Some(Overlap::Queue),
        "allow" => Some(Overlap::Allow),
        _ => None,
    })
}

fn dst_gap(entry: &Entry<'_>) -> Result<DstGap, Problem> {
    entry.choice(&["shift", "skip"], |word| match word {
        "shift" => Some(DstGap::Shift),
        "skip" => Some(DstGap::Skip),
        _ => None,
    })
}

fn dst_fold(entry: &Entry<'_>) -> Result<DstFold, Problem> {
    entry.choice(&["first", "second", "both"], |word| match word {
        "first" => Some(DstFold::First),
        "second" => Some(DstFold::Second),
        "both" => Some(DstFold::Both),
        _ => None,
    })
}

/// The first and the last day leave a time to be due at.
fn check_days(table: &mut TableReader<'_>, schedule: &Schedule) {
    let (first, last) = (schedule.not_before, schedule.not_after);
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        table.wrong("not_after", "is before not_before", "swap the two");
        return;
    }
    if schedule.civil_from(EARLIEST).is_some() {
        return;
    }
    let key = match schedule.rule {
        Rule::Cron(_) => "cron",
        Rule::At(_) => "at",
    };
    let help = "change one of them: as it is, the campaign would never run";
    table.wrong(key, "is never due between not_before and not_after", help);
}

/// How many times are looked at to find the shortest distance between two.
const TIMES_LOOKED_AT: usize = 1_000;

/// No start is delayed beyond the next due time.
fn check_jitter(table: &mut TableReader<'_>, schedule: &Schedule) {
    if schedule.jitter.is_zero() {
        return;
    }
    let mut last: Option<DateTime> = None;
    let mut shortest = DAY;
    for time in schedule.civil_times().take(TIMES_LOOKED_AT) {
        if let Some(distance) =
            last.and_then(|last| Duration::try_from(time.duration_since(last)).ok())
        {
            shortest = shortest.min(distance);
        }
        last = Some(time);
    }
    if schedule.jitter > shortest {
        let shortest = humantime::format_duration(shortest);
        let title = format!("is longer than the {shortest} between two runs");
        table.wrong(
            "jitter",
            title,
            "shorten it: a run must start before the next one is due",
        );
    }
}
