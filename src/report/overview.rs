//! Runs side by side, for people: the list of runs, and the report with its rates and total.

use super::doubts;
use super::json::Total;
use super::number::{counted, grouped, percent};
use super::table::{TableRow, table};
use super::text::second;
use super::{Reported, result};
use crate::delivery::tally::{Customers, Owner};
use crate::delivery::tracking::Counts;
use crate::journal::RunState;

/// The list of runs. Accepted stands beside planned, and whoever makes the difference below.
pub fn list(runs: &[Reported]) -> String {
    if runs.is_empty() {
        return "There are no runs yet.\n".to_owned();
    }
    let header = ["run", "state", "accepted", "sent", "responded", "closed"];
    let rows: Vec<TableRow> = runs.iter().map(list_row).collect();
    table(&header, 2, &rows)
}

fn list_row(reported: &Reported) -> TableRow {
    let customers = reported.standing.tally.customers;
    let counts = reported.standing.counts;
    let accepted = grouped(customers.accepted);
    TableRow {
        cells: vec![
            reported.run.key.to_string(),
            result::state(&reported.run).to_owned(),
            format!("{accepted}/{}", grouped(customers.planned)),
            grouped(counts.sent),
            grouped(counts.responded),
            grouped(counts.closed),
        ],
        note: list_note(reported, &customers),
    }
}

/// What was not accepted; of a run that somebody or some rule holds also why.
fn list_note(reported: &Reported, customers: &Customers) -> String {
    let run = &reported.run;
    let mut note = not_accepted(customers);
    let waits = run.state == RunState::Sending && run.owner == Owner::Alive && !run.note.is_empty();
    if waits || run.state.is_held() || (run.state == RunState::Failed && customers.planned == 0) {
        note.insert(0, run.note.clone());
    }
    note.extend(doubts::note(&reported.standing.doubts));
    if run.test {
        note.insert(0, "test".to_owned());
    }
    note.join(", ")
}

/// The planned customers who are not in Desk, in words.
fn not_accepted(customers: &Customers) -> Vec<String> {
    [
        (customers.rejected, "rejected"),
        (customers.unknown, "unknown"),
        (customers.abandoned, "abandoned"),
        (customers.remaining, "remaining"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", grouped(number)))
    .collect()
}

/// The report of several runs, with their total.
pub fn report(runs: &[Reported]) -> String {
    if runs.is_empty() {
        return list(runs);
    }
    let mut rows: Vec<TableRow> = runs.iter().map(report_row).collect();
    if runs.len() > 1 {
        rows.push(total_row(runs));
    }
    let header = ["run", "accepted", "sent", "responded", "closed"];
    let doubts = match doubts::text(&doubts::of_all(runs)) {
        text if text.is_empty() => text,
        text => format!("\n{text}"),
    };
    format!("{}{doubts}{}", table(&header, 1, &rows), last_read(runs))
}

fn report_row(reported: &Reported) -> TableRow {
    let standing = &reported.standing;
    let mut note = not_accepted(&standing.tally.customers);
    note.extend(doubts::note(&standing.doubts));
    if reported.run.state != RunState::Finished {
        note.insert(0, result::state(&reported.run).to_owned());
    }
    if reported.run.test {
        note.insert(0, "test".to_owned());
    }
    row(
        reported.run.key.to_string(),
        standing.tally.customers.accepted,
        standing.counts,
        standing.doubts.allow_rates(),
        note,
    )
}

fn total_row(runs: &[Reported]) -> TableRow {
    let Total {
        customers, counts, ..
    } = Total::of(runs);
    let count = runs.iter().filter(|it| !it.run.test).count();
    let name = format!("total of {}", counted(count as u64, "run", "runs"));
    let rates = doubts::of_all(runs.iter().filter(|it| !it.run.test)).allow_rates();
    row(
        name,
        customers.accepted,
        counts,
        rates,
        not_accepted(&customers),
    )
}

/// `rates` says whether shares of these counts mean something.
fn row(name: String, accepted: u64, counts: Counts, rates: bool, note: Vec<String>) -> TableRow {
    let Counts {
        sent,
        responded,
        closed,
    } = counts;
    let with_rate = |number| {
        let rate = match sent {
            _ if !rates => String::new(),
            0 => String::new(),
            _ => format!("({})", percent(number, sent)),
        };
        format!("{} {rate:>9}", grouped(number))
    };
    TableRow {
        cells: vec![
            name,
            grouped(accepted),
            grouped(sent),
            with_rate(responded),
            with_rate(closed),
        ],
        note: note.join(", "),
    }
}

/// How fresh the counts are, and how to refresh them where that would change something; nothing
/// for runs without a chat.
pub fn last_read(runs: &[Reported]) -> String {
    let open: u64 = runs.iter().map(|run| run.standing.open_chats).sum();
    let read_at = runs.iter().filter_map(|run| run.standing.read_at).max();
    let read = match read_at {
        Some(at) => format!("Chats last read {}", second(at)),
        None if open > 0 => "Chats not read yet".to_owned(),
        None => return String::new(),
    };
    if open == 0 && !doubts::of_all(runs).allow_rates() {
        return format!("\n{read}\n");
    }
    if open == 0 {
        return format!("\n{read}, all closed\n");
    }
    let which = match runs {
        [only] => format!(" {}", only.run.key),
        _ => String::new(),
    };
    let open = grouped(open);
    format!("\n{read}, {open} still open\nTo read them again: deskcast track{which}\n")
}
