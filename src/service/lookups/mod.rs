//! From Sendbird user ids to Desk customers: what a campaign lists is looked up before it is planned.
//!
//! Desk is asked about one id at a time, within the budget, and each answer is kept in the store: a
//! second run asks about nobody twice, and one that is killed has lost the last few answers at
//! most. A plan is made of what the store knows, and asks nothing.

mod asking;
mod question;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::asking::{LookUps, NotLookedUp};
use super::customer_file::CustomerFile;
use super::lists;
use super::planning::{Campaign, Mistake, spec_of};
use crate::campaign::{AudienceReader, Block, ListFile, NamedRow};
use crate::delivery::directory::{Directory, Known};
use crate::journal::lookups::Kept;
use crate::journal::{JournalError, Store, StoreJournal};

/// The most different ids of one campaign: they are held in memory, and at 5 requests a second
/// so many take four days.
pub const MOST_NAMES: usize = 2_000_000;
/// Where answers are looked up before Desk is asked.
pub trait Cache {
    /// What Desk said of this id, if it was asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn looked_up(
        &self,
        base_url: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Kept>, JournalError>;
}

impl Cache for Store {
    fn looked_up(
        &self,
        base_url: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Kept>, JournalError> {
        Store::looked_up(self, base_url, name, now)
    }
}

impl Cache for StoreJournal {
    fn looked_up(
        &self,
        base_url: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Option<Kept>, JournalError> {
        StoreJournal::looked_up(self, base_url, name, now)
    }
}

/// Why it is not known who is who.
#[derive(Debug)]
pub enum Unresolved {
    /// A file is wrong.
    Mistake(Mistake),
    /// The store failed.
    Journal(JournalError),
}

impl From<Mistake> for Unresolved {
    fn from(mistake: Mistake) -> Unresolved {
        Unresolved::Mistake(mistake)
    }
}

impl From<JournalError> for Unresolved {
    fn from(error: JournalError) -> Unresolved {
        Unresolved::Journal(error)
    }
}

/// What the store knows of those whom a campaign lists.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Who is who.
    pub directory: Arc<Directory>,
    /// The ids that Desk is to be asked about before the campaign can be planned, in file order.
    pub missing: Vec<Box<str>>,
}

/// Looks in the store, if there is one, for everybody whom a campaign lists by Sendbird user id.
/// Nobody is, where the campaign names its customers by the ids of Desk.
///
/// # Errors
/// When a file or the store cannot be read.
pub fn resolve(
    campaign: &Campaign,
    suppress: &[ListFile],
    cache: Option<&dyn Cache>,
    base_url: &str,
    now: Timestamp,
) -> Result<Resolved, Unresolved> {
    if !campaign.definition.customers.by_sendbird_id {
        return Ok(Resolved::default());
    }
    let mut directory = Directory::default();
    let mut missing = Vec::new();
    let mut look = |row: &NamedRow, wanted: bool| -> Result<(), Unresolved> {
        if directory.has(&row.name) {
            return Ok(());
        }
        if directory.len() >= MOST_NAMES {
            return Err(too_many(campaign).into());
        }
        let kept = match cache {
            Some(cache) => cache.looked_up(base_url, &row.name, now)?,
            None => None,
        };
        let known = match kept.map(|kept| kept.customer) {
            Some(Some(customer)) => Known::Customer(customer),
            Some(None) => Known::Nobody,
            None => Known::NotAsked,
        };
        directory.put(row.name.clone(), known);
        if wanted && kept.is_none_or(|kept| kept.stale) {
            missing.push(row.name.clone());
        }
        Ok(())
    };
    let chosen = campaign.chosen.as_ref();
    if chosen.is_none() {
        for path in &campaign.customers {
            each_named(path, campaign, &mut |row| match row.taken {
                true => look(row, true),
                false => Ok(()),
            })?;
        }
    }
    // Whoever is chosen by the id of Desk may stand on a list by name: that must be known then.
    // Else a list matters only for those in the files.
    let wanted = chosen.is_some_and(|chosen| !chosen.test);
    lists::each_named(campaign, suppress, &mut |row| look(row, wanted))?;
    Ok(Resolved {
        directory: Arc::new(directory),
        missing,
    })
}

fn too_many(campaign: &Campaign) -> Mistake {
    Mistake(format!(
        "campaign \"{}\" lists more than {MOST_NAMES} different Sendbird user ids, which would take days to look up; \
         split it, or list the ids of Desk customers",
        campaign.definition.name
    ))
}

fn each_named(
    path: &Path,
    campaign: &Campaign,
    each: &mut dyn FnMut(&NamedRow) -> Result<(), Unresolved>,
) -> Result<(), Unresolved> {
    let wrong = |what: String| Mistake(format!("{}: {what}", path.display()));
    let file = CustomerFile::open(path).map_err(wrong)?;
    let mut reader = AudienceReader::by_name(file, &spec_of(&campaign.definition))
        .map_err(|error| wrong(error.to_string()))?;
    let mut block = Block::default();
    while reader
        .next_block(&mut block)
        .map_err(|error| wrong(error.to_string()))?
    {
        block.named.iter().try_for_each(&mut *each)?;
    }
    Ok(())
}
