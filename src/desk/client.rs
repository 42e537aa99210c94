//! The HTTP client.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::connect::{Authorities, Connector, Proxy};
use super::heard::{Call, Ear, Heard};
use super::{Endpoint, ProactiveChat, ReadError, answer, transport};
use crate::delivery::outcome::{ChatId, Fact, Words};
use crate::delivery::request::CREATE_PATH;
use crate::journal::Permit;

/// The header of the API token.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("sendbirddeskapitoken");
/// No answer of the two reference pages comes near this many bytes.
pub(super) const LARGEST_ANSWER: usize = 4 << 20;
/// A connection that was idle longer is not used again by what may be asked twice.
const IDLE: Duration = Duration::from_secs(1);
/// The same for creates: on a connection that the other side closes just as a request leaves, it
/// is not known what became of it. No server closes idle connections so soon, nor does anything
/// on the way.
const IDLE_BEFORE_CREATE: Duration = Duration::from_millis(50);

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
    /// The proxy to go through, if any.
    pub proxy: Option<Proxy>,
    /// Who is trusted beside the machine's own authorities.
    pub authorities: Authorities,
    /// Said where Desk is out of reach, as what may be wrong with the surroundings.
    pub hint: Option<String>,
}

impl DeskConfig {
    /// A config with the usual patience: 5 seconds to connect, 30 for a request in all.
    pub fn new(base_url: impl Into<String>, token: impl Into<String>) -> DeskConfig {
        DeskConfig {
            base_url: base_url.into(),
            token: SecretString::from(token.into()),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            proxy: None,
            authorities: Authorities::default(),
            hint: None,
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
    pub(super) client: Client,
    /// For creates, which have connections of their own; made when there is one.
    creating: Arc<OnceLock<Client>>,
    connector: Connector,
    hint: Option<Arc<str>>,
    base_url: Url,
    /// Parsed once: every create goes to it.
    create_url: Url,
    ear: Ear,
    /// Shared by all clones: renewing it in one renews it in all.
    token: Arc<RwLock<HeaderValue>>,
}

impl Desk {
    /// A client for this application. Nothing is sent yet.
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::start(SandboxConfig::default()).await?;
    /// let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// assert!(desk.groups().next().await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(config: &DeskConfig) -> Result<Desk, DeskError> {
        let connector = Connector {
            connect_timeout: config.connect_timeout,
            request_timeout: config.request_timeout,
            proxy: config.proxy.clone(),
            authorities: config.authorities.clone(),
        };
        let builder = Client::builder().default_headers(headers());
        let client = connector.client(builder, IDLE).map_err(DeskError::Client)?;
        let url =
            |text: &str| Url::parse(text).map_err(|error| DeskError::Client(error.to_string()));
        Ok(Desk {
            client,
            creating: Arc::new(OnceLock::new()),
            connector,
            hint: config.hint.as_deref().map(Arc::from),
            create_url: url(&Desk::create_url(&config.base_url))?,
            base_url: url(&config.base_url)?,
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
    ///
    /// ```
    /// # use deskcast::desk::{Desk, DeskConfig};
    /// # use deskcast::sandbox::{Sandbox, SandboxConfig};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = Sandbox::start(SandboxConfig::default()).await?;
    /// # let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox"))?;
    /// use deskcast::campaign::Priority;
    /// use deskcast::delivery::outcome::{Outcome, judge};
    /// use deskcast::delivery::request::Template;
    /// # use deskcast::campaign::{AudienceReader, AudienceSpec, Block, UnknownPolicy};
    /// # use deskcast::delivery::plan::Planner;
    /// # use deskcast::delivery::rules::Rules;
    /// # use deskcast::delivery::variant::Varied;
    /// # use deskcast::desk::Desk as Client;
    /// # use deskcast::journal::memory::MemoryDisk;
    /// # use deskcast::journal::{Entry, Journal, JournalError, NewRun, Purpose, RunKey, What};
    /// # let now = jiff::Timestamp::now();
    /// # let new = NewRun {
    /// #     key: RunKey::parse("spring@2026-11-21T09:00:00Z").ok_or("no key")?,
    /// #     message: "Spring sale".into(), group: "vip-support".into(), agent_id: 41,
    /// #     priority: Priority::High, batch_size: 100, base_url: sandbox.base_url(),
    /// #     customers_file: "spring.csv".into(), unknown: UnknownPolicy::Hold, beside: false,
    /// #     created_at: now, launch: Default::default(),
    /// # };
    ///
    /// let template = Template::new("Spring sale", "vip-support", 41, Priority::High);
    /// # let mut journal = MemoryDisk::new().open();
    /// # let run = journal.create_run::<JournalError>(&new, &mut |sink| {
    /// #     let url = Client::create_url(&sandbox.base_url());
    /// #     let templates = Varied::same(template.clone());
    /// #     let mut planner = Planner::new(&templates, &url, 100, Rules::default());
    /// #     let bytes: &[u8] = b"customer_id\n200007\n200014\n";
    /// #     let mut reader = AudienceReader::new(bytes, &AudienceSpec::default()).expect("a header");
    /// #     let mut block = Block::default();
    /// #     while reader.next_block(&mut block).expect("rows") {
    /// #         planner.block(&block, sink)?;
    /// #     }
    /// #     planner.finish(sink)
    /// # })?;
    /// # let fence = journal.claim(run, Purpose::Sending, now)?.fence;
    /// # let intent = Entry { batch: 1, attempt: 1, at: now.into(), what: What::Intent };
    /// // Only a journal hands out permits, and only for an intent that is durable.
    /// let mut permits = journal.record(&[(fence, vec![intent])]).remove(0)?;
    /// let permit = permits.remove(0);
    ///
    /// let fact = desk.create(permit, template.body(&[200007, 200014])).await;
    /// let Outcome::Accepted(id) = judge(fact) else { panic!("not accepted") };
    /// assert_eq!(desk.chat(id).await?.customers, Some(vec![200007, 200014]));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, permit: Permit, body: Vec<u8>) -> Fact {
        let heard = match self.creating() {
            Ok(client) => {
                let request = client.post(self.create_url.clone()).body(body);
                self.send(Call::Create, request, LARGEST_ANSWER).await
            }
            Err(why) => transport::Heard::NotSent(why),
        };
        // The permit is used up by this attempt, whatever comes of it.
        let _used_up = permit;
        answer::to_fact(heard)
    }

    /// Reads one proactive chat (reference page "Proactive Chat", "Get Proactive Chat").
    ///
    /// # Errors
    /// [`ReadError::NotFound`] where there is none with this id, or none of this project.
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
    /// use deskcast::delivery::outcome::ChatId;
    /// use deskcast::desk::ReadError;
    ///
    /// let absent = desk.chat(ChatId(7)).await;
    /// assert!(matches!(absent, Err(ReadError::NotFound(_))));
    /// # Ok(())
    /// # }
    /// ```
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

    /// One GET: the body of a success, at most `largest` bytes of it.
    pub(super) async fn get(
        &self,
        endpoint: Endpoint,
        url: Url,
        largest: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let heard = self.send(Call::Read, self.client.get(url), largest).await;
        answer::to_read(endpoint, heard)
    }

    /// A path below the base URL.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!(
            "{}{path}",
            self.base_url.path().trim_end_matches('/')
        ));
        url
    }

    fn creating(&self) -> Result<&Client, String> {
        if let Some(client) = self.creating.get() {
            return Ok(client);
        }
        let builder = Client::builder().default_headers(headers());
        let client = self.connector.client(builder, IDLE_BEFORE_CREATE)?;
        // Of two that were made at once one is kept.
        Ok(self.creating.get_or_init(|| client))
    }

    fn token(&self) -> HeaderValue {
        let token = self.token.read().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    /// The one way out: every request is sent here, once.
    pub(super) async fn send(
        &self,
        call: Call,
        request: RequestBuilder,
        largest: usize,
    ) -> transport::Heard {
        let request = request.header(TOKEN_HEADER, self.token());
        let start = Instant::now();
        let mut heard = transport::send(request, largest).await;
        if let (transport::Heard::NotSent(why), Some(hint)) = (&mut heard, &self.hint) {
            why.push_str(". ");
            why.push_str(hint);
        }
        let status = match &heard {
            transport::Heard::Answered(heading, _) => Some(heading.status),
            transport::Heard::NotSent(_)
            | transport::Heard::Barred(_)
            | transport::Heard::Lost(_) => None,
        };
        let took = start.elapsed();
        self.ear.hear(Heard { call, status, took });
        heard
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
