//! The variants of a run, and what became of each.

use super::customers::state;
use super::doubts::CONTRADICT;
use super::{Store, unsigned};
use crate::delivery::batch::BatchState;
use crate::delivery::variant::{Variant, Varied};
use crate::journal::reading::VariantStanding;
use crate::journal::runs::RunRecord;
use crate::journal::{JournalError, RunId, packed};

impl Store {
    pub(super) fn variants(&self, run: RunId) -> rusqlite::Result<Vec<Variant>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, message, weight FROM variant WHERE run = ?1 ORDER BY number",
        )?;
        let rows = statement.query_map([run.0], |row| {
            Ok(Variant {
                name: row.get(0)?,
                message: row.get(1)?,
                weight: row.get(2)?,
            })
        })?;
        rows.collect()
    }

    /// What became of each variant of a run, in their order; empty for a run without any.
    pub(super) fn variant_standings(
        &self,
        run: &RunRecord,
    ) -> Result<Vec<VariantStanding>, JournalError> {
        let mut standings: Vec<VariantStanding> = run.variants.iter().map(nothing_yet).collect();
        if standings.is_empty() {
            return Ok(standings);
        }
        let varied = Varied::of_texts(&run.key.campaign, "", &run.variants, |_| ());
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT b.state, b.customers, b.sent, b.responded, c.packed, {CONTRADICT}
             FROM batch b JOIN batch_customers c ON c.id = (b.run << 32) | b.number WHERE b.run = ?1"
        ))?;
        let mut rows = statement.query([run.id.0])?;
        while let Some(row) = rows.next()? {
            // The customers of what was split are in its parts.
            if state(row, 0)? == BatchState::Split {
                continue;
            }
            let customers = packed::customers(row.get_ref(4)?.as_blob().unwrap_or_default())?;
            let variant = customers.first().map_or(0, |first| varied.variant(*first));
            let standing = &mut standings[variant];
            standing.customers += unsigned(row, 1)?;
            standing.sent += unsigned(row, 2)?;
            standing.responded += unsigned(row, 3)?;
            standing.contradicting += unsigned(row, 5)?;
        }
        Ok(standings)
    }
}

fn nothing_yet(variant: &Variant) -> VariantStanding {
    VariantStanding {
        name: variant.name.clone(),
        customers: 0,
        sent: 0,
        responded: 0,
        contradicting: 0,
    }
}
