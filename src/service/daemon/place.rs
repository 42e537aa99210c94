//! Whether the daemon's store is the one that may be sent from, looked at again and again: it may be
//! moved away at any time, put back, or adopted.

use std::time::{Duration, Instant};

use crate::journal::Store;
use crate::service::observed::{Concern, Observed};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The last look, and what it found.
#[derive(Debug)]
pub(super) struct PlaceWatch {
    look_at: Instant,
    trouble: Option<String>,
}

impl Default for PlaceWatch {
    fn default() -> PlaceWatch {
        PlaceWatch {
            look_at: Instant::now(),
            trouble: None,
        }
    }
}

impl PlaceWatch {
    /// Whether the store is in its place, as far as is known.
    pub(super) fn is_right(&self) -> bool {
        self.trouble.is_none()
    }

    /// Has it looked at again at once.
    pub(super) fn look_now(&mut self) {
        self.look_at = Instant::now();
    }

    /// Looks where it is time to; says once what has changed. False where nothing may be launched or
    /// sent.
    pub(super) fn look(&mut self, store: &Store, observed: &Observed) -> bool {
        if Instant::now() < self.look_at {
            return self.is_right();
        }
        self.look_at = Instant::now() + LOOK_EVERY;
        let trouble = store.check_place().err().map(|error| error.to_string());
        match &trouble {
            Some(why) if self.trouble != trouble => {
                tracing::error!(why, "nothing is launched and nothing is sent");
                observed.concern(Concern::Place, why.clone());
            }
            None if self.trouble.is_some() => {
                tracing::info!("the store is in its place: what is due is launched and sent");
                observed.settle(Concern::Place);
            }
            _ => {}
        }
        self.trouble = trouble;
        self.is_right()
    }
}
