//! The keys of `[pace]`, `[canary]`, `[approval]` and `[abort]`, their defaults and their limits.

use std::time::Duration;

use super::{Abort, Canary, MaxOpen, OpenOf, Pace, Rate, Share, Then};
use crate::campaign::Problem;
use crate::campaign::table::{Entry, TableReader};

/// No list has more customers.
const MOST: u64 = 1_000_000_000;
/// The longest time that answers or a first wave are waited for.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Reads `[pace]`; `batch_size` is the most customers of a batch.
pub(in crate::campaign) fn pace(table: &mut TableReader<'_>, batch_size: u64) -> Option<Pace> {
    let requests_per_second = table.optional("requests_per_second", |entry| {
        let number = entry.number(Rate::SLOWEST..=Rate::FASTEST)?;
        Rate::new(number).ok_or_else(|| entry.problem("is out of range"))
    });
    // A batch is never divided for this: one that is larger than what fits in would never leave.
    let customers = |entry: &Entry<'_>| {
        let number = entry.whole_number(1..=MOST)?;
        if number < batch_size {
            let help = format!("raise it, or set batch_size = {number} or less");
            return Err(entry
                .problem(format_args!("is less than a batch of {batch_size}"))
                .help(help));
        }
        Ok(number)
    };
    let customers_per_hour = table.optional("customers_per_hour", customers);
    let customers_per_day = table.optional("customers_per_day", customers);
    let max_open = match table.holds_table("max_open") {
        true => table.table("max_open", max_open),
        false => table
            .optional("max_open", |entry| entry.whole_number(1..=MOST))
            .map(|open| MaxOpen {
                open,
                of: OpenOf::Run,
                answers_within: MaxOpen::ANSWERS_WITHIN,
            }),
    };
    Some(Pace {
        requests_per_second,
        customers_per_hour,
        customers_per_day,
        max_open,
    })
}

fn max_open(table: &mut TableReader<'_>) -> Option<MaxOpen> {
    let open = table.required(&["open"], "max_open = { open = 200 }", |entry| {
        entry.whole_number(1..=MOST)
    });
    let of = table.optional("of", |entry| {
        entry.choice(&["run", "group"], |word| match word {
            "run" => Some(OpenOf::Run),
            "group" => Some(OpenOf::Group),
            _ => None,
        })
    });
    let answers_within = table.optional("answers_within", |entry| {
        entry.duration(Duration::ZERO..=LONGEST)
    });
    Some(MaxOpen {
        open: open?,
        of: of.unwrap_or_default(),
        answers_within: answers_within.unwrap_or(MaxOpen::ANSWERS_WITHIN),
    })
}

/// Reads `[canary]`.
pub(in crate::campaign) fn canary(table: &mut TableReader<'_>) -> Option<Canary> {
    let customers = table.required(&["customers"], "customers = 100", |entry| {
        entry.whole_number(1..=MOST)
    });
    let hold = table.optional("hold", |entry| entry.duration(Duration::ZERO..=LONGEST));
    let max_rejected = table.optional("max_rejected", share);
    let max_unknown = table.optional("max_unknown", share);
    let min_responded = table.optional("min_responded", share);
    let then = table.optional("then", |entry| {
        entry.choice(&["continue", "ask"], |word| match word {
            "continue" => Some(Then::Continue),
            "ask" => Some(Then::Ask),
            _ => None,
        })
    });
    Some(Canary {
        customers: customers?,
        hold: hold.unwrap_or(Canary::HOLD),
        max_rejected: max_rejected.unwrap_or(Abort::default().share),
        max_unknown: max_unknown.unwrap_or_default(),
        min_responded: min_responded.unwrap_or_default(),
        then: then.unwrap_or_default(),
    })
}

/// Reads `[approval]`: whether it is required.
pub(in crate::campaign) fn approval(table: &mut TableReader<'_>) -> Option<bool> {
    table.required(&["required"], "required = true", |entry| entry.truth())
}

/// Reads `[abort]`.
pub(in crate::campaign) fn abort(table: &mut TableReader<'_>) -> Option<Abort> {
    let default = Abort::default();
    let batches = table.optional("batches", |entry| entry.whole_number(0..=MOST));
    let largest = table.optional("share", share);
    Some(Abort {
        batches: batches.unwrap_or(default.batches),
        share: largest.unwrap_or(default.share),
    })
}

fn share(entry: &Entry<'_>) -> Result<Share, Problem> {
    let number = entry.number(0.0..=1.0)?;
    Share::new(number).ok_or_else(|| entry.problem("is out of range"))
}
