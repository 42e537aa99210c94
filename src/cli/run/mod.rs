//! `deskcast run`: a campaign from its file to its report.

mod chosen;
mod lookups;
mod plan;
pub(super) mod preview;
mod scheduled;
pub(super) mod send;
pub(super) mod target;
mod unfinished;

use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use self::chosen::{Only, chosen};
use self::lookups::look_up;
pub(in crate::cli) use self::plan::terms;
use self::plan::{create, resumable, say_nobody, say_resumed, sent_already, unfinished};
use self::preview::{dry_run, refuse_what_a_run_refuses};
use self::scheduled::by_schedule;
use self::send::send_and_read;
use self::target::Target;
use self::unfinished::{check_unchanged, goes_on};
use super::Context;
use super::ask;
use super::exit::Exit;
use super::failure::Failure;
use super::next::of_cancelled;
use super::operator::operator;
use super::output::{print, tell};
use super::store::locate::say_where_in_doubt;
use crate::campaign::{CampaignName, CustomerId};
use crate::delivery::plan::Digest;
use crate::journal::orders::{NewOrder, Verb};
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::journal::{Launch, Store, StoreJournal, StoreUrl};
use crate::report::json::RunObject;
use crate::report::number::grouped;
use crate::report::result;
use crate::service::launch::Asked;
use crate::service::planning::{self, Campaign};

/// Arguments of `deskcast run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The campaign: its name, or a path to its .toml file
    #[arg(value_name = "CAMPAIGN")]
    campaign: String,

    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// With --dry-run: first look up in Desk the Sendbird user ids that were not looked up yet
    #[arg(long, requires = "dry_run")]
    online: bool,

    /// Send only if the plan has this digest, as a dry run printed it
    #[arg(long, value_name = "sha256:…")]
    plan: Option<String>,

    /// Ask nothing, however many customers it is: for scripts
    #[arg(long)]
    yes: bool,

    /// Start another run, even if the last one is unfinished
    #[arg(long)]
    new: bool,

    /// Go on with the unfinished run as it was planned, although the campaign's files say something
    /// else by now
    #[arg(long, conflicts_with_all = ["new", "to", "only", "sandbox", "dry_run"])]
    as_planned: bool,

    /// Send the run that is due by the campaign's schedule, if one is and nobody launched it yet: for
    /// cron and systemd timers
    #[arg(long, conflicts_with_all = ["dry_run", "plan", "new", "sandbox", "to", "only"])]
    scheduled: bool,

    /// A test send: message these customers alone, at most 20, whoever is in the file
    ///
    /// It is marked as a test, begins at once beside whatever is unfinished, and counts neither in
    /// totals and limits nor as a message from before. Whoever is on a list of people to leave out is
    /// left out.
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        conflicts_with_all = ["new", "only"]
    )]
    to: Vec<CustomerId>,

    /// Message only customers of the last run who were not messaged by it or any other
    #[arg(long, value_name = "WHOM", value_enum, conflicts_with_all = ["new", "sandbox"])]
    only: Option<Only>,

    /// Keep reading the chats until all are closed, or for this long (such as 30m)
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true)]
    follow: Option<Option<humantime::Duration>>,

    /// Refuse to start a run of which a warning would be given
    #[arg(long)]
    strict: bool,

    /// Print one JSON object when done
    #[arg(long)]
    json: bool,

    /// Send to a stand-in for Desk inside this process, with a store that is thrown away
    #[arg(long)]
    sandbox: bool,

    /// What the stand-in does wrong, such as 500-after=1%,reset-before=1% (see deskcast sandbox --help)
    #[arg(long, value_name = "FAULTS", requires = "sandbox")]
    faults: Option<String>,
}

impl RunArgs {
    /// The arguments of a run of this name that no campaign stands behind.
    pub(super) fn outside_of_campaigns(name: &str) -> RunArgs {
        RunArgs {
            campaign: name.to_owned(),
            dry_run: false,
            online: false,
            plan: None,
            yes: false,
            new: false,
            as_planned: false,
            scheduled: false,
            to: Vec::new(),
            only: None,
            follow: None,
            strict: false,
            json: false,
            sandbox: false,
            faults: None,
        }
    }
}

pub(super) async fn run(context: &Context, args: RunArgs) -> Result<Exit, Failure> {
    let asked = Asked {
        expected: args.plan.as_deref().map(parse_digest).transpose()?,
        beside: args.new,
        at: Timestamp::now(),
        due: None,
        launch: Launch::default(),
        unasked: unasked(context, &args),
    };
    let expected = asked.expected.as_ref();
    let (name, path) = planning::locate(&args.campaign, &context.settings.campaigns.folder)?;
    if args.dry_run {
        if !args.sandbox {
            refuse_what_a_run_refuses(context)?;
        }
        if let Some(exit) = unfinished::dry_run(context, &args, &name, &path, expected)? {
            return Ok(exit);
        }
        return dry_run(context, &args, name, &path, expected).await;
    }
    let target = Target::of(context, &args).await?;
    let mut journal = open_journal(&target)?;
    if args.scheduled {
        let mut campaign = read(context, name, &path)?;
        campaign.definition.warning_rules.strict |= args.strict;
        let found = by_schedule(context, &mut journal, &campaign, &target, asked.at).await?;
        let record = match found {
            Ok(record) => record,
            Err(nothing) => {
                tell(&nothing);
                return Ok(Exit::Done);
            }
        };
        return send(context, &args, journal, &target, &record).await;
    }
    let unfinished = match goes_on(&args) {
        true => unfinished(&target.store, &name)?,
        false => None,
    };
    let record = match unfinished {
        Some(record) => {
            resumable(&record, &target, expected)?;
            // Whoever names the plan means the plan.
            if expected.is_none() && !args.as_planned {
                check_unchanged(context, &target.store, &path, &record)?;
            }
            say_resumed(&record, &target)?;
            record
        }
        None if args.as_planned => {
            return Err(Failure::mistake(format!(
                "--as-planned: no run of \"{name}\" is unfinished, so there is nothing to go on with"
            )));
        }
        None => {
            let chosen = chosen(&args, &target.store, &name)?;
            let mut campaign = read(context, name, &path)?;
            campaign.chosen = chosen;
            campaign.definition.warning_rules.strict |= args.strict;
            look_up(context, &mut journal, &campaign, &target).await?;
            if !args.sandbox {
                say_taken_up(&target.store.read()?, &campaign)?;
            }
            let created = create(
                context,
                &mut journal,
                &campaign,
                &target,
                &asked,
                &confirm(&args),
            );
            let record = match created {
                Ok(Ok(record)) => record,
                Ok(Err(nobody)) => {
                    let name = &campaign.definition.name;
                    sent_already(&target.store.read()?, name, expected)?;
                    return say_nobody(&campaign, &nobody, expected, args.json);
                }
                Err(refused) => {
                    let name = &campaign.definition.name;
                    sent_already(&target.store.read()?, name, expected)?;
                    return Err(refused);
                }
            };
            resumable(&record, &target, expected)?;
            record
        }
    };
    if expected.is_some() {
        approve_plan(&mut journal, &target.store, &record)?;
    }
    send(context, &args, journal, &target, &record).await
}

/// How many customers may be planned without asking: of the settings' number nothing is asked where
/// the plan was named, in a script, and of what messages nobody.
fn unasked(context: &Context, args: &RunArgs) -> Option<u64> {
    let free = args.plan.is_some() || args.yes || args.sandbox || args.scheduled;
    let above = context.settings.defaults.confirm_above.filter(|_| !free);
    above.map(std::num::NonZeroU64::get)
}

/// Asks for the number of customers where there is somebody to ask.
fn confirm(args: &RunArgs) -> impl Fn(u64) -> Result<(), Failure> {
    let name = args.campaign.clone();
    move |planned| {
        let planned = grouped(planned);
        let otherwise = format!("nothing was sent: {planned} customers were not confirmed");
        if !ask::somebody() {
            return Err(Failure::mistake(format!(
                "{name}: {planned} customers would be messaged, more than defaults.confirm_above; nothing was sent. \
                 Look at a dry run, and give its --plan, or --yes"
            )));
        }
        ask::must_type(
            &format!("{name}: {planned} customers will be messaged."),
            &planned,
            &otherwise,
        )
    }
}

/// Says that customers of a cancelled run are messaged after all.
fn say_taken_up(store: &Store, campaign: &Campaign) -> Result<(), Failure> {
    if campaign.chosen.is_some() {
        return Ok(());
    }
    for warning in of_cancelled(store, campaign)? {
        tell(format_args!("{}: {warning}", campaign.definition.name));
    }
    Ok(())
}

/// Opens the store, or makes that of a throwaway sandbox.
fn open_journal(target: &Target) -> Result<StoreJournal, Failure> {
    if target.sandbox.is_some() {
        target.store.create()?;
    } else {
        say_where_in_doubt(&target.store);
    }
    let journal = target.store.open()?;
    journal.check_place()?;
    Ok(journal)
}

async fn send(
    context: &Context,
    args: &RunArgs,
    journal: StoreJournal,
    target: &Target,
    record: &RunRecord,
) -> Result<Exit, Failure> {
    resumable(record, target, None)?;
    let (record, standing, exit) = send_and_read(context, args, journal, target, record).await?;
    print_result(args, &record, &standing)?;
    Ok(exit)
}

fn read(context: &Context, name: CampaignName, path: &Path) -> Result<Campaign, Failure> {
    Ok(Campaign::read(name, path, context.on_terminal)?)
}

/// Whoever names the plan of a run that waits for approval has approved it.
fn approve_plan(
    journal: &mut StoreJournal,
    store: &StoreUrl,
    record: &RunRecord,
) -> Result<(), Failure> {
    if !record.restraints.approval || !store.read()?.approvals(record.id)?.is_empty() {
        return Ok(());
    }
    let order = NewOrder {
        verb: Verb::Approve,
        at: Timestamp::now(),
        by: operator(),
        why: "--plan".to_owned(),
    };
    journal.approve(record.id, &record.key.campaign, &order)?;
    Ok(())
}

pub(in crate::cli) fn parse_digest(text: &str) -> Result<Digest, Failure> {
    Digest::parse(text).ok_or_else(|| {
        Failure::mistake(format!(
            "--plan {text}: a plan is sha256: and 64 hexadecimal digits, as a dry run prints it"
        ))
    })
}

fn print_result(args: &RunArgs, record: &RunRecord, standing: &Standing) -> Result<(), Failure> {
    if args.json {
        print(&format!("{}\n", RunObject::of(record, standing).line()))?;
    } else if args.sandbox {
        print(&result::of_throwaway(record, standing))?;
    } else {
        print(&result::text(record, standing))?;
    }
    Ok(())
}
