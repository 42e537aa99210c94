//! What a check of campaigns found: mistakes, and when each is due next.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::json::line;
use super::number::counted;
use super::read::{self, ReadObject};
use super::shown::changes;
use super::text::{second, wrapped};
use crate::campaign::{Fire, Note, OpenHours, Rule, Timetable, Warning};
use crate::delivery::ahead::Told;
use crate::service::check::{Checked, Unfinished};
use crate::service::verify::Finding;

/// How many due times are shown.
const FIRES: usize = 5;
/// What stands before a value, and before the lines that follow it.
const MARGIN: usize = 12;
/// The widest that a line should be.
const WIDTH: usize = 80;

/// For people, with due times from `now` on. `findings` are what Desk was asked; none where it was
/// not.
pub fn text(checked: &[Checked], findings: Option<&[Finding]>, now: Timestamp) -> String {
    let mut blocks: Vec<String> = checked.iter().map(|one| block(one, now)).collect();
    if let Some(findings) = findings {
        let sentences: Vec<String> = findings.iter().map(Finding::to_string).collect();
        let unread = |finding: &Finding| matches!(finding, Finding::Unread { .. });
        let verdict = match findings.iter().all(unread) {
            true => "could not be asked",
            false => "wrong",
        };
        let mut desk = heading("Desk", verdict, &sentences);
        if sentences.is_empty() {
            desk.push_str("  It knows the token, the groups and the agents.\n");
        }
        blocks.push(desk);
    }
    blocks.join("\n")
}

fn block(checked: &Checked, now: Timestamp) -> String {
    let mut text = match checked.stray {
        true => format!("{}  no campaign\n", checked.name),
        false => heading(&checked.name, "wrong", &checked.mistakes),
    };
    for line in checked.shown.lines() {
        text.push_str(&indented(line));
    }
    for warning in checked.warnings.iter().skip(checked.of_definition) {
        let lines = wrapped(&format!("warning: {warning}"), WIDTH - 2);
        lines.iter().for_each(|line| text.push_str(&indented(line)));
    }
    if checked.named.is_none() {
        // Nothing is known of it.
        return text;
    }
    for file in &checked.read {
        text.push_str(&entry("Read", read::lines(file, WIDTH - MARGIN)));
    }
    match &checked.timetable {
        Some(timetable) => {
            text.push_str(&schedule(timetable, now));
            text.push_str(&checked.ahead.map_or_else(String::new, ahead));
        }
        None if checked.scheduled => {}
        None => text.push_str("  no schedule: it is sent by hand\n"),
    }
    if let Some(hours) = &checked.hours {
        text.push_str(&window(hours, now));
    }
    if let Some(run) = &checked.unfinished {
        text.push_str(&unfinished(run));
    }
    text
}

/// Why none of these due times is launched.
fn ahead(up_to: Timestamp) -> String {
    let told = Told {
        up_to,
        watched: None,
    };
    let says = format!("Its due times are {told}.");
    entry("Clock", wrapped(&says, WIDTH - MARGIN))
}

/// What goes on as it was planned, whatever the file says.
fn unfinished(run: &Unfinished) -> String {
    let remaining = counted(run.remaining, "customer", "customers");
    let mut lines = vec![
        run.run.to_string(),
        format!("{}, {remaining} remaining", run.state),
    ];
    if run.differences.is_empty() {
        return entry("Open run", lines);
    }
    lines.push("It goes on as it was planned; the campaign has changed since:".to_owned());
    let changes = changes(&run.differences);
    lines.extend(changes.lines().map(str::to_owned));
    lines.push(format!("To see its plan: deskcast show {}", run.run));
    lines.push("To send what the files say now, cancel it first:".to_owned());
    lines.push(format!("  deskcast cancel {}", run.run));
    entry("Open run", lines)
}

/// The name, whether it is well, and what is the matter if it is not.
fn heading(name: &str, verdict: &str, mistakes: &[String]) -> String {
    if mistakes.is_empty() {
        return format!("{name}  ok\n");
    }
    let mut text = format!("{name}  {verdict}\n");
    for mistake in mistakes {
        let lines: Vec<&str> = mistake.lines().collect();
        match lines[..] {
            // A picture of the file keeps its columns.
            [_, _, ..] => lines.iter().for_each(|line| text.push_str(&indented(line))),
            _ => wrapped(mistake, WIDTH - 2)
                .iter()
                .for_each(|line| text.push_str(&indented(line))),
        }
    }
    text
}

fn indented(line: &str) -> String {
    format!("  {line}").trim_end().to_owned() + "\n"
}

/// Lines with a word before the first.
fn entry(word: &str, lines: impl IntoIterator<Item = String>) -> String {
    let mut word = word;
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("  {word:<width$}{line}\n", width = MARGIN - 2));
        word = "";
    }
    text
}

fn schedule(timetable: &Timetable, now: Timestamp) -> String {
    let rules = timetable.zone().rules();
    let says = format!("{}, {}", rule(timetable), timetable.zone());
    let mut text = entry("Schedule", wrapped(&says, WIDTH - MARGIN));
    let fires = timetable.next(now, FIRES);
    if fires.is_empty() {
        return text + &entry("Next", ["never again".to_owned()]);
    }
    let lines = fires.iter().map(|fire| {
        let both = both(fire.due, rules);
        let note = note(fire).map_or_else(String::new, |note| format!("  {note}"));
        format!("{both}{note}")
    });
    text.push_str(&entry("Next", lines));
    let jitter = timetable.schedule().jitter;
    if !jitter.is_zero() {
        let most = humantime::format_duration(jitter);
        text.push_str(&entry("", [format!("each starts up to {most} later")]));
    }
    text
}

fn rule(timetable: &Timetable) -> String {
    match &timetable.schedule().rule {
        Rule::Cron(cron) => cron.to_string(),
        Rule::At(times) => counted(times.len() as u64, "time", "times"),
    }
}

/// A moment as the clocks of a zone show it, and in UTC.
fn both(at: Timestamp, rules: &TimeZone) -> String {
    let zoned = at.to_zoned(rules.clone());
    let format = match zoned.second() {
        0 => "%a %Y-%m-%d %H:%M %:z",
        _ => "%a %Y-%m-%d %H:%M:%S %:z",
    };
    format!("{}  {}", zoned.strftime(format), second(at))
}

/// What the clocks do to the time that the schedule names.
fn note(fire: &Fire) -> Option<String> {
    let time = fire.civil.strftime("%H:%M");
    fire.note.map(|note| match note {
        Note::Gap => format!("no {time} that day"),
        Note::FoldFirst => format!("the first {time}"),
        Note::FoldSecond => format!("the second {time}"),
    })
}

fn window(hours: &OpenHours, now: Timestamp) -> String {
    let rules = hours.zone().rules();
    let says = format!("{}, {}", opening(hours), hours.zone());
    let mut lines = wrapped(&says, WIDTH - MARGIN);
    lines.push(match (hours.opens_at(now), closes_at(hours, now)) {
        (None, _) => "closed for good".to_owned(),
        (Some(_), Some(end)) => format!("open; closes {}", both(end, rules)),
        (Some(at), None) if at == now => "open".to_owned(),
        (Some(at), None) => format!("opens {}", both(at, rules)),
    });
    if let Some(end) = hours.finish_by().filter(|end| *end > now) {
        lines.push(format!("ends for good {}", both(end, rules)));
    }
    entry("Window", lines)
}

/// When it closes; none where it is closed, or open without a break.
fn closes_at(hours: &OpenHours, now: Timestamp) -> Option<Timestamp> {
    let end = hours.closes_at(now)?;
    (hours.opens_at(end) != Some(end)).then_some(end)
}

/// Hours and days, as in "09:00 to 20:00 on mon, tue".
pub(super) fn opening(hours: &OpenHours) -> String {
    let window = hours.window();
    let to = window.to.strftime("%H:%M").to_string();
    let to = if to == "00:00" { "24:00" } else { &to };
    let days: Vec<String> = window
        .days
        .iter()
        .map(|day| format!("{day:?}")[..3].to_lowercase())
        .collect();
    let days = match days.len() {
        7 => "every day".to_owned(),
        _ => format!("on {}", days.join(", ")),
    };
    let except = match window.except.len() as u64 {
        0 => String::new(),
        count => format!(" but not on {}", counted(count, "date", "dates")),
    };
    format!("{} to {to} {days}{except}", window.from.strftime("%H:%M"))
}

/// For scripts: one document.
pub fn json(checked: &[Checked], findings: Option<&[Finding]>, now: Timestamp) -> String {
    line(&Document {
        campaigns: checked.iter().map(|one| campaign(one, now)).collect(),
        desk: findings.map(|findings| findings.iter().map(Finding::to_string).collect()),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    campaigns: Vec<CampaignObject<'a>>,
    /// What is wrong by Desk's word; null where it was not asked.
    desk: Option<Vec<String>>,
}

#[derive(Serialize)]
struct CampaignObject<'a> {
    campaign: &'a str,
    ok: bool,
    mistakes: &'a [String],
    warnings: &'a [Warning],
    read: Vec<ReadObject>,
    schedule: Option<ScheduleObject>,
    window: Option<WindowObject>,
    /// Up to when its due times are decided, where that has not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_ahead: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<UnfinishedObject>,
}

#[derive(Serialize)]
struct UnfinishedObject {
    run: String,
    state: &'static str,
    remaining: u64,
    /// What the campaign's files say otherwise by now.
    changed: Vec<&'static str>,
}

#[derive(Serialize)]
struct ScheduleObject {
    timezone: String,
    next: Vec<FireObject>,
}

#[derive(Serialize)]
struct FireObject {
    due: String,
    local: String,
    note: Option<String>,
}

#[derive(Serialize)]
struct WindowObject {
    timezone: String,
    open: bool,
    opens_at: Option<String>,
    closes_at: Option<String>,
}

fn campaign(checked: &Checked, now: Timestamp) -> CampaignObject<'_> {
    let schedule = checked.timetable.as_ref().map(|timetable| ScheduleObject {
        timezone: timetable.zone().name().to_owned(),
        next: timetable
            .next(now, FIRES)
            .iter()
            .map(|fire| fire_object(fire, timetable.zone().rules()))
            .collect(),
    });
    let window = checked.hours.as_ref().map(|hours| WindowObject {
        timezone: hours.zone().name().to_owned(),
        open: hours.is_open(now),
        opens_at: hours.opens_at(now).map(second),
        closes_at: closes_at(hours, now).map(second),
    });
    CampaignObject {
        campaign: &checked.name,
        ok: checked.is_ok(),
        mistakes: &checked.mistakes,
        warnings: &checked.warnings,
        read: read::objects(&checked.read),
        schedule,
        window,
        decided_ahead: checked.ahead.map(second),
        unfinished: checked.unfinished.as_ref().map(|run| UnfinishedObject {
            run: run.run.to_string(),
            state: run.state,
            remaining: run.remaining,
            changed: run.differences.iter().map(|it| it.what).collect(),
        }),
    }
}

fn fire_object(fire: &Fire, rules: &TimeZone) -> FireObject {
    let zoned = fire.due.to_zoned(rules.clone());
    FireObject {
        due: second(fire.due),
        local: zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        note: note(fire),
    }
}
