//! What holds a run back, for people: the lines of a dry run.

use crate::campaign::{Abort, OpenOf, Restraints, Then};

use super::number::{counted, duration, grouped};

/// One line for each thing that holds a run back beside what always does, under its name.
pub fn lines(restraints: &Restraints) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if restraints.approval {
        let what = "waits for deskcast approve, unless it is begun with --plan";
        lines.push(("Approval", what.to_owned()));
    }
    canary(restraints, &mut lines);
    pace(restraints, &mut lines);
    let abort = restraints.abort;
    if abort == Abort::default() {
        return lines;
    }
    lines.push((
        "Abort",
        format!(
            "pauses when over {} and {} of the customers go wrong",
            counted(abort.batches, "batch", "batches"),
            abort.share
        ),
    ));
    lines
}

fn canary(restraints: &Restraints, lines: &mut Vec<(&'static str, String)>) {
    let Some(canary) = &restraints.canary else {
        return;
    };
    let then = match canary.then {
        Then::Continue => "goes on",
        Then::Ask => "asks",
    };
    lines.push((
        "Canary",
        format!(
            "{} first, looked at after {}, then {then}",
            counted(canary.customers, "customer", "customers"),
            duration(canary.hold),
        ),
    ));
    lines.push((
        "",
        format!(
            "at most {} rejected, {} unknown, at least {} answered",
            canary.max_rejected, canary.max_unknown, canary.min_responded
        ),
    ));
}

fn pace(restraints: &Restraints, lines: &mut Vec<(&'static str, String)>) {
    let pace = &restraints.pace;
    if let Some(rate) = pace.requests_per_second {
        lines.push(("Pace", format!("{} creates a second", rate.per_second())));
    }
    for (limit, name) in [
        (pace.customers_per_hour, "hour"),
        (pace.customers_per_day, "day"),
    ] {
        if let Some(limit) = limit {
            lines.push((
                "Pace",
                format!("{} customers in any {name}", grouped(limit)),
            ));
        }
    }
    if let Some(rule) = &pace.max_open {
        let of = match rule.of {
            OpenOf::Run => "",
            OpenOf::Group => " of the group",
        };
        let open = grouped(rule.open);
        let within = duration(rule.answers_within);
        lines.push((
            "Pace",
            format!("under {open} chats{of} open, or answerable for {within}"),
        ));
    }
}
