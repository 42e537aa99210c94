//! Which runs need a person, what for, and what that person can type.

use super::gate::{CANARY_WAITS_FOR_APPROVAL, WAITS_FOR_APPROVAL};
use super::run::RunState;
use super::tally::{Customers, Owner};

/// What a person has to do about a run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Attention {
    /// What for, for scripts.
    pub need: Need,
    /// What it is, in words.
    pub why: String,
    /// The commands to choose from, what looks or stops before what sends.
    pub commands: Vec<String>,
}

/// Why a run needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Somebody has to agree to its plan, or to how its first wave went.
    Approval,
    /// It is held until somebody decides.
    Paused,
    /// It is not through, and nobody sends it.
    Unattended,
    /// It failed, and nothing was sent of its campaign since.
    Failed,
    /// Of some batches it is not known whether Desk has them.
    Unknown,
}

impl Need {
    /// Every need.
    pub const ALL: [Need; 5] = [
        Need::Approval,
        Need::Paused,
        Need::Unattended,
        Need::Failed,
        Need::Unknown,
    ];

    /// The word for it, in metrics and for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Need::Approval => "approval",
            Need::Paused => "paused",
            Need::Unattended => "unattended",
            Need::Failed => "failed",
            Need::Unknown => "unknown",
        }
    }
}

/// What is known of a run that is not over, has unknown batches, or failed.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its name, as it is typed.
    pub key: &'a str,
    /// The name of its campaign.
    pub campaign: &'a str,
    /// Where it stands.
    pub state: RunState,
    /// Why it stands there, in words.
    pub note: &'a str,
    /// Whether somebody sends it.
    pub owner: Owner,
    /// Whether a daemon is there and goes on with it.
    pub is_tended: bool,
    /// What became of its customers.
    pub customers: &'a Customers,
}

/// What this run needs a person for; nothing where it goes on, or has ended well.
///
/// Of a failure that was followed by another run of its campaign nothing is left to do: such a run
/// is not to be asked about.
pub fn attention(facts: &Facts<'_>) -> Vec<Attention> {
    let Facts { key, campaign, .. } = facts;
    let Customers {
        remaining, unknown, ..
    } = *facts.customers;
    let mut found = Vec::new();
    let mut add = |need, why: String, commands: Vec<String>| {
        found.push(Attention {
            need,
            why,
            commands,
        });
    };
    let asks = [WAITS_FOR_APPROVAL, CANARY_WAITS_FOR_APPROVAL];
    match facts.state {
        RunState::Paused => add(
            Need::Paused,
            said(facts.note, "paused"),
            vec![
                format!("deskcast cancel {key}"),
                format!("deskcast resume {key}"),
            ],
        ),
        RunState::Failed => add(
            Need::Failed,
            said(facts.note, "failed"),
            vec![format!("deskcast report {key}")],
        ),
        state if state.is_open() && asks.iter().any(|words| facts.note.starts_with(words)) => add(
            Need::Approval,
            facts.note.to_owned(),
            vec![
                format!("deskcast show {key}"),
                format!("deskcast approve {key}"),
            ],
        ),
        state if state.is_open() && facts.owner == Owner::Gone && !facts.is_tended => add(
            Need::Unattended,
            format!("{remaining} of its customers remain, and nobody sends it"),
            vec![
                format!("deskcast cancel {key}"),
                format!("deskcast run {campaign}"),
            ],
        ),
        _ => {}
    }
    if unknown > 0 {
        add(
            Need::Unknown,
            format!("of {unknown} of its customers it is not known whether they were messaged"),
            vec![format!("deskcast reconcile {key}")],
        );
    }
    found
}

/// The note, or a word where there is none.
fn said(note: &str, word: &str) -> String {
    if note.is_empty() { word } else { note }.to_owned()
}
