//! What Desk said of Sendbird user ids.

/// An answer of Desk: the Sendbird user id, and the customer with it, where there is one.
pub type Looked = (Box<str>, Option<u64>);

/// What an answer is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The customer; none where Desk knew nobody.
    pub customer: Option<u64>,
    /// Whether it was so long ago that Desk is to be asked again.
    pub stale: bool,
}
