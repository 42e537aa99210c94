//! Sends what is left of a run from this process, and says how it stands.

use std::time::Duration;

use jiff::Timestamp;

use super::super::connection::{Connection, line};
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::sandbox::SPEED;
use super::super::{Context, progress};
use super::RunArgs;
use super::target::Target;
use crate::delivery::dispatch::Ending;
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::journal::{Journal, JournalError, Purpose, RunState, StoreJournal};
use crate::service::orders::{OrderBook, Reins, heed};
use crate::service::progress::Progress;
use crate::service::recorder::Recorder;
use crate::service::voyage::{self, Stranded, Voyage};

/// How long the chats of a campaign in the sandbox are followed.
const SANDBOX_FOLLOW: Duration = Duration::from_secs(12);

/// Sends what is left, ends unknowns, reads the chats, and says how it stands.
pub(in crate::cli) async fn send_and_read(
    context: &Context,
    args: &RunArgs,
    mut journal: StoreJournal,
    target: &Target,
    record: &RunRecord,
) -> Result<(RunRecord, Standing, Exit), Failure> {
    let record = &as_in(target, record);
    let reins = Reins::under(&target.stop()?);
    let claim = journal
        .claim_from_who_looks(record.id, Purpose::Sending)
        .map_err(|error| refused(error, record))?;
    voyage::say_recovered(&claim, record);
    if let Some(why) = voyage::clock_set_back(&claim, Timestamp::now()) {
        journal.release(claim.fence, RunState::Stopped, &why, Timestamp::now())?;
        return Err(Failure::stopped(why));
    }
    let last_request = claim
        .last_intent_at
        .and_then(|at| Timestamp::now().duration_since(at).try_into().ok());
    // A store that is thrown away is shared with nobody.
    let shared_by = target.sandbox.is_none().then(|| target.store.clone());
    let connection = Connection::new(
        &context.settings,
        &target.base_url,
        target.token.clone(),
        shared_by.as_ref(),
        last_request,
    )?;
    let store = target.store.read()?;
    let book = OrderBook::open(&target.store)?;
    let (recorder, thread) = Recorder::start(journal);
    let progress = Progress::default();
    voyage::begin_progress(&progress, &store, record)?;
    let shown = progress::show(
        progress.clone(),
        &context.bars,
        context.on_terminal,
        record.key.to_string(),
    );
    let mut line = line(&context.settings, &connection, &recorder, &target.store);
    drop(recorder);
    if target.sandbox.is_some() {
        line.shortest = Duration::from_secs(1);
    }
    let voyage = Voyage {
        line,
        record,
        follow: follow(args, target),
        reins: reins.clone(),
        progress,
    };
    let heeding = tokio::spawn(heed(book, record.id, reins));
    let ending = voyage.sail(claim).await;
    // Whoever closes the store last tidies it up, and only the journal can: readers go first.
    heeding.abort();
    let _ = heeding.await;
    drop(store);
    drop(shown);
    drop(voyage);
    let _ = thread.join();
    let ending = ending?;
    let store = target.store.read()?;
    let record = store
        .run(&record.key)?
        .ok_or_else(|| Failure::stopped("the run is not in the store any more"))?;
    let standing = store.standing(&record)?;
    let exit = exit(&ending, &standing);
    Ok((record, standing, exit))
}

/// The run as it is sent: in a sandbox of its own nobody waits for hours, or for somebody's word.
fn as_in(target: &Target, record: &RunRecord) -> RunRecord {
    let mut record = record.clone();
    if target.sandbox.is_some() {
        record.restraints = record.restraints.in_sandbox(SPEED);
        record.window.clear();
    }
    record
}

/// How long the chats are followed before the command ends.
fn follow(args: &RunArgs, target: &Target) -> Option<Option<Duration>> {
    match (&args.follow, target.sandbox.is_some()) {
        (Some(time), _) => Some(time.map(Duration::from)),
        (None, true) => Some(Some(SANDBOX_FOLLOW)),
        (None, false) => None,
    }
}

impl From<Stranded> for Failure {
    fn from(stranded: Stranded) -> Failure {
        match stranded {
            Stranded::Journal(error) => error.into(),
            Stranded::Unrecorded(why) => Failure::stopped(why),
        }
    }
}

fn refused(error: JournalError, record: &RunRecord) -> Failure {
    match error {
        JournalError::Owned(_) => Failure::stopped(format!(
            "the run {} is being sent by another process on this machine ({}); nothing was done",
            record.key, record.owner_name
        )),
        JournalError::Held("paused") => Failure::stopped(format!(
            "the run {} is paused, and nothing was sent. To go on with it: deskcast resume {}",
            record.key, record.key
        )),
        JournalError::Held(state) => Failure::stopped(format!(
            "the run {} is {state}; nothing was sent",
            record.key
        )),
        error => error.into(),
    }
}

fn exit(ending: &Ending, standing: &Standing) -> Exit {
    match ending {
        Ending::Stopped(_) => Exit::Stopped,
        Ending::Failed(_)
            if standing.tally.customers.accepted + standing.tally.customers.unknown == 0 =>
        {
            Exit::Mistake
        }
        Ending::Failed(_) => Exit::Attention,
        Ending::Finished if standing.tally.all_accepted() => Exit::Done,
        Ending::Finished => Exit::Attention,
    }
}
