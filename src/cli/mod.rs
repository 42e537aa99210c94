//! What an operator types. Each command is a file; this one knows them all and nothing else.

mod approve;
mod ask;
mod check;
mod connection;
mod daemon;
mod desk;
pub mod exit;
mod failure;
mod help;
mod init;
mod manual;
mod next;
mod operator;
mod order;
mod output;
mod progress;
mod reconcile;
mod report;
mod retract;
mod run;
mod runs;
mod sandbox;
mod selection;
mod show;
mod status;
mod store;
mod tickets;
mod track;
mod transcripts;
mod why;
mod workbook;
mod zone_rules;

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Parser, Subcommand};

use self::exit::Exit;
use self::failure::Failure;
use self::output::{is_coloured, is_told_on_terminal, print, tell};
use crate::journal::orders::Verb;
use crate::settings::Settings;
use crate::telemetry;

/// Runs proactive-chat campaigns against Sendbird Desk: nobody twice, nobody lost.
#[derive(Debug, Parser)]
#[command(
    name = "deskcast",
    version,
    long_version = zone_rules::long_version(),
    about,
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = help::topics()
)]
pub struct Cli {
    /// The settings file [default: $DESKCAST_CONFIG, ./deskcast.toml, /etc/deskcast/deskcast.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make settings, an example campaign and a store in this folder
    Init(init::InitArgs),
    /// Send a campaign, or resume its unfinished run; with --dry-run, show what would happen
    Run(run::RunArgs),
    /// Find mistakes in campaigns before they run, and show when they are due next
    Check(check::CheckArgs),
    /// Go on reading the chats of runs that are still open
    Track(track::TrackArgs),
    /// Find out what became of unknown batches, or decide it
    Reconcile(reconcile::ReconcileArgs),
    /// Launch campaigns when they are due, send and follow them, until told to stop
    Daemon,
    /// Launch a campaign in the daemon, now
    Launch(order::LaunchArgs),
    /// Hold a run, or a campaign with its schedule, until it is resumed
    Pause(order::OrderArgs),
    /// Go on with what was paused
    Resume(order::OrderArgs),
    /// End a run for good: what remains of it is never sent
    Cancel(order::CancelArgs),
    /// Agree to the plan of a run that waits for it
    Approve(approve::ApproveArgs),
    /// Show the results of runs: sent, responded, closed; or of every customer
    Report(report::ReportArgs),
    /// Show the plan of a run: its whole text, its customers, and where it stands
    Show(show::ShowArgs),
    /// Show whether somebody must do something, what is under way, and what is due next
    Status(status::StatusArgs),
    /// List runs
    Runs(runs::RunsArgs),
    /// Tell everything that is known of one customer
    Why(why::WhyArgs),
    /// Make the store, show it, or say which copy of it goes on
    Store(store::StoreArgs),
    /// Speak to the Desk API by hand: chats, messages, deletions, and the ids of people
    Desk(desk::DeskArgs),
    /// Fetch all messages of many tickets
    Transcripts(transcripts::TranscriptsArgs),
    /// Delete messages from tickets, and prove it
    Retract(retract::RetractArgs),
    /// Serve a stand-in for Desk on this machine, to try things out
    Sandbox(sandbox::SandboxCommand),
    /// Print what a shell needs to complete this command line
    Completions(manual::CompletionsArgs),
    /// Write the manual pages
    Man(manual::ManArgs),
    /// Show a chapter of the manual, or everything about a command
    Help(help::HelpArgs),
}

/// What every command has at hand.
#[derive(Debug)]
struct Context {
    settings: Settings,
    bars: indicatif::MultiProgress,
    /// Whether standard error is a terminal: there is where progress and complaints go.
    on_terminal: bool,
}

/// Runs the command line of this process to its end.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A mistake, with the usage; standard error may be gone, which is no second one.
            if error.use_stderr() {
                let _ = error.print();
                if let Some(tip) = typed_apart(&error, std::env::args()) {
                    tell(format_args!("{tip}"));
                }
                return Exit::Mistake;
            }
            return ended(asked_of_clap(&error));
        }
    };
    ended(start(cli))
}

/// What to type instead of an option whose value may be left out, and that was typed apart from it.
fn typed_apart(error: &clap::Error, words: impl Iterator<Item = String>) -> Option<String> {
    const OPTION: &str = "--follow";
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    humantime::parse_duration(value).ok()?;
    let words: Vec<String> = words.collect();
    let mut pairs = words.windows(2);
    let is_typed = pairs.any(|pair| pair[0] == OPTION && pair[1] == *value);
    is_typed.then(|| format!("did you mean {OPTION}={value}?"))
}

/// What is printed of the command line itself, by `--help` and `--version`.
fn asked_of_clap(error: &clap::Error) -> Result<Exit, Failure> {
    let text = error.render();
    print(&match is_coloured() {
        true => text.ansi().to_string(),
        false => text.to_string(),
    })?;
    Ok(Exit::Done)
}

/// Says why it ended early, if it did.
fn ended(result: Result<Exit, Failure>) -> Exit {
    result.unwrap_or_else(|failure| {
        tell(format_args!("deskcast: {failure}"));
        failure.exit()
    })
}

fn start(cli: Cli) -> Result<Exit, Failure> {
    match &cli.command {
        // These tell of the command line alone: wrong settings do not concern them.
        Command::Completions(args) => return manual::completions(args),
        Command::Man(args) => return manual::man(args),
        Command::Help(args) => return help::help(args),
        Command::Init(args) => return init::init(args),
        _ => {}
    }
    zone_rules::choose();
    let settings = Settings::load_for_process(cli.config.as_deref())?;
    let on_terminal = is_told_on_terminal();
    let bars = indicatif::MultiProgress::new();
    telemetry::init(
        settings.log.format,
        &settings.log.filter,
        on_terminal,
        &bars,
    )
    .map_err(|error| Failure::mistake(error.to_string()))?;
    let context = Context {
        settings,
        bars,
        on_terminal,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::stopped(format!("cannot start: {error}")))?;
    let exit = match cli.command {
        Command::Run(args) => runtime.block_on(run::run(&context, args)),
        Command::Check(args) => runtime.block_on(check::check(&context, args)),
        Command::Track(args) => runtime.block_on(track::track(&context, args)),
        Command::Reconcile(args) => runtime.block_on(reconcile::reconcile(&context, args)),
        Command::Daemon => runtime.block_on(daemon::daemon(&context)),
        Command::Launch(args) => order::launch(&context, &args),
        Command::Pause(args) => order::order(&context, Verb::Pause, &args),
        Command::Resume(args) => order::order(&context, Verb::Resume, &args),
        Command::Cancel(args) => order::cancel(&context, &args),
        Command::Approve(args) => approve::approve(&context, &args),
        Command::Report(args) => report::report(&context, args),
        Command::Show(args) => show::show(&context, &args),
        Command::Status(args) => status::status(&context, &args),
        Command::Runs(args) => runs::runs(&context, args),
        Command::Why(args) => why::why(&context, args),
        Command::Store(args) => store::store(&context, &args),
        Command::Desk(args) => runtime.block_on(desk::desk(&context, args)),
        Command::Transcripts(args) => runtime.block_on(transcripts::transcripts(&context, args)),
        Command::Retract(args) => runtime.block_on(retract::retract(&context, args)),
        Command::Sandbox(args) => runtime.block_on(sandbox::serve(args)),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
        Command::Help(args) => help::help(&args),
        Command::Init(args) => init::init(&args),
    };
    // What is still in the air at this point is of no interest any more.
    runtime.shutdown_background();
    exit
}
