//! `deskcast run NAME --scheduled`: one turn of the schedule, for cron and systemd timers.
//!
//! The run is that of the due time, as it would be the daemon's: started twice, or beside a
//! daemon, it is still one run.

use jiff::Timestamp;

use super::super::Context;
use super::super::failure::Failure;
use super::lookups::look_up;
use super::plan::terms;
use super::target::Target;
use crate::campaign::{CampaignName, Timetable};
use crate::delivery::ahead::{Look, Told};
use crate::delivery::tally::Owner;
use crate::journal::runs::RunRecord;
use crate::journal::schedule::Unlaunched;
use crate::journal::{RunState, StoreJournal, Tended, clock};
use crate::service::fires::{Question, Settled, Step, settle};
use crate::service::planning::Campaign;

/// The run to send now: the one that is due, or else an unfinished one that nobody is sending.
/// Without either, the sentence that says so.
pub(super) async fn by_schedule(
    context: &Context,
    journal: &mut StoreJournal,
    campaign: &Campaign,
    target: &Target,
    now: Timestamp,
) -> Result<Result<RunRecord, String>, Failure> {
    let name = &campaign.definition.name;
    let timetable = timetable(context, campaign)?;
    let ahead = ahead(journal, name, now)?;
    let store = target.store.read()?;
    let open = store.open_runs()?;
    let question = Question {
        campaign: name,
        timetable: &timetable,
        decided: store.decided(name)?.map(|decided| decided.at(now)),
        watching_since: now,
        now,
        tended: Tended::ByHand,
    };
    let (plan, steps) = question.answer(&store, &open)?;
    if steps.iter().any(|step| matches!(step, Step::Launch(_))) {
        look_up(context, journal, campaign, target).await?;
    }
    let terms = terms(context, &target.planned_url, false);
    let mut settled = Settled::default();
    settle(journal, campaign, &terms, steps, &mut settled)?;
    let failed = |fire: &&Unlaunched| fire.state == RunState::Failed;
    if let Some(fire) = settled.unlaunched.iter().find(failed) {
        return Err(Failure::mistake(format!(
            "{name}@{}: {}",
            fire.due, fire.why
        )));
    }
    // What was launched just now, by this process or by another one, is among them.
    let open = store.open_runs()?;
    let launched = |run: &&RunRecord| settled.launched.last() == Some(&run.key) && !run.queued;
    let run = open.iter().find(launched).cloned();
    let run = run.or_else(|| unfinished(&open, name));
    match (run, ahead) {
        (Some(run), _) => Ok(Ok(run)),
        (None, Some(why)) => Err(Failure::stopped(why)),
        (None, None) => Ok(Err(nothing_due(name, &open, &settled, plan.wake_at))),
    }
}

/// Why nothing of the campaign can be due: its due times are decided up to one that has not come.
fn ahead(
    journal: &mut StoreJournal,
    name: &CampaignName,
    now: Timestamp,
) -> Result<Option<String>, Failure> {
    let found = journal.settle_ahead(clock::at(now))?;
    let of = found.into_iter().find(|one| one.campaign == *name);
    Ok(of.and_then(|one| match one.look {
        Look::Wait { since, until, .. } => {
            let (up_to, watched) = (one.decided.up_to, Some((since, until)));
            Some(format!(
                "the due times of {name} are {}",
                Told { up_to, watched }
            ))
        }
        Look::Come | Look::Back(_) => None,
    }))
}

fn timetable(context: &Context, campaign: &Campaign) -> Result<Timetable, Failure> {
    let name = &campaign.definition.name;
    let schedule = campaign.definition.schedule.as_ref().ok_or_else(|| {
        Failure::mistake(format!(
            "campaign \"{name}\" has no [schedule], so nothing of it is ever due; without --scheduled it is sent now"
        ))
    })?;
    schedule
        .in_zone(context.settings.schedule.timezone.as_ref())
        .map_err(|error| Failure::mistake(format!("campaign \"{name}\": {error}")))
}

/// An unfinished run that this process may go on with, the earliest due. One that waits for the
/// runs before it comes after them.
fn unfinished(open: &[RunRecord], name: &CampaignName) -> Option<RunRecord> {
    let mut of_campaign = open.iter().filter(|run| run.key.campaign == *name);
    let first = of_campaign.next()?;
    let may_begin = |run: &&RunRecord| !run.state.is_held() && run.owner == Owner::Gone;
    let others = of_campaign.filter(|run| !run.queued);
    std::iter::once(first)
        .chain(others)
        .find(may_begin)
        .cloned()
}

fn nothing_due(
    name: &CampaignName,
    open: &[RunRecord],
    settled: &Settled,
    next: Option<Timestamp>,
) -> String {
    let under_way = open.iter().find(|run| run.key.campaign == *name);
    if let (Some(run), Some(queued)) = (under_way, settled.launched.last()) {
        return format!("{queued} is planned, and waits until {} has ended", run.key);
    }
    if let Some(fire) = settled.unlaunched.last() {
        return format!("{name}@{}: {}: {}", fire.due, fire.state.as_str(), fire.why);
    }
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
