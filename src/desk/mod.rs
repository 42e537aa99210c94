//! The Desk Platform API.
//!
//! One attempt per call: nothing here is sent again by itself, no redirect is followed, and every
//! request goes to the one configured origin. Whether and when to try again is decided elsewhere,
//! by code that knows whether the first try may have been applied.

pub mod answer;
mod chat;
mod client;
mod code;
mod deletion;
mod endpoint;
mod error;
mod lenient;
mod message;
mod page;
mod pages;
mod people;
mod transport;
mod wait;

pub use chat::ProactiveChat;
pub use client::{Desk, DeskConfig, DeskError};
pub use code::DeskCode;
pub use deletion::{Deletion, DeletionDays, RequestedFrom, Requester};
pub use endpoint::Endpoint;
pub use error::{BadQuery, DeleteError, ListError, ReadError};
pub use message::{ChatMessage, MessageId, TicketId, UserType};
pub use page::{Listed, Page};
pub use pages::Pages;
pub use people::{Agent, Customer, Group};
