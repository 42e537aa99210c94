//! The Desk Platform API.
//!
//! One attempt per call: nothing here is sent again by itself, no redirect is followed, and every
//! request goes to the one configured origin. Whether and when to try again is decided elsewhere,
//! by code that knows whether the first try may have been applied.

pub mod answer;
mod chat;
mod client;
mod heard;
mod wait;

pub use chat::ProactiveChat;
pub use client::{Desk, DeskConfig, DeskError, ReadError};
pub use heard::{Call, Heard};
