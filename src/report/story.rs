//! One customer's story, for people and for scripts.

use std::fmt::Write as _;

use serde::Serialize;

use super::customers::outcome;
use super::lists;
use super::number::{counted, grouped};
use super::result;
use super::text::{one_line, second, time, wrapped};
use crate::campaign::CustomerId;
use crate::delivery::batch::BatchState;
use crate::delivery::list::List;
use crate::delivery::reason::{Ground, Reason};
use crate::delivery::tally::Owner;
use crate::delivery::tracking::Counts;
use crate::journal::reading::{Attempt, Part, Resolved, Story};
use crate::journal::runs::RunRecord;

/// The story in words. `runs` are the runs that know the customer; `of` is how many were asked.
pub fn text(customer: CustomerId, runs: &[(&RunRecord, Story)], of: usize) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, customer, runs, of);
    out
}

fn write(
    out: &mut String,
    customer: CustomerId,
    runs: &[(&RunRecord, Story)],
    of: usize,
) -> std::fmt::Result {
    let asked = counted(of as u64, "run", "runs");
    let id = customer.get();
    if runs.is_empty() {
        return writeln!(
            out,
            "Customer {id} is in none of {asked}: not listed, and not messaged by any."
        );
    }
    writeln!(
        out,
        "Customer {id} is in {} of {asked}.",
        grouped(runs.len() as u64)
    )?;
    for (run, story) in runs {
        writeln!(out, "\n{}  {}", run.key, result::state(run))?;
        write_story(out, id, run, story)?;
    }
    Ok(())
}

fn write_story(
    out: &mut String,
    customer: u64,
    run: &RunRecord,
    story: &Story,
) -> std::fmt::Result {
    writeln!(out, "  Listed    {}", listed(run, story))?;
    if let Some(variant) = variant(customer, run, story) {
        writeln!(out, "  Variant   {variant}")?;
    }
    for part in &story.parts {
        let of = match part.parent {
            Some(parent) => format!(", a part of batch {parent}"),
            None => String::new(),
        };
        let customers = counted(part.customers.into(), "customer", "customers");
        writeln!(out, "  Batch {:<4}{customers}{of}", part.batch)?;
        for attempt in &part.attempts {
            write_attempt(out, attempt)?;
        }
        for resolved in &part.resolutions {
            write_resolved(out, resolved)?;
        }
    }
    let Some(last) = story.parts.last() else {
        for (line, ground) in &story.left_out {
            let sentence = ground.sentence();
            let (_, line) = run.place(*line);
            writeln!(out, "  Outcome   excluded: {sentence}, line {line}")?;
            if let Some(list) = list_of(run, ground) {
                writeln!(out, "            {}", lists::beside(list))?;
            }
        }
        return Ok(());
    };
    writeln!(out, "  Outcome   {}", outcome_sentence(last, run.owner))?;
    if let Some(chat) = last.chat {
        write!(out, "  Chat      {chat}, shared by the batch: ")?;
        write_counts(out, last)?;
    }
    Ok(())
}

/// The list that left somebody out, where one did.
fn list_of<'a>(run: &'a RunRecord, ground: &Ground) -> Option<&'a List> {
    let mut lists = run.lists.iter();
    lists.find(|list| ground.reason == Reason::Suppressed && list.name == ground.detail)
}

/// The name of the variant whose text the customer is told, who is not left out.
fn variant<'a>(customer: u64, run: &'a RunRecord, story: &Story) -> Option<&'a str> {
    let variant = run.variant_of(customer)?;
    (!story.parts.is_empty()).then_some(variant.name.as_str())
}

fn write_counts(out: &mut String, part: &Part) -> std::fmt::Result {
    let Some(read_at) = part.read_at else {
        return writeln!(out, "not read yet");
    };
    let Counts {
        sent,
        responded,
        closed,
    } = part.counts;
    writeln!(
        out,
        "sent {}, responded {},\n            closed {}, as of {}",
        grouped(sent),
        grouped(responded),
        grouped(closed),
        time(read_at)
    )?;
    match part.doubtful() {
        Some(doubtful) => {
            let said = format!("{}: {}", doubtful.verdict(), doubtful.why());
            writeln!(
                out,
                "            {}",
                wrapped(&said, 68).join("\n            ")
            )
        }
        None => Ok(()),
    }
}

fn listed(run: &RunRecord, story: &Story) -> String {
    let mut text = match story.line.or(story.left_out.first().map(|(line, _)| *line)) {
        Some(line) => {
            let (file, line) = run.place(line);
            format!("line {line} of {file}")
        }
        None => format!("in {}", run.customers_files.join(", ")),
    };
    let several = run.customers_files.len() > 1;
    let shown = |packed: &u64| match run.place(*packed) {
        (file, line) if several => format!("{line} of {file}"),
        (_, line) => line.to_string(),
    };
    let lines: Vec<String> = story.duplicates.iter().map(shown).collect();
    let word = match lines.len() {
        0 => return text,
        1 => "line",
        _ => "lines",
    };
    text.push_str(&format!(
        "\n            again in {word} {}, left out as duplicate",
        lines.join(", ")
    ));
    text
}

fn write_attempt(out: &mut String, attempt: &Attempt) -> std::fmt::Result {
    let at = attempt.begun_at.or(attempt.ended_at);
    let at = at.map(time).unwrap_or_default();
    let outcome = &attempt.outcome;
    writeln!(out, "    {at}  attempt {}: {outcome}", attempt.number)?;
    match &attempt.words {
        Some(words) => writeln!(out, "      {}", one_line(&words.to_string())),
        None => Ok(()),
    }
}

fn write_resolved(out: &mut String, resolved: &Resolved) -> std::fmt::Result {
    let Resolved {
        at,
        by,
        result,
        evidence,
    } = resolved;
    writeln!(
        out,
        "    {}  looked into by {}: {result}",
        time(*at),
        one_line(by)
    )?;
    writeln!(out, "      {}", one_line(evidence))
}

fn outcome_sentence(part: &Part, owner: Owner) -> String {
    let meaning = match (part.state, owner) {
        (BatchState::Accepted, _) => "Desk has the message",
        (BatchState::Rejected, _) => "Desk refused it, nothing was sent",
        (BatchState::Unknown, _) => "it may or may not have been sent; never sent again on a guess",
        (BatchState::Sending, Owner::Gone) => "the process that was sending it has ended",
        (BatchState::Sending, Owner::Alive) => "it is being sent right now",
        (BatchState::Abandoned, _) => "an operator gave it up while it was unknown",
        (BatchState::Planned | BatchState::Split, _) => "not sent yet",
    };
    let outcome = outcome(part.state, owner);
    match part.at {
        Some(at) if part.state != BatchState::Planned => {
            format!("{outcome} at {}:\n            {meaning}", time(at))
        }
        _ => format!("{outcome}: {meaning}"),
    }
}

/// The story as one JSON object.
pub fn json(customer: CustomerId, runs: &[(&RunRecord, Story)]) -> String {
    super::json::line(&StoryObject {
        customer_id: customer.get(),
        runs: runs
            .iter()
            .map(|(run, story)| of_run(customer.get(), run, story))
            .collect(),
    })
}

#[derive(Debug, Serialize)]
struct StoryObject<'a> {
    customer_id: u64,
    runs: Vec<RunStory<'a>>,
}

#[derive(Debug, Serialize)]
struct RunStory<'a> {
    run: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    customers_file: String,
    line: Option<u64>,
    duplicate_lines: Vec<u64>,
    left_out: Vec<LeftOutObject<'a>>,
    outcome: Option<&'static str>,
    at: Option<String>,
    batches: Vec<PartObject<'a>>,
    chat: Option<ChatObject>,
}

#[derive(Debug, Serialize)]
struct LeftOutObject<'a> {
    file: &'a str,
    line: u64,
    reason: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    /// How many people the list has that left them out, and when it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct PartObject<'a> {
    batch: u32,
    part_of: Option<u32>,
    customers: u32,
    state: &'static str,
    attempts: Vec<AttemptObject<'a>>,
    resolutions: Vec<ResolvedObject<'a>>,
}

#[derive(Debug, Serialize)]
struct ResolvedObject<'a> {
    at: String,
    by: &'a str,
    result: &'a str,
    evidence: &'a str,
}

#[derive(Debug, Serialize)]
struct AttemptObject<'a> {
    attempt: u32,
    begun_at: Option<String>,
    ended_at: Option<String>,
    outcome: &'a str,
    status: Option<u16>,
    code: Option<&'a str>,
    message: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ChatObject {
    proactive_chat_id: u64,
    counts: Counts,
    /// What cannot be about the counts, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    doubtful: Option<String>,
    read_at: Option<String>,
}

fn of_run<'a>(customer: u64, run: &'a RunRecord, story: &'a Story) -> RunStory<'a> {
    let last = story.parts.last();
    RunStory {
        run: run.key.to_string(),
        state: result::state(run),
        variant: variant(customer, run, story),
        customers_file: match story.line {
            Some(line) => run.place(line).0.to_owned(),
            None => run.customers_files.join(", "),
        },
        line: story.line.map(|line| run.place(line).1),
        duplicate_lines: story
            .duplicates
            .iter()
            .map(|line| run.place(*line).1)
            .collect(),
        left_out: story
            .left_out
            .iter()
            .map(|row| of_left_out(run, row))
            .collect(),
        outcome: last.map_or_else(
            || Some("excluded").filter(|_| !story.left_out.is_empty()),
            |part| Some(outcome(part.state, run.owner)),
        ),
        at: last.and_then(|part| part.at).map(time),
        batches: story.parts.iter().map(of_part).collect(),
        chat: last.and_then(|part| {
            Some(ChatObject {
                proactive_chat_id: part.chat?.0,
                counts: part.counts,
                doubtful: part.doubtful().map(|doubtful| doubtful.why()),
                read_at: part.read_at.map(time),
            })
        }),
    }
}

fn of_left_out<'a>(run: &'a RunRecord, (line, ground): &'a (u64, Ground)) -> LeftOutObject<'a> {
    let (file, line) = run.place(*line);
    let list = list_of(run, ground);
    LeftOutObject {
        entries: list.map(|list| list.entries),
        changed_at: list.map(|list| second(list.changed_at)),
        file,
        line,
        reason: ground.reason.as_str(),
        detail: &ground.detail,
    }
}

fn of_part(part: &Part) -> PartObject<'_> {
    PartObject {
        batch: part.batch,
        part_of: part.parent,
        customers: part.customers,
        state: part.state.as_str(),
        attempts: part.attempts.iter().map(of_attempt).collect(),
        resolutions: part.resolutions.iter().map(of_resolved).collect(),
    }
}

fn of_resolved(resolved: &Resolved) -> ResolvedObject<'_> {
    ResolvedObject {
        at: time(resolved.at),
        by: &resolved.by,
        result: &resolved.result,
        evidence: &resolved.evidence,
    }
}

fn of_attempt(attempt: &Attempt) -> AttemptObject<'_> {
    let words = attempt.words.as_ref();
    AttemptObject {
        attempt: attempt.number,
        begun_at: attempt.begun_at.map(time),
        ended_at: attempt.ended_at.map(time),
        outcome: &attempt.outcome,
        status: words.and_then(|words| words.status),
        code: words.and_then(|words| words.code.as_deref()),
        message: words.map(|words| words.message.as_str()),
    }
}
