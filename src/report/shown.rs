//! A run as it was planned and as it stands: the dry run of what is frozen.

use std::fmt::Write as _;

use super::lists;
use super::number::{counted, grouped};
use super::text::{one_line, second};
use super::{restraints, result};
use crate::campaign::OpenHours;
use crate::delivery::reason::Ground;
use crate::journal::RunState;
use crate::journal::orders::Approval;
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::service::frozen::Difference;

/// Everything that is shown of a run.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The run.
    pub run: &'a RunRecord,
    /// What became of it so far.
    pub standing: &'a Standing,
    /// Who agreed to its plan.
    pub approvals: &'a [Approval],
    /// Where creates go.
    pub url: &'a str,
    /// The request that it makes next; none where nothing remains.
    pub next_request: Option<&'a [u8]>,
    /// What the campaign's files say otherwise today.
    pub differences: &'a [Difference],
}

impl Shown<'_> {
    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let run = self.run;
        writeln!(out, "Run         {}", run.key)?;
        let note = match run.note.is_empty() {
            true => String::new(),
            false => format!(": {}", one_line(&run.note)),
        };
        writeln!(out, "State       {}{note}", result::state(run))?;
        writeln!(out, "Planned     {}", second(run.created_at))?;
        if run.digest.is_empty() {
            return writeln!(
                out,
                "\nIt was never planned: there is nothing more to show."
            );
        }
        for approval in self.approvals {
            let at = second(approval.at);
            writeln!(out, "Approved    by {} at {at}", one_line(&approval.by))?;
        }
        if run.test {
            writeln!(
                out,
                "Test        a test send: it counts for nobody's limits"
            )?;
        }
        self.write_texts(out)?;
        writeln!(out, "Group       {}", run.group)?;
        writeln!(out, "Agent       {}", run.agent_id)?;
        writeln!(out, "Priority    {}", run.priority.as_str())?;
        writeln!(out, "Customers   {}\n", run.customers_files.join(", "))?;
        self.write_sums(out)?;
        for list in &run.lists {
            for (nth, line) in lists::lines(list, run.created_at, 68).iter().enumerate() {
                let label = if nth == 0 { "List" } else { "" };
                writeln!(out, "{label:<11} {line}")?;
            }
        }
        if !run.lists.is_empty() {
            writeln!(out)?;
        }
        self.write_request(out)?;
        for (name, what) in restraints::lines(&run.restraints) {
            writeln!(out, "{name:<11} {what}")?;
        }
        if let Some(hours) = OpenHours::parse(&run.window) {
            writeln!(out, "Window      {}", super::check::opening(&hours))?;
        }
        writeln!(out, "Plan        {}", run.digest)
    }

    /// The whole text, line by line, of every variant.
    fn write_texts(&self, out: &mut String) -> std::fmt::Result {
        let run = self.run;
        if run.variants.is_empty() {
            return write_text(out, "Message", "", &run.message);
        }
        for (nth, variant) in run.variants.iter().enumerate() {
            let customers = self.standing.variants.get(nth).map(|it| it.customers);
            let customers = counted(customers.unwrap_or(0), "customer", "customers");
            let what = format!("{}: {customers}, ", variant.name);
            write_text(out, "Variant", &what, &variant.message)?;
        }
        Ok(())
    }

    fn write_sums(&self, out: &mut String) -> std::fmt::Result {
        let sums = self.standing.tally.customers;
        let width = grouped(sums.listed).len();
        let mut line = |name: &str, number: u64, note: &str| {
            let line = format!("{name:<11} {:>width$}{note}", grouped(number));
            writeln!(out, "{}", line.trim_end())
        };
        line("Listed", sums.listed, "")?;
        line("Duplicates", sums.duplicates, "")?;
        line("Invalid", sums.invalid, "")?;
        line("Excluded", sums.excluded, "")?;
        for (reason, count) in sums.excluded_by.counts() {
            if count > 0 {
                let why = Ground::plain(reason).sentence();
                line("", count, &format!("   {why}"))?;
            }
        }
        let batches = counted(self.standing.tally.batches.planned, "batch", "batches");
        let most = self.run.batch_size;
        line(
            "Planned",
            sums.planned,
            &format!("   in {batches} of at most {most}"),
        )?;
        for (name, count) in [
            ("  Accepted", sums.accepted),
            ("  Rejected", sums.rejected),
            ("  Unknown", sums.unknown),
            ("  Abandoned", sums.abandoned),
            ("  Remaining", sums.remaining),
        ] {
            if count > 0 || name.ends_with("Remaining") {
                line(name, count, "")?;
            }
        }
        writeln!(out)
    }

    fn write_request(&self, out: &mut String) -> std::fmt::Result {
        let Some(body) = self.next_request.filter(|_| self.run.state.is_open()) else {
            return Ok(());
        };
        writeln!(out, "Next request, exactly as it would be sent:")?;
        writeln!(out, "POST {}", self.url)?;
        writeln!(out, "{}\n", String::from_utf8_lossy(body))
    }

    /// What can be done with an unfinished run, what ends it first where it is not what the files
    /// say.
    pub fn advice(&self) -> String {
        let run = self.run;
        let name = &run.key.campaign;
        if !run.state.is_open() {
            return String::new();
        }
        let go_on = match run.state {
            RunState::Paused => format!("deskcast resume {}", run.key),
            _ => format!("deskcast run {name} --plan {}", run.digest),
        };
        if self.differences.is_empty() {
            return format!("To send the rest, exactly this:\n  {go_on}\n");
        }
        let go_on = match run.state {
            RunState::Paused => go_on,
            _ => format!("deskcast run {name} --as-planned"),
        };
        format!(
            "The campaign has changed since this run was planned:\n{}\
             To send what the files say now:\n  deskcast cancel {}\n  deskcast run {name} --dry-run\n\
             To send the rest as it was planned, as shown here:\n  {go_on}\n",
            changes(self.differences),
            run.key
        )
    }
}

fn write_text(out: &mut String, name: &str, what: &str, message: &str) -> std::fmt::Result {
    let characters = counted(message.chars().count() as u64, "character", "characters");
    writeln!(out, "{name:<11} {what}{characters}")?;
    for line in message.lines() {
        writeln!(out, "{}", format!("  | {}", one_line(line)).trim_end())?;
    }
    Ok(())
}

/// What differs, a line for each.
pub fn changes(differences: &[Difference]) -> String {
    let lines = differences.iter().map(|difference| {
        let Difference { what, planned, now } = difference;
        match planned.is_empty() {
            true => {
                let mut lines = now.lines();
                let first = lines.next().unwrap_or_default();
                format!("  {what}: {first}\n")
            }
            false => {
                let (planned, now) = excerpts(planned, now);
                format!("  {what}: planned \"{planned}\", now \"{now}\"\n")
            }
        }
    });
    lines.collect()
}

/// Two texts around the first place where they differ.
fn excerpts(planned: &str, now: &str) -> (String, String) {
    const BEFORE: usize = 10;
    const WIDTH: usize = 30;
    let same = planned.chars().zip(now.chars());
    let same = same.take_while(|(a, b)| a == b).count();
    let from = if planned.chars().count().max(now.chars().count()) <= WIDTH {
        0
    } else {
        same.saturating_sub(BEFORE)
    };
    let excerpt = |text: &str| {
        let shown: String = text.chars().skip(from).take(WIDTH).collect();
        let before = if from > 0 { "…" } else { "" };
        let after = match text.chars().count() > from + WIDTH {
            true => "…",
            false => "",
        };
        format!("{before}{}{after}", one_line(&shown))
    };
    (excerpt(planned), excerpt(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_texts_are_shown_where_they_differ() {
        let planned = format!("{}SPRNG for everybody who comes", "a".repeat(60));
        let now = format!("{}SPRING for everybody who comes", "a".repeat(60));
        let (planned, now) = excerpts(&planned, &now);
        assert_eq!(planned, "…aaaaaaaSPRNG for everybody who…");
        assert_eq!(now, "…aaaaaaaSPRING for everybody wh…");
        assert_eq!(
            excerpts("vip", "vip-support"),
            ("vip".into(), "vip-support".into())
        );
    }
}
