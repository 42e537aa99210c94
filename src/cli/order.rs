//! `deskcast pause`, `resume`, `cancel` and `launch`: orders to whoever sends, through the journal.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::next;
use super::operator::Grounds;
use super::output::print;
use super::selection::{Selection, open_store, reported};
use super::store::locate::existing_store;
use crate::campaign::CampaignName;
use crate::journal::orders::{NewOrder, Order, OrderId, Verb};
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, Store, StoreJournal};
use crate::report::orders;

/// How often the answer to an order is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Beyond the longest request, how long an owner may take to obey.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a plan may take to be made before nobody waits for it here any more.
const PLANNING: Duration = Duration::from_secs(120);

/// Arguments of `deskcast pause` and `resume`.
#[derive(Debug, Args)]
pub(super) struct OrderArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign: its runs under way and its schedule
    #[arg(value_name = "RUN|NAME")]
    which: String,

    #[command(flatten)]
    grounds: Grounds,
}

/// Arguments of `deskcast cancel`.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    order: OrderArgs,

    /// Of a campaign: leave its schedule in force, which launches the next run when it is due
    #[arg(long)]
    this_run_only: bool,
}

/// Arguments of `deskcast launch`.
#[derive(Debug, Args)]
pub(super) struct LaunchArgs {
    /// The campaign, by its name in the daemon's campaigns folder
    #[arg(value_name = "NAME")]
    name: String,

    #[command(flatten)]
    grounds: Grounds,
}

pub(super) fn order(context: &Context, verb: Verb, args: &OrderArgs) -> Result<Exit, Failure> {
    give(context, verb, args, true)
}

/// Ends runs for good. Whoever names a campaign means all of it, so its schedule is paused first:
/// else the next run would take up whom this one did not reach.
pub(super) fn cancel(context: &Context, args: &CancelArgs) -> Result<Exit, Failure> {
    give(context, Verb::Cancel, &args.order, !args.this_run_only)
}

fn give(
    context: &Context,
    verb: Verb,
    args: &OrderArgs,
    with_schedule: bool,
) -> Result<Exit, Failure> {
    let selection = Selection::parse(Some(&args.which))?;
    let url = existing_store(context)?;
    let campaign = match &selection {
        Selection::Campaign(name) => Some(name),
        _ => None,
    };
    let store = open_store(context)?;
    let runs = match campaign {
        Some(name) => store.latest(Some(name), usize::MAX)?,
        None => selection.find(&store, 1)?,
    };
    let named_run = campaign.is_none();
    let runs: Vec<RunRecord> = runs
        .into_iter()
        .filter(|run| named_run || run.state.is_open())
        .collect();
    let order = new_order(verb, &args.grounds);
    let mut journal = url.open()?;
    let mut text = String::new();
    let mut of_schedule = false;
    if let Some(name) = campaign.filter(|_| with_schedule) {
        of_schedule = match verb {
            Verb::Cancel => pause_schedule(context, &mut journal, &store, name, &order)?,
            _ => {
                known(context, &store, name)?;
                journal.order_campaign(name, &order)?;
                true
            }
        };
        if of_schedule {
            text.push_str(&orders::schedule(name, verb));
        }
    }
    if runs.is_empty() && !of_schedule {
        return Err(Failure::mistake(format!(
            "no run of \"{}\" is under way: there is nothing to {}",
            args.which,
            verb.as_str()
        )));
    }
    let mut given = Vec::new();
    for run in &runs {
        given.push(journal.order_run(run.id, &run.key.campaign, &order)?);
    }
    let patience = context.settings.limits.request_timeout.get() + PATIENCE;
    let mut obeyed = true;
    for (run, id) in runs.iter().zip(given) {
        // Whoever had the run may give it up or die before it hears of the order.
        let answer = wait(&store, id, patience, || {
            journal.obey_where_idle(run.id, Timestamp::now()).map(drop)
        })?;
        obeyed &= answer
            .as_ref()
            .is_some_and(|order| order.answer == verb.done());
        text.push_str(&told(&store, run, answer.as_ref(), verb)?);
    }
    let name = campaign.or(runs.first().map(|run| &run.key.campaign));
    if let Some(name) = name.filter(|_| matches!(verb, Verb::Cancel | Verb::Resume)) {
        text.push_str(&next::told(context, &store, name, verb)?);
    }
    print(&text)?;
    Ok(if obeyed { Exit::Done } else { Exit::Attention })
}

/// Launches a campaign in the daemon.
pub(super) fn launch(context: &Context, args: &LaunchArgs) -> Result<Exit, Failure> {
    let name =
        CampaignName::new(&args.name).map_err(|error| Failure::mistake(error.to_string()))?;
    let url = existing_store(context)?;
    if !url.read()?.has_daemon() {
        return Err(Failure::stopped(format!(
            "no daemon runs on the store {}, so nothing was launched. To send from here: deskcast run {name}",
            url.place()
        )));
    }
    let mut journal = url.open()?;
    let id = journal.order_campaign(&name, &new_order(Verb::Launch, &args.grounds))?;
    drop(journal);
    let store = open_store(context)?;
    match wait(&store, id, PLANNING, || Ok(()))? {
        Some(Order { run: Some(run), .. }) => {
            let run = store
                .run_numbered(run)?
                .ok_or_else(|| Failure::stopped("the run is not in the store any more"))?;
            print(&format!("{}\n", run.key))?;
            Ok(Exit::Done)
        }
        Some(order) => Err(Failure::mistake(order.answer)),
        None => Err(Failure::stopped(format!(
            "the daemon has not launched \"{name}\" yet; deskcast runs {name} shows whether it does"
        ))),
    }
}

pub(super) fn new_order(verb: Verb, grounds: &Grounds) -> NewOrder {
    NewOrder {
        verb,
        at: Timestamp::now(),
        by: grounds.who(),
        why: grounds.why.clone(),
    }
}

/// Pauses the schedule of a campaign that is due again, before its runs are cancelled. False where it
/// is not, or is paused already.
fn pause_schedule(
    context: &Context,
    journal: &mut StoreJournal,
    store: &Store,
    name: &CampaignName,
    order: &NewOrder,
) -> Result<bool, Failure> {
    let scheduled = match next::timetable(context, name) {
        Some(timetable) => !timetable.next(order.at, 1).is_empty(),
        // The file is gone or broken; a daemon may hold its last good version.
        None => store.decided(name)?.is_some(),
    };
    if !scheduled || store.paused_campaign(name)?.is_some() {
        return Ok(false);
    }
    let pause = NewOrder {
        verb: Verb::Pause,
        ..order.clone()
    };
    journal.order_campaign(name, &pause)?;
    Ok(true)
}

/// Refuses a campaign that has neither a file nor a run: its name is probably misspelt.
fn known(context: &Context, store: &Store, name: &CampaignName) -> Result<(), Failure> {
    let file = context
        .settings
        .campaigns
        .folder
        .join(format!("{name}.toml"));
    if file.exists() || !store.latest(Some(name), 1)?.is_empty() {
        return Ok(());
    }
    Err(Failure::mistake(format!(
        "there is no campaign \"{name}\": {} does not exist, and no run of it is in the store",
        file.display()
    )))
}

/// Waits until an order is answered, and helps with it meanwhile; none when it was not in time.
fn wait(
    store: &Store,
    id: OrderId,
    patience: Duration,
    mut help: impl FnMut() -> Result<(), JournalError>,
) -> Result<Option<Order>, Failure> {
    let start = Instant::now();
    loop {
        let order = store.order(id)?;
        if let Some(order) = order.filter(|order| !order.answer.is_empty()) {
            return Ok(Some(order));
        }
        if start.elapsed() > patience {
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
        help()?;
    }
}

fn told(
    store: &Store,
    run: &RunRecord,
    answer: Option<&Order>,
    verb: Verb,
) -> Result<String, Failure> {
    let after = store.run(&run.key)?.into_iter().collect();
    let after = reported(store, after)?;
    Ok(after
        .iter()
        .map(|run| orders::run(run, answer, verb))
        .collect())
}
