//! The client and the budget, and reading with patience.

use std::time::Duration;

use super::super::Context;
use super::super::connection::{Connection, token};
use super::super::failure::Failure;
use super::super::store::locate::budget_store;
use crate::delivery::lanes::NO_RUN;
use crate::desk::{Desk, DeskCode, ListError, Listed, Page, Pages, ReadError};
use crate::service::budget::{Budget, Lane, Throttled};

/// How often one request is tried when Desk asks for patience or is out of reach.
const TRIES: u32 = 5;
/// The wait after the first failure; it doubles with each.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(500);

/// A client and what it may spend.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) desk: Desk,
    budget: Budget,
}

impl Wire {
    /// The Desk of the settings. Nothing is sent yet.
    pub(super) fn connect(context: &Context) -> Result<Wire, Failure> {
        let base_url = context.settings.base_url()?.to_string();
        let token = token(&context.settings)?;
        let store = budget_store(context);
        let connection =
            Connection::new(&context.settings, &base_url, token, store.as_ref(), None)?;
        Ok(Wire {
            desk: connection.desk,
            budget: connection.budget,
        })
    }

    /// Makes one call.
    pub(super) async fn spend<T, E: Throttled>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.budget.spend(Lane::Read, NO_RUN, call).await
    }

    /// Reads, and again where that can help.
    pub(super) async fn read<T>(
        &self,
        what: &str,
        mut call: impl AsyncFnMut() -> Result<T, ReadError>,
    ) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            let error = match self.spend(call()).await {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            tries += 1;
            self.again(what, &error, tries).await?;
        }
    }

    /// The next page of a list.
    pub(super) async fn page<T: Listed>(
        &self,
        what: &str,
        pages: &mut Pages<T>,
    ) -> Result<Option<Page<T>>, Failure> {
        let mut tries = 0;
        loop {
            // What is at its end already costs no request.
            let page = match pages.has_more() {
                true => self.spend(pages.next()).await,
                false => pages.next().await,
            };
            match page {
                Ok(page) => return Ok(page),
                Err(ListError::Read(error)) => {
                    tries += 1;
                    self.again(what, &error, tries).await?;
                }
                Err(error) => return Err(Failure::stopped(format!("{what}: {error}"))),
            }
        }
    }

    /// Waits before another try, or says why there is none.
    async fn again(&self, what: &str, error: &ReadError, tries: u32) -> Result<(), Failure> {
        match error {
            ReadError::NotFound(words) => Err(Failure::mistake(format!(
                "{what}: not found in Desk ({words})"
            ))),
            ReadError::Refused(words) => Err(Failure::mistake(format!(
                "{what}: Desk refuses to show this ({words}{})",
                meaning(error.code())
            ))),
            ReadError::Halted(words) => Err(halted(what, words)),
            ReadError::Throttled(_) | ReadError::Failed(_) if tries >= TRIES => {
                Err(Failure::stopped(format!(
                    "{what}: could not be read in {tries} tries ({error}); try again later"
                )))
            }
            // The next try waits with everybody.
            ReadError::Throttled(_) => Ok(()),
            ReadError::Failed(words) => {
                tracing::warn!(%words, "{what} could not be read yet");
                tokio::time::sleep(FIRST_WAIT * 2_u32.pow(tries - 1)).await;
                Ok(())
            }
        }
    }
}

/// The sentence for a token or an address that is wrong.
pub(super) fn halted(what: &str, words: &impl std::fmt::Display) -> Failure {
    Failure::stopped(format!(
        "{what}: Desk turned the request away ({words}). Check the API token and desk.base_url"
    ))
}

/// What a documented code means, to be put behind the words of an answer.
pub(super) fn meaning(code: Option<DeskCode>) -> String {
    let meaning = code.as_ref().and_then(DeskCode::meaning);
    meaning.map_or_else(String::new, |meaning| format!(": {meaning}"))
}
