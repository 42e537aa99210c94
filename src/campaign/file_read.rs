//! A file that was read for a plan, and what was seen of it.

use jiff::Timestamp;

use super::audience::{Encoding, Seen};

/// A file, and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Its name, as the operator wrote it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its size on the disk.
    pub bytes: u64,
    /// When it was last changed; none where the file system does not say.
    pub changed_at: Option<Timestamp>,
}

/// What a file is for, with what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It lists customers.
    Customers(Seen),
    /// It lists who is not to be messaged.
    List(Seen),
    /// It is the text of the message.
    Message(Encoding),
}
