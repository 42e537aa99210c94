//! What a test of the real binary needs: a sandbox to send to, a folder to send from, the store to
//! read afterwards, and the rules that both must agree with.
//!
//! The store is read here with plain SQL and the sandbox is asked directly, so that a mistake in
//! what deskcast says of itself cannot hide one in what it did.

pub(crate) mod check;
pub(crate) mod desk;
pub(crate) mod ledger;
pub(crate) mod scene;
