//! The sandbox: a stand-in for Desk on loopback, for first tries, tests and benchmarks.
//!
//! It speaks both reference pages (proactive chats, chat messages), misbehaves on demand, and
//! remembers who was messaged how often. It never shares a type with the [`crate::desk`] client,
//! so that one misreading of the API cannot cancel out on both sides; and all of it but
//! [`server`] and [`args`] is pure, so a simulation can drive the same code with a clock of its own.
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
//! | [`faults`] | which requests are struck by what |
//! | [`limit`] | the rate limit |
//! | [`requests`] | counters and arrival times |
//! | [`stand_in`] | the four above as one: a request in, an answer (and how it gets lost) out |
//! | [`server`] | HTTP over loopback, with connections that break as told |
//! | [`args`] | what is typed after `deskcast sandbox` |

pub mod args;
mod chance;
mod doomed;
pub mod faults;
pub mod limit;
pub mod requests;
pub mod rule;
pub mod server;
pub mod stand_in;
pub mod world;

pub use args::{SandboxArgs, serve};
pub use faults::Faults;
pub use server::{Sandbox, SandboxConfig};
pub use stand_in::{Answer, Delivery, StandIn, StandInConfig};
pub use world::{Reply, Request, World, WorldConfig};
