//! The calls for chat messages and look-ups, one for each endpoint.

use jiff::Timestamp;

use super::client::LARGEST_ANSWER;
use super::{
    Agent, Call, ChatMessage, Customer, DeleteError, Deletion, DeletionDays, Desk, Group,
    MessageId, Pages, TicketId, answer,
};

impl Desk {
    /// The messages of a ticket, at most 500 a page (reference page "Chat message", "Retrieve a
    /// list of chat messages within a ticket").
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// use deskcast::desk::{TicketId, UserType};
    ///
    /// let mut messages = desk.messages(TicketId(7)).limit(10)?;
    /// let mut from_customer = 0;
    /// while let Some(page) = messages.next().await? {
    ///     from_customer += page.items.iter().filter(|m| m.user_type == UserType::Customer).count();
    /// }
    /// assert!(messages.count() > Some(0) && messages.count() >= Some(from_customer as u64));
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self, ticket: TicketId) -> Pages<ChatMessage> {
        Pages::new(self, self.url(&format!("/tickets/{ticket}/chat_messages")))
    }

    /// Deletes a message of a closed ticket, once (reference page "Chat message", "Delete a chat
    /// message"). Answers the id that Desk confirmed.
    ///
    /// # Errors
    /// See [`DeleteError`]: what is certainly not deleted, and what may be.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// use deskcast::desk::{DeleteError, DeskCode, TicketId, UserType};
    ///
    /// let ticket = TicketId(7);
    /// let page = desk.messages(ticket).next().await?.ok_or("no messages")?;
    /// let of = |wanted| page.items.iter().find(|message| message.user_type == wanted);
    /// let message = of(UserType::Customer).ok_or("none of the customer")?.id;
    /// assert_eq!(desk.delete_message(ticket, message).await?, message);
    ///
    /// let again = desk.delete_message(ticket, message).await;
    /// assert!(again.is_err_and(|error| error.is_already_deleted()));
    ///
    /// let event = of(UserType::Event).ok_or("no event")?.id;
    /// let refused = desk.delete_message(ticket, event).await;
    /// assert!(refused.is_err_and(|error| error.code() == Some(DeskCode::NotDeletable)));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_message(
        &self,
        ticket: TicketId,
        message: MessageId,
    ) -> Result<MessageId, DeleteError> {
        let url = self.url(&format!("/tickets/{ticket}/chat_messages/{message}"));
        let heard = self
            .send(Call::Delete, self.client.delete(url), LARGEST_ANSWER)
            .await;
        answer::to_delete(heard, message)
    }

    /// The logs of deleted messages, at most 100 a page (reference page "Chat message", "List
    /// message deletion logs"). The page calls its parameters a request body; they are sent as a
    /// query, as a GET has no body.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// use deskcast::desk::{DeletionDays, TicketId, UserType};
    ///
    /// # let ticket = TicketId(7);
    /// # let page = desk.messages(ticket).next().await?.ok_or("no messages")?;
    /// # let wanted = page.items.iter().find(|message| message.user_type == UserType::Customer);
    /// # let message = wanted.ok_or("none of the customer")?.id;
    /// desk.delete_message(ticket, message).await?;
    ///
    /// let today = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).date();
    /// let mut deletions = desk.deletions(DeletionDays::new(None, None, today)?);
    /// let page = deletions.next().await?.ok_or("no deletions")?;
    /// assert_eq!(page.items[0].message_id, Some(message));
    /// # Ok(())
    /// # }
    /// ```
    pub fn deletions(&self, days: DeletionDays) -> Pages<Deletion> {
        let mut url = self.url("/chat_messages/delete_logs");
        url.query_pairs_mut()
            .append_pair("start_date", &days.from().to_string())
            .append_pair("end_date", &days.to().to_string());
        Pages::new(self, url)
    }

    /// Every message of the application, at most 500 a page, of a span of time where one is given
    /// (reference page "Chat message", "List chat messages").
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// let from = "2020-01-01T00:00:00Z".parse()?;
    /// #[expect(deprecated, reason = "to show it")]
    /// let mut messages = desk.all_messages(Some(from), None);
    /// assert!(messages.next().await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[deprecated = "the reference marks this list as deprecated: list the messages of tickets"]
    pub fn all_messages(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Pages<ChatMessage> {
        let mut url = self.url("/chat_messages");
        for (name, at) in [("created_at__gte", from), ("created_at__lte", to)] {
            if let Some(at) = at {
                url.query_pairs_mut().append_pair(name, &at.to_string());
            }
        }
        Pages::new(self, url)
    }

    /// The customers, or the one with this Sendbird id, at most 500 a page.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// let mut found = desk.customers(Some("customer-7"));
    /// let page = found.next().await?.ok_or("nobody")?;
    /// assert_eq!(page.items[0].id, 7);
    /// assert!(desk.customers(Some("nobody")).next().await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn customers(&self, sendbird_id: Option<&str>) -> Pages<Customer> {
        let mut url = self.url("/customers");
        if let Some(id) = sendbird_id {
            url.query_pairs_mut().append_pair("sendbird_id", id);
        }
        Pages::new(self, url)
    }

    /// The groups of agents, at most 500 a page.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// let page = desk.groups().next().await?.ok_or("no groups")?;
    /// assert_eq!(page.items[0].key.as_deref(), Some("vip-support"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn groups(&self) -> Pages<Group> {
        Pages::new(self, self.url("/groups"))
    }

    /// The agents, at most 500 a page.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut config = SandboxConfig::default();
    /// # config.stand_in.world.history.tickets = 20;
    /// # config.stand_in.world.history.fewest_messages = 20;
    /// # config.stand_in.world.history.open_share = 0.0;
    /// # let sandbox = Sandbox::start(config).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// let page = desk.agents().next().await?.ok_or("no agents")?;
    /// assert_eq!((page.items[0].id, page.items[0].role.as_deref()), (41, Some("AGENT")));
    /// # Ok(())
    /// # }
    /// ```
    pub fn agents(&self) -> Pages<Agent> {
        Pages::new(self, self.url("/agents"))
    }
}
