//! What a client tells whoever counts its requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// Creates a proactive chat.
    Create,
    /// Reads something.
    Read,
    /// Deletes a chat message.
    Delete,
}

impl Call {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Call::Create => "create",
            Call::Read => "read",
            Call::Delete => "delete",
        }
    }
}

/// One request that left, or could not, and what was heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it was for.
    pub call: Call,
    /// The status of the answer; none where no answer came.
    pub status: Option<u16>,
    /// From the request to the end of the answer, or to the end of waiting for it.
    pub took: Duration,
}

/// Somebody who is told of every request.
#[derive(Clone, Default)]
pub(super) struct Ear(Option<Arc<dyn Fn(Heard) + Send + Sync>>);

impl Ear {
    pub(super) fn new(hear: impl Fn(Heard) + Send + Sync + 'static) -> Ear {
        Ear(Some(Arc::new(hear)))
    }

    pub(super) fn hear(&self, heard: Heard) {
        if let Some(hear) = &self.0 {
            hear(heard);
        }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Ear" } else { "None" })
    }
}
