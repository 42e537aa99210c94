//! The journal's thread: one writer, many batches a commit.
//!
//! Whatever has queued up while a commit was under way shares the next one, and commits keep a
//! little distance: on a fast disk they would else be many and small, each at the price of a large
//! one. The thread ends when the last handle to it is dropped.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::journal::{Entry, Fence, Journal, JournalError, Permit};

/// Called with what was to be recorded, and whether it was.
type Reply = Box<dyn FnOnce(Vec<Entry>, Result<Vec<Permit>, JournalError>) + Send>;
type Call<J> = Box<dyn FnOnce(&mut J) + Send>;

enum Command<J> {
    Record(Fence, Vec<Entry>, Reply),
    Call(Call<J>),
}

/// One commit of intents and outcomes, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// How long it took.
    pub took: Duration,
    /// Why the store could not be written, where it could not.
    pub failed: Option<&'a str>,
}

impl<'a> Commit<'a> {
    fn of(took: Duration, results: &'a [Result<Vec<Permit>, JournalError>]) -> Commit<'a> {
        let failed = results.iter().find_map(|result| match result {
            Err(JournalError::Store(why)) => Some(why.as_str()),
            _ => None,
        });
        Commit { took, failed }
    }
}

/// A handle to the journal's thread. Clones share it.
#[derive(Debug)]
pub struct Recorder<J> {
    commands: mpsc::Sender<Command<J>>,
}

impl<J> Clone for Recorder<J> {
    fn clone(&self) -> Self {
        Recorder {
            commands: self.commands.clone(),
        }
    }
}

/// The most entries of one commit: bounds how long the first of them waits.
const MOST_ENTRIES: usize = 4096;
/// From the end of a commit to the start of the next, at least. A record that comes later than
/// that, as all do at the usual rates, is committed at once.
const DISTANCE: Duration = Duration::from_micros(500);

impl<J: Journal + 'static> Recorder<J> {
    /// Starts the thread. Joining it, after the last handle is dropped, closes the journal.
    pub fn start(journal: J) -> (Recorder<J>, JoinHandle<()>) {
        Recorder::start_heard_by(journal, |_| {})
    }

    /// As [`Recorder::start`]; `hear` is told of every commit, on the journal's thread.
    pub fn start_heard_by(
        journal: J,
        hear: impl Fn(Commit<'_>) + Send + 'static,
    ) -> (Recorder<J>, JoinHandle<()>) {
        let (commands, queue) = mpsc::channel();
        let thread = std::thread::spawn(move || serve(journal, &queue, &hear));
        (Recorder { commands }, thread)
    }

    /// Makes entries durable; `reply` is called on the journal's thread when they are, or when
    /// they could not be.
    pub fn record(
        &self,
        fence: Fence,
        entries: Vec<Entry>,
        reply: impl FnOnce(Vec<Entry>, Result<Vec<Permit>, JournalError>) + Send + 'static,
    ) {
        if let Err(mpsc::SendError(Command::Record(_, entries, reply))) = self
            .commands
            .send(Command::Record(fence, entries, Box::new(reply)))
        {
            reply(entries, Err(gone()));
        }
    }

    /// Does something with the journal, in turn with everything else: after what was handed over
    /// before, and before what is handed over after. What goes wrong is a line in the log.
    pub fn tell(&self, act: impl FnOnce(&mut J) -> Result<(), JournalError> + Send + 'static) {
        let call: Call<J> = Box::new(move |journal| {
            if let Err(error) = act(journal) {
                tracing::warn!(%error, "the journal could not be written");
            }
        });
        if self.commands.send(Command::Call(call)).is_err() {
            tracing::error!(error = %gone(), "the journal could not be written");
        }
    }

    /// Does something with the journal, in turn with everything else.
    pub async fn call<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut J) -> Result<R, JournalError> + Send + 'static,
    ) -> Result<R, JournalError> {
        let (answer, answered) = oneshot::channel();
        let call: Call<J> = Box::new(move |journal| {
            let _ = answer.send(act(journal));
        });
        self.commands
            .send(Command::Call(call))
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn gone() -> JournalError {
    JournalError::Store(
        "the journal's thread has ended; this is a defect, please report it".to_owned(),
    )
}

fn serve<J: Journal>(
    mut journal: J,
    queue: &mpsc::Receiver<Command<J>>,
    hear: &impl Fn(Commit<'_>),
) {
    let mut next = queue.recv().ok();
    let mut not_before = Instant::now();
    while let Some(command) = next.take() {
        match command {
            Command::Call(call) => call(&mut journal),
            Command::Record(fence, entries, reply) => {
                let mut groups = vec![(fence, entries)];
                let mut replies = vec![reply];
                next = gather(queue, &mut groups, &mut replies, not_before);
                let start = Instant::now();
                let results = journal.record(&groups);
                hear(Commit::of(start.elapsed(), &results));
                for ((reply, (_, entries)), result) in replies.into_iter().zip(groups).zip(results)
                {
                    reply(entries, result);
                }
                not_before = Instant::now() + DISTANCE;
            }
        }
        next = next.or_else(|| queue.recv().ok());
    }
}

/// Takes what else is to be recorded and has queued up, or does until `not_before`; returns the
/// first command that is something else.
fn gather<J>(
    queue: &mpsc::Receiver<Command<J>>,
    groups: &mut Vec<(Fence, Vec<Entry>)>,
    replies: &mut Vec<Reply>,
    not_before: Instant,
) -> Option<Command<J>> {
    let mut count: usize = groups.iter().map(|(_, entries)| entries.len()).sum();
    while count < MOST_ENTRIES {
        let wait = not_before.saturating_duration_since(Instant::now());
        match queue.recv_timeout(wait) {
            Ok(Command::Record(fence, entries, reply)) => {
                count += entries.len();
                groups.push((fence, entries));
                replies.push(reply);
            }
            Ok(other) => return Some(other),
            Err(_) => return None,
        }
    }
    None
}
