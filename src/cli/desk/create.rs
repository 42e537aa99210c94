//! `deskcast desk chat create`: one message to a few customers, outside of campaigns.
//!
//! It goes the way of everything that sends. The chat is planned as a run of the reserved name
//! `desk-chat`, with one batch; its intent is durable before the request leaves; an outcome that is
//! unknown is looked for in Desk, and is otherwise for `deskcast reconcile desk-chat`. Whoever types
//! the command again after a crash is told of the unfinished run instead of sending twice.

use std::num::NonZeroU64;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use super::super::run::RunArgs;
use super::super::run::send::send_and_read;
use super::super::run::target::Target;
use super::super::run::terms;
use super::super::store::locate::store_url;
use crate::campaign::{
    CampaignName, Definition, InvalidMessage, MessageText, Priority, Repeat, WARNING_NAMES,
    Warning, WarningRules,
};
use crate::delivery::batch::BatchState;
use crate::delivery::plan::Digest;
use crate::delivery::variant::Shares;
use crate::desk::Desk;
use crate::journal::reading::BatchRows;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, Launch, RunKey, Store, StoreJournal};
use crate::report::number::counted;
use crate::service::launch::{Asked, Launched, launch};
use crate::service::lists::suppressed;
use crate::service::planning::{Campaign, Chosen};
use crate::service::prepare::{Before, Incomplete, NotPlanned, Plan, Refused, Terms, prepare};

/// The name that chats outside of campaigns run under.
const NAME: &str = "desk-chat";
/// More customers than this are a campaign.
const MOST_CUSTOMERS: usize = 20;

/// Arguments of `deskcast desk chat create`.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// The text of the message
    #[arg(long, value_name = "TEXT")]
    message: String,

    /// The key of the group whose agents answer
    #[arg(long, value_name = "KEY")]
    group: String,

    /// A customer's id; may be given several times, or with commas between
    #[arg(long, value_name = "ID", required = true, value_delimiter = ',', value_parser = super::id)]
    customer: Vec<u64>,

    /// The agent in whose name the message is sent [default: desk.agent_id]
    #[arg(long, value_name = "ID", value_parser = super::id)]
    agent: Option<u64>,

    /// How urgent it is
    #[arg(long, value_name = "PRIORITY", default_value = "medium", value_parser = priority())]
    priority: Priority,

    /// Do not warn of what has this name; for placeholders: do not refuse it
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = WARNING_NAMES.to_vec())]
    allow: Vec<String>,

    /// Take a warning about the text for an error
    #[arg(long)]
    strict: bool,

    /// Show the request, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// Send it even if an earlier chat is unfinished
    #[arg(long)]
    new: bool,

    /// Print one JSON object when done
    #[arg(long)]
    json: bool,
}

fn priority() -> impl clap::builder::TypedValueParser<Value = Priority> {
    PossibleValuesParser::new(["low", "medium", "high", "urgent"]).map(|word| {
        let named = |priority: &Priority| priority.as_str().eq_ignore_ascii_case(&word);
        Priority::ALL.into_iter().find(named).unwrap_or_default()
    })
}

pub(super) async fn create(context: &Context, args: CreateArgs) -> Result<Exit, Failure> {
    let campaign = campaign_of(context, &args)?;
    let base_url = context.settings.base_url()?.to_string();
    let terms = terms(context, &base_url, false);
    let url = store_url(context);
    let store = url.exists().then(|| url.read()).transpose()?;
    let plan = plan_of(&campaign, &terms, store.as_ref())?;
    if args.dry_run {
        // Whoever sends it is warned once it is recorded.
        for Warning { name, sentence } in plan.warnings {
            tracing::warn!(warning = name, "{sentence}");
        }
        let body = plan.summary.first_body.unwrap_or_default();
        print(&format!(
            "POST {}\n{}\n",
            Desk::create_url(&base_url),
            String::from_utf8_lossy(&body)
        ))?;
        return Ok(Exit::Done);
    }
    let run_args = RunArgs::outside_of_campaigns(NAME);
    let target = Target::of(context, &run_args).await?;
    let mut journal = target.store.open()?;
    let key = record(&mut journal, &campaign, &terms, &args, plan.summary.digest)?;
    let store = target.store.read()?;
    let run = store
        .run(&key)?
        .ok_or_else(|| Failure::stopped("the run that was just planned is not in the store"))?;
    let (run, _, exit) = send_and_read(context, &run_args, journal, &target, &run).await?;
    let batches = batches(&store, &run)?;
    if args.json {
        print(&format!("{}\n", object(&run, &batches)))?;
    } else {
        print(&text(&run, &batches))?;
    }
    Ok(exit)
}

/// The chat as a campaign without a file, which the rules of the house hold for as for any other.
fn campaign_of(context: &Context, args: &CreateArgs) -> Result<Campaign, Failure> {
    let name = CampaignName::new(NAME).map_err(|error| Failure::mistake(error.to_string()))?;
    let file = context
        .settings
        .campaigns
        .folder
        .join(format!("{NAME}.toml"));
    if file.exists() {
        return Err(Failure::mistake(format!(
            "{}: a campaign has the name {NAME}, which is kept for chats outside of campaigns; rename it",
            file.display()
        )));
    }
    let mut rules = WarningRules::allowing(args.allow.iter().map(String::as_str));
    rules.strict = args.strict;
    let message = text_of(args, &rules)?;
    if args.group.trim().is_empty() {
        return Err(Failure::mistake("--group: the key of a group is not empty"));
    }
    let of_settings = context.settings.desk.agent_id;
    let agent_id = args.agent.and_then(NonZeroU64::new).or(of_settings);
    if agent_id.is_none() {
        return Err(Failure::mistake(
            "no agent is named: give --agent, or set desk.agent_id in deskcast.toml",
        ));
    }
    let mut definition = Definition::without_file(name, message.clone(), args.group.clone());
    definition.agent_id = agent_id;
    definition.priority = args.priority;
    definition.repeat = Repeat::always();
    definition.warning_rules = rules;
    let message = message.as_str().to_owned();
    let mut campaign = Campaign::without_file(definition, message);
    campaign.chosen = Some(Chosen {
        customers: customers_of(context, args)?.zip(1..).collect(),
        from: "the command line".to_owned(),
        what: "those of --customer".to_owned(),
        test: false,
    });
    Ok(campaign)
}

/// The text, by the rules of a campaign's.
fn text_of(args: &CreateArgs, rules: &WarningRules) -> Result<MessageText, Failure> {
    MessageText::new(&args.message, rules).map_err(|wrong| {
        let help = match wrong {
            InvalidMessage::Placeholder(_) => {
                "\nWrite it out. If customers are to read it: --allow placeholders"
            }
            _ => "",
        };
        Failure::mistake(format!("--message: the message {wrong}{help}"))
    })
}

/// Whom it is for: each once, few, and nobody whom nobody messages.
fn customers_of<'a>(
    context: &Context,
    args: &'a CreateArgs,
) -> Result<impl Iterator<Item = u64> + use<'a>, Failure> {
    let mut sorted = args.customer.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::mistake(format!(
            "customer {} is given twice",
            pair[0]
        )));
    }
    if sorted.len() > MOST_CUSTOMERS {
        return Err(Failure::mistake(format!(
            "{} are too many for one chat; write a campaign, which sends to any number",
            counted(sorted.len() as u64, "customer", "customers")
        )));
    }
    let suppress = context.settings.audience.lists();
    if let Some((customer, list)) = suppressed(&suppress, &sorted)?.first() {
        return Err(Failure::mistake(format!(
            "customer {customer} is on {}, a list of people whom nobody messages (audience.suppress); nothing was sent",
            list.display()
        )));
    }
    Ok(args.customer.iter().copied())
}

/// The plan, which has everybody who was named or is none: whoever types an id means that person.
fn plan_of(campaign: &Campaign, terms: &Terms, store: Option<&Store>) -> Result<Plan, Failure> {
    let prepared = prepare(campaign, terms, None)?;
    let before = match store {
        Some(store) => prepared.before(store, Timestamp::now())?,
        None => Before::default(),
    };
    let mut shares = Shares::new(&prepared.templates);
    let plan = match prepared.plan(before, None, Incomplete::Refuse, &mut shares) {
        Ok(plan) => plan,
        Err(NotPlanned::Sink(never)) => match never {},
        Err(NotPlanned::Refused(Refused::Mistake(mistake))) => return Err(mistake.into()),
        Err(NotPlanned::Refused(Refused::Nobody(nobody))) => {
            return Err(Failure::mistake(format!("{nobody}; nothing was sent")));
        }
    };
    match plan.summary.left_out.first() {
        None => Ok(plan),
        Some((ground, count)) => Err(Failure::mistake(format!(
            "{} of {}: {}; nothing was sent",
            count,
            counted(plan.summary.listing.listed, "customer", "customers"),
            ground.sentence()
        ))),
    }
}

/// Makes the run of this plan durable.
fn record(
    journal: &mut StoreJournal,
    campaign: &Campaign,
    terms: &Terms,
    args: &CreateArgs,
    plan: Digest,
) -> Result<RunKey, Failure> {
    let asked = Asked {
        expected: Some(plan),
        beside: args.new,
        at: Timestamp::now(),
        due: None,
        launch: Launch::default(),
        unasked: None,
    };
    match launch(journal, campaign, terms, &asked)? {
        Launched::New(key) | Launched::There(key) => Ok(key),
        Launched::Unfinished(key) => Err(Failure::mistake(format!(
            "an earlier chat is unfinished ({key}), and nothing was sent now. deskcast run {NAME} goes on \
             with it; --new sends this one beside it"
        ))),
    }
}

fn batches(store: &Store, run: &RunRecord) -> Result<Vec<BatchRows>, Failure> {
    let mut batches = Vec::new();
    let mut keep = |batch: &BatchRows| -> Result<(), JournalError> {
        batches.push(batch.clone());
        Ok(())
    };
    store.each_batch(run.id, &mut keep)?;
    Ok(batches)
}

fn text(run: &RunRecord, batches: &[BatchRows]) -> String {
    let mut out = format!("{}\n\n", run.key);
    for batch in batches {
        let customers = counted(batch.customers.len() as u64, "customer", "customers");
        let why = batch.words.as_ref().map(ToString::to_string);
        let why = why.unwrap_or_default();
        let line = match (batch.state, batch.chat) {
            (_, Some(chat)) => format!("Accepted: proactive chat {chat}, {customers}"),
            (BatchState::Rejected, None) => format!("Rejected: {customers}\n  {why}"),
            (BatchState::Unknown, None) => format!(
                "Unknown: {customers} may or may not have been messaged\n  {why}\n  \
                 To look again, or to decide: deskcast reconcile {}",
                run.key
            ),
            _ => format!("Not sent: {customers}\n  {why}\n  To go on: deskcast run {NAME}"),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn object(run: &RunRecord, batches: &[BatchRows]) -> Value {
    let parts: Vec<Value> = batches
        .iter()
        .map(|batch| {
            json!({
                "state": batch.state.as_str(),
                "proactive_chat_id": batch.chat.map(|chat| chat.0),
                "customers": batch.customers,
                "reason": batch.words.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    json!({"run": run.key.to_string(), "batches": parts})
}
