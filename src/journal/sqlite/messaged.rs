//! Who was messaged: sets of customers, by reading batch after batch of this application.
//!
//! Which batches count is said by [`BatchState::counts_as_messaged`]. When somebody was messaged is
//! when the request was about to leave; whoever is still to be messaged counts as messaged now.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::read::{Store, blob};
use super::{StoreJournal, millis};
use crate::campaign::{SameCampaign, Span};
use crate::delivery::batch::BatchState;
use crate::delivery::customer_set::CustomerSet;
use crate::delivery::rules::Messaged;
use crate::journal::planning::Asking;
use crate::journal::{JournalError, RunState, packed};

const DAY_MILLIS: i64 = 24 * 3600 * 1000;

impl Store {
    /// Who was messaged, as far as the rules of this campaign ask.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn messaged(&self, asking: &Asking<'_>) -> Result<Messaged, JournalError> {
        messaged(&self.connection, asking)
    }
}

impl StoreJournal {
    /// The same as [`Store::messaged`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn messaged(&self, asking: &Asking<'_>) -> Result<Messaged, JournalError> {
        messaged(&self.connection, asking)
    }
}

/// The latest run that the rules of a campaign look at. Only another run can add to those who were
/// messaged: whoever is in a batch that is not sent yet counts already.
pub(super) fn latest_run(
    connection: &Connection,
    asking: &Asking<'_>,
) -> Result<i64, JournalError> {
    let repeat = asking.repeat;
    if repeat.is_of_one_campaign() && repeat.same_campaign == SameCampaign::Always {
        return Ok(0);
    }
    let latest = connection.query_row(
        "SELECT coalesce(max(id), 0) FROM run
         WHERE base_url = ?1 AND test = 0 AND (campaign = ?2 OR ?3)",
        params![
            asking.base_url,
            asking.campaign.as_str(),
            !repeat.is_of_one_campaign()
        ],
        |row| row.get(0),
    )?;
    Ok(latest)
}

/// From when on each rule counts; none where there is no such rule.
#[derive(Clone, Copy, Debug)]
struct Since {
    before: Option<i64>,
    lately: Option<i64>,
    capped: Option<i64>,
}

impl Since {
    fn of(asking: &Asking<'_>) -> Since {
        let start = |span: &Span| {
            let length = SignedDuration::try_from(span.length()).unwrap_or(SignedDuration::MAX);
            millis(asking.now.saturating_sub(length).unwrap_or(Timestamp::MIN))
        };
        let repeat = asking.repeat;
        Since {
            before: match &repeat.same_campaign {
                SameCampaign::Always => None,
                SameCampaign::Never => Some(i64::MIN),
                SameCampaign::After(span) => Some(start(span)),
            },
            lately: repeat.any_campaign.as_ref().map(start),
            capped: repeat
                .max_per_customer
                .as_ref()
                .map(|cap| start(&cap.within)),
        }
    }

    /// The same for the runs of other campaigns.
    fn of_others(self) -> Since {
        Since {
            before: None,
            ..self
        }
    }

    /// From when on any rule counts; none where none does.
    fn earliest(self) -> Option<i64> {
        [self.before, self.lately, self.capped]
            .into_iter()
            .flatten()
            .min()
    }
}

pub(super) fn messaged(
    connection: &Connection,
    asking: &Asking<'_>,
) -> Result<Messaged, JournalError> {
    let since = Since::of(asking);
    let cap = asking.repeat.max_per_customer.as_ref();
    let mut found = Found {
        before: CustomerSet::default(),
        lately: CustomerSet::default(),
        times: vec![CustomerSet::default(); cap.map_or(0, |cap| cap.count.into())],
    };
    if since.earliest().is_none() {
        return Ok(Messaged::default());
    }
    let mut statement = connection.prepare_cached(
        "SELECT id, campaign, state, ended_at FROM run WHERE base_url = ?1 AND test = 0",
    )?;
    let mut rows = statement.query([asking.base_url])?;
    while let Some(row) = rows.next()? {
        let campaign: String = row.get(1)?;
        let state: String = row.get(2)?;
        let goes_on = RunState::parse(&state).is_some_and(goes_on);
        let since = match campaign == asking.campaign.as_str() {
            true => since,
            false => since.of_others(),
        };
        let ended_at: Option<i64> = row.get(3)?;
        // Nothing of a run leaves after its end, or not by more than clocks are apart.
        let over = |earliest: i64| {
            !goes_on && ended_at.is_some_and(|at| at < earliest.saturating_sub(DAY_MILLIS))
        };
        if let Some(earliest) = since.earliest().filter(|earliest| !over(*earliest)) {
            add_run(
                connection,
                row.get(0)?,
                goes_on,
                since,
                earliest,
                &mut found,
            )?;
        }
    }
    Ok(Messaged {
        before: found.before,
        lately: found.lately,
        capped: found.times.pop().unwrap_or_default(),
    })
}

/// Whether what is planned of a run in this state may still be sent.
fn goes_on(state: RunState) -> bool {
    state.is_open()
}

/// The sets while they are made.
struct Found {
    before: CustomerSet,
    lately: CustomerSet,
    /// Who was messaged at least once, at least twice, and so on up to the cap.
    times: Vec<CustomerSet>,
}

impl Found {
    /// Adds customers who were messaged at this time.
    fn add(&mut self, customers: &[u64], at: i64, since: Since) {
        let counts = |since: Option<i64>| since.is_some_and(|since| at > since);
        if counts(since.before) {
            self.before.extend(customers);
        }
        if counts(since.lately) {
            self.lately.extend(customers);
        }
        if counts(since.capped) {
            for customer in customers {
                // Whoever is in a set already was messaged once more: the next one has them.
                let _ = self.times.iter_mut().any(|times| times.insert(*customer));
            }
            self.times.iter_mut().for_each(CustomerSet::settle);
        }
    }
}

fn add_run(
    connection: &Connection,
    run: i64,
    goes_on: bool,
    since: Since,
    earliest: i64,
    found: &mut Found,
) -> Result<(), JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT b.state, b.intended_at, c.packed FROM batch b
           JOIN batch_customers c ON c.id = (b.run << 32) + b.number
         WHERE b.run = ?1 AND b.state NOT IN (?3, ?4)
           AND (b.state = ?5 OR coalesce(b.intended_at, ?2) >= ?2) ORDER BY b.number",
    )?;
    let mut rows = statement.query(params![
        run,
        earliest,
        BatchState::Rejected.code(),
        BatchState::Split.code(),
        BatchState::Planned.code(),
    ])?;
    while let Some(row) = rows.next()? {
        let state = super::read::state(row, 0)?;
        if !state.counts_as_messaged(goes_on) {
            continue;
        }
        let at = match state {
            BatchState::Planned => i64::MAX,
            _ => row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MAX),
        };
        found.add(&packed::customers(blob(row, 2)?)?, at, since);
    }
    Ok(())
}
