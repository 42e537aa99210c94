//! A campaign whose last run is unfinished: what goes on is that run, as it was planned.

use std::path::Path;

use super::super::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::super::show::Looked;
use super::super::store::locate::store_url;
use super::RunArgs;
use super::plan::terms;
use crate::campaign::CampaignName;
use crate::delivery::plan::Digest;
use crate::delivery::tally::Owner;
use crate::journal::runs::RunRecord;
use crate::journal::{RunState, StoreUrl};
use crate::report::shown::changes;
use crate::service::frozen::{self, Today};

/// Whether these arguments go on with an unfinished run where there is one.
pub(super) fn goes_on(args: &RunArgs) -> bool {
    !args.new && args.to.is_empty() && args.only.is_none() && !args.sandbox
}

/// Refuses to go on with a run that is not what the campaign's files say now: whoever changed them
/// may mean the one or the other.
pub(super) fn check_unchanged(
    context: &Context,
    store: &StoreUrl,
    path: &Path,
    run: &RunRecord,
) -> Result<(), Failure> {
    // Nothing is sent of these anyway, and the sentence says why.
    if run.owner == Owner::Alive || run.state == RunState::Paused {
        return Ok(());
    }
    let terms = terms(context, &run.base_url, false);
    let today = Today {
        path,
        terms: &terms,
    };
    let differences = frozen::differences(&store.read()?, run, today)?;
    if differences.is_empty() {
        return Ok(());
    }
    let name = &run.key.campaign;
    Err(Failure::mistake(format!(
        "the run {} is unfinished, and the campaign has changed since it was planned; nothing was sent.\n{}\
         To send what the files say now: deskcast cancel {}, then deskcast run {name}\n\
         To send the rest as it was planned: deskcast run {name} --as-planned\n\
         To see what that is: deskcast show {}",
        run.key,
        changes(&differences),
        run.key,
        run.key,
    )))
}

/// The dry run of an unfinished run, where there is one: what `run` would go on with.
pub(super) fn dry_run(
    context: &Context,
    args: &RunArgs,
    name: &CampaignName,
    path: &Path,
    expected: Option<&Digest>,
) -> Result<Option<Exit>, Failure> {
    let file = store_url(context);
    if !goes_on(args) || !file.exists() {
        return Ok(None);
    }
    let store = file.read()?;
    let Some(run) = frozen::unfinished(&store, name)? else {
        return Ok(None);
    };
    if let Some(expected) = expected.filter(|expected| expected.to_string() != run.digest) {
        return Err(Failure::mistake(format!(
            "the run {} is unfinished and has the plan {}, not {expected}",
            run.key, run.digest
        )));
    }
    let mut looked = Looked::at(context, &store, run)?;
    let terms = terms(context, &looked.run.base_url, false);
    let today = Today {
        path,
        terms: &terms,
    };
    looked.differences = frozen::differences(&store, &looked.run, today)?;
    if args.json {
        let mut object = looked.object();
        object.note = format!("{} is {} and unfinished", looked.run.key, object.state);
        if !looked.differences.is_empty() {
            object.note.push_str("; the campaign has changed since");
        }
        object.state = "dry-run".to_owned();
        print(&format!("{}\n", object.line()))?;
        return Ok(Some(Exit::Done));
    }
    let shown = looked.shown();
    print(&format!(
        "Dry run of {name}: nothing was sent, no connection was opened.\n\
         A run of it is unfinished. deskcast run resumes that one, as it was planned:\n\n{}\n{}",
        shown.text(),
        shown.advice()
    ))?;
    Ok(Some(Exit::Done))
}
