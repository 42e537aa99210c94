//! What came of an order, for people.

use std::fmt::Write as _;

use super::Reported;
use super::number::grouped;
use super::result::state;
use crate::campaign::CampaignName;
use crate::journal::orders::{Order, Verb};

/// What an order did to the schedule of a campaign.
pub fn schedule(campaign: &CampaignName, verb: Verb) -> String {
    match verb {
        Verb::Pause => format!(
            "{campaign}: what its schedule fires is skipped until: deskcast resume {campaign}\n"
        ),
        Verb::Resume => format!("{campaign}: its schedule is in force\n"),
        Verb::Cancel | Verb::Launch | Verb::Approve => String::new(),
    }
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
        "  Who, by name: deskcast report --customers {}",
        run.run.key
    )
}
