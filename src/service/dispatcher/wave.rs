//! The first wave of a run, at hand before everything else.

use super::Sender;
use crate::delivery::dispatch::Dispatcher;
use crate::journal::{Journal, JournalError};

impl<J: Journal + 'static> Sender<J> {
    /// Gives the dispatcher what is left of the first wave, where there is one that was not looked
    /// at: parts of split batches have high numbers, and would be loaded last.
    pub(super) async fn with_wave(
        &self,
        dispatcher: Dispatcher,
    ) -> Result<Dispatcher, JournalError> {
        let Some(gate) = &self.gate else {
            return Ok(dispatcher);
        };
        let (wave, planned) = gate.wave()?;
        let run = self.claim.fence.run;
        let at_hand = self
            .recorder
            .call(move |journal| {
                let mut at_hand = Vec::new();
                for number in planned {
                    at_hand.extend(journal.planned(run, number - 1, number, 1)?);
                }
                Ok(at_hand)
            })
            .await?;
        Ok(dispatcher.with_wave(wave, at_hand))
    }
}
