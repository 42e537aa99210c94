//! How everything stands: whether a person is needed, what is under way, what is due next.

use jiff::Timestamp;
use serde::Serialize;

use super::Reported;
use super::json::line;
use super::number::{counted, grouped};
use super::result::state;
use super::text::{second, wrapped};
use crate::campaign::{CampaignName, Zone};
use crate::delivery::attention::Attention;
use crate::journal::{RunKey, StoreUrl};

/// What stands before a value.
const MARGIN: usize = 12;
/// The widest that a line should be.
const WIDTH: usize = 80;
/// How many due times are shown.
const MOST_DUE: usize = 8;

/// How everything on a store stands.
#[derive(Debug)]
pub struct Status {
    /// The store.
    pub store: StoreUrl,
    /// Why nothing may be sent from it, where that is so.
    pub store_trouble: Option<String>,
    /// Whether a daemon lives on it.
    pub has_daemon: bool,
    /// The runs that need somebody, the latest due first.
    pub needs: Vec<(RunKey, Attention)>,
    /// The runs that are being sent or go on by themselves.
    pub under_way: Vec<Reported>,
    /// When campaigns are due next, the earliest first.
    pub due: Vec<Due>,
    /// Campaigns whose schedule somebody paused.
    pub paused: Vec<PausedSchedule>,
    /// Campaigns that cannot be used as they are.
    pub wrong: Vec<String>,
}

/// When a campaign is due next.
#[derive(Clone, Debug)]
pub struct Due {
    /// The campaign.
    pub campaign: CampaignName,
    /// When.
    pub at: Timestamp,
    /// The zone of its schedule.
    pub zone: Zone,
}

/// A schedule that launches nothing until it is resumed.
#[derive(Clone, Debug)]
pub struct PausedSchedule {
    /// The campaign.
    pub campaign: CampaignName,
    /// Since when.
    pub at: Timestamp,
    /// Who paused it.
    pub by: String,
}

impl Status {
    /// Whether somebody has to do something.
    pub fn needs_somebody(&self) -> bool {
        !self.needs.is_empty() || !self.wrong.is_empty() || self.store_trouble.is_some()
    }

    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = entry("Store", &self.store.place().to_string());
        if let Some(trouble) = &self.store_trouble {
            text += &entry("", trouble);
        }
        text += &entry("Daemon", self.daemon());
        text.push('\n');
        if !self.needs_somebody() {
            text += &entry("To do", "nothing");
        }
        for (place, (run, attention)) in self.needs.iter().enumerate() {
            text += &entry(if place == 0 { "To do" } else { "" }, &run.to_string());
            text += &indented(&attention.why);
            let commands = &attention.commands;
            commands
                .iter()
                .for_each(|command| text += &indented(command));
        }
        if !self.wrong.is_empty() {
            let word = if self.needs.is_empty() { "To do" } else { "" };
            let wrong = counted(self.wrong.len() as u64, "campaign is", "campaigns are");
            text += &entry(word, &format!("{wrong} wrong: {}", self.wrong.join(", ")));
            text += &indented("deskcast check");
        }
        self.add_others(&mut text);
        text
    }

    /// What goes on by itself, each kind below a blank line.
    fn add_others(&self, text: &mut String) {
        for (place, reported) in self.under_way.iter().enumerate() {
            text.push_str(if place == 0 { "\n" } else { "" });
            let word = if place == 0 { "Under way" } else { "" };
            *text += &entry(word, &reported.run.key.to_string());
            let customers = &reported.standing.tally.customers;
            let (accepted, planned) = (grouped(customers.accepted), grouped(customers.planned));
            let standing = format!("{}, accepted {accepted} of {planned}", state(&reported.run));
            *text += &indented(&standing);
            if !reported.run.note.is_empty() {
                *text += &indented(&reported.run.note);
            }
        }
        let width = self.names().map(str::len).max().unwrap_or(0);
        for (place, due) in self.due.iter().take(MOST_DUE).enumerate() {
            text.push_str(if place == 0 { "\n" } else { "" });
            let word = if place == 0 { "Due next" } else { "" };
            let at = due.at.to_zoned(due.zone.rules().clone());
            let at = at.strftime("%a %Y-%m-%d %H:%M");
            *text += &entry(
                word,
                &format!("{:width$}  {at}, {}", due.campaign, due.zone),
            );
        }
        if self.due.len() > MOST_DUE {
            let more = grouped((self.due.len() - MOST_DUE) as u64);
            *text += &entry("", &format!("and {more} more: deskcast check"));
        }
        for (place, paused) in self.paused.iter().enumerate() {
            text.push_str(if place == 0 { "\n" } else { "" });
            let word = if place == 0 { "Paused" } else { "" };
            let (at, by) = (second(paused.at), &paused.by);
            *text += &entry(word, &format!("{:width$}  {at}, by {by}", paused.campaign));
            *text += &indented(&format!("deskcast resume {}", paused.campaign));
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let due = self.due.iter().take(MOST_DUE).map(|due| &due.campaign);
        let paused = self.paused.iter().map(|paused| &paused.campaign);
        due.chain(paused).map(CampaignName::as_str)
    }

    fn daemon(&self) -> &'static str {
        match self.has_daemon {
            true => "running",
            false => "none: schedules need deskcast daemon, or run --scheduled by cron",
        }
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        line(&StatusObject {
            store: self.store.place().to_string(),
            store_trouble: self.store_trouble.as_deref(),
            daemon: self.has_daemon,
            needs_somebody: self.needs_somebody(),
            needs: self.needs.iter().map(NeedObject::of).collect(),
            under_way: self.under_way.iter().map(UnderWayObject::of).collect(),
            due: self.due.iter().map(DueObject::of).collect(),
            paused: self.paused.iter().map(PausedObject::of).collect(),
            wrong: &self.wrong,
        })
    }
}

/// A value with a word before its first line.
fn entry(word: &str, value: &str) -> String {
    let mut word = word;
    let mut text = String::new();
    for line in wrapped(value, WIDTH - MARGIN) {
        text += &format!("{word:<MARGIN$}{line}\n");
        word = "";
    }
    text
}

/// What belongs to the entry above it.
fn indented(value: &str) -> String {
    let lines = wrapped(value, WIDTH - MARGIN - 2);
    let lines = lines.iter();
    lines
        .map(|line| format!("{:MARGIN$}  {line}\n", ""))
        .collect()
}

#[derive(Serialize)]
struct StatusObject<'a> {
    store: String,
    store_trouble: Option<&'a str>,
    daemon: bool,
    needs_somebody: bool,
    needs: Vec<NeedObject<'a>>,
    under_way: Vec<UnderWayObject<'a>>,
    due: Vec<DueObject>,
    paused: Vec<PausedObject<'a>>,
    wrong: &'a [String],
}

#[derive(Serialize)]
struct NeedObject<'a> {
    run: String,
    #[serde(flatten)]
    attention: &'a Attention,
}

impl NeedObject<'_> {
    fn of((run, attention): &(RunKey, Attention)) -> NeedObject<'_> {
        NeedObject {
            run: run.to_string(),
            attention,
        }
    }
}

#[derive(Serialize)]
struct UnderWayObject<'a> {
    run: String,
    state: &'static str,
    note: &'a str,
    accepted: u64,
    planned: u64,
}

impl UnderWayObject<'_> {
    fn of(reported: &Reported) -> UnderWayObject<'_> {
        let customers = &reported.standing.tally.customers;
        UnderWayObject {
            run: reported.run.key.to_string(),
            state: state(&reported.run),
            note: &reported.run.note,
            accepted: customers.accepted,
            planned: customers.planned,
        }
    }
}

#[derive(Serialize)]
struct DueObject {
    campaign: String,
    at: String,
    timezone: String,
}

impl DueObject {
    fn of(due: &Due) -> DueObject {
        DueObject {
            campaign: due.campaign.to_string(),
            at: second(due.at),
            timezone: due.zone.to_string(),
        }
    }
}

#[derive(Serialize)]
struct PausedObject<'a> {
    campaign: String,
    since: String,
    by: &'a str,
}

impl PausedObject<'_> {
    fn of(paused: &PausedSchedule) -> PausedObject<'_> {
        PausedObject {
            campaign: paused.campaign.to_string(),
            since: second(paused.at),
            by: &paused.by,
        }
    }
}
