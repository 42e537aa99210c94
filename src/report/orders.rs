//! What came of an order, for people.

use std::fmt::Write as _;

use super::Reported;
use super::number::{counted, grouped};
use super::result::state;
use crate::campaign::CampaignName;
use crate::journal::orders::{Order, Verb};
use crate::journal::runs::RunRecord;

/// What an order did to the schedule of a campaign.
pub fn schedule(campaign: &CampaignName, verb: Verb) -> String {
    match verb {
        Verb::Pause => format!(
            "{campaign}: paused, no schedule launches it until: deskcast resume {campaign}\n"
        ),
        Verb::Resume => format!("{campaign}: resumed\n"),
        Verb::Cancel => format!(
            "{campaign}: paused, no schedule launches it until: deskcast resume {campaign}\n"
        ),
        Verb::Launch | Verb::Approve => String::new(),
    }
}

/// What a schedule does by itself after an order.
#[derive(Debug)]
pub struct Next<'a> {
    /// The campaign.
    pub campaign: &'a CampaignName,
    /// The order.
    pub verb: Verb,
    /// When it is due next, in its own zone; none where it never is again.
    pub due: Option<String>,
    /// Whether its schedule is paused.
    pub paused: bool,
    /// The last run, where it was cancelled, and how many of it were not messaged.
    pub left_behind: Option<(RunRecord, u64)>,
}

/// When the next run is launched, and whom it takes up of a cancelled one.
pub fn next(next: &Next<'_>) -> String {
    let Next { campaign, due, .. } = next;
    let Some(due) = due else {
        return String::new();
    };
    if next.paused {
        return String::new();
    }
    let mut text = format!("{campaign}: its schedule goes on, next {due}\n");
    if let Some((run, remaining)) = &next.left_behind {
        text.push_str(&taken_up(run, *remaining));
        text.push('\n');
    }
    if next.verb == Verb::Cancel {
        text.push_str(&format!("  To stop that: deskcast pause {campaign}\n"));
    }
    text
}

/// Says whom of a cancelled run a new plan has.
pub fn still_listed(run: &RunRecord, remaining: u64) -> String {
    format!(
        "{} of {} were not messaged when that was cancelled: those who are still listed are in this plan",
        counted(remaining, "customer", "customers"),
        run.key
    )
}

/// Says that customers of a cancelled run are messaged after all.
pub fn taken_up(run: &RunRecord, remaining: u64) -> String {
    format!(
        "  It takes up the {} of {} who were not messaged when that was cancelled",
        counted(remaining, "customer", "customers"),
        run.key
    )
}

/// What an order did to a run, and after a cancel who was messaged and who was not.
pub fn run(run: &Reported, answer: Option<&Order>, verb: Verb) -> String {
    let key = &run.run.key;
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = match answer {
        Some(order) if order.answer == verb.done() && verb == Verb::Resume => {
            writeln!(out, "{key}  {}", order.note())
        }
        Some(order) if order.answer == verb.done() => {
            writeln!(out, "{key}  {}", note(run, order))
        }
        Some(order) => writeln!(out, "{key}  not {}: {}", verb.done(), order.answer),
        None => writeln!(
            out,
            "{key}  the process that sends it has not obeyed yet; the order stands"
        ),
    };
    if verb == Verb::Approve {
        let _ = writeln!(out, "  plan {}", run.run.digest);
    }
    if verb == Verb::Cancel {
        let _ = who(&mut out, run);
    }
    out
}

fn note(run: &Reported, order: &Order) -> String {
    let note = order.note();
    if note.starts_with(state(&run.run)) {
        note
    } else {
        format!("{}, {note}", state(&run.run))
    }
}

fn who(out: &mut String, run: &Reported) -> std::fmt::Result {
    let customers = run.standing.tally.customers;
    if customers.planned == 0 {
        return Ok(());
    }
    for (words, count) in [
        ("messaged", customers.accepted),
        ("perhaps messaged (unknown)", customers.unknown),
        ("refused by Desk", customers.rejected),
        ("given up (abandoned)", customers.abandoned),
        ("not messaged", customers.remaining),
    ] {
        if count > 0 {
            writeln!(out, "  {words:<28}{:>12}", grouped(count))?;
        }
    }
    writeln!(
        out,
        "  Who they are: deskcast report --customers {}",
        run.run.key
    )
}
