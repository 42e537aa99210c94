//! The HTTP client.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Agent, ChatMessage, Customer, DeleteError, Deletion, DeletionDays, Endpoint, Group, MessageId,
    Pages, ProactiveChat, ReadError, TicketId, answer, transport,
};
use crate::delivery::outcome::{ChatId, Fact, Words};
use crate::delivery::request::CREATE_PATH;
use crate::journal::Permit;

/// The header of the API token.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("sendbirddeskapitoken");
/// No answer of the two reference pages comes near this many bytes.
const LARGEST_ANSWER: usize = 4 << 20;
/// A connection that was idle longer is not used again: one that the server closes just as a
/// request leaves on it makes an unknown. Servers keep idle connections for two seconds and more.
const POOL_IDLE: Duration = Duration::from_secs(1);

/// What a client needs.
#[derive(Clone, Debug)]
pub struct DeskConfig {
    /// The base URL, without a slash at its end.
    pub base_url: String,
    /// The API token.
    pub token: SecretString,
    /// How long a connection may take to come about. After that nothing was sent.
    pub connect_timeout: Duration,
    /// How long a request may take in all. After that it is not known what became of it.
    pub request_timeout: Duration,
}

impl DeskConfig {
    /// A config with the usual patience: 5 seconds to connect, 30 for a request in all.
    pub fn new(base_url: impl Into<String>, token: impl Into<String>) -> DeskConfig {
        DeskConfig {
            base_url: base_url.into(),
            token: SecretString::from(token.into()),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The token cannot be a header.
    #[error("the API token has characters that cannot be sent; check it")]
    Token,
    /// The client does not build, as without a store of CA certificates.
    #[error("the HTTPS client cannot start: {0}. Is the package ca-certificates installed?")]
    Client(String),
}

/// A client of one Desk application. Cheap to clone: clones share their connections.
#[derive(Clone, Debug)]
pub struct Desk {
    client: Client,
    base_url: Url,
    /// Parsed once: every create goes to it.
    create_url: Url,
}

impl Desk {
    /// A client for this application. Nothing is sent yet.
    pub fn new(config: &DeskConfig) -> Result<Desk, DeskError> {
        // A second call finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .default_headers(headers(&config.token)?)
            .connect_timeout(config.connect_timeout)
            .timeout(config.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            .no_proxy()
            .user_agent(concat!("deskcast/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| DeskError::Client(transport::causes(&error)))?;
        let url =
            |text: &str| Url::parse(text).map_err(|error| DeskError::Client(error.to_string()));
        Ok(Desk {
            client,
            create_url: url(&Desk::create_url(&config.base_url))?,
            base_url: url(&config.base_url)?,
        })
    }

    /// The URL that creates are posted to.
    pub fn create_url(base_url: &str) -> String {
        format!("{}{CREATE_PATH}", base_url.trim_end_matches('/'))
    }

    /// Sends one create (reference page "Create Proactive Chat"), once, for a batch whose intent
    /// is durable.
    pub async fn create(&self, permit: Permit, body: Vec<u8>) -> Fact {
        let request = self.client.post(self.create_url.clone()).body(body);
        let heard = transport::send(request, LARGEST_ANSWER).await;
        // The permit is used up by this attempt, whatever comes of it.
        let _used_up = permit;
        answer::to_fact(heard)
    }

    /// Reads one proactive chat (reference page "Proactive Chat", "Get Proactive Chat").
    ///
    /// # Errors
    /// [`ReadError::NotFound`] where there is none with this id, or none of this project.
    pub async fn chat(&self, id: ChatId) -> Result<ProactiveChat, ReadError> {
        let url = self.url(&format!("{CREATE_PATH}/{id}"));
        let body = self.get(Endpoint::GetChat, url, LARGEST_ANSWER).await?;
        serde_json::from_slice(&body).map_err(|error| {
            ReadError::Failed(Words {
                status: Some(200),
                code: None,
                message: format!(
                    "the answer is no proactive chat ({error}): {}",
                    answer::excerpt(&body)
                ),
            })
        })
    }

    /// The messages of a ticket, at most 500 a page (reference page "Chat message", "Retrieve a
    /// list of chat messages within a ticket").
    pub fn messages(&self, ticket: TicketId) -> Pages<ChatMessage> {
        Pages::new(self, self.url(&format!("/tickets/{ticket}/chat_messages")))
    }

    /// Deletes a message of a closed ticket, once (reference page "Chat message", "Delete a chat
    /// message"). Answers the id that Desk confirmed.
    ///
    /// # Errors
    /// See [`DeleteError`]: what is certainly not deleted, and what may be.
    pub async fn delete_message(
        &self,
        ticket: TicketId,
        message: MessageId,
    ) -> Result<MessageId, DeleteError> {
        let url = self.url(&format!("/tickets/{ticket}/chat_messages/{message}"));
        let heard = transport::send(self.client.delete(url), LARGEST_ANSWER).await;
        answer::to_delete(heard, message)
    }

    /// The logs of deleted messages, at most 100 a page (reference page "Chat message", "List
    /// message deletion logs"). The page calls its parameters a request body; they are sent as a
    /// query, as a GET has no body.
    pub fn deletions(&self, days: DeletionDays) -> Pages<Deletion> {
        let mut url = self.url("/chat_messages/delete_logs");
        url.query_pairs_mut()
            .append_pair("start_date", &days.from().to_string())
            .append_pair("end_date", &days.to().to_string());
        Pages::new(self, url)
    }

    /// Every message of the application, at most 500 a page, of a span of time where one is given
    /// (reference page "Chat message", "List chat messages").
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
    pub fn customers(&self, sendbird_id: Option<&str>) -> Pages<Customer> {
        let mut url = self.url("/customers");
        if let Some(id) = sendbird_id {
            url.query_pairs_mut().append_pair("sendbird_id", id);
        }
        Pages::new(self, url)
    }

    /// The groups of agents, at most 500 a page.
    pub fn groups(&self) -> Pages<Group> {
        Pages::new(self, self.url("/groups"))
    }

    /// The agents, at most 500 a page.
    pub fn agents(&self) -> Pages<Agent> {
        Pages::new(self, self.url("/agents"))
    }

    /// One GET: the body of a success, at most `largest` bytes of it.
    pub(super) async fn get(
        &self,
        endpoint: Endpoint,
        url: Url,
        largest: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let heard = transport::send(self.client.get(url), largest).await;
        answer::to_read(endpoint, heard)
    }

    /// A path below the base URL.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!(
            "{}{path}",
            self.base_url.path().trim_end_matches('/')
        ));
        url
    }

    /// Whether Desk serves at all: any answer that is not a failure of the server will do.
    pub async fn serves(&self, id: ChatId) -> bool {
        match self.chat(id).await {
            Ok(_)
            | Err(ReadError::NotFound(_) | ReadError::Throttled(_) | ReadError::Halted(_)) => true,
            Err(ReadError::Refused(words) | ReadError::Failed(words)) => {
                words.status.is_some_and(|status| status < 500)
            }
        }
    }
}

fn headers(token: &SecretString) -> Result<HeaderMap, DeskError> {
    let mut token = HeaderValue::from_str(token.expose_secret()).map_err(|_| DeskError::Token)?;
    token.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(TOKEN_HEADER, token);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf8"),
    );
    Ok(headers)
}
