//! The Desk Platform API: every endpoint of the two reference pages, "Proactive Chat" and "Chat
//! message", and the look-ups that their ids come from.
//!
//! One attempt per call: nothing here is sent again by itself, no redirect is followed, and every
//! request goes to the one configured origin. Whether and when to try again is decided elsewhere,
//! by code that knows whether the first try may have been applied. What an answer says is read
//! leniently: only ids must be there, and bodies are capped.
//!
//! | endpoint | call | answer |
//! |---|---|---|
//! | `POST /proactive_chats` | [`Desk::create`] | a [`Fact`](crate::delivery::outcome::Fact), judged by the [table of outcomes](crate::delivery::outcome::judge) |
//! | `GET /proactive_chats/{proactive_id}` | [`Desk::chat`] | [`ProactiveChat`] |
//! | `GET /tickets/{ticket_id}/chat_messages` | [`Desk::messages`] | [`Pages`] of [`ChatMessage`] |
//! | `DELETE /tickets/{ticket_id}/chat_messages/{chatmessage_id}` | [`Desk::delete_message`] | the [`MessageId`], or a [`DeleteError`] |
//! | `GET /chat_messages/delete_logs` | [`Desk::deletions`] | [`Pages`] of [`Deletion`] |
//! | `GET /chat_messages` (deprecated) | `Desk::all_messages` | [`Pages`] of [`ChatMessage`] |
//! | `GET /customers` | [`Desk::customers`] | [`Pages`] of [`Customer`] |
//! | `GET /groups` | [`Desk::groups`] | [`Pages`] of [`Group`] |
//! | `GET /agents` | [`Desk::agents`] | [`Pages`] of [`Agent`] |
//!
//! Lists are read page by page with [`Pages::next`], each of which is one request.
//!
//! # Errors
//!
//! Three shapes are understood: `{"message", "code", "error"}` with a code that is a number or
//! text, `{"code", "detail"}`, and anything else, such as a page of HTML. A code is kept as text
//! with its prefix; [`DeskCode`] has those that are documented:
//!
//! | code | [`DeskCode`] | what to do |
//! |---|---|---|
//! | `deskp400105` | `MissingParameter` | a defect of the caller; nothing here leaves a parameter out |
//! | `deskp400111` | `WrongFormat` | as above |
//! | `deskp400113` | `OutOfRange` | as above: [`Pages::limit`] and [`DeletionDays`] check before a request is spent |
//! | `deskp400201` | `NoSuchMessage` | look at the ids |
//! | `deskp400500` | `AlreadyDeleted` | nothing: it is gone |
//! | `deskp400600` | `TicketNotClosed` | close the ticket, or wait until it is |
//! | `deskp400601` | `NotDeletable` | nothing can be done, as with messages of Desk itself |
//! | `desk500500` | `Internal` | a read may be tried again; of a create it is unknown what became |
//!
//! A bare number, as the samples of the reference show it, means the code that is documented for
//! the endpoint that answered ([`DeskCode::read`]): `desk…` and `deskp…` are separate number
//! spaces, and on an endpoint without documented codes a number stays a number.
//!
//! What may be done after an error is told by its variant: [`ReadError`], [`DeleteError`],
//! [`ListError`], and [`BadQuery`] for what was not even sent.

pub mod answer;
mod calls;
mod chat;
mod client;
mod code;
mod connect;
mod deletion;
mod endpoint;
mod error;
mod heard;
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
pub use connect::{Authorities, AuthoritiesError, Proxy};
pub use deletion::{Deletion, DeletionDays, RequestedFrom, Requester};
pub use endpoint::Endpoint;
pub use error::{BadQuery, DeleteError, ListError, ReadError};
pub use heard::{Call, Heard};
pub use message::{ChatMessage, MessageId, TicketId, UserType};
pub use page::{Listed, Page};
pub use pages::Pages;
pub use people::{Agent, Customer, Group};
