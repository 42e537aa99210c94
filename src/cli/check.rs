//! `deskcast check`: what is wrong with campaigns before they run, and when they are due next.

use clap::Args;
use jiff::Timestamp;

use super::Context;
use super::connection::{Connection, token};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{is_read_on_terminal, print};
use super::run::preview::longest_message;
use super::run::terms;
use super::store::locate::{budget_store, store_url};
use crate::delivery::ahead::is_ahead;
use crate::report::check as report;
use crate::report::result::state;
use crate::service::check::{Checked, Defaults, Rows, Unfinished, campaigns, check_all, strays};
use crate::service::frozen::{self, Today};
use crate::service::planning::locate;
use crate::service::verify::{Finding, Named, verify_online};

/// Arguments of `deskcast check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Campaigns: their names, or paths to .toml files [default: all of the folder]
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Also ask Desk whether it knows the token, the groups and the agents
    #[arg(long)]
    online: bool,

    /// Read only the beginning of customer files and lists
    #[arg(long)]
    quick: bool,

    /// Take every warning for an error
    #[arg(long)]
    strict: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn check(context: &Context, args: CheckArgs) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let agent_id = settings.desk.agent_id.map(std::num::NonZeroU64::get);
    let base_url = settings.base_url().map(|url| url.to_string());
    let terms = terms(context, &base_url.unwrap_or_default(), false);
    let url = store_url(context);
    let store = url.exists().then(|| url.read()).transpose()?;
    let rows = Rows {
        terms: &terms,
        store: store.as_ref(),
    };
    let defaults = Defaults {
        folder: &settings.campaigns.folder,
        agent_id,
        zone: settings.schedule.timezone.as_ref(),
        suppress: &settings.audience.lists(),
        house: settings.defaults.house(),
        strict: args.strict,
        longest: longest_message(&url)?,
        rows: (!args.quick).then_some(rows),
        styled: context.on_terminal && is_read_on_terminal(),
    };
    let names = match args.names.is_empty() {
        true => all(&defaults)?,
        false => args.names.clone(),
    };
    let now = Timestamp::now();
    let mut checked = check_all(&names, &defaults);
    for (name, one) in names.iter().zip(&mut checked) {
        one.unfinished = unfinished(context, name)?;
        one.ahead = ahead(context, name, now)?;
    }
    if args.names.is_empty() {
        checked.extend(strays(defaults.folder).unwrap_or_default());
    }
    let findings = match args.online {
        true => Some(ask_desk(context, &checked).await?),
        false => None,
    };
    // Of a whole folder that would be too much to read.
    if args.names.is_empty() && !args.json {
        checked.iter_mut().for_each(|one| one.read.clear());
    }
    print(&match args.json {
        true => report::json(&checked, findings.as_deref(), now),
        false => report::text(&checked, findings.as_deref(), now),
    })?;
    Ok(exit(&checked, findings.as_deref().unwrap_or_default()))
}

/// The run of this campaign that is not ended, and what the campaign's files say otherwise.
fn unfinished(context: &Context, name: &str) -> Result<Option<Unfinished>, Failure> {
    let settings = &context.settings;
    let file = store_url(context);
    let located = locate(name, &settings.campaigns.folder).ok();
    let Some((name, path)) = located.filter(|_| file.exists()) else {
        return Ok(None);
    };
    let store = file.read()?;
    let Some(run) = frozen::unfinished(&store, &name)? else {
        return Ok(None);
    };
    let terms = terms(context, &run.base_url, false);
    let today = Today {
        path: &path,
        terms: &terms,
    };
    Ok(Some(Unfinished {
        state: state(&run),
        remaining: store.standing(&run)?.tally.customers.remaining,
        differences: frozen::differences(&store, &run, today)?,
        run: run.key,
    }))
}

/// Up to when the due times of this campaign are decided, where that has not come.
fn ahead(context: &Context, name: &str, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let file = store_url(context);
    let located = locate(name, &context.settings.campaigns.folder).ok();
    let Some((name, _)) = located.filter(|_| file.exists()) else {
        return Ok(None);
    };
    let decided = file.read()?.decided(&name)?;
    Ok(decided
        .map(|decided| decided.up_to)
        .filter(|at| is_ahead(*at, now)))
}

fn all(defaults: &Defaults<'_>) -> Result<Vec<String>, Failure> {
    let folder = defaults.folder.display();
    let names = campaigns(defaults.folder).map_err(|error| {
        Failure::mistake(format!(
            "the folder of campaigns {folder} cannot be read: {error}. campaigns.folder names it"
        ))
    })?;
    match names.is_empty() {
        true => Err(Failure::mistake(format!(
            "the folder {folder} holds no campaign; campaigns.folder names it"
        ))),
        false => Ok(names),
    }
}

/// Holds what the campaigns name against the Desk of the settings.
async fn ask_desk(context: &Context, checked: &[Checked]) -> Result<Vec<Finding>, Failure> {
    let settings = &context.settings;
    let base_url = settings.base_url()?.to_string();
    let token = token(settings)?;
    let store = budget_store(context);
    let connection = Connection::new(settings, &base_url, token, store.as_ref(), None)?;
    let named: Vec<Named> = checked.iter().filter_map(|one| one.named.clone()).collect();
    Ok(verify_online(&connection.desk, &connection.budget, &named).await)
}

/// What is wrong outweighs what could not be found out.
fn exit(checked: &[Checked], findings: &[Finding]) -> Exit {
    let unknown = |finding: &Finding| matches!(finding, Finding::Unread { .. });
    let unfinished = checked.iter().filter_map(|one| one.unfinished.as_ref());
    let changed = unfinished.filter(|run| !run.differences.is_empty()).count() > 0;
    let muted = checked.iter().any(|one| one.ahead.is_some());
    match checked.iter().all(Checked::is_ok) && findings.iter().all(unknown) {
        false => Exit::Mistake,
        true if !findings.is_empty() => Exit::Stopped,
        true if changed || muted => Exit::Attention,
        true => Exit::Done,
    }
}
