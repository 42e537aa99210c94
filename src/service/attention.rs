//! Which runs need a person, what for, and what that person can type.

use crate::delivery::gate::{CANARY_WAITS_FOR_APPROVAL, WAITS_FOR_APPROVAL};
use crate::delivery::tally::Owner;
use crate::journal::sqlite::read::{RunRecord, Standing, Store};
use crate::journal::{JournalError, RunState, Tended};

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

/// A run that needs a person, or goes on, with what it needs; nothing where it goes on by itself.
pub type LookedAt = (RunRecord, Standing, Vec<Attention>);

/// The runs of a store that need a person or are under way, the latest due first.
///
/// # Errors
/// When the store cannot be read.
pub fn of_store(store: &Store) -> Result<Vec<LookedAt>, JournalError> {
    let has_daemon = store.has_daemon();
    let runs = store.runs_to_look_at()?;
    let standings = store.standings(&runs)?;
    let all = runs.into_iter().zip(standings).map(|(run, standing)| {
        let found = attention(&run, &standing, has_daemon);
        (run, standing, found)
    });
    Ok(all.collect())
}

/// What this run needs a person for; nothing where it goes on, or has ended well.
///
/// `has_daemon` says whether a daemon lives on the store. Of a failure that was followed by another
/// run of its campaign nothing is left to do: such a run is not looked at.
fn attention(run: &RunRecord, standing: &Standing, has_daemon: bool) -> Vec<Attention> {
    let key = &run.key;
    let mut found = Vec::new();
    let mut add = |need, why: String, commands: Vec<String>| {
        found.push(Attention {
            need,
            why,
            commands,
        });
    };
    let asks = [WAITS_FOR_APPROVAL, CANARY_WAITS_FOR_APPROVAL];
    match run.state {
        RunState::Paused => add(
            Need::Paused,
            said(&run.note, "paused"),
            vec![
                format!("deskcast cancel {key}"),
                format!("deskcast resume {key}"),
            ],
        ),
        RunState::Failed => add(
            Need::Failed,
            said(&run.note, "failed"),
            vec![format!("deskcast report {key}")],
        ),
        state if state.is_open() && asks.iter().any(|words| run.note.starts_with(words)) => add(
            Need::Approval,
            run.note.clone(),
            vec![
                format!("deskcast show {key}"),
                format!("deskcast approve {key}"),
            ],
        ),
        state if state.is_open() && run.owner == Owner::Gone => {
            let is_tended = has_daemon && run.tended == Tended::ByDaemon;
            if !is_tended {
                let remaining = standing.tally.customers.remaining;
                add(
                    Need::Unattended,
                    format!("{remaining} of its customers remain, and nobody sends it"),
                    vec![
                        format!("deskcast cancel {key}"),
                        format!("deskcast run {}", key.campaign),
                    ],
                );
            }
        }
        _ => {}
    }
    let unknown = standing.tally.customers.unknown;
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
