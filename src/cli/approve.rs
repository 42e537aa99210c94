//! `deskcast approve`: somebody looks at the frozen plan of one run, and agrees to it.

use clap::Args;

use super::Context;
use super::ask;
use super::exit::Exit;
use super::failure::Failure;
use super::operator::Grounds;
use super::order::new_order;
use super::output::{print, tell};
use super::run::parse_digest;
use super::selection::{Selection, open_store, reported};
use super::show::Looked;
use super::store::locate::existing_store;
use crate::journal::orders::Verb;
use crate::journal::runs::RunRecord;
use crate::journal::{RunState, Store};
use crate::report::orders;

/// Arguments of `deskcast approve`.
#[derive(Debug, Args)]
pub(super) struct ApproveArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign of which one run is under way
    #[arg(value_name = "RUN|NAME")]
    which: String,

    /// Approve only if the plan has this digest, as deskcast show printed it; nothing is asked
    #[arg(long, value_name = "sha256:…")]
    plan: Option<String>,

    /// Ask nothing: for scripts
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    grounds: Grounds,
}

pub(super) fn approve(context: &Context, args: &ApproveArgs) -> Result<Exit, Failure> {
    let expected = args.plan.as_deref().map(parse_digest).transpose()?;
    let store = open_store(context)?;
    let run = the_one(&store, &args.which)?;
    if let Some(expected) = expected.as_ref().map(ToString::to_string)
        && expected != run.digest
    {
        return Err(Failure::mistake(format!(
            "the plan of {} is not the one that was named, and nothing was approved.\n  named  {expected}\n  it is  {}",
            run.key, run.digest
        )));
    }
    let ended = !run.state.is_open();
    if run.state == RunState::Paused {
        return Err(Failure::mistake(format!(
            "the run {} is {}, and was not approved. Resume it first: deskcast resume {}",
            run.key, run.note, run.key
        )));
    }
    if !ended {
        agree(context, args, &store, &run)?;
    }
    let order = new_order(Verb::Approve, &args.grounds);
    let mut journal = existing_store(context)?.open()?;
    let id = journal.approve(run.id, &run.key.campaign, &order)?;
    let answer = store.order(id)?;
    let after = reported(&store, store.run(&run.key)?.into_iter().collect())?;
    let told = after
        .iter()
        .map(|run| orders::run(run, answer.as_ref(), Verb::Approve));
    print(&told.collect::<String>())?;
    Ok(if ended { Exit::Attention } else { Exit::Done })
}

/// Shows the plan, and asks whoever sits there.
fn agree(
    context: &Context,
    args: &ApproveArgs,
    store: &Store,
    run: &RunRecord,
) -> Result<(), Failure> {
    let looked = Looked::at(context, store, run.clone())?;
    let shown = looked.shown();
    tell(shown.text());
    if !looked.differences.is_empty() {
        tell(shown.advice());
    }
    if args.yes || args.plan.is_some() {
        return Ok(());
    }
    let otherwise = format!("{} was not approved", run.key);
    if !ask::somebody() {
        return Err(Failure::mistake(format!(
            "{otherwise}: nobody can be asked here. To agree to exactly this plan:\n  deskcast approve {} --plan {}",
            run.key, run.digest
        )));
    }
    ask::must_type("Send exactly this?", "yes", &otherwise)
}

/// The run that is meant: an approval is one of one plan.
fn the_one(store: &Store, which: &str) -> Result<RunRecord, Failure> {
    let selection = Selection::parse(Some(which))?;
    let Selection::Campaign(name) = &selection else {
        let found = selection.find(store, 1)?.into_iter().next();
        return found.ok_or_else(|| Failure::mistake("there is no such run"));
    };
    let all = store.latest(Some(name), usize::MAX)?;
    let mut open: Vec<RunRecord> = all.into_iter().filter(|run| run.state.is_open()).collect();
    match open.len() {
        0 => Err(Failure::mistake(format!(
            "no run of \"{name}\" is under way: there is nothing to approve"
        ))),
        1 => Ok(open.remove(0)),
        runs => {
            let keys: Vec<String> = open.iter().map(|run| format!("\n  {}", run.key)).collect();
            Err(Failure::mistake(format!(
                "{runs} runs of \"{name}\" are under way, and an approval is one of one run. Look at each (deskcast \
                 show RUN) and name it:{}",
                keys.concat()
            )))
        }
    }
}
