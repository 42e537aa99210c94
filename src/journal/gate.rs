//! What the gate of a run is told.

use super::RunId;
pub use super::sqlite::gate::GateBook;
use crate::delivery::open_chats::OpenChat;
use crate::delivery::outcome::ChatId;

/// A chat that counts for `max_open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedChat {
    /// The run.
    pub run: RunId,
    /// The number of the batch.
    pub batch: u32,
    /// Its chat.
    pub chat: ChatId,
    /// What counts.
    pub open: OpenChat,
}
