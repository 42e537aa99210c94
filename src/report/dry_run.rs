//! What a dry run shows.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::number::{counted, duration, grouped};
use super::text::wrapped;
use super::{lists, read, restraints};
use crate::campaign::{Ending, FileRead, OpenHours, Restraints, Warning, Zone};
use crate::delivery::plan::PlanSummary;
use crate::delivery::reason::Reason;
use crate::journal::StoreUrl;
use crate::service::planning::{Campaign, invalid_rows_sentence};

/// What stands before a value.
const MARGIN: usize = 12;
/// The widest that a line should be.
const WIDTH: usize = 80;

/// Everything a dry run tells.
#[derive(Debug)]
pub struct DryRun<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The agent in whose name it is sent.
    pub agent_id: u64,
    /// The plan.
    pub summary: &'a PlanSummary,
    /// The customers of each variant; of a campaign without variants, those of all.
    pub shares: &'a [u64],
    /// Where creates go.
    pub url: &'a str,
    /// What holds it back.
    pub restraints: &'a Restraints,
    /// The allowed rate.
    pub requests_per_second: f64,
    /// How long sending takes.
    pub duration: Duration,
    /// When messages may leave; none for always.
    pub window: Option<&'a OpenHours>,
    /// The zone of times; none for that of this machine.
    pub zone: Option<&'a Zone>,
    /// When it would begin.
    pub now: Timestamp,
    /// What the operator should know.
    pub warnings: &'a [Warning],
    /// How many Sendbird user ids were looked up in Desk for it.
    pub looked_up: u64,
    /// Those that are not looked up yet.
    pub missing: Missing,
    /// Where the store is looked for, where there is none.
    pub no_store: Option<NoStore>,
    /// What was read.
    pub read: &'a [FileRead],
    /// The command that sends exactly this.
    pub command: String,
}

/// There is no store.
#[derive(Clone, Debug)]
pub struct NoStore {
    /// Where it was looked for.
    pub url: StoreUrl,
    /// The command that makes one.
    pub make: String,
}

impl NoStore {
    /// What that means for the plan.
    pub fn sentence(&self) -> String {
        format!(
            "no store at {}: nobody is known as messaged before",
            self.url.place()
        )
    }
}

/// Sendbird user ids that are not looked up in Desk yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Missing {
    /// How many.
    pub ids: u64,
    /// How long it takes to look them up.
    pub duration: Duration,
    /// The allowed rate.
    pub requests_per_second: f64,
}

impl Missing {
    /// What is missing, where anything is.
    pub fn sentence(&self) -> Option<String> {
        let Missing {
            ids,
            duration: takes,
            requests_per_second: rate,
        } = *self;
        let unit = if rate == 1.0 { "request" } else { "requests" };
        let are = match ids {
            0 => return None,
            1 => "1 id is".to_owned(),
            ids => format!("{} ids are", grouped(ids)),
        };
        Some(format!(
            "{are} not looked up yet: {} at {rate} {unit} a second",
            duration(takes)
        ))
    }
}

impl DryRun<'_> {
    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let definition = &self.campaign.definition;
        writeln!(
            out,
            "Dry run of {}: nothing was sent, {}.\n",
            definition.name,
            match self.looked_up {
                0 => "no connection was opened".to_owned(),
                ids => format!(
                    "{} looked up in Desk",
                    counted(ids, "Sendbird user id was", "Sendbird user ids were")
                ),
            }
        )?;
        self.write_message(out)?;
        writeln!(out, "Group       {}", definition.group)?;
        writeln!(out, "Agent       {}", self.agent_id)?;
        writeln!(out, "Priority    {}", definition.priority.as_str())?;
        match &self.campaign.chosen {
            Some(chosen) => writeln!(out, "Customers   {}\n", chosen.what)?,
            None => writeln!(out, "Customers   {}\n", self.campaign.customers_shown())?,
        }
        self.write_read(out)?;
        self.write_sums(out)?;
        self.write_lists(out)?;
        self.write_invalid(out)?;
        self.write_request(out)?;
        self.write_restraints(out)?;
        self.write_time(out)?;
        for warning in self.warnings {
            self.write_warning(out, warning)?;
        }
        if let Some(no_store) = &self.no_store {
            writeln!(out, "Warning     {}", no_store.sentence())?;
        }
        if let Some(sentence) = self.missing.sentence() {
            writeln!(out, "Missing     {sentence}")?;
            return writeln!(
                out,
                "\nThis is the plan of those who are known; another one is sent, so it has no digest. A\n\
                 run looks up the others first. To look them up now: --dry-run --online"
            );
        }
        writeln!(out, "Plan        {}\n", self.summary.digest)?;
        if let Some(no_store) = &self.no_store {
            writeln!(
                out,
                "A run needs a store; make it first:\n  {}\n",
                no_store.make
            )?;
        }
        writeln!(out, "Send exactly this:\n  {}", self.command)
    }

    fn write_message(&self, out: &mut String) -> std::fmt::Result {
        if self.campaign.variants.is_empty() {
            return writeln!(out, "Message     {}", shortened(&self.campaign.message));
        }
        for (variant, customers) in self.campaign.variants.iter().zip(self.shares) {
            let customers = counted(*customers, "customer", "customers");
            writeln!(out, "Variant     {}: {customers}", variant.name)?;
            writeln!(out, "            {}", shortened(&variant.message))?;
        }
        Ok(())
    }

    fn write_sums(&self, out: &mut String) -> std::fmt::Result {
        let listing = self.summary.listing;
        let width = grouped(listing.listed).len();
        let mut line = |name: &str, number: u64, note: &str| {
            writeln!(
                out,
                "{}",
                format!("{name:<11} {:>width$}{note}", grouped(number)).trim_end()
            )
        };
        line("Listed", listing.listed, "")?;
        line(
            "Duplicates",
            listing.duplicates,
            "   the first occurrence stays",
        )?;
        line("Invalid", listing.invalid, "")?;
        line("Excluded", listing.excluded, "")?;
        for (ground, count) in &self.summary.left_out {
            if ground.reason != Reason::Duplicate {
                line("", *count, &format!("   {}", ground.sentence()))?;
            }
        }
        let batches = counted(self.summary.batches.into(), "batch", "batches");
        let most = self.campaign.definition.batch_size.get();
        line(
            "Planned",
            self.summary.planned,
            &format!("   in {batches} of at most {most}"),
        )?;
        writeln!(out)
    }

    fn write_read(&self, out: &mut String) -> std::fmt::Result {
        let mut label = "Read";
        for file in self.read {
            for line in read::lines(file, WIDTH - MARGIN) {
                writeln!(out, "{label:<MARGIN$}{line}")?;
                label = "";
            }
        }
        match self.read.is_empty() {
            true => Ok(()),
            false => writeln!(out),
        }
    }

    fn write_lists(&self, out: &mut String) -> std::fmt::Result {
        for list in &self.summary.lists {
            let mut label = "List";
            for line in lists::lines(list, self.now, WIDTH - MARGIN) {
                writeln!(out, "{label:<MARGIN$}{line}")?;
                label = "";
            }
        }
        match self.summary.lists.is_empty() {
            true => Ok(()),
            false => writeln!(out),
        }
    }

    fn write_invalid(&self, out: &mut String) -> std::fmt::Result {
        let listing = self.summary.listing;
        if listing.invalid == 0 {
            return Ok(());
        }
        let names = &self.campaign.definition.customers.files;
        let rows = &self.summary.invalid_rows;
        let sentence = invalid_rows_sentence(names, rows, listing.invalid);
        writeln!(
            out,
            "Left out, because invalid_rows = \"skip\": {sentence}\n"
        )
    }

    fn write_request(&self, out: &mut String) -> std::fmt::Result {
        let Some(body) = &self.summary.first_body else {
            return Ok(());
        };
        writeln!(out, "First request, exactly as it would be sent:")?;
        writeln!(out, "POST {}", self.url)?;
        writeln!(out, "{}\n", String::from_utf8_lossy(body))
    }

    fn write_restraints(&self, out: &mut String) -> std::fmt::Result {
        for (name, what) in restraints::lines(self.restraints) {
            writeln!(out, "{name:<11} {what}")?;
        }
        Ok(())
    }

    fn write_warning(&self, out: &mut String, warning: &Warning) -> std::fmt::Result {
        let mut label = "Warning";
        for line in wrapped(&warning.to_string(), WIDTH - MARGIN) {
            writeln!(out, "{label:<MARGIN$}{line}")?;
            label = "";
        }
        Ok(())
    }

    /// A time as the clock on the wall shows it where the campaign is at home.
    fn local(&self, at: Timestamp) -> impl std::fmt::Display {
        let zone = self
            .zone
            .map_or_else(TimeZone::system, |zone| zone.rules().clone());
        at.to_zoned(zone)
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string()
    }

    fn write_time(&self, out: &mut String) -> std::fmt::Result {
        let rate = self.requests_per_second;
        let unit = if rate == 1.0 { "request" } else { "requests" };
        let took = duration(self.duration);
        writeln!(out, "Duration    {took} at {rate} {unit} a second")?;
        let Some(hours) = self.window else {
            let sending = jiff::SignedDuration::try_from(self.duration).unwrap_or_default();
            let end = self.now.saturating_add(sending).unwrap_or(self.now);
            return writeln!(out, "Ends        {}, if begun now", self.local(end));
        };
        match hours.opens_at(self.now) {
            Some(at) if at <= self.now => {}
            Some(at) => writeln!(out, "Begins      {}, when its window opens", self.local(at))?,
            None => writeln!(out, "Begins      never: its window has closed for good")?,
        }
        match hours.ending(self.now, self.duration) {
            Ending::At(end) => writeln!(out, "Ends        {}, if begun now", self.local(end)),
            Ending::Unfinished(left) => writeln!(
                out,
                "Ends        not in time: {} of sending are left at finish_by",
                duration(left)
            ),
            Ending::TooFar => writeln!(out, "Ends        not within any time to speak of"),
        }
    }
}

/// A message on one line that fits beside its label.
fn shortened(message: &str) -> String {
    const WIDTH: usize = 50;
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let characters = message.chars().count();
    match line.char_indices().nth(WIDTH) {
        None => format!("\"{line}\""),
        Some((at, _)) => format!(
            "\"{}…\" ({})",
            &line[..at],
            counted(characters as u64, "character", "characters")
        ),
    }
}
