//! What is probably not meant, of a campaign and its plan: shown by the dry run and by a check,
//! logged by a run, and refused where the campaign is strict.

use std::time::Duration;

use super::planning::{Campaign, Mistake};
use crate::campaign::Warning;
use crate::delivery::gate;
use crate::delivery::pace;
use crate::delivery::plan::PlanSummary;
use crate::journal::RunKey;

/// A text with more characters than this is long.
const LONG: usize = 1000;
/// Sending that takes longer is worth a word.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// The warnings of a campaign and its plan, without those that it allows.
///
/// # Errors
/// Where the campaign is strict and there are any.
pub fn of_plan(
    campaign: &Campaign,
    summary: &PlanSummary,
    duration: Duration,
) -> Result<Vec<Warning>, Mistake> {
    let variants = campaign.variants.iter().map(|it| it.message.as_str());
    let texts: Vec<&str> = match campaign.variants.is_empty() {
        true => vec![&campaign.message],
        false => variants.collect(),
    };
    let mut warnings = of_texts(&texts);
    warnings.extend(of_sums(summary));
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

/// Those of the texts.
pub fn of_texts(texts: &[impl AsRef<str>]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let long = |text: &str| text.chars().count() > LONG;
    if texts.iter().any(|text| long(text.as_ref())) {
        let sentence = "the message is longer than 1,000 characters; Desk documents no limit";
        warnings.push(Warning::new("long-message", sentence));
    }
    warnings
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

/// How long sending a plan takes, at the allowed rate or at the campaign's own.
pub fn duration(campaign: &Campaign, summary: &PlanSummary, allowed: f64) -> Duration {
    let restraints = super::launch::restraints_of(campaign);
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
