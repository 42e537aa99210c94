//! The runs of a store that need a person.

use crate::delivery::attention::{Attention, Facts, attention};
use crate::journal::reading::Standing;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, Store, Tended};

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
        let found = attention(&Facts {
            key: &run.key.to_string(),
            campaign: run.key.campaign.as_str(),
            state: run.state,
            note: &run.note,
            owner: run.owner,
            is_tended: has_daemon && run.tended == Tended::ByDaemon,
            customers: &standing.tally.customers,
        });
        (run, standing, found)
    });
    Ok(all.collect())
}
