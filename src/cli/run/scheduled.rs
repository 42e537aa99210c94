//! `deskcast run NAME --scheduled`: one turn of the schedule, for cron and systemd timers.
//!
//! The run is that of the due time, as it would be the daemon's: started twice, or beside a
//! daemon, it is still one run.

use jiff::Timestamp;

use super::super::Context;
use super::super::failure::Failure;
use super::plan::terms;
use super::target::Target;
use crate::campaign::{CampaignName, Timetable};
use crate::delivery::tally::Owner;
use crate::journal::sqlite::SqliteJournal;
use crate::journal::sqlite::read::{RunRecord, Store};
use crate::journal::sqlite::schedule::Unlaunched;
use crate::journal::{RunState, Tended};
use crate::service::fires::{Question, Settled, settle};
use crate::service::planning::Campaign;

/// The run to send now: the one that is due, or else an unfinished one that nobody is sending.
/// Without either, the sentence that says so.
pub(super) fn by_schedule(
    context: &Context,
    journal: &mut SqliteJournal,
    campaign: &Campaign,
    target: &Target,
    now: Timestamp,
) -> Result<Result<RunRecord, String>, Failure> {
    let name = &campaign.definition.name;
    let timetable = timetable(context, campaign)?;
    let store = Store::open(&target.store)?;
    let open = store.open_runs()?;
    let question = Question {
        campaign: name,
        timetable: &timetable,
        decided: Some(store.decided(name)?.unwrap_or(earliest(&timetable, now))),
        watching_since: now,
        now,
        tended: Tended::ByHand,
    };
    let (plan, steps) = question.answer(&store, &open)?;
    let terms = terms(context, &target.planned_url, false);
    let mut settled = Settled::default();
    settle(journal, campaign, &terms, steps, &mut settled)?;
    if let Some(key) = settled.launched.last() {
        let run = store.run(key)?;
        return run
            .map(Ok)
            .ok_or_else(|| Failure::stopped("the run that was just planned is not in the store"));
    }
    let failed = |fire: &&Unlaunched| fire.state == RunState::Failed;
    if let Some(fire) = settled.unlaunched.iter().find(failed) {
        return Err(Failure::mistake(format!(
            "{name}@{}: {}",
            fire.due, fire.why
        )));
    }
    Ok(
        unfinished(&open, name).ok_or_else(|| match settled.unlaunched.last() {
            Some(fire) => format!("{name}@{}: {}: {}", fire.due, fire.state.as_str(), fire.why),
            None => nothing_due(name, &open, plan.wake_at),
        }),
    )
}

fn timetable(context: &Context, campaign: &Campaign) -> Result<Timetable, Failure> {
    let name = &campaign.definition.name;
    let schedule = campaign.definition.schedule.as_ref().ok_or_else(|| {
        Failure::mistake(format!(
            "campaign \"{name}\" has no [schedule], so nothing of it is ever due; without --scheduled it is sent now"
        ))
    })?;
    schedule
        .in_zone(None)
        .map_err(|error| Failure::mistake(format!("campaign \"{name}\": {error}")))
}

/// A campaign that is seen for the first time is due as far back as it may start late.
fn earliest(timetable: &Timetable, now: Timestamp) -> Timestamp {
    let schedule = timetable.schedule();
    now.saturating_sub(schedule.starting_deadline + schedule.jitter)
        .unwrap_or(Timestamp::MIN)
}

/// An unfinished run that this process may go on with, the earliest due.
fn unfinished(open: &[RunRecord], name: &CampaignName) -> Option<RunRecord> {
    let ours = |run: &&RunRecord| {
        run.key.campaign == *name && !run.state.is_held() && run.owner == Owner::Gone
    };
    open.iter().find(ours).cloned()
}

fn nothing_due(name: &CampaignName, open: &[RunRecord], next: Option<Timestamp>) -> String {
    let under_way = open.iter().find(|run| run.key.campaign == *name);
    match (under_way, next) {
        (Some(run), _) if run.state == RunState::Paused => {
            format!(
                "the run {} is {}; nothing was launched beside it",
                run.key, run.note
            )
        }
        (Some(run), _) => format!("the run {} is being sent by another process", run.key),
        (None, Some(next)) => format!("nothing of \"{name}\" is due now; it is next due {next:.0}"),
        (None, None) => format!("nothing of \"{name}\" is due now, nor will be again"),
    }
}
