//! `deskcast desk chat create`: one message to a few customers, outside of campaigns.
//!
//! It goes the way of everything that sends. The chat is planned as a run of the reserved name
//! `desk-chat`, with one batch; its intent is durable before the request leaves; an outcome that is
//! unknown is looked for in Desk, and is otherwise for `deskcast reconcile desk-chat`. Whoever types
//! the command again after a crash is told of the unfinished run instead of sending twice.

use std::time::Duration;

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
use crate::campaign::{
    Block, CampaignName, InvalidMessage, MessageText, Priority, UnknownPolicy, WARNING_NAMES,
    Warning, WarningRules, text_warnings,
};
use crate::delivery::batch::BatchState;
use crate::delivery::plan::Planner;
use crate::delivery::request::Template;
use crate::delivery::rules::Rules;
use crate::delivery::variant::Varied;
use crate::desk::Desk;
use crate::journal::reading::BatchRows;
use crate::journal::runs::RunRecord;
use crate::journal::{Journal, JournalError, Launch, NewRun, RunKey, Store, StoreJournal};
use crate::report::number::counted;
use crate::service::lists::suppressed;

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
    let new = planned(context, &args)?;
    let template = Template::new(&new.message, &new.group, new.agent_id, new.priority);
    let templates = Varied::same(template);
    if args.dry_run {
        let body = templates.of(&args.customer).body(&args.customer);
        print(&format!(
            "POST {}\n{}\n",
            Desk::create_url(&new.base_url),
            String::from_utf8_lossy(&body)
        ))?;
        return Ok(Exit::Done);
    }
    let run_args = RunArgs::outside_of_campaigns(NAME);
    let target = Target::of(context, &run_args).await?;
    let mut journal = target.store.open()?;
    let key = record(&mut journal, new, &templates, &args.customer)?;
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

/// The text, by the rules of a campaign's.
fn text_of(args: &CreateArgs) -> Result<MessageText, Failure> {
    let mut rules = WarningRules::allowing(args.allow.iter().map(String::as_str));
    rules.strict = args.strict;
    let message = MessageText::new(&args.message, &rules).map_err(|wrong| {
        let help = match wrong {
            InvalidMessage::Placeholder(_) => {
                "\nWrite it out. If customers are to read it: --allow placeholders"
            }
            _ => "",
        };
        Failure::mistake(format!("--message: the message {wrong}{help}"))
    })?;
    let warnings = rules.judge(text_warnings("the message", message.as_str()));
    for Warning { name, sentence } in warnings.map_err(Failure::mistake)? {
        tracing::warn!(warning = name, "{sentence}");
    }
    Ok(message)
}

/// The run, once everything that can be wrong with it was looked at.
fn planned(context: &Context, args: &CreateArgs) -> Result<NewRun, Failure> {
    let message = text_of(args)?;
    if args.group.trim().is_empty() {
        return Err(Failure::mistake("--group: the key of a group is not empty"));
    }
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
    let of_settings = context
        .settings
        .desk
        .agent_id
        .map(std::num::NonZeroU64::get);
    let agent_id = args.agent.or(of_settings).ok_or_else(|| {
        Failure::mistake("no agent is named: give --agent, or set desk.agent_id in deskcast.toml")
    })?;
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
    let now = Timestamp::now();
    Ok(NewRun {
        key: RunKey {
            campaign: CampaignName::new(NAME)
                .map_err(|error| Failure::mistake(error.to_string()))?,
            due: Timestamp::from_second(now.as_second()).unwrap_or(now),
        },
        message: message.as_str().to_owned(),
        group: args.group.clone(),
        agent_id,
        priority: args.priority,
        batch_size: MOST_CUSTOMERS as u32,
        base_url: context.settings.base_url()?.to_string(),
        customers_file: "the command line".to_owned(),
        unknown: UnknownPolicy::Hold,
        beside: args.new,
        created_at: now,
        launch: Launch::default(),
    })
}

/// Makes the run durable. Another one within the same second is due a second later.
fn record(
    journal: &mut StoreJournal,
    mut new: NewRun,
    templates: &Varied<Template>,
    customers: &[u64],
) -> Result<RunKey, Failure> {
    let block = Block {
        ids: customers.to_vec(),
        lines: (1..=customers.len() as u64).collect(),
        rows: customers.len(),
        ..Block::default()
    };
    let url = Desk::create_url(&new.base_url);
    loop {
        let created = journal.create_run::<JournalError>(&new, &mut |sink| {
            let mut planner = Planner::new(templates, &url, MOST_CUSTOMERS, Rules::default());
            planner.block(&block, sink)?;
            planner.finish(sink)
        });
        match created {
            Ok(_) => return Ok(new.key),
            Err(JournalError::Exists(_)) => new.key.due += Duration::from_secs(1),
            Err(JournalError::Unfinished(key)) => {
                return Err(Failure::mistake(format!(
                    "an earlier chat is unfinished ({key}), and nothing was sent now. deskcast run {NAME} goes on \
                     with it; --new sends this one beside it"
                )));
            }
            Err(error) => return Err(error.into()),
        }
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
