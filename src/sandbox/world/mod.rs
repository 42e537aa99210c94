//! The world: what a Desk project holds, and what its agents and customers do.
//!
//! It is pure: no I/O, no clock, no global randomness. A request and the time go in, an answer
//! comes out, and the same config and calls give the same answers. That lets one world serve HTTP,
//! be driven by a simulated clock, and be asked afterwards who was messaged how often.

mod call;
mod chats;
mod config;
mod create;
mod deletions;
mod directory;
mod history;
mod memory;
mod packed;
mod page;
mod people;
mod reply;
mod ticket;
mod tickets;
mod wire;

use jiff::Timestamp;

pub(crate) use call::Call;
pub use call::{PREFIX, Priority};
pub use chats::Chat;
use chats::Chats;
pub use config::{ChatIds, Codes, Customers, CustomersList, DeleteLogs, People, Wire, WorldConfig};
use deletions::Deletions;
pub use history::History;
pub use memory::Memory;
pub(crate) use reply::Refusal;
pub use reply::{Reply, Request};
use serde_json::Value;

/// One Desk project.
#[derive(Debug, Clone)]
pub struct World {
    config: WorldConfig,
    chats: Chats,
    memory: Memory,
    deleted: Deletions,
    /// The first time it was told, in microseconds since the epoch: the history ends there.
    began: i64,
    /// The latest time it was told, in microseconds since the epoch: here time never runs back.
    now: i64,
}

impl World {
    /// A project that nobody has used yet.
    pub fn new(config: WorldConfig) -> World {
        World {
            chats: Chats::after(config.history.tickets),
            config,
            memory: Memory::default(),
            deleted: Deletions::default(),
            began: i64::MIN,
            now: i64::MIN,
        }
    }

    /// Does what a request asks for, at `now`.
    pub fn handle(&mut self, request: &Request<'_>, now: Timestamp) -> Reply {
        self.perform(
            request.token,
            Call::read(request),
            request.host,
            now.as_microsecond(),
        )
    }

    /// The same for a request that was already read; `now` in microseconds since the epoch.
    pub(crate) fn perform(
        &mut self,
        token: Option<&str>,
        call: Call,
        host: &str,
        now: i64,
    ) -> Reply {
        if self.now == i64::MIN {
            self.began = now;
        }
        self.now = self.now.max(now);
        let done = if token == Some(self.config.token.as_str()) {
            self.answer(call, host)
        } else {
            // Not documented; the vendor's errors elsewhere have this shape.
            Err(Refusal::plain(
                401,
                "Authentication failed: the API token is missing or invalid.",
            ))
        };
        done.unwrap_or_else(|refusal| refusal.reply(self.config.wire.codes))
    }

    fn answer(&mut self, call: Call, host: &str) -> Result<Reply, Refusal> {
        match call {
            Call::CreateChat(new) => self.create(new),
            Call::ReadChat(id) => self.read_chat(id),
            Call::Groups(page) => {
                let keys = directory::group_keys(&self.config).into_iter();
                let groups = keys.map(|key| value(&directory::group(&self.config, key)));
                Ok(Reply::json(200, &page.cut(host, groups)))
            }
            Call::Agents(page) => {
                let ids = directory::agent_ids(&self.config).iter();
                let agents = ids.map(|id| value(&directory::agent(&self.config, *id)));
                Ok(Reply::json(200, &page.cut(host, agents)))
            }
            Call::Customers(page) => Ok(self.customers(&page, host)),
            Call::Tickets(page) => Ok(self.tickets(&page, host)),
            Call::TicketMessages { ticket, page } => self.ticket_messages(ticket, &page, host),
            Call::DeleteMessage { ticket, message } => self.delete_message(ticket, message),
            Call::DeleteLogs { page, start, end } => self.delete_logs(&page, start, end, host),
            Call::Messages { page, from, to } => Ok(self.messages(&page, from, to, host)),
            Call::Refused(refusal) => Err(refusal),
        }
    }

    fn read_chat(&self, id: u64) -> Result<Reply, Refusal> {
        let chat = self.chats.read(&self.config, id, self.now);
        let chat = chat.ok_or_else(|| Refusal::not_found("proactive chat"))?;
        Ok(Reply::json(200, &wire::chat(&self.config, &chat, self.now)))
    }

    /// Without an end to the customers, a list of them all shows the first 1,000.
    fn customers(&self, page: &page::Page, host: &str) -> Reply {
        let customer = |id| directory::customer(&self.config, id);
        let list = match page.query().get("sendbird_id") {
            Some(wanted) => {
                let found = directory::customer_by_sendbird_id(&self.config, wanted);
                page.cut(host, found.map(customer).into_iter())
            }
            None => {
                let count = self.config.customers.highest.unwrap_or(1_000);
                let ids = page.offset.saturating_add(1)..=count;
                page.list(
                    host,
                    count,
                    ids.take(page.limit as usize).map(customer).collect(),
                )
            }
        };
        Reply::json(200, &list)
    }

    /// Who was messaged how often.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Every chat that was made here, by id.
    pub fn chats(&self) -> &[Chat] {
        self.chats.ours()
    }

    /// The most chats that are open at one time, from the first reply to the last closing, also of
    /// those that lie ahead.
    pub fn most_open(&self) -> u64 {
        let stories = self.chats.ours().iter().flat_map(|chat| {
            let customers = chat.customers();
            customers.map(|customer| chat.story(&self.config, customer))
        });
        people::most_open(stories)
    }

    /// What the world is made of.
    pub fn config(&self) -> &WorldConfig {
        &self.config
    }

    /// The same, to be changed while it runs: what was already made stays as it is.
    pub fn config_mut(&mut self) -> &mut WorldConfig {
        &mut self.config
    }
}

/// Plain structs always have a JSON form.
fn value(thing: &impl serde::Serialize) -> Value {
    serde_json::to_value(thing).unwrap_or_default()
}
