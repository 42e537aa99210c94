//! What is probably not meant, of a campaign and its plan: shown by the dry run and by a check,
//! logged by a run, and refused where the campaign is strict.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::planning::{Campaign, Mistake};
use super::texts;
use crate::campaign::{Warning, fresh_file, strange_file, strange_size};
use crate::delivery::gate;
use crate::delivery::list::List;
use crate::delivery::pace;
use crate::delivery::plan::PlanSummary;
use crate::delivery::tally::Listing;
use crate::delivery::variant::Variant;
use crate::journal::RunKey;

/// Sending that takes longer is worth a word.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// What earlier runs were like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Earlier {
    /// How many characters the longest text has; none where there was no run.
    pub longest: Option<u64>,
    /// How many customers the last run of the campaign was for; none where it had none.
    pub audience: Option<u64>,
}

/// The warnings of a campaign and its plan, without those that it allows.
///
/// # Errors
/// Where the campaign is strict and there are any.
pub fn of_plan(
    campaign: &Campaign,
    summary: &PlanSummary,
    duration: Duration,
    earlier: Earlier,
) -> Result<Vec<Warning>, Mistake> {
    let mut warnings = texts::warnings(&campaign.message, &campaign.variants);
    warnings.extend(longer(
        &campaign.message,
        &campaign.variants,
        earlier.longest,
    ));
    warnings.extend(of_sums(summary));
    warnings.extend(of_lists(campaign, summary));
    warnings.extend(of_files(campaign, summary));
    warnings.extend(of_size(campaign, summary, earlier.audience));
    if duration > A_DAY {
        let sentence = "sending takes longer than a day";
        warnings.push(Warning::new("long-sending", sentence));
    }
    judged(campaign, warnings)
}

/// What remains of these warnings, together with those of the definition.
///
/// # Errors
/// Where the campaign is strict and any remain.
pub fn judged(campaign: &Campaign, mut warnings: Vec<Warning>) -> Result<Vec<Warning>, Mistake> {
    let definition = &campaign.definition;
    warnings.splice(0..0, definition.warnings.named());
    let judged = definition.warning_rules.judge(warnings);
    judged.map_err(|what| Mistake(format!("campaign \"{}\": {what}", definition.name)))
}

/// Whether a text is longer than all that were sent before.
pub(super) fn longer(message: &str, variants: &[Variant], longest: Option<u64>) -> Option<Warning> {
    let texts = variants.iter().map(|it| it.message.as_str());
    let characters = |text: &str| text.chars().count() as u64;
    let here = texts.chain([message]).map(characters).max()?;
    let before = longest.filter(|before| here > *before)?;
    Some(Warning::new(
        "longest-message",
        format!("the message has {here} characters, and no earlier one more than {before}"),
    ))
}

fn of_sums(summary: &PlanSummary) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let listing = summary.listing;
    if listing.duplicates * 10 > listing.listed {
        let sentence = "more than a tenth of the rows are duplicates: is it the right column?";
        warnings.push(Warning::new("duplicates", sentence));
    }
    if listing.invalid * 10 > listing.listed {
        let sentence = "more than a tenth of the rows are invalid: is it the right column?";
        warnings.push(Warning::new("invalid-rows", sentence));
    }
    warnings
}

/// Files that are strange in themselves.
fn of_files(campaign: &Campaign, summary: &PlanSummary) -> Vec<Warning> {
    let names = campaign.definition.customers.files.iter();
    let names = names.map(|name| name.as_path().display().to_string());
    let now = SystemTime::now();
    let mut warnings = Vec::new();
    for ((name, path), seen) in names.zip(&campaign.customers).zip(&summary.files) {
        let changed = changed_at(path);
        warnings.extend(changed.and_then(|at| fresh(&name, now, at)));
        warnings.extend(strange_file(&name, seen));
    }
    for list in &summary.lists {
        warnings.extend(fresh(&list.name, now, list.changed_at.into()));
        let seen = list.seen.iter();
        warnings.extend(seen.flat_map(|seen| strange_file(&list.name, seen)));
    }
    warnings
}

/// When a file was last changed; none where it is gone by now.
fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// Whether it was changed a moment ago. A time in the future says nothing.
fn fresh(name: &str, now: SystemTime, changed: SystemTime) -> Option<Warning> {
    fresh_file(name, now.duration_since(changed).ok()?)
}

/// An audience of quite another size than the last one.
fn of_size(campaign: &Campaign, summary: &PlanSummary, before: Option<u64>) -> Option<Warning> {
    // Who was chosen by hand is no audience.
    let before = before.filter(|_| campaign.chosen.is_none())?;
    let Listing {
        listed,
        duplicates,
        invalid,
        excluded_by,
        ..
    } = summary.listing;
    let now = listed.saturating_sub(duplicates + invalid + excluded_by.filtered);
    strange_size(now, before)
}

/// Lists in which nobody of the audience stands: mostly those of another Desk, or of another column.
fn of_lists(campaign: &Campaign, summary: &PlanSummary) -> Vec<Warning> {
    // A few who were chosen are on no list for a reason, and whoever is not looked up yet is on none.
    if campaign.chosen.is_some() || summary.not_asked() > 0 {
        return Vec::new();
    }
    let lists = summary.lists.iter().filter(|list| list.is_of_nobody());
    let warning = |list: &List| {
        let entries = match list.entries {
            1 => "its only entry is".to_owned(),
            entries => format!("all of its {entries} entries are"),
        };
        let sentence = format!(
            "{}: {entries} of nobody whom the customer files list, so that it leaves nobody out: is it the right \
             list, with the right ids?",
            list.name
        );
        Warning::new("unmatched-list", sentence)
    };
    lists.map(warning).collect()
}

/// How long sending a plan takes, at the allowed rate or at the campaign's own.
pub fn duration(campaign: &Campaign, summary: &PlanSummary, allowed: f64) -> Duration {
    let restraints = super::prepare::restraints_of(campaign);
    let own = restraints.pace.requests_per_second;
    let rate = own.map_or(allowed, |own| own.per_second().min(allowed));
    pace::duration(summary.batches.into(), rate).max(gate::at_least(&restraints, summary.planned))
}

/// Writes the warnings of a run that was just planned to the log.
pub fn log(run: &RunKey, warnings: &[Warning]) {
    for Warning { name, sentence } in warnings {
        tracing::warn!(%run, warning = name, "{sentence}");
    }
}
