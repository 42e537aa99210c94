//! Runs as CSV: a header and a row for each run, and nothing else. Whoever wants a total adds up a
//! column; a total among the rows would be added to it.

use std::io::{self, Write};

use super::number::percentage;
use super::text::time;
use super::{Reported, result};

const HEADER: [&str; 36] = [
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

/// Writes the runs; for a spreadsheet with a byte order mark and `;` between the cells.
///
/// # Errors
/// When `out` cannot be written.
pub fn runs(runs: &[Reported], excel: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = ::csv::WriterBuilder::new();
    if excel {
        out.write_all("\u{feff}".as_bytes())?;
        builder.delimiter(b';').terminator(::csv::Terminator::CRLF);
    }
    let mut writer = builder.from_writer(out);
    writer.write_record(HEADER)?;
    for reported in runs {
        writer.write_record(record(reported))?;
    }
    writer.flush()
}

fn record(reported: &Reported) -> [String; HEADER.len()] {
    let Reported { run, standing } = reported;
    let customers = standing.tally.customers;
    let counts = standing.counts;
    let by = customers.excluded_by;
    let rates = standing.doubts.allow_rates();
    let rate = |part| match percentage(part, counts.sent).filter(|_| rates) {
        Some(percent) => format!("{percent:.1}"),
        None => String::new(),
    };
    [
        run.key.to_string(),
        run.key.campaign.to_string(),
        result::state(run).to_owned(),
        time(run.key.due),
        run.started_at.map(time).unwrap_or_default(),
        run.ended_at.map(time).unwrap_or_default(),
        standing.read_at.map(time).unwrap_or_default(),
        customers.listed.to_string(),
        customers.duplicates.to_string(),
        customers.invalid.to_string(),
        customers.excluded.to_string(),
        by.filtered.to_string(),
        by.unknown_to_desk.to_string(),
        by.suppressed.to_string(),
        by.not_sampled.to_string(),
        by.messaged_before.to_string(),
        by.messaged_lately.to_string(),
        by.cap_reached.to_string(),
        customers.planned.to_string(),
        customers.accepted.to_string(),
        customers.rejected.to_string(),
        customers.unknown.to_string(),
        customers.abandoned.to_string(),
        customers.remaining.to_string(),
        counts.sent.to_string(),
        counts.responded.to_string(),
        rate(counts.responded),
        counts.closed.to_string(),
        rate(counts.closed),
        standing.tally.batches.planned.to_string(),
        standing.open_chats.to_string(),
        standing.requests.creates.to_string(),
        standing.requests.reads.to_string(),
        standing.requests.throttled.to_string(),
        run.digest.clone(),
        standing.doubts.chats.to_string(),
    ]
}
