//! The columns of runs and of customers, in one list each: CSV, workbooks and JSON have them by the
//! same names.

use jiff::Timestamp;

use super::number::percentage;
use super::{Reported, result};
use crate::journal::runs::RunRecord;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Words; ids are words as well, which nobody adds up.
    Text(String),
    /// A count.
    Number(u64),
    /// A share in percent; none of nothing.
    Share(Option<f64>),
    /// A moment; none where it has not come.
    Time(Option<Timestamp>),
}

/// The columns of a run.
pub(super) const RUN: [&str; 36] = [
    "run",
    "campaign",
    "state",
    "due",
    "started_at",
    "ended_at",
    "read_at",
    "listed",
    "duplicates",
    "invalid",
    "excluded",
    "filtered",
    "unknown_to_desk",
    "suppressed",
    "not_sampled",
    "messaged_before",
    "messaged_lately",
    "cap_reached",
    "planned",
    "accepted",
    "rejected",
    "unknown",
    "abandoned",
    "remaining",
    "sent",
    "responded",
    "responded_percent",
    "closed",
    "closed_percent",
    "batches",
    "open_chats",
    "creates",
    "reads",
    "throttled",
    "digest",
    "doubtful_chats",
];

/// The columns that a customer always has.
const CUSTOMER: [&str; 6] = [
    "customer_id",
    "outcome",
    "reason",
    "batch",
    "proactive_chat_id",
    "at",
];

/// The columns of the customers of a run: where every row of its files is asked for, also where it
/// stands.
pub(super) fn of_customers(run: &RunRecord, all_rows: bool) -> Vec<&'static str> {
    const ROW: [&str; 2] = ["line", "file"];
    let of_rows = match (all_rows, run.customers_files.len()) {
        (false, _) => 0,
        (true, 1) => 1,
        (true, _) => 2,
    };
    [&CUSTOMER[..], &ROW[..of_rows]].concat()
}

/// The cells of a run.
pub(super) fn of_run(reported: &Reported) -> [Value; RUN.len()] {
    use Value::{Number, Share, Text, Time};
    let Reported { run, standing } = reported;
    let customers = standing.tally.customers;
    let counts = standing.counts;
    let by = customers.excluded_by;
    // Where Desk's figures contradict themselves there is no rate of them.
    let rates = standing.doubts.allow_rates();
    let share = |part| Share(percentage(part, counts.sent).filter(|_| rates));
    [
        Text(run.key.to_string()),
        Text(run.key.campaign.to_string()),
        Text(result::state(run).to_owned()),
        Time(Some(run.key.due)),
        Time(run.started_at),
        Time(run.ended_at),
        Time(standing.read_at),
        Number(customers.listed),
        Number(customers.duplicates),
        Number(customers.invalid),
        Number(customers.excluded),
        Number(by.filtered),
        Number(by.unknown_to_desk),
        Number(by.suppressed),
        Number(by.not_sampled),
        Number(by.messaged_before),
        Number(by.messaged_lately),
        Number(by.cap_reached),
        Number(customers.planned),
        Number(customers.accepted),
        Number(customers.rejected),
        Number(customers.unknown),
        Number(customers.abandoned),
        Number(customers.remaining),
        Number(counts.sent),
        Number(counts.responded),
        share(counts.responded),
        Number(counts.closed),
        share(counts.closed),
        Number(standing.tally.batches.planned),
        Number(standing.open_chats),
        Number(standing.requests.creates),
        Number(standing.requests.reads),
        Number(standing.requests.throttled),
        Text(run.digest.clone()),
        Number(standing.doubts.chats),
    ]
}
