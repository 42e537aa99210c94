//! `deskcast status`: whether somebody must do something, what is under way, and what is due next.

use clap::Args;
use jiff::Timestamp;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::store::locate::existing_store;
use crate::campaign::{CampaignName, Timetable};
use crate::delivery::tally::Owner;
use crate::journal::{RunState, Store};
use crate::report::Reported;
use crate::report::status::{Due, PausedSchedule, Status};
use crate::service::attention::of_store;
use crate::service::check::campaigns;
use crate::service::planning::{Campaign, Mistake, locate};

/// Arguments of `deskcast status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn status(context: &Context, args: &StatusArgs) -> Result<Exit, Failure> {
    let url = existing_store(context)?;
    let store = url.read()?;
    let mut status = Status {
        store_trouble: store.check_place().err().map(|error| error.to_string()),
        has_daemon: store.has_daemon(),
        store: url,
        needs: Vec::new(),
        under_way: Vec::new(),
        due: Vec::new(),
        paused: Vec::new(),
        wrong: Vec::new(),
    };
    add_runs(&store, &mut status)?;
    add_campaigns(context, &store, &mut status)?;
    print(&match args.json {
        true => status.json(),
        false => status.text(),
    })?;
    Ok(match status.needs_somebody() {
        true => Exit::Attention,
        false => Exit::Done,
    })
}

fn add_runs(store: &Store, status: &mut Status) -> Result<(), Failure> {
    for (run, standing, found) in of_store(store)? {
        let goes_on = run.owner == Owner::Alive || found.is_empty();
        let is_under_way = run.state.is_open() && run.state != RunState::Paused && goes_on;
        let needs = found.into_iter().map(|it| (run.key.clone(), it));
        status.needs.extend(needs);
        if is_under_way {
            status.under_way.push(Reported { run, standing });
        }
    }
    Ok(())
}

fn add_campaigns(context: &Context, store: &Store, status: &mut Status) -> Result<(), Failure> {
    let now = Timestamp::now();
    // A folder that is not there yet holds nothing that is due.
    for name in campaigns(&context.settings.campaigns.folder).unwrap_or_default() {
        let Ok((name, timetable)) = read(context, &name) else {
            status.wrong.push(name);
            continue;
        };
        let Some(timetable) = timetable else {
            continue;
        };
        if let Some((at, by)) = store.paused_campaign(&name)? {
            let campaign = name;
            status.paused.push(PausedSchedule { campaign, at, by });
        } else if let Some(fire) = timetable.next(now, 1).first() {
            status.due.push(Due {
                campaign: name,
                at: fire.due,
                zone: timetable.zone().clone(),
            });
        }
    }
    status.due.sort_by_key(|due| due.at);
    Ok(())
}

/// A campaign of the folder, and when it is due; none without a schedule.
fn read(context: &Context, name: &str) -> Result<(CampaignName, Option<Timetable>), Mistake> {
    let (name, path) = locate(name, &context.settings.campaigns.folder)?;
    let campaign = Campaign::read(name.clone(), &path, false)?;
    let zone = context.settings.schedule.timezone.as_ref();
    let timetable = campaign.definition.timetable(zone);
    Ok((name, timetable.map_err(|wrong| Mistake(wrong.to_string()))?))
}
