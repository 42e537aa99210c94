//! `deskcast show`: the dry run of a run that is planned, whatever became of its files.

use clap::Args;

use super::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::run::terms;
use super::selection::{Selection, open_store};
use crate::desk::Desk;
use crate::journal::Store;
use crate::journal::orders::Approval;
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::report::json::{FirstRequest, RunObject, ShownObject};
use crate::report::shown::Shown;
use crate::service::frozen::{self, Difference, Today};

/// Arguments of `deskcast show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A run, such as welcome@2026-11-21T09:00:00Z, or a campaign: its latest run
    #[arg(value_name = "RUN|NAME")]
    which: String,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Everything that is known of a run's plan, read in one go.
pub(super) struct Looked {
    pub(super) run: RunRecord,
    standing: Standing,
    approvals: Vec<Approval>,
    url: String,
    next_request: Option<Vec<u8>>,
    pub(super) differences: Vec<Difference>,
}

impl Looked {
    /// Looks at a run, and at the campaign's file where it is unfinished.
    pub(super) fn at(context: &Context, store: &Store, run: RunRecord) -> Result<Looked, Failure> {
        let differences = match run.state.is_open() && !run.test {
            true => differences(context, store, &run)?,
            false => Vec::new(),
        };
        let open = run.state.is_open();
        let next_request = match open {
            true => frozen::next_request(store, &run)?,
            false => None,
        };
        Ok(Looked {
            standing: store.standing(&run)?,
            approvals: store.approvals(run.id)?,
            url: Desk::create_url(&run.base_url),
            next_request,
            differences,
            run,
        })
    }

    pub(super) fn shown(&self) -> Shown<'_> {
        Shown {
            run: &self.run,
            standing: &self.standing,
            approvals: &self.approvals,
            url: &self.url,
            next_request: self.next_request.as_deref(),
            differences: &self.differences,
        }
    }

    /// The object for scripts.
    pub(super) fn object(&self) -> RunObject {
        let body = self.next_request.clone();
        let body = body.and_then(|body| String::from_utf8(body).ok());
        let body = body.and_then(|body| serde_json::value::RawValue::from_string(body).ok());
        let mut object = RunObject::of(&self.run, &self.standing);
        object.first_request = body.map(|body| FirstRequest {
            method: "POST",
            url: self.url.clone(),
            body,
        });
        object
    }

    fn line(&self) -> String {
        ShownObject::of(self.object(), &self.run, &self.approvals, &self.differences).line()
    }
}

/// What the campaign's file in the folder says otherwise than this run.
pub(super) fn differences(
    context: &Context,
    store: &Store,
    run: &RunRecord,
) -> Result<Vec<Difference>, Failure> {
    let file = format!("{}.toml", run.key.campaign);
    let path = context.settings.campaigns.folder.join(file);
    let terms = terms(context, &run.base_url, false);
    let today = Today {
        path: &path,
        terms: &terms,
    };
    Ok(frozen::differences(store, run, today)?)
}

pub(super) fn show(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let selection = Selection::parse(Some(&args.which))?;
    let store = open_store(context)?;
    let run = selection.find(&store, 1)?.into_iter().next();
    let run = run.ok_or_else(|| Failure::mistake("there is no such run"))?;
    let looked = Looked::at(context, &store, run)?;
    if args.json {
        print(&format!("{}\n", looked.line()))?;
    } else {
        let shown = looked.shown();
        let advice = shown.advice();
        let gap = if advice.is_empty() { "" } else { "\n" };
        print(&format!("{}{gap}{advice}", shown.text()))?;
    }
    Ok(Exit::Done)
}
