//! What must hold, whatever happened: one checker for the model, the simulation and every test
//! that can say what the journal holds and what the other side applied.
//!
//! It knows nothing of how it came about. It is given the journal's word on each run, the file the
//! run was planned from as the test wrote it, and the chats that were really made.

use std::collections::{BTreeMap, BTreeSet};

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::tally::{Listing, Owner, Tally};
use deskcast::journal::RunState;

/// A rule that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

pub(crate) type Checked = Result<(), Violation>;

pub(crate) fn broken(rule: &'static str, what: impl Into<String>) -> Checked {
    Err(Violation {
        rule,
        what: what.into(),
    })
}

/// The customer file of a run, as whoever wrote it knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audience {
    pub(crate) listed: u64,
    pub(crate) duplicates: u64,
    pub(crate) invalid: u64,
    /// Everybody who is to be messaged.
    pub(crate) planned: BTreeSet<u64>,
}

/// The journal's word on a run.
#[derive(Clone, Debug)]
pub(crate) struct RunView {
    pub(crate) name: String,
    pub(crate) state: RunState,
    pub(crate) listing: Listing,
    pub(crate) owner: Owner,
    pub(crate) batches: BTreeMap<u32, BatchView>,
}

/// The journal's word on a batch.
#[derive(Clone, Debug)]
pub(crate) struct BatchView {
    pub(crate) parent: Option<u32>,
    pub(crate) state: BatchState,
    pub(crate) attempt: u32,
    pub(crate) chat: Option<u64>,
    pub(crate) customers: Vec<u64>,
}

/// The chats of one run that the other side has really made, by id.
pub(crate) type Applied = BTreeMap<u64, Vec<u64>>;

impl RunView {
    /// The batches that count: those that were not split.
    fn leaves(&self) -> impl Iterator<Item = (u32, &BatchView)> {
        let batches = self.batches.iter().map(|(number, batch)| (*number, batch));
        batches.filter(|(_, batch)| batch.state != BatchState::Split)
    }

    /// Where each customer stands.
    fn places(&self) -> BTreeMap<u64, BatchState> {
        self.leaves()
            .flat_map(|(_, batch)| batch.customers.iter().map(|id| (*id, batch.state)))
            .collect()
    }
}

/// All rules that hold at any moment.
pub(crate) fn at_any_time(run: &RunView, audience: &Audience, applied: &Applied) -> Checked {
    nobody_twice(run, applied)?;
    everybody_once(run, audience)?;
    sums_hold(run, audience)?;
    splits_divide(run)?;
    applied_is_never_free_to_send(run, applied)?;
    accepted_is_applied(run, applied)?;
    closed_is_closed(run)
}

/// At most one applied message per run and customer.
pub(crate) fn nobody_twice(run: &RunView, applied: &Applied) -> Checked {
    let mut seen = BTreeMap::new();
    for (chat, customers) in applied {
        for id in customers {
            if let Some(before) = seen.insert(*id, *chat) {
                let what = format!(
                    "{}: customer {id} is in the chats {before} and {chat}",
                    run.name
                );
                return broken("nobody is messaged twice", what);
            }
        }
    }
    Ok(())
}

/// Every customer of the plan is in exactly one batch, and nobody else is in any.
pub(crate) fn everybody_once(run: &RunView, audience: &Audience) -> Checked {
    const RULE: &str = "nobody is lost";
    let mut seen = BTreeSet::new();
    for (number, batch) in run.leaves() {
        for id in &batch.customers {
            if !seen.insert(*id) {
                let what = format!("{}: customer {id} is in batch {number} too", run.name);
                return broken(RULE, what);
            }
        }
    }
    if seen == audience.planned {
        return Ok(());
    }
    let lost: Vec<_> = audience.planned.difference(&seen).collect();
    let strange: Vec<_> = seen.difference(&audience.planned).collect();
    broken(
        RULE,
        format!("{}: lost {lost:?}, strangers {strange:?}", run.name),
    )
}

/// Listed is planned, duplicates and invalid; planned is the sum of all states.
fn sums_hold(run: &RunView, audience: &Audience) -> Checked {
    const RULE: &str = "the sums hold";
    let states = run
        .batches
        .values()
        .map(|batch| (batch.state, 1, batch.customers.len() as u64));
    let tally = Tally::of(run.listing, states, run.owner);
    if let Some(why) = tally.contradiction() {
        return broken(RULE, format!("{}: {why}", run.name));
    }
    let customers = tally.customers;
    let counted = (customers.listed, customers.duplicates, customers.invalid);
    let written = (audience.listed, audience.duplicates, audience.invalid);
    let states = customers.accepted
        + customers.rejected
        + customers.unknown
        + customers.abandoned
        + customers.remaining;
    if counted == written && states == audience.planned.len() as u64 {
        return Ok(());
    }
    broken(RULE, format!("{}: {customers:?} of {written:?}", run.name))
}

/// The parts of a split batch are its customers.
fn splits_divide(run: &RunView) -> Checked {
    let mut parts: BTreeMap<u32, BTreeSet<u64>> = BTreeMap::new();
    for batch in run.batches.values() {
        if let Some(parent) = batch.parent {
            parts.entry(parent).or_default().extend(&batch.customers);
        }
    }
    for (number, batch) in &run.batches {
        let whole: Option<BTreeSet<u64>> =
            (batch.state == BatchState::Split).then(|| batch.customers.iter().copied().collect());
        if parts.remove(number) != whole {
            let what = format!("{}: batch {number} and its parts differ", run.name);
            return broken("a split divides a batch", what);
        }
    }
    if parts.is_empty() {
        Ok(())
    } else {
        broken(
            "a split divides a batch",
            format!("{}: parts without a whole: {parts:?}", run.name),
        )
    }
}

/// Whatever was applied is on its way, accepted, unknown or abandoned: never planned or rejected.
pub(crate) fn applied_is_never_free_to_send(run: &RunView, applied: &Applied) -> Checked {
    let places = run.places();
    for (chat, customers) in applied {
        for id in customers {
            let place = places.get(id).copied();
            if !matches!(
                place,
                Some(
                    BatchState::Sending
                        | BatchState::Accepted
                        | BatchState::Unknown
                        | BatchState::Abandoned
                )
            ) {
                let what = format!(
                    "{}: customer {id} of chat {chat} stands as {place:?}",
                    run.name
                );
                return broken("what was applied is never planned or rejected", what);
            }
        }
    }
    Ok(())
}

/// An accepted batch is the chat that its id says.
fn accepted_is_applied(run: &RunView, applied: &Applied) -> Checked {
    for (number, batch) in &run.batches {
        let is_accepted = batch.state == BatchState::Accepted;
        if is_accepted != batch.chat.is_some() {
            let what = format!(
                "{}: batch {number} is {:?} and has chat {:?}",
                run.name, batch.state, batch.chat
            );
            return broken("an accepted batch has a chat", what);
        }
        let chat = batch.chat.and_then(|chat| applied.get(&chat));
        if is_accepted && chat != Some(&batch.customers) {
            let what = format!(
                "{}: batch {number} with {:?} is accepted as chat {:?} with {chat:?}",
                run.name, batch.customers, batch.chat
            );
            return broken("what is accepted was applied", what);
        }
    }
    Ok(())
}

/// The same by customer alone, for whoever does not trust ids.
pub(crate) fn accepted_was_messaged(run: &RunView, applied: &Applied) -> Checked {
    let messaged: BTreeSet<u64> = applied.values().flatten().copied().collect();
    let lost = run
        .places()
        .into_iter()
        .find(|(id, state)| *state == BatchState::Accepted && !messaged.contains(id));
    match lost {
        Some((id, _)) => broken(
            "what is accepted was applied",
            format!("{}: customer {id} was never messaged", run.name),
        ),
        None => Ok(()),
    }
}

/// A run that is over has nothing on its way, and a finished one nothing left to send.
fn closed_is_closed(run: &RunView) -> Checked {
    let left = |wanted| run.batches.iter().find(|(_, batch)| batch.state == wanted);
    let open = match run.state {
        RunState::Finished => left(BatchState::Sending).or(left(BatchState::Planned)),
        RunState::Failed => left(BatchState::Sending),
        _ => None,
    };
    match open {
        Some((number, batch)) => broken(
            "a run that is over has nothing on its way",
            format!(
                "{}: {:?}, and batch {number} is {:?}",
                run.name, run.state, batch.state
            ),
        ),
        None => Ok(()),
    }
}

/// What was seen of each run before: terminal states stay, attempts only grow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    runs: BTreeMap<String, RunView>,
}

impl Past {
    /// Compares with what was seen before, and remembers.
    pub(crate) fn goes_on(&mut self, run: &RunView) -> Checked {
        const RULE: &str = "terminal states stay";
        if let Some(before) = self.runs.get(&run.name) {
            if before.state == RunState::Failed && run.state != RunState::Failed {
                return broken(RULE, format!("{}: failed, now {:?}", run.name, run.state));
            }
            for (number, was) in &before.batches {
                let is = run.batches.get(number);
                let same = is.is_some_and(|is| {
                    is.customers == was.customers
                        && is.attempt >= was.attempt
                        && (!was.state.is_terminal()
                            || (is.state, is.chat, is.attempt)
                                == (was.state, was.chat, was.attempt))
                });
                if !same {
                    let what = format!("{}: batch {number} was {was:?}, is {is:?}", run.name);
                    return broken(RULE, what);
                }
            }
        }
        self.runs.insert(run.name.clone(), run.clone());
        Ok(())
    }
}

/// Every unknown attempt has a cause that can be named.
pub(crate) fn unknowns_have_causes(run: &RunView, causes: &BTreeSet<(u32, u32)>) -> Checked {
    let without = run.batches.iter().find(|(number, batch)| {
        batch.state == BatchState::Unknown && !causes.contains(&(**number, batch.attempt))
    });
    match without {
        Some((number, batch)) => broken(
            "an unknown has a cause",
            format!(
                "{}: batch {number}, attempt {}: nothing was lost",
                run.name, batch.attempt
            ),
        ),
        None => Ok(()),
    }
}
