//! The sandbox: a stand-in for Desk on loopback, for first tries, tests and benchmarks.
//!
//! It speaks both reference pages (proactive chats, chat messages), misbehaves on demand, and
//! remembers who was messaged how often. It never shares a type with the [`crate::desk`] client,
//! so that one misreading of the API cannot cancel out on both sides; and it is pure, so a simulation can drive the same code with a clock of its own.
//!
//! ```text
//! TcpStream ── doomed ── server ──▶ StandIn ──▶ Faults   which request is struck, and how
//!                                     │ ──────▶ Limit    how many requests a second
//!                                     │ ──────▶ Requests what arrived and what was answered
//!                                     └───────▶ World    chats, tickets, people, the memory
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | [`world`] | the pure world: what Desk holds and what its people do |

mod chance;
pub mod rule;
pub mod world;

pub use world::{Reply, Request, World, WorldConfig};
