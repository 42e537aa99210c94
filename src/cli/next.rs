//! What happens next by itself: when a campaign is due again, and whom that reaches.

use jiff::Timestamp;

use super::Context;
use super::failure::Failure;
use crate::campaign::{CampaignName, Timetable, Warning};
use crate::journal::orders::Verb;
use crate::journal::runs::RunRecord;
use crate::journal::{RunState, Store};
use crate::report::orders::{Next, next, still_listed};
use crate::service::planning::Campaign;

/// When the campaign in the folder is due; none without a schedule, or where its file is gone or
/// wrong.
pub(super) fn timetable(context: &Context, name: &CampaignName) -> Option<Timetable> {
    let file = format!("{name}.toml");
    let path = context.settings.campaigns.folder.join(file);
    let campaign = Campaign::read(name.clone(), &path, false).ok()?;
    let zone = context.settings.schedule.timezone.as_ref();
    campaign.definition.timetable(zone).ok().flatten()
}

/// The campaign's last run where it was cancelled before everybody was messaged, with how many were
/// not.
pub(super) fn left_behind(
    store: &Store,
    name: &CampaignName,
) -> Result<Option<(RunRecord, u64)>, Failure> {
    let Some(run) = store.last_planned(name)? else {
        return Ok(None);
    };
    if run.state != RunState::Cancelled {
        return Ok(None);
    }
    let remaining = store.standing(&run)?.tally.customers.remaining;
    Ok((remaining > 0).then_some((run, remaining)))
}

/// The warning that a new plan has customers of a cancelled run, as the campaign's rules judge it.
pub(super) fn of_cancelled(store: &Store, campaign: &Campaign) -> Result<Vec<Warning>, Failure> {
    let definition = &campaign.definition;
    let found = left_behind(store, &definition.name)?;
    let warning =
        found.map(|(run, remaining)| Warning::new("cancelled-run", still_listed(&run, remaining)));
    let judged = definition
        .warning_rules
        .judge(warning.into_iter().collect());
    judged.map_err(|what| Failure::mistake(format!("campaign \"{}\": {what}", definition.name)))
}

/// What the schedule of a campaign does after this order.
pub(super) fn told(
    context: &Context,
    store: &Store,
    name: &CampaignName,
    verb: Verb,
) -> Result<String, Failure> {
    let Some(timetable) = timetable(context, name) else {
        return Ok(String::new());
    };
    let due = timetable
        .next(Timestamp::now(), 1)
        .first()
        .map(|fire| fire.due);
    let due = due.map(|due| {
        let zoned = due.to_zoned(timetable.zone().rules().clone());
        format!(
            "{}, {}",
            zoned.strftime("%a %Y-%m-%d %H:%M"),
            timetable.zone()
        )
    });
    Ok(next(&Next {
        campaign: name,
        verb,
        due,
        paused: store.paused_campaign(name)?.is_some(),
        left_behind: left_behind(store, name)?,
    }))
}
