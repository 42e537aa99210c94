//! The rules of the promise, held against what the sandbox remembers, customer by customer.

use std::collections::BTreeMap;

use super::desk::Desk;
use super::ledger::{Batch, Ledger, State};

/// What a comparison found. Nothing may stand in `broken`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Each rule that does not hold, with the customer or batch.
    pub(crate) broken: Vec<String>,
    /// Customers that were messaged more than once.
    pub(crate) duplicates: u64,
    /// Customers about whom the store is silent, or says what is not so.
    pub(crate) lost: u64,
    /// Batches whose outcome is unknown.
    pub(crate) unknown: u64,
    /// Those of them that Desk holds.
    pub(crate) held: u64,
}

impl Findings {
    fn lose(&mut self, what: String) {
        self.lost += 1;
        self.broken.push(what);
    }
}

/// A chat as Desk has it.
struct Chat {
    id: u64,
    customers: Vec<u64>,
}

/// Compares a run that nobody is sending any more, and that was to message `audience`, with a Desk
/// that nobody else has sent to.
pub(crate) fn compare(desk: &Desk, ledger: &Ledger, audience: &[u64]) -> Findings {
    let mut findings = Findings::default();
    let (times, chats) = desk.with(|stand_in| {
        let times: BTreeMap<u64, u32> = stand_in.world().memory().all().collect();
        let chats = stand_in.world().chats().iter();
        let chats: Vec<Chat> = chats
            .map(|chat| Chat {
                id: chat.id(),
                customers: chat.customers().collect(),
            })
            .collect();
        (times, chats)
    });
    nobody_twice(&times, &mut findings);
    everybody_once_in_the_plan(ledger, audience, &mut findings);
    states_are_true(ledger, &times, &mut findings);
    chats_belong_to_batches(ledger, &chats, &mut findings);
    let intents: u64 = ledger.batches.iter().map(|b| u64::from(b.attempts)).sum();
    if desk.creates() > intents {
        let creates = desk.creates();
        findings
            .broken
            .push(format!("{creates} creates for {intents} durable intents"));
    }
    findings
}

fn nobody_twice(times: &BTreeMap<u64, u32>, findings: &mut Findings) {
    for (customer, times) in times.iter().filter(|(_, times)| **times > 1) {
        findings.duplicates += 1;
        findings
            .broken
            .push(format!("customer {customer} was messaged {times} times"));
    }
}

/// Listed = planned + left out, and the planned ones are the audience, each in one batch.
fn everybody_once_in_the_plan(ledger: &Ledger, audience: &[u64], findings: &mut Findings) {
    let mut planned: Vec<u64> = ledger
        .ends()
        .flat_map(|batch| batch.customers.iter().copied())
        .collect();
    planned.sort_unstable();
    let mut expected = audience.to_vec();
    expected.sort_unstable();
    if planned != expected {
        findings.lose(format!(
            "the batches hold {} customers, and not each of the {} of the audience once",
            planned.len(),
            expected.len()
        ));
    }
    let (listed, left_out) = (ledger.listed, ledger.left_out);
    if listed as usize != planned.len() + left_out as usize {
        findings.lose(format!(
            "listed {listed} is not planned {} + left out {left_out}",
            planned.len()
        ));
    }
}

/// Accepted was messaged; rejected and remaining were not; nothing is in flight any more.
fn states_are_true(ledger: &Ledger, times: &BTreeMap<u64, u32>, findings: &mut Findings) {
    for batch in ledger.ends() {
        for customer in &batch.customers {
            let messaged = times.contains_key(customer);
            let wrong = match batch.state {
                State::Accepted => !messaged,
                State::Rejected | State::Planned => messaged,
                State::Unknown | State::Abandoned => false,
                State::Sending | State::Split => true,
            };
            if wrong {
                let (number, state) = (batch.number, batch.state);
                findings.lose(format!(
                    "customer {customer} of batch {number} is {state:?}, messaged: {messaged}"
                ));
            }
        }
    }
}

/// Each chat is the chat of one accepted batch, or may be that of an unknown one.
fn chats_belong_to_batches(ledger: &Ledger, chats: &[Chat], findings: &mut Findings) {
    let is_of = |batch: &Batch, chat: &Chat| batch.customers == chat.customers;
    for chat in chats {
        let id = chat.id;
        let owners = ledger
            .ends()
            .filter(|batch| match batch.state {
                State::Accepted => batch.chat == Some(id) && is_of(batch, chat),
                State::Unknown | State::Abandoned => is_of(batch, chat),
                _ => false,
            })
            .count();
        if owners != 1 {
            findings
                .broken
                .push(format!("chat {id} belongs to {owners} batches"));
        }
    }
    for batch in ledger.in_state(State::Accepted) {
        if !chats
            .iter()
            .any(|chat| Some(chat.id) == batch.chat && is_of(batch, chat))
        {
            let number = batch.number;
            findings.lose(format!(
                "batch {number} is accepted as chat {:?}, which Desk does not hold",
                batch.chat
            ));
        }
    }
    for batch in ledger.in_state(State::Unknown) {
        findings.unknown += 1;
        findings.held += u64::from(chats.iter().any(|chat| is_of(batch, chat)));
    }
}
