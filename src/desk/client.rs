//! The HTTP client.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::heard::{Call, Ear, Heard};
use super::{ProactiveChat, answer};
use crate::delivery::outcome::{Answer, AnswerBody, ChatId, Fact, Outcome, Words, judge};
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

/// Why something could not be read. Reading changes nothing, so every one of these may be tried
/// again; what differs is when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// There is no such thing.
    NotFound(Words),
    /// The other side asks for patience.
    Throttled(Option<Duration>),
    /// The token or the base URL is wrong.
    Halted(Words),
    /// Anything else.
    Failed(Words),
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReadError::NotFound(words) | ReadError::Halted(words) | ReadError::Failed(words) => {
                words.fmt(f)
            }
            ReadError::Throttled(_) => f.write_str("429: too many requests"),
        }
    }
}

/// A client of one Desk application. Cheap to clone: clones share their connections.
#[derive(Clone, Debug)]
pub struct Desk {
    client: Client,
    base_url: String,
    /// Parsed once: every create goes to it.
    create_url: Url,
    ear: Ear,
    /// Shared by all clones: renewing it in one renews it in all.
    token: Arc<RwLock<HeaderValue>>,
}

impl Desk {
    /// A client for this application. Nothing is sent yet.
    pub fn new(config: &DeskConfig) -> Result<Desk, DeskError> {
        // A second call finds a provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .default_headers(headers())
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
            .map_err(|error| DeskError::Client(causes(&error)))?;
        let create_url = Url::parse(&Desk::create_url(&config.base_url))
            .map_err(|error| DeskError::Client(error.to_string()))?;
        Ok(Desk {
            client,
            create_url,
            base_url: config.base_url.trim_end_matches('/').to_owned(),
            ear: Ear::default(),
            token: Arc::new(RwLock::new(header(&config.token)?)),
        })
    }

    /// The same client, which tells `hear` of every request that it makes. It is called between
    /// requests and must not block.
    pub fn heard_by(mut self, hear: impl Fn(Heard) + Send + Sync + 'static) -> Desk {
        self.ear = Ear::new(hear);
        self
    }

    /// Takes another token, in all clones, from the next request on.
    ///
    /// # Errors
    /// When it cannot be a header; the old one stays.
    pub fn renew(&self, token: &SecretString) -> Result<(), DeskError> {
        let token = header(token)?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }

    /// The URL that creates are posted to.
    pub fn create_url(base_url: &str) -> String {
        format!("{}{CREATE_PATH}", base_url.trim_end_matches('/'))
    }

    /// Sends one create (reference page "Create Proactive Chat"), once, for a batch whose intent
    /// is durable.
    pub async fn create(&self, permit: Permit, body: Vec<u8>) -> Fact {
        let request = self.client.post(self.create_url.clone()).body(body);
        let sent = self.send(Call::Create, request).await;
        // The permit is used up by this attempt, whatever comes of it.
        let _used_up = permit;
        match sent {
            Ok(response) => to_fact(response).await,
            Err(error) if never_left(&error) => Fact::NotSent(causes(&error)),
            Err(error) => Fact::Lost(causes(&error)),
        }
    }

    /// Reads one proactive chat (reference page "Get Proactive Chat").
    pub async fn chat(&self, id: ChatId) -> Result<ProactiveChat, ReadError> {
        let url = format!("{}{CREATE_PATH}/{id}", self.base_url);
        let failed = |error: reqwest::Error| ReadError::Failed(Words::own(causes(&error)));
        let request = self.client.get(url);
        let response = self.send(Call::Read, request).await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = body(response)
            .await
            .map_err(|why| ReadError::Failed(Words::own(why)))?;
        match answer::to_create(status, &headers, &body, Timestamp::now()) {
            Answer {
                body: AnswerBody::Chat(_),
                ..
            } => serde_json::from_slice(&body)
                .map_err(|error| ReadError::Failed(Words::own(error.to_string()))),
            answer => Err(read_error(answer)),
        }
    }

    fn token(&self) -> HeaderValue {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    /// The one way out: every request is sent here, once.
    async fn send(&self, call: Call, request: RequestBuilder) -> reqwest::Result<Response> {
        let request = request.header(TOKEN_HEADER, self.token());
        let start = Instant::now();
        let sent = request.send().await;
        let status = sent.as_ref().ok().map(|answer| answer.status().as_u16());
        let took = start.elapsed();
        self.ear.hear(Heard { call, status, took });
        sent
    }

    /// Whether Desk serves at all: any answer that is not a failure of the server will do.
    pub async fn serves(&self, id: ChatId) -> bool {
        match self.chat(id).await {
            Ok(_)
            | Err(ReadError::NotFound(_) | ReadError::Throttled(_) | ReadError::Halted(_)) => true,
            Err(ReadError::Failed(words)) => words.status.is_some_and(|status| status < 500),
        }
    }
}

fn header(token: &SecretString) -> Result<HeaderValue, DeskError> {
    let mut token = HeaderValue::from_str(token.expose_secret()).map_err(|_| DeskError::Token)?;
    token.set_sensitive(true);
    Ok(token)
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf8"),
    );
    headers
}

fn read_error(answer: Answer) -> ReadError {
    let not_found = answer.status == 404;
    match judge(Fact::Answered(answer)) {
        Outcome::Throttled { wait, .. } => ReadError::Throttled(wait),
        Outcome::Halted(words) => ReadError::Halted(words),
        Outcome::Refused(words) if not_found => ReadError::NotFound(words),
        Outcome::Refused(words) | Outcome::Unknown(words) | Outcome::Unreached(words) => {
            ReadError::Failed(words)
        }
        Outcome::Accepted(chat) => {
            ReadError::Failed(Words::own(format!("an unexpected chat {chat}")))
        }
    }
}

async fn to_fact(response: Response) -> Fact {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    match body(response).await {
        Ok(body) => Fact::Answered(answer::to_create(status, &headers, &body, Timestamp::now())),
        // The status is known and decides; a refusal is a refusal without its words, too.
        Err(why) => Fact::Answered(Answer {
            status,
            wait: None,
            body: AnswerBody::Unreadable(why),
        }),
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                body.extend_from_slice(&chunk)
            }
            Ok(Some(_)) => return Err(format!("the answer is larger than {LARGEST_ANSWER} bytes")),
            Ok(None) => return Ok(body),
            Err(error) => {
                return Err(format!(
                    "the answer was cut after {} bytes: {}",
                    body.len(),
                    causes(&error)
                ));
            }
        }
    }
}

/// Whether not a byte of the request can have left: the connection did not come about, or hyper
/// gave the request back because its connection was gone before it was written.
fn never_left(error: &reqwest::Error) -> bool {
    error.is_connect()
        || chain(error).any(|cause| {
            cause
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_canceled)
        })
}

fn chain<'a>(
    error: &'a reqwest::Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// The causes of an error as one line, without the URL.
fn causes(error: &reqwest::Error) -> String {
    let own = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "the connection failed"
    };
    let mut words = vec![own.to_owned()];
    for cause in chain(error) {
        let text = cause.to_string();
        if !words.iter().any(|word| word.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}
