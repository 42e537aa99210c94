//! What a run came to, for people.

use std::fmt::Write as _;

use super::doubts;
use super::lists;
use super::number::{counted, duration, grouped, percent};
use super::text::wrapped;
use super::variants;
use crate::delivery::tally::{Batches, Customers, Owner};
use crate::journal::RunState;
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;

/// The text that ends `deskcast run`.
pub fn text(run: &RunRecord, standing: &Standing) -> String {
    let mut out = of_throwaway(run, standing);
    // Writing to a string does not fail.
    let _ = advice(&mut out, run, standing);
    out
}

/// The same of a run whose store is thrown away: there is nothing to go on with.
pub fn of_throwaway(run: &RunRecord, standing: &Standing) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, run, standing);
    out
}

fn write(out: &mut String, run: &RunRecord, standing: &Standing) -> std::fmt::Result {
    let Customers {
        listed,
        duplicates,
        invalid,
        excluded,
        excluded_by,
        planned,
        ..
    } = standing.tally.customers;
    writeln!(out, "{}  {}{}\n", run.key, state(run), took(run))?;
    if !run.note.is_empty() {
        writeln!(out, "{}\n", wrapped(&run.note, 80).join("\n"))?;
    }
    let rows = rows(&standing.tally.customers, &standing.tally.batches);
    let width = grouped(listed.max(planned)).len().max(9);
    writeln!(out, "{:<12}{:>width$}{:>11}", "", "customers", "batches")?;
    for (name, customers, batches, always) in rows {
        if always || customers > 0 {
            writeln!(
                out,
                "{name:<12}{:>width$}{:>11}",
                grouped(customers),
                grouped(batches)
            )?;
        }
    }
    writeln!(
        out,
        "\nListed {} = planned {} + duplicates {} + invalid {} + excluded {}",
        grouped(listed),
        grouped(planned),
        grouped(duplicates),
        grouped(invalid),
        grouped(excluded)
    )?;
    let by: Vec<String> = excluded_by
        .counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{} {}", reason.words(), grouped(count)))
        .collect();
    if !by.is_empty() {
        writeln!(out, "Excluded: {}", by.join(", "))?;
    }
    for list in &run.lists {
        for (nth, line) in lists::lines(list, run.created_at, 74).iter().enumerate() {
            let label = if nth == 0 { "List: " } else { "" };
            writeln!(out, "{label:<6}{line}")?;
        }
    }
    let counts = standing.counts;
    let with_rate = |part| match standing.doubts.allow_rates() {
        true => format!("{} ({})", grouped(part), percent(part, counts.sent)),
        false => grouped(part),
    };
    writeln!(
        out,
        "Chats: sent {}, responded {}, closed {}",
        grouped(counts.sent),
        with_rate(counts.responded),
        with_rate(counts.closed)
    )?;
    out.push_str(&doubts::text(&standing.doubts));
    let requests = standing.requests;
    writeln!(
        out,
        "Requests: {}, {}, {} throttled",
        counted(requests.creates, "create", "creates"),
        counted(requests.reads, "read", "reads"),
        grouped(requests.throttled)
    )?;
    out.write_str(&variants::text(&standing.variants))
}

fn rows(customers: &Customers, batches: &Batches) -> [(&'static str, u64, u64, bool); 6] {
    [
        ("Planned", customers.planned, batches.planned, true),
        ("Accepted", customers.accepted, batches.accepted, true),
        ("Rejected", customers.rejected, batches.rejected, true),
        ("Unknown", customers.unknown, batches.unknown, true),
        ("Abandoned", customers.abandoned, batches.abandoned, false),
        ("Remaining", customers.remaining, batches.remaining, true),
    ]
}

/// The state as it is shown: one that says "sending" without a living sender is interrupted.
pub fn state(run: &RunRecord) -> &'static str {
    match (run.state, run.owner) {
        (RunState::Sending, Owner::Gone) => "interrupted",
        (state, _) => state.as_str(),
    }
}

fn took(run: &RunRecord) -> String {
    let (Some(start), Some(end)) = (run.started_at, run.ended_at) else {
        return String::new();
    };
    match end.duration_since(start).try_into() {
        Ok(time) => format!(" after {}", duration(time)),
        Err(_) => String::new(),
    }
}

fn advice(out: &mut String, run: &RunRecord, standing: &Standing) -> std::fmt::Result {
    let customers = &standing.tally.customers;
    if customers.remaining > 0 && run.state == RunState::Paused {
        writeln!(out, "\nTo go on: deskcast resume {}", run.key)?;
    } else if customers.remaining > 0 && run.state.is_open() && run.owner == Owner::Gone {
        writeln!(
            out,
            "\nTo go on where it stopped: deskcast run {}",
            run.key.campaign
        )?;
    }
    if customers.rejected + customers.unknown > 0 {
        let what = match (customers.rejected, customers.unknown) {
            (_, 0) => "rejected",
            (0, _) => "unknown",
            _ => "rejected or unknown",
        };
        writeln!(
            out,
            "\nWho is {what}, and why:\n  deskcast report --customers {}",
            run.key
        )?;
    }
    Ok(())
}
