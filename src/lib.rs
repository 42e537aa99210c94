//! deskcast runs proactive-chat campaigns against the Sendbird Desk Platform API.
//!
//! The folders are the architecture, from the ground floor up; each may use those above it in
//! this list and never those below:
//!
//! | module | what lives there | may touch |
//! |---|---|---|
//! | [`campaign`] | what the operator writes: definition (TOML), schedule and send window, audience (CSV) | nothing: bytes in, values out |
//! | [`delivery`] | the promise: batch states, the outcome table, the plan and who is left out of it, when a batch may leave | nothing: no I/O, no clock |
//! | [`journal`] | the durable record of every intent and outcome; an address opens the store it names | the database, which no other room names |
//! | [`desk`] | the Desk API, one attempt per call | the network |
//! | [`sandbox`] | a stand-in for Desk that misbehaves on demand and counts who was messaged | loopback |
//! | [`service`] | the loops: one run under way, the daemon, the budget, jobs over messages | wires the ones above |
//! | [`report`] | what people read: tables, JSON, CSV | values and the journal's reading side |
//! | [`manual`] | the chapters of the manual | nothing |
//! | [`web`] | what machines ask: alive, ready, metrics | the journal's reading side, what the service observed |
//! | [`settings`], [`telemetry`], [`cli`] | what an operator configures and types | everything |

// `println!` and `eprintln!` panic where they cannot write; what is printed goes through `cli::output`.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod campaign;
pub mod cli;
pub mod delivery;
pub mod desk;
pub mod journal;
pub mod manual;
pub mod report;
pub mod sandbox;
pub mod service;
pub mod settings;
pub mod telemetry;
pub mod web;
