//! What is wrong with the rows of a campaign's files: it is planned as a dry run plans it, and the
//! plan is thrown away.

use std::num::NonZeroU64;
use std::path::Path;

use jiff::Timestamp;

use super::Checked;
use crate::campaign::CampaignName;
use crate::delivery::plan::Nowhere;
use crate::journal::Store;
use crate::service::lookups::{Cache, Unresolved};
use crate::service::planning::{Campaign, Mistake};
use crate::service::prepare::{Before, Incomplete, NotPlanned, Refused, Terms, prepare};
use crate::service::what_was_read;

/// What it takes to read the files of campaigns to their ends.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// What holds for all campaigns.
    pub terms: &'a Terms,
    /// What is known of earlier runs and of Sendbird user ids; none where there is no store yet.
    pub store: Option<&'a Store>,
}

impl Checked {
    /// Reads the files to their ends, and notes what a run would refuse or warn of. What was said
    /// already is not said again.
    pub(super) fn read_rows(&mut self, name: &CampaignName, path: &Path, rows: Rows<'_>) {
        match self.plan(name, path, rows) {
            Ok(()) => {}
            Err(Unresolved::Mistake(Mistake(what))) if self.mistakes.contains(&what) => {}
            Err(Unresolved::Mistake(mistake)) => self.mistakes.push(mistake.0),
            Err(Unresolved::Journal(error)) => self.mistakes.push(error.to_string()),
        }
    }

    fn plan(&mut self, name: &CampaignName, path: &Path, rows: Rows<'_>) -> Result<(), Unresolved> {
        let mut campaign = Campaign::read(name.clone(), path, false)?;
        // All warnings of the campaign are judged together, later.
        campaign.definition.warning_rules.strict = false;
        // Rows are right or wrong whoever speaks and whenever; a missing agent or zone is told apart.
        campaign.definition.window = None;
        campaign.definition.agent_id = Some(NonZeroU64::MIN);
        let cache = rows.store.map(|store| store as &dyn Cache);
        let prepared = prepare(&campaign, rows.terms, cache)?;
        let before = match rows.store {
            Some(store) => prepared.before(store, Timestamp::now())?,
            None => Before::default(),
        };
        let plan = match prepared.plan(before, None, Incomplete::Show, &mut Nowhere) {
            Ok(plan) => plan,
            Err(NotPlanned::Sink(never)) => match never {},
            Err(NotPlanned::Refused(Refused::Mistake(mistake))) => return Err(mistake.into()),
            // Whoever is listed was messaged: there is nothing to send, and nothing is wrong.
            Err(NotPlanned::Refused(Refused::Nobody(_))) => return Ok(()),
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let lists = &rows.terms.suppress;
        self.read = what_was_read::of_plan(&prepared.campaign, folder, lists, &plan.summary);
        self.warnings = plan.warnings;
        Ok(())
    }
}
