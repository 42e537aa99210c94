//! Which runs need a person, what for, and what that person can type.

use crate::delivery::gate::{CANARY_WAITS_FOR_APPROVAL, WAITS_FOR_APPROVAL};
use crate::delivery::tally::Owner;
use crate::journal::sqlite::read::{RunRecord, Standing};
use crate::journal::{RunState, Tended};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
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

/// What this run needs a person for; nothing where it goes on, or has ended well.
///
/// `has_daemon` says whether a daemon lives on the store, `is_latest` whether no later run of its
/// campaign was launched: of a failure that was followed by another run nothing is left to do.
pub fn attention(
    run: &RunRecord,
    standing: &Standing,
    has_daemon: bool,
    is_latest: bool,
) -> Vec<Attention> {
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
        RunState::Failed if is_latest => add(
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
